/* SPDX-License-Identifier: MIT */
/* `logs` and `events`: what was, and with -f what comes. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bundle/value.h"
#include "tools/scree/commands.h"
#include "tools/scree/select.h"
#include "tools/scree/text.h"

const struct args_option logs_options[] = {
    {"follow", 'f', NULL, "go on as more comes"},
    {"since", 0, "WHEN", "10m, 2h, a date, a Unix time"},
    {"tail", 'n', "LINES", "only the last ones"},
    {"timestamps", 't', NULL, "the time before each line"},
    {"label", 'l', "KEY=VALUE", "of those with this label; often"},
    {"json", 0, NULL, "one JSON object a line"},
    {NULL, 0, NULL, NULL},
};

const struct args_option events_options[] = {
    {"follow", 'f', NULL, "go on as more comes"},
    {"since", 0, "WHEN", "10m, 2h, a date, a Unix time"},
    {"json", 0, NULL, "one JSON object a line"},
    {NULL, 0, NULL, NULL},
};

struct stream {
    const struct args *args;
    bool named; /* several domains: each line says whose it is */
};

static void print_time(const cJSON *line)
{
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(line, "time");

    printf("%s ", text_time(cJSON_IsNumber(time) ? time->valuedouble : 0).text);
}

static void print_json(const cJSON *line)
{
    cJSON *copy = cli_must(cJSON_Duplicate(line, true));
    char *text;

    cJSON_DeleteItemFromObjectCaseSensitive(copy, "id");
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "more");
    text = cli_must(cJSON_PrintUnformatted(copy));
    puts(text);
    free(text);
    cJSON_Delete(copy);
}

static void print_log(void *context, const cJSON *line)
{
    const struct stream *s = context;
    const char *text = json_text(line, "line", NULL);

    if (!text)
        return;
    if (args_has(s->args, "json")) {
        print_json(line);
    } else {
        if (args_has(s->args, "timestamps"))
            print_time(line);
        if (s->named)
            printf("[%s] ", json_text(line, "name", "scree"));
        text_print_safe(stdout, text);
        putchar('\n');
    }
    fflush(stdout);
}

static bool put_bounds(const struct args *a, cJSON *r, struct error *e)
{
    const char *since = args_value(a, "since"), *tail = args_value(a, "tail");
    uint64_t lines;
    double at;

    if (since && !text_parse_since(since, cli_now(), &at))
        return error_set(e, "usage",
                         "--since %.60s: it wants 10m, 2h, a date such as "
                         "2026-11-20T07:30, or a Unix time",
                         since);
    if (since)
        cJSON_AddNumberToObject(r, "since", at);
    if (tail && strcmp(tail, "all") != 0) {
        if (!value_number(tail, 0, UINT32_MAX, &lines))
            return error_set(e, "usage", "--tail %.60s: it wants a number",
                             tail);
        json_put_number(r, "tail", lines);
    }
    if (args_has(a, "follow"))
        json_put_bool(r, "follow", true);
    return true;
}

/* One plain name is `name`; globs, labels and several names choose. */
static bool put_whom(const struct args *a, cJSON *r, struct stream *s,
                     struct error *e)
{
    bool one = a->word_count == 1 && !select_is_glob(a->words[0]);

    s->named = args_has(a, "label") || (a->word_count && !one);
    if (s->named)
        return select_put(a, a->words, a->word_count, r, e);
    if (one)
        json_put_text(r, "name", a->words[0]);
    return true;
}

/* A reader that has gone (`| head`) ends us quietly, by SIGPIPE. */
static int follow(struct cli *c, cJSON *r, client_each *each, struct stream *s)
{
    const struct client_lines lines = {each, s};
    struct error e;

    if (!cli_open(c, &e)) {
        cJSON_Delete(r);
        return cli_fail(&e);
    }
    if (!client_call(&c->api, r, &lines, NULL, &e))
        return cli_fail(&e);
    return STATUS_GOOD;
}

int logs_run(struct cli *c)
{
    struct stream s = {.args = &c->args};
    cJSON *r = cli_request("logs");
    struct error e;

    if (!put_bounds(&c->args, r, &e) || !put_whom(&c->args, r, &s, &e)) {
        cJSON_Delete(r);
        return cli_usage(c, "%s", e.text);
    }
    return follow(c, r, print_log, &s);
}

/* -------------------------------------------------------------- events */

static void print_event(void *context, const cJSON *line)
{
    static const char *const said[] = {"id", "more", "time", "event", "name"};
    const struct stream *s = context;
    const cJSON *field;

    if (!json_text(line, "event", NULL))
        return;
    if (args_has(s->args, "json")) {
        print_json(line);
        fflush(stdout);
        return;
    }
    print_time(line);
    printf("%-9s %s", json_text(line, "event", ""),
           json_text(line, "name", ""));
    cJSON_ArrayForEach(field, line)
    {
        bool skip = false;
        for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
            skip = skip || !strcmp(field->string, said[i]);
        if (!skip && cJSON_IsNumber(field))
            printf(" %s=%.15g", field->string, field->valuedouble);
        if (!skip && cJSON_IsString(field)) {
            printf(" %s=", field->string);
            text_print_safe(stdout, field->valuestring);
        }
    }
    putchar('\n');
    fflush(stdout);
}

int events_run(struct cli *c)
{
    struct stream s = {.args = &c->args};
    cJSON *r = cli_request("events");
    struct error e;

    if (c->args.word_count) {
        cJSON_Delete(r);
        return cli_usage(c, "it takes no words");
    }
    if (!put_bounds(&c->args, r, &e)) {
        cJSON_Delete(r);
        return cli_usage(c, "%s", e.text);
    }
    return follow(c, r, print_event, &s);
}
