/* SPDX-License-Identifier: MIT */
/*
 * `inspect`: all that is known of domains, or of the cell. One plain name gives
 * one object; globs, labels and several names an array.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/scree/commands.h"
#include "tools/scree/outcome.h"
#include "tools/scree/select.h"
#include "tools/scree/states.h"
#include "tools/scree/text.h"

const struct args_option inspect_options[] = {
    {"cell", 0, "[CELL]", "of this cell; without a name: the cell itself"},
    {"label", 'l', "KEY=VALUE", "those with this label; often"},
    {"json", 0, NULL, "as JSON"},
    {NULL, 0, NULL, NULL},
};

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && !strcmp(s + n - m, end);
}

static void print_number(const char *key, double n)
{
    if (!strcmp(key, "created") || !strcmp(key, "started") ||
        !strcmp(key, "next"))
        fputs(text_time(n).text, stdout);
    else if (ends_with(key, "_ns"))
        printf("%.3f s", n / 1e9);
    else if (!strcmp(key, "memory") || ends_with(key, "_bytes"))
        printf("%.0f (%s)", n, text_size((uint64_t)n).text);
    else if (!strncmp(key, "frames", 6))
        printf("%.0f (%s)", n, text_size((uint64_t)n * 4096).text);
    else if (n == floor(n))
        printf("%.0f", n);
    else
        printf("%.3f", n);
}

static void print_field(const cJSON *field)
{
    char *text;

    printf("  %-16s ", field->string);
    if (cJSON_IsNumber(field)) {
        print_number(field->string, field->valuedouble);
    } else if (cJSON_IsString(field)) {
        text_print_safe(stdout, field->valuestring);
    } else {
        text = cli_must(cJSON_PrintUnformatted(field));
        text_print_safe(stdout, text);
        free(text);
    }
    putchar('\n');
}

static void print_object(const cJSON *o)
{
    const cJSON *field;

    printf("%s\n", json_text(o, "name", "?"));
    cJSON_ArrayForEach(field, o) if (strcmp(field->string, "name") != 0)
        print_field(field);
}

static int print(const struct cli *c, cJSON *o)
{
    const cJSON *one;

    if (args_has(&c->args, "json")) {
        cli_print_json(o);
        return STATUS_GOOD;
    }
    if (cJSON_IsArray(o))
        cJSON_ArrayForEach(one, o) print_object(one);
    else
        print_object(o);
    cJSON_Delete(o);
    return STATUS_GOOD;
}

static int inspect_cell(struct cli *c)
{
    cJSON *answer;
    struct error e;

    if (!cli_open(c, &e) || !cli_ask(c, "cell", "cell", &answer, &e))
        return cli_fail(&e);
    print(c, cJSON_DetachItemFromObjectCaseSensitive(answer, "cell"));
    cJSON_Delete(answer);
    return STATUS_GOOD;
}

/* "--cell" without a name means the one that would be taken anyway. */
static void drop_empty_cell(struct args *a)
{
    size_t kept = 0;

    for (size_t i = 0; i < a->given_count; i++) {
        bool cell = !strcmp(a->given[i].option->name, "cell");
        if (!cell || a->given[i].value[0])
            a->given[kept++] = a->given[i];
    }
    a->given_count = kept;
}

static bool has_name(const cJSON *list, const char *name)
{
    const cJSON *s;

    cJSON_ArrayForEach(
        s, list) if (!strcmp(json_text(s, "name", ""), name)) return true;
    return false;
}

/* The states of all words; what is missing is said, and *status not 0. */
static cJSON *find(struct cli *c, int *status)
{
    struct args *a = &c->args;
    struct error e;
    cJSON *r, *list;

    r = cli_request("ls");
    if (!select_put(a, a->words, a->word_count, r, &e)) {
        cJSON_Delete(r);
        *status = cli_usage(c, "%s", e.text);
        return NULL;
    }
    list = cli_open(c, &e) ? select_states(c, r, NULL, &e) : NULL;
    if (!list) {
        *status = cli_fail(&e);
        return NULL;
    }
    for (size_t i = 0; i < a->word_count; i++) {
        if (select_is_glob(a->words[i]) || has_name(list, a->words[i]))
            continue;
        error_set(&e, "no-such-domain",
                  "no domain '%.60s'; 'scree ls' lists them", a->words[i]);
        *status = cli_fail(&e);
    }
    return list;
}

int inspect_run(struct cli *c)
{
    struct args *a = &c->args;
    bool about_cell =
        args_has(a, "cell") && !a->word_count && !args_has(a, "label");
    int status = STATUS_GOOD;
    cJSON *list;
    bool single;

    drop_empty_cell(a);
    if (about_cell)
        return inspect_cell(c);
    if (!a->word_count && !args_has(a, "label"))
        return cli_usage(c, "which domain? (the cell itself: --cell)");
    list = find(c, &status);
    if (!list)
        return status;
    single = a->word_count == 1 && !select_is_glob(a->words[0]) &&
             !args_has(a, "label");
    if (single && cJSON_GetArraySize(list))
        print(c, cJSON_DetachItemFromArray(list, 0));
    if (single)
        cJSON_Delete(list);
    else
        print(c, list);
    return status;
}
