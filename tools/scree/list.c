/* SPDX-License-Identifier: MIT */
/* `ls` and `cells`: tables for people, JSON for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/scree/commands.h"
#include "tools/scree/outcome.h"
#include "tools/scree/select.h"
#include "tools/scree/states.h"
#include "tools/scree/text.h"

const struct args_option ls_options[] = {
    {"label", 'l', "KEY=VALUE", "those with this label; often"},
    {"json", 0, NULL, "as a JSON array"},
    {"quiet", 'q', NULL, "names only"},
    {"all", 'a', NULL, NULL}, /* docker's; they always are */
    {NULL, 0, NULL, NULL},
};

const struct args_option json_options[] = {
    {"json", 0, NULL, "as JSON"},
    {NULL, 0, NULL, NULL},
};

static void add_domain(struct table *t, const cJSON *s, double now)
{
    uint64_t up = json_number(s, "uptime_ns", 0) / 1000000000;
    bool runs = states_runs(s);

    table_add(t, "%s", json_text(s, "name", "?"));
    table_add(t, "%s", states_image(s).text);
    table_add(t, "%s", outcome_phase(s, now).text);
    table_add(t, "%s", runs ? text_span(up).text : "-");
    table_add(t, "%llu", (unsigned long long)json_number(s, "restarts", 0));
    table_add(t, "%s", text_size(json_number(s, "memory", 0)).text);
    table_add(t, "%s", json_text(s, "address", "-"));
    table_add(t, "%s", states_ports(s).text);
}

static void print_table(const cJSON *list, double now)
{
    static const char *const titles[] = {"NAME",    "IMAGE",    "STATE",
                                         "UP",      "RESTARTS", "MEMORY",
                                         "ADDRESS", "PORTS",    NULL};
    struct table t;
    const cJSON *s;

    table_begin(&t, titles);
    cJSON_ArrayForEach(s, list) add_domain(&t, s, now);
    table_print(&t, stdout, true);
    table_free(&t);
}

static void print_names(const cJSON *list)
{
    const cJSON *s;

    cJSON_ArrayForEach(s, list) puts(json_text(s, "name", ""));
}

/* Words that are no glob must be there. */
static bool check_found(const struct cli *c, const cJSON *list, struct error *e)
{
    for (size_t i = 0; i < c->args.word_count; i++) {
        const char *word = c->args.words[i];
        bool found = select_is_glob(word) || args_has(&c->args, "label");
        const cJSON *s;
        cJSON_ArrayForEach(s, list) found =
            found || !strcmp(json_text(s, "name", ""), word);
        if (!found)
            return error_set(e, "no-such-domain",
                             "no domain '%.60s'; 'scree ls' lists them", word);
    }
    return true;
}

int ls_run(struct cli *c)
{
    cJSON *r, *list;
    struct error e;
    double now;

    if (!cli_open(c, &e))
        return cli_fail(&e);
    r = cli_request("ls");
    if (!select_put(&c->args, c->args.words, c->args.word_count, r, &e)) {
        cJSON_Delete(r);
        return cli_usage(c, "%s", e.text);
    }
    list = select_states(c, r, &now, &e);
    if (!list || !check_found(c, list, &e)) {
        cJSON_Delete(list);
        return cli_fail(&e);
    }
    if (args_has(&c->args, "json")) {
        cli_print_json(list);
        return STATUS_GOOD;
    }
    if (args_has(&c->args, "quiet"))
        print_names(list);
    else
        print_table(list, now);
    cJSON_Delete(list);
    return STATUS_GOOD;
}

/* --------------------------------------------------------------- cells */

/* What a cell says of itself; only its name and "down" if it does not run. */
static cJSON *ask_cell(const struct cli *c, const char *name)
{
    struct cli one = {.command = c->command};
    cJSON *answer = NULL, *cell = NULL;
    struct error ignored;

    snprintf(one.cell, sizeof(one.cell), "%.31s", name);
    if (cli_open(&one, &ignored) &&
        cli_ask(&one, "cell", "cell", &answer, &ignored))
        cell = cJSON_DetachItemFromObjectCaseSensitive(answer, "cell");
    cJSON_Delete(answer);
    if (one.open)
        client_close(&one.api);
    if (cell)
        return cell;
    cell = cli_must(cJSON_CreateObject());
    json_put_text(cell, "name", name);
    json_put_text(cell, "state", "down");
    return cell;
}

static void add_cell(struct table *t, const cJSON *cell)
{
    bool down = !strcmp(json_text(cell, "state", "down"), "down");

    table_add(t, "%s", json_text(cell, "name", "?"));
    table_add(t, "%s", json_text(cell, "state", "?"));
    if (down) {
        for (int i = 0; i < 5; i++)
            table_add(t, "-");
        return;
    }
    table_add(t, "%llu", (unsigned long long)json_number(cell, "domains", 0));
    table_add(t, "%llu", (unsigned long long)json_number(cell, "cpus", 0));
    table_add(t, "%s", text_size(json_number(cell, "memory", 0)).text);
    table_add(t, "%s", json_text(cell, "network", "-"));
    table_add(t, "%s (%s)", json_text(cell, "net", "-"),
              json_text(cell, "accel", "-"));
}

static void print_cells(const cJSON *list)
{
    static const char *const titles[] = {"CELL",   "STATE",   "DOMAINS", "CPUS",
                                         "MEMORY", "NETWORK", "NET",     NULL};
    struct table t;
    const cJSON *cell;

    table_begin(&t, titles);
    cJSON_ArrayForEach(cell, list) add_cell(&t, cell);
    table_print(&t, stdout, true);
    table_free(&t);
}

int cells_run(struct cli *c)
{
    cJSON *list = cli_must(cJSON_CreateArray());
    struct error e;
    char **names;
    size_t count;

    if (c->args.word_count)
        return cli_usage(c, "it takes no words");
    if (!paths_cells(&names, &count, &e))
        return cli_fail(&e);
    for (size_t i = 0; i < count; i++) {
        cJSON_AddItemToArray(list, ask_cell(c, names[i]));
        free(names[i]);
    }
    free(names);
    if (args_has(&c->args, "json")) {
        cli_print_json(list);
        return STATUS_GOOD;
    }
    print_cells(list);
    cJSON_Delete(list);
    return STATUS_GOOD;
}
