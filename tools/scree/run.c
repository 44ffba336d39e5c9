/* SPDX-License-Identifier: MIT */
/*
 * `run`: an image and options become a definition, which the cell makes a
 * domain of. Attached, its console is this terminal and its exit code ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/scree/attach.h"
#include "tools/scree/commands.h"
#include "tools/scree/definition.h"
#include "tools/scree/image.h"
#include "tools/scree/outcome.h"
#include "tools/scree/request.h"

const struct args_option run_options[] = {
    {"detach", 'd', NULL, "leave it running; print its name"},
    {"rm", 0, NULL, "remove it when it has ended"},
    {"name", 'n', "NAME", "a-z, 0-9, inner '-' (one is made up)"},
    {"memory", 'm', "SIZE", "RAM, such as 512K or 2M (what the image needs)"},
    {"ip", 0, "ADDRESS", "or none (the next free one)"},
    {"publish", 'p', "HOST:PORT", "127.0.0.1:HOST leads here; /udp; often"},
    {"label", 'l', "KEY=VALUE", "to choose it by; often"},
    {"weight", 0, "N", "share of the processor, 1 to 65535 (256)"},
    {"net-rate", 0, "RATE", "bytes a second each way, such as 10M"},
    {"group", 0, "N", "network group, 0 to 65535 (0)"},
    {"restart", 0, "WHEN", "no, on-failure[:N], always, unless-stopped"},
    {"on-crash", 0, "WHAT", "destroy, or preserve: keep it to look at"},
    {"files", 0, "DIR", "whose files it can read"},
    {"set", 0, "KEY=VALUE", "a word of its command line; often"},
    {"interactive", 'i', NULL, NULL}, /* docker's -it: it always is */
    {"tty", 't', NULL, NULL},
    {NULL, 0, NULL, NULL},
};

struct wish {
    struct conf_domain domain;
    struct object image, files;
    bool detached;
};

static void wish_free(struct wish *w)
{
    conf_domain_free(&w->domain);
    object_free(&w->image);
    object_free(&w->files);
}

/* Reads and compiles what the command line names. */
static bool load(struct cli *c, struct wish *w, struct error *e)
{
    const char *files = args_value(&c->args, "files");
    struct conf_domain *d = &w->domain;

    if (!image_load(&w->image, c->args.words[0], NULL, e) ||
        (files && !files_load(&w->files, files, NULL, e)))
        return false;
    if (d->memory && d->memory < w->image.least_memory)
        return error_set(
            e, "failed", "%.200s needs %lluK of memory; say -m %lluK or more",
            c->args.words[0], (unsigned long long)w->image.least_memory >> 10,
            (unsigned long long)w->image.least_memory >> 10);
    d->image = must_copy(w->image.digest, strlen(w->image.digest));
    if (files)
        d->files = must_copy(w->files.digest, strlen(w->files.digest));
    if (w->image.source)
        d->source_image = must_copy(w->image.source, strlen(w->image.source));
    if (w->files.source)
        d->source_files = must_copy(w->files.source, strlen(w->files.source));
    return true;
}

static bool put_objects(struct cli *c, struct wish *w, struct error *e)
{
    return up_open(c, e) && object_put(c, &w->image, e) &&
           (!w->domain.files || object_put(c, &w->files, e));
}

static cJSON *make_request(struct wish *w)
{
    cJSON *r = cli_request("run");

    cJSON_AddItemToObject(r, "domain", definition_to_json(&w->domain));
    if (!w->detached)
        json_put_bool(r, "console", true);
    return r;
}

static int run_detached(struct cli *c, struct wish *w, struct error *e)
{
    cJSON *answer;
    const cJSON *domain;

    if (!cli_call(c, make_request(w), &answer, e))
        return -1;
    domain = cJSON_GetObjectItemCaseSensitive(answer, "domain");
    puts(json_text(domain, "name", w->domain.name));
    cJSON_Delete(answer);
    return STATUS_GOOD;
}

static void say_end(const struct attach *a)
{
    const char *reason = json_text(a->last, "reason", "");
    const char *why = json_text(a->last, "why", "");

    if (strcmp(reason, "poweroff") != 0 && *reason)
        fprintf(stderr, "scree: '%s' has ended: %s%s%s\n", a->name, reason,
                *why ? ": " : "", why);
}

static int run_attached(struct cli *c, struct wish *w, struct error *e)
{
    struct attach a = {.cli = c, .stops = true};
    int status;

    snprintf(a.name, sizeof(a.name), "%s", w->domain.name);
    if (!client_send(&c->api, make_request(w), &a.id, e))
        return -1;
    switch (attach_run(&a, e)) {
    case ATTACH_FAILED:
        return -1;
    case ATTACH_LEFT:
        return STATUS_GOOD;
    default:
        say_end(&a);
        status = outcome_status(a.last);
        cJSON_Delete(a.last);
        return status;
    }
}

/* The status, or -1. */
static int try_run(struct cli *c, struct wish *w, struct error *e)
{
    if (!put_objects(c, w, e))
        return -1;
    return w->detached ? run_detached(c, w, e) : run_attached(c, w, e);
}

static int run(struct cli *c, struct wish *w)
{
    struct error e;
    int status = -1;

    if (load(c, w, &e)) {
        status = try_run(c, w, &e);
        if (status < 0 && !strcmp(e.code, "cell-down") && c->open) {
            up_wait(c, &e);
            status = try_run(c, w, &e);
        }
    }
    if (status < 0) {
        cli_fail(&e);
        status = STATUS_RUN;
    }
    return status;
}

int run_run(struct cli *c)
{
    struct wish w = {.detached = args_has(&c->args, "detach")};
    struct error e;
    int status;

    if (!c->args.word_count)
        return cli_usage(c, "which image? a file, or web, dns, echo, hello");
    if (!request_read(&c->args, &w.domain, &e))
        status = cli_usage(c, "%s", e.text);
    else
        status = run(c, &w);
    wish_free(&w);
    return status;
}
