/* SPDX-License-Identifier: MIT */
/*
 * Commands that do one thing to each of several domains: start, stop, kill,
 * pause, resume, rm, set, wait. Each success prints the name; a failure does
 * not keep the others from being tried.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/bundle/value.h"
#include "tools/bundle/conf.h"
#include "tools/scree/commands.h"
#include "tools/scree/outcome.h"
#include "tools/scree/pipeline.h"
#include "tools/scree/select.h"

#define LABEL                                                                  \
    {                                                                          \
        "label", 'l', "KEY=VALUE", "those with this label, too"                \
    }
#define END                                                                    \
    {                                                                          \
        NULL, 0, NULL, NULL                                                    \
    }

const struct args_option act_options[] = {LABEL, END};
const struct args_option wait_options[] = {LABEL, END};
const struct args_option stop_options[] = {
    {"time", 't', "SECONDS", "kill it after so long (10)"}, LABEL, END};
const struct args_option rm_options[] = {
    {"force", 'f', NULL, "kill it first if it runs"}, LABEL, END};

struct acts {
    const cJSON *request; /* of all: op and fields, without a name */
    cJSON *states;        /* of all, if labels are to be set; else NULL */
    bool codes;           /* print exit codes instead of names */
    struct selection chosen;
    int status; /* of all so far */
    bool failed;
};

/* The status of all: that of each failure if they are the same. */
static void note_failure(struct acts *a, const struct error *e)
{
    int status = cli_fail(e);

    a->status = a->failed && a->status != status ? STATUS_FAILED : status;
    a->failed = true;
}

/* `set` replaces all labels: those of the domain with the changes, of which
 * null takes one away. */
static void merge_labels(const struct acts *a, const char *name, cJSON *r)
{
    cJSON *changes = cJSON_DetachItemFromObjectCaseSensitive(r, "labels");
    cJSON *labels = NULL;
    const cJSON *s, *one;

    cJSON_ArrayForEach(
        s, a->states) if (!strcmp(json_text(s, "name", ""), name)) labels =
        cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(s, "labels"), true);
    if (!labels)
        labels = cli_must(cJSON_CreateObject());
    cJSON_ArrayForEach(one, changes)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(labels, one->string);
        if (cJSON_IsString(one))
            json_put_text(labels, one->string, one->valuestring);
    }
    cJSON_Delete(changes);
    cJSON_AddItemToObject(r, "labels", labels);
}

static cJSON *make(void *context, size_t i)
{
    const struct acts *a = context;
    cJSON *r = cli_must(cJSON_Duplicate(a->request, true));

    if (a->states)
        merge_labels(a, a->chosen.names[i], r);
    json_put_text(r, "name", a->chosen.names[i]);
    return r;
}

static void done(void *context, size_t i, const cJSON *line)
{
    struct acts *a = context;
    struct error e;

    if (!json_true(line, "ok")) {
        json_take_error(line, &e);
        note_failure(a, &e);
    } else if (a->codes && !outcome_is_known(line)) {
        error_set(&e, "failed",
                  "'%.60s' has no exit code: it has not run since its cell "
                  "started, or went with it",
                  a->chosen.names[i]);
        note_failure(a, &e);
    } else if (a->codes) {
        printf("%d\n", outcome_status(line));
    } else {
        puts(a->chosen.names[i]);
    }
    fflush(stdout);
}

static bool choose(struct cli *c, struct acts *a, char **words, size_t count,
                   struct error *e)
{
    cJSON *ls;

    if (!cli_open(c, e) || !select_names(c, words, count, &a->chosen, e))
        return false;
    if (!cJSON_HasObjectItem(a->request, "labels"))
        return true;
    ls = cli_request("ls");
    cJSON_AddItemToObject(
        ls, "names",
        cJSON_CreateStringArray((const char *const *)a->chosen.names,
                                (int)a->chosen.count));
    a->states = select_states(c, ls, NULL, e);
    return a->states != NULL;
}

/* Does what request says to what the words mean; takes the request. */
static int act(struct cli *c, cJSON *request, char **words, size_t count)
{
    struct acts a = {.request = request};
    struct pipeline p = {.cli = c, .context = &a, .make = make, .done = done};
    struct error e;

    a.codes = !strcmp(json_text(request, "op", ""), "wait");
    p.what = a.codes ? NULL : "waiting for the cell";
    if (!choose(c, &a, words, count, &e)) {
        note_failure(&a, &e);
    } else {
        p.count = a.chosen.count;
        if (!pipeline_run(&p, &e))
            note_failure(&a, &e);
    }
    select_free(&a.chosen);
    cJSON_Delete(a.states);
    cJSON_Delete(request);
    return a.status;
}

