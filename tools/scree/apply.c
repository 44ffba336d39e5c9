/* SPDX-License-Identifier: MIT */
/*
 * `apply` makes the cell like a file says, `export` writes such a file.
 *
 * Everything that may be wrong with the file is found before anything is done:
 * it is parsed, its images are compiled, clashes with what stays are looked
 * for. Then: images are put, what goes is removed (so that its addresses and
 * ports are free), the rest is changed, made, started.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/scree/apply_file.h"
#include "tools/scree/apply_plan.h"
#include "tools/scree/commands.h"
#include "tools/scree/pipeline.h"
#include "tools/scree/select.h"
#include "tools/scree/states.h"

#define FIRST_PORT 8080

const struct args_option apply_options[] = {
    {"dry-run", 0, NULL, "only say what would be done"},
    {"prune", 0, NULL, "remove the domains that are not in the file"},
    {"port", 0, "N", "the host port that +0 stands for (8080)"},
    {"time", 't', "SECONDS", "kill what does not stop in so long (10)"},
    {NULL, 0, NULL, NULL},
};

struct apply {
    struct cli *c;
    cJSON *states;
    size_t is_count;
    struct apply_is *is;
    struct apply_file file;
    struct apply_plan plan;
    uint64_t stop_seconds;
    /* of the phase under way */
    const char *op;
    const struct apply_step **steps;
    size_t failures;
};

/* ------------------------------------------------------------ what is */

static bool read_network(struct cli *c, struct apply_network *net,
                         struct error *e)
{
    cJSON *answer;
    const cJSON *cell = cli_ask(c, "cell", "cell", &answer, e);
    bool good;

    *net = (struct apply_network){0};
    if (!cell)
        return false;
    good = value_network(json_text(cell, "network", ""), &net->network,
                         &net->prefix);
    value_address(json_text(cell, "gateway", ""), &net->gateway);
    cJSON_Delete(answer);
    return good || error_set(e, "failed",
                             "the cell's network is not understood; are scree "
                             "and screed of the same version?");
}

