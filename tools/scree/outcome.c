/* SPDX-License-Identifier: MIT */
/* See outcome.h. */
#include "tools/scree/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/lib/json.h"

#define STATUS_CRASHED  134 /* as a shell says of SIGABRT, */
#define STATUS_KILLED   137 /* SIGKILL, */
#define STATUS_WATCHDOG 142 /* SIGALRM */

int outcome_status(const cJSON *line)
{
    static const struct {
        const char *reason;
        int status;
    } ends[] = {{"crash", STATUS_CRASHED},
                {"killed", STATUS_KILLED},
                {"watchdog", STATUS_WATCHDOG}};
    const char *reason = json_text(line, "reason", "");
    uint64_t code = json_number(line, "code", 0);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (!strcmp(reason, ends[i].reason))
            return ends[i].status;
    return code > 255 ? 255 : (int)code;
}

bool outcome_is_known(const cJSON *line)
{
    return *json_text(line, "reason", "") != '\0';
}

static void add(struct outcome_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct outcome_text *t, const char *format, ...)
{
    size_t used = strlen(t->text);
    va_list args;

    va_start(args, format);
    vsnprintf(t->text + used, sizeof(t->text) - used, format, args);
    va_end(args);
}

/* How it ended: its exit code, or the reason in one word. */
static void add_end(struct outcome_text *t, const cJSON *state)
{
    const char *reason = json_text(state, "reason", "");

    if (!strcmp(reason, "poweroff"))
        add(t, " (%d)", outcome_status(state));
    else if (*reason)
        add(t, " (%.20s)", reason);
}

static void add_why(struct outcome_text *t, const cJSON *state)
{
    const char *why = json_text(state, "why", "");

    if (*why)
        add(t, ": %.100s", why);
}

struct outcome_text outcome_phase(const cJSON *state, double now)
{
    const char *phase = json_text(state, "phase", "?");
    const cJSON *next = cJSON_GetObjectItemCaseSensitive(state, "next");
    struct outcome_text t;

    snprintf(t.text, sizeof(t.text), "%.20s", phase);
    if (!strcmp(phase, "down") || !strcmp(phase, "backoff"))
        add_end(&t, state);
    if (!strcmp(phase, "crashed") || !strcmp(phase, "unhealthy") ||
        (!strcmp(phase, "down") && !json_text(state, "reason", NULL)))
        add_why(&t, state);
    if (!strcmp(phase, "backoff") && cJSON_IsNumber(next)) {
        double wait = next->valuedouble - now;
        add(&t, ", next try in %.1f s", wait > 0 ? wait : 0);
    }
    return t;
}