static bool put_options(const struct cli *c, cJSON *r, struct error *e)
{
    const char *time = args_value(&c->args, "time");
    uint64_t n;

    if (time && !value_number(time, 0, 86400, &n))
        return error_set(e, "usage",
                         "--time %.40s: it wants seconds, 0 to 86400", time);
    if (time)
        json_put_number(r, "time", n);
    if (args_has(&c->args, "force"))
        json_put_bool(r, "force", true);
    return true;
}

static int check_words(const struct cli *c, size_t count)
{
    if (count || args_has(&c->args, "label"))
        return 0;
    return cli_usage(c, "which domain? give a name, a glob or -l KEY=VALUE");
}

/* start, stop, kill, pause, resume, rm: the command's name is the op. */
int act_run(struct cli *c)
{
    cJSON *r;
    struct error e;
    int status = check_words(c, c->args.word_count);

    if (status)
        return status;
    r = cli_request(c->command->name);
    if (!put_options(c, r, &e)) {
        cJSON_Delete(r);
        return cli_usage(c, "%s", e.text);
    }
    return act(c, r, c->args.words, c->args.word_count);
}

int wait_run(struct cli *c)
{
    int status = check_words(c, c->args.word_count);

    if (status)
        return status;
    return act(c, cli_request("wait"), c->args.words, c->args.word_count);
}

/* ----------------------------------------------------------------- set */

static bool set_number(cJSON *r, const char *key, const char *value,
                       uint64_t least, uint64_t most)
{
    uint64_t n;

    if (!value_size(value, &n) || n < least || n > most)
        return false;
    cJSON_DeleteItemFromObjectCaseSensitive(r, key);
    json_put_number(r, key, n);
    return true;
}

/* "KEY=VALUE", or "KEY-" to take it away. */
static bool set_label(cJSON *r, const char *value)
{
    cJSON *labels = cJSON_GetObjectItemCaseSensitive(r, "labels");
    char text[2 * VALUE_LABEL_MAX + 2];
    size_t n = strcspn(value, "=");
    bool away = !value[n] && n && value[n - 1] == '-';

    if (n > VALUE_LABEL_MAX || strlen(value) >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s%s", (int)(n - away), value,
             away ? "=" : value + n);
    if (!value_label(text))
        return false;
    if (!labels)
        labels = cJSON_AddObjectToObject(r, "labels");
    text[n - away] = '\0';
    cJSON_DeleteItemFromObjectCaseSensitive(labels, text);
    if (away)
        cJSON_AddNullToObject(labels, text);
    else
        json_put_text(labels, text, value + n + 1);
    return true;
}

static bool set_restart(cJSON *r, const char *value)
{
    uint32_t restart, retries;

    if (!conf_restart(value, &restart, &retries))
        return false;
    json_put_text(r, "restart", value);
    return true;
}

/* One "key=value" of `set`. */
static bool put_setting(cJSON *r, const char *word, struct error *e)
{
    char key[32];
    size_t n = strcspn(word, "=");
    const char *value = word + n + 1;
    const char *wants = "weight, net-rate, restart or label";
    bool good = false;

    snprintf(key, sizeof(key), "%.*s", n < 31 ? (int)n : 31, word);
    if (!strcmp(key, "weight")) {
        wants = "weight=1 to 65535";
        good = set_number(r, "weight", value, 1, 65535);
    } else if (!strcmp(key, "net-rate")) {
        wants = "net-rate=BYTES a second such as 10M; 0: no limit";
        good = set_number(r, "net_rate", value, 0, JSON_NUMBER_MAX);
    } else if (!strcmp(key, "restart")) {
        wants = "restart=no, on-failure, on-failure:N, always, unless-stopped";
        good = set_restart(r, value);
    } else if (!strcmp(key, "label")) {
        wants = "label=KEY=VALUE, or label=KEY- to take it away";
        good = set_label(r, value);
    }
    return good || error_set(e, "usage", "%.100s: it wants %s", word, wants);
}

/* Words with '=' are settings, the others say of whom. */
int set_run(struct cli *c)
{
    struct args *a = &c->args;
    cJSON *r = cli_request("set");
    size_t names = 0, settings = 0;
    struct error e;
    int status;

    for (size_t i = 0; i < a->word_count; i++) {
        if (!strchr(a->words[i], '=')) {
            a->words[names++] = a->words[i];
            continue;
        }
        if (!put_setting(r, a->words[i], &e)) {
            cJSON_Delete(r);
            return cli_usage(c, "%s", e.text);
        }
        settings++;
    }
    status = check_words(c, names);
    if (!status && !settings)
        status = cli_usage(c, "what shall be set? weight=512, net-rate=10M, "
                              "restart=always, label=KEY=VALUE");
    if (status) {
        cJSON_Delete(r);
        return status;
    }
    return act(c, r, a->words, names);
}
