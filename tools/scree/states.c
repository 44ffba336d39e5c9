/* SPDX-License-Identifier: MIT */
/* See states.h. */
#include "tools/scree/states.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/bundle/value.h"
#include "tools/lib/json.h"

bool states_runs(const cJSON *state)
{
    static const char *const phases[] = {"starting", "ready", "unhealthy",
                                         "paused", "stopping"};
    const char *phase = json_text(state, "phase", "");

    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
        if (!strcmp(phase, phases[i]))
            return true;
    return false;
}

static void add(struct states_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct states_text *t, const char *format, ...)
{
    size_t used = strlen(t->text);
    va_list args;

    va_start(args, format);
    vsnprintf(t->text + used, sizeof(t->text) - used, format, args);
    va_end(args);
}

struct states_text states_image(const cJSON *state)
{
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(state, "source");
    const char *image = json_text(source, "image", NULL);
    const char *digest = json_text(state, "image", "-");
    struct states_text t = {""};
    const char *base;
    size_t n;

    if (!image || !strncmp(image, "sha256:", 7)) {
        add(&t, "%.19s", image ? image : digest); /* "sha256:" and 12 digits */
        return t;
    }
    base = value_base(image, &n);
    add(&t, "%.*s", n < 40 ? (int)n : 40, base);
    return t;
}

struct states_text states_ports(const cJSON *state)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(state, "forwards");
    struct states_text t = {""};
    const cJSON *f;

    cJSON_ArrayForEach(f, list)
    {
        bool udp = !strcmp(json_text(f, "protocol", "tcp"), "udp");
        add(&t, "%s%u->%u%s", t.text[0] ? ", " : "",
            (unsigned)json_number(f, "host", 0),
            (unsigned)json_number(f, "guest", 0), udp ? "/udp" : "");
    }
    if (!t.text[0])
        add(&t, "-");
    return t;
}

struct states_text states_labels(const cJSON *state)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(state, "labels");
    struct states_text t = {""};
    const cJSON *label;

    cJSON_ArrayForEach(label, list)
        add(&t, "%s%s=%s", t.text[0] ? ", " : "", label->string,
            cJSON_IsString(label) ? label->valuestring : "");
    if (!t.text[0])
        add(&t, "-");
    return t;
}
