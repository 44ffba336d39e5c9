/* SPDX-License-Identifier: MIT */
/* See cli.h. */
#include "tools/scree/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/scree/progress.h"

#define WAKE_MS 250

static const struct {
    const char *code;
    int status;
} statuses[] = {
    {"usage", STATUS_USAGE},
    {"no-such-domain", STATUS_NO_DOMAIN},
    {"cell-down", STATUS_CELL_DOWN},
    {"lost", STATUS_CELL_DOWN}, /* after it has done something */
};

int cli_fail(const struct error *e)
{
    fprintf(stderr, "scree: %s\n", e->text);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (!strcmp(e->code, statuses[i].code))
            return statuses[i].status;
    return STATUS_FAILED;
}

int cli_usage(const struct cli *c, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "scree %s: ", c->command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nusage: scree %s [OPTIONS]%s%s\n", c->command->name,
            *c->command->words ? " " : "", c->command->words);
    fprintf(stderr, "'scree %s --help' says more\n", c->command->name);
    return STATUS_USAGE;
}

bool cli_why(struct error *e, const struct why *w)
{
    return error_set(e, "failed", "%.990s", w->text);
}

static bool is_up(const char *cell)
{
    struct error ignored;
    struct path p;
    struct client api;

    if (!paths_cell(&p, cell, CELL_API, &ignored) ||
        !client_open(&api, p.text, &ignored))
        return false;
    client_close(&api);
    return true;
}

/* Several cells: the only one that runs. */
static bool choose_running(struct cli *c, char **names, size_t count,
                           struct error *e)
{
    char list[400] = "";
    size_t running = 0, used = 0;

    for (size_t i = 0; i < count; i++) {
        if (used < sizeof(list))
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
                                     i ? ", " : "", names[i]);
        if (!is_up(names[i]))
            continue;
        running++;
        snprintf(c->cell, sizeof(c->cell), "%s", names[i]);
    }
    if (running == 1)
        return true;
    return error_set(e, running ? "usage" : "cell-down",
                     "%s; say which with --cell NAME or SCREE_CELL=NAME: %s",
                     running ? "more than one cell runs"
                             : "no cell runs, and there are several",
                     list);
}

static bool choose_existing(struct cli *c, struct error *e)
{
    char **names;
    size_t count;
    bool good = true;

    if (!paths_cells(&names, &count, e))
        return false;
    if (count > 1)
        good = choose_running(c, names, count, e);
    else
        snprintf(c->cell, sizeof(c->cell), "%s",
                 count ? names[0] : CELL_DEFAULT);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return good;
}

bool cli_choose(struct cli *c, struct error *e)
{
    const char *name = args_value(&c->args, "cell");

    if (c->cell[0])
        return true;
    if (!name)
        name = getenv("SCREE_CELL");
    if (!name || !*name)
        return choose_existing(c, e);
    if (!paths_is_cell(name))
        return error_set(e, "usage",
                         "bad name of a cell '%.40s'; use up to %d of a-z, "
                         "0-9 and inner '-'",
                         name, CELL_NAME_ROOM - 1);
    snprintf(c->cell, sizeof(c->cell), "%s", name);
    c->named = true;
    return true;
}

bool cli_open(struct cli *c, struct error *e)
{
    struct path p;

    if (c->open)
        return true;
    if (!cli_choose(c, e) || !paths_cell(&p, c->cell, CELL_API, e))
        return false;
    c->open = client_open(&c->api, p.text, e);
    if (!c->open)
        return error_set(e, "cell-down",
                         "the cell '%s' is not running; start it: scree up "
                         "--name %s",
                         c->cell, c->cell);
    return true;
}

void *cli_must(void *p)
{
    if (!p) {
        fprintf(stderr, "scree: out of memory\n");
        exit(STATUS_FAILED);
    }
    return p;
}

cJSON *cli_request(const char *op)
{
    cJSON *r = cli_must(cJSON_CreateObject());

    json_put_text(r, "op", op);
    return r;
}

/* The next line, with a word to the user if it takes long. */
static cJSON *receive(struct cli *c, struct progress *p, struct error *e)
{
    cJSON *line = NULL;

    while (!line) {
        if (!client_receive(&c->api, WAKE_MS, &line, e))
            break;
        progress_tick(p, 0, 0);
    }
    progress_end(p);
    return line;
}

bool cli_collect(struct cli *c, cJSON *request,
                 const struct client_lines *lines, cJSON **answer,
                 struct error *e)
{
    struct progress p;
    uint64_t id;
    cJSON *line;

    if (answer)
        *answer = NULL;
    if (!client_send(&c->api, request, &id, e))
        return false;
    progress_begin(&p, "waiting for the cell '%s'", c->cell);
    while ((line = receive(c, &p, e)) && json_true(line, "more")) {
        if (lines)
            lines->each(lines->context, line);
        cJSON_Delete(line);
    }
    return line && client_finish(line, answer, e);
}

bool cli_call(struct cli *c, cJSON *request, cJSON **answer, struct error *e)
{
    return cli_collect(c, request, NULL, answer, e);
}

const cJSON *cli_ask(struct cli *c, const char *op, const char *field,
                     cJSON **answer, struct error *e)
{
    const cJSON *found;

    if (!cli_call(c, cli_request(op), answer, e))
        return NULL;
    found = cJSON_GetObjectItemCaseSensitive(*answer, field);
    if (!found)
        error_set(e, "failed", "the cell's answer to %s lacks '%s'", op, field);
    return found;
}

double cli_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void cli_print_json(cJSON *json)
{
    char *text = cli_must(cJSON_Print(json));

    puts(text);
    free(text);
    cJSON_Delete(json);
}