static bool read_states(struct apply *a, struct error *e)
{
    const cJSON *s;

    a->states = select_states(a->c, cli_request("ls"), NULL, e);
    if (!a->states)
        return false;
    a->is = must_alloc((size_t)cJSON_GetArraySize(a->states), sizeof(*a->is));
    cJSON_ArrayForEach(s, a->states)
    {
        struct apply_is *is = &a->is[a->is_count++];
        is->phase = json_text(s, "phase", "");
        if (!definition_from_json(s, &is->domain, e))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------ printing */

static const char *step_name(const struct apply_step *s)
{
    return s->want ? s->want->name : s->is->name;
}

static void print_step(const struct apply_step *s)
{
    static const struct {
        const char *mark, *after;
    } kinds[] = {
        [APPLY_KEEP] = {"=", ""},
        [APPLY_ADD] = {"+", ""},
        [APPLY_SET] = {"~", ""},
        [APPLY_REPLACE] = {"~", " (made anew)"},
        [APPLY_START] = {"~", "started"},
        [APPLY_STOP] = {"~", "stopped"},
        [APPLY_REMOVE] = {"-", ""},
    };
    const char *after = kinds[s->kind].after;

    if (s->kind == APPLY_KEEP)
        return;
    printf("%s %s%s%s%s\n", kinds[s->kind].mark, step_name(s),
           s->text[0] || *after ? ": " : "", s->text, after);
}

static size_t changes(const struct apply_plan *p)
{
    return p->count - apply_count(p, APPLY_KEEP);
}

/* What stays though the file does not name it. */
static void print_others(const struct apply *a)
{
    size_t n = 0;

    for (size_t i = 0; i < a->is_count; i++)
        n += !a->is[i].wanted;
    if (n && !apply_count(&a->plan, APPLY_REMOVE))
        fprintf(stderr,
                "scree: %zu domain%s not in the file and stay%s; --prune "
                "removes %s\n",
                n, n == 1 ? " is" : "s are", n == 1 ? "s" : "",
                n == 1 ? "it" : "them");
}

static void print_plan(const struct apply *a)
{
    for (size_t i = 0; i < a->plan.count; i++)
        print_step(&a->plan.steps[i]);
    print_others(a);
}

static void print_sum(const struct apply *a, bool dry)
{
    const struct apply_plan *p = &a->plan;
    size_t made = apply_count(p, APPLY_ADD);
    size_t removed = apply_count(p, APPLY_REMOVE);
    size_t same = apply_count(p, APPLY_KEEP);
    const char *to = dry ? "to be " : "";

    printf("%zu %sadded, %zu %schanged, %zu %sremoved, %zu as they are%s\n",
           made, to, p->count - made - removed - same, to, removed, to, same,
           dry ? "; nothing was done (--dry-run)" : "");
    if (a->failures)
        fprintf(stderr, "scree: %zu of these steps failed\n", a->failures);
}

/* -------------------------------------------------------------- doing */

static cJSON *make_request(void *context, size_t i)
{
    const struct apply *a = context;
    const struct apply_step *s = a->steps[i];
    cJSON *r = cli_request(a->op), *domain;

    if (!strcmp(a->op, "run")) {
        cJSON_AddItemToObject(r, "domain", definition_to_json(s->want));
        if (s->want->stopped)
            json_put_bool(r, "start", false);
        return r;
    }
    json_put_text(r, "name", step_name(s));
    if (!strcmp(a->op, "stop"))
        json_put_number(r, "time", a->stop_seconds);
    if (!strcmp(a->op, "rm"))
        json_put_bool(r, "force", true);
    if (strcmp(a->op, "set") != 0)
        return r;
    domain = definition_to_json(s->want);
    json_put_number(r, "net_rate", s->want->net_rate);
    for (size_t k = 0; k < 3; k++) {
        static const char *const keys[] = {"weight", "restart", "labels"};
        cJSON *field = cJSON_DetachItemFromObjectCaseSensitive(domain, keys[k]);
        cJSON_AddItemToObject(r, keys[k], field ? field : cJSON_CreateObject());
    }
    cJSON_Delete(domain);
    return r;
}

static void take_answer(void *context, size_t i, const cJSON *line)
{
    struct apply *a = context;
    struct error e;

    if (json_true(line, "ok"))
        return;
    json_take_error(line, &e);
    fprintf(stderr, "scree: %s: %s\n", step_name(a->steps[i]), e.text);
    a->failures++;
}

/* One op for all steps of which `does` is true. */
static bool phase(struct apply *a, const char *op,
                  bool (*does)(const struct apply *a,
                               const struct apply_step *s),
                  struct error *e)
{
    struct pipeline p = {.cli = a->c,
                         .context = a,
                         .make = make_request,
                         .done = take_answer,
                         .what = "applying"};
    bool good;

    a->op = op;
    a->steps = must_alloc(a->plan.count, sizeof(*a->steps));
    for (size_t i = 0; i < a->plan.count; i++)
        if (does(a, &a->plan.steps[i]))
            a->steps[p.count++] = &a->plan.steps[i];
    good = pipeline_run(&p, e);
    free(a->steps);
    return good;
}

static bool has_vm(const struct apply *a, const struct apply_step *s)
{
    for (size_t i = 0; i < a->is_count; i++)
        if (s->is == &a->is[i].domain)
            return strcmp(a->is[i].phase, "down") != 0 &&
                   strcmp(a->is[i].phase, "crashed") != 0;
    return false;
}

static bool does_stop(const struct apply *a, const struct apply_step *s)
{
    return s->kind == APPLY_STOP ||
           ((s->kind == APPLY_REMOVE || s->kind == APPLY_REPLACE) &&
            has_vm(a, s));
}

static bool does_remove(const struct apply *a, const struct apply_step *s)
{
    (void)a;
    return s->kind == APPLY_REMOVE || s->kind == APPLY_REPLACE;
}

static bool does_set(const struct apply *a, const struct apply_step *s)
{
    (void)a;
    return s->kind == APPLY_SET;
}

static bool does_make(const struct apply *a, const struct apply_step *s)
{
    (void)a;
    return s->kind == APPLY_ADD || s->kind == APPLY_REPLACE;
}

static bool does_start(const struct apply *a, const struct apply_step *s)
{
    (void)a;
    return s->kind == APPLY_START;
}

/* Objects that steps need; those of domains that stay are there. */
static bool put_objects(struct apply *a, struct error *e)
{
    for (size_t i = 0; i < a->file.object_count; i++)
        if (!object_put(a->c, &a->file.objects[i].object, e))
            return false;
    return true;
}

static bool carry_out(struct apply *a, struct error *e)
{
    return put_objects(a, e) && phase(a, "stop", does_stop, e) &&
           phase(a, "rm", does_remove, e) && phase(a, "set", does_set, e) &&
           phase(a, "run", does_make, e) && phase(a, "start", does_start, e);
}

/* -------------------------------------------------------------- apply */

static bool prepare(struct apply *a, const char *path, struct error *e)
{
    const struct args *args = &a->c->args;
    const char *port = args_value(args, "port");
    const char *time = args_value(args, "time");
    struct apply_network net;
    uint64_t first = FIRST_PORT;
    struct apply_want want;

    a->stop_seconds = 10;
    if (port && !value_number(port, 0, 65535, &first))
        return error_set(e, "usage", "--port %.40s: it wants 0 to 65535", port);
    if (time && !value_number(time, 0, 86400, &a->stop_seconds))
        return error_set(e, "usage", "--time %.40s: it wants seconds", time);
    if (!(args_has(args, "dry-run") ? cli_open(a->c, e) : up_open(a->c, e)) ||
        !read_network(a->c, &net, e) ||
        !apply_file_read(&a->file, path, &net, (uint32_t)first, e) ||
        !read_states(a, e))
        return false;
    want = (struct apply_want){a->file.domains, a->file.count,
                               args_has(args, "prune")};
    return apply_make(&a->plan, a->is, a->is_count, &want, e);
}

static void apply_free(struct apply *a)
{
    for (size_t i = 0; i < a->is_count; i++)
        conf_domain_free(&a->is[i].domain);
    free(a->is);
    free(a->plan.steps);
    apply_file_free(&a->file);
    cJSON_Delete(a->states);
}

int apply_run(struct cli *c)
{
    struct apply a = {.c = c};
    bool dry = args_has(&c->args, "dry-run"), good;
    struct error e;

    if (c->args.word_count != 1)
        return cli_usage(c, "which file? ('-' is stdin)");
    good = prepare(&a, c->args.words[0], &e);
    if (good) {
        print_plan(&a);
        fflush(stdout);
        if (!dry && changes(&a.plan))
            good = carry_out(&a, &e);
    }
    if (good)
        print_sum(&a, dry);
    apply_free(&a);
    if (!good)
        return cli_fail(&e);
    return a.failures ? STATUS_FAILED : STATUS_GOOD;
}
