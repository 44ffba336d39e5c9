/* SPDX-License-Identifier: MIT */
/* Ops that show what there is: ls, cell, events; and images; see docs/api.md.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/json.h"
#include "tools/screed/cell.h"
#include "tools/screed/metrics.h"
#include "tools/screed/ops.h"
#include "tools/screed/qemu.h"
#include "tools/screed/sweep.h"

#define LINE_BYTES 24576 /* of states in one line, about */

/* ------------------------------------------------------------------ ls */

struct names {
    size_t count, at;
    char (*list)[SCREE_NAME_MAX];
};

static void free_names(void *data)
{
    struct names *n = data;

    free(n->list);
    free(n);
}

/* Which domains there are is settled at the start; states as they are then. */
static void collect(struct op *op)
{
    struct names *n = must_alloc(1, sizeof(*n));

    n->list = must_alloc(op->s->domains.by_name.count, sizeof(*n->list));
    for (struct domain *d = op->s->domains.first; d; d = d->next)
        if (op_selects(op, d))
            memcpy(n->list[n->count++], d->def.name, SCREE_NAME_MAX);
    op->data = n;
    op->free_data = free_names;
}

static cJSON *some_states(struct op *op)
{
    struct names *n = op->data;
    cJSON *o = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(o, "domains");

    for (size_t bytes = 0; n->at < n->count && bytes < LINE_BYTES; n->at++) {
        struct domain *d = domain_find(op->s, n->list[n->at]);
        cJSON *state = d ? domain_json(d) : NULL;
        char *text = state ? cJSON_PrintUnformatted(state) : NULL;
        cJSON_Delete(state);
        if (!text)
            continue;
        bytes += strlen(text);
        cJSON_AddItemToArray(list, cJSON_CreateRaw(text));
        free(text);
    }
    return o;
}

static void pump_states(struct op *op)
{
    struct names *n = op->data;

    while (op_has_room(op)) {
        cJSON *o = some_states(op);
        if (n->at == n->count) {
            json_put_time(o, "now", screed_now());
            op_answer(op, o);
            return;
        }
        op_more(op, o);
    }
}

static void on_swept(void *context, const struct error *e)
{
    struct op *op = context;

    (void)e; /* then what was last heard is shown */
    if (!op->c) {
        op_answer(op, NULL);
        return;
    }
    collect(op);
    op->pump = pump_states;
    pump_states(op);
}

static void cancel_pump(struct op *op)
{
    op_answer(op, NULL);
}

static void on_swept_first(void *context, const struct error *e)
{
    struct op *op = context;

    op->cancel = cancel_pump;
    on_swept(op, e);
}

/* The one name that is asked for, if it is one. */
static const char *only_name(const struct op *op)
{
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(op->request, "names");
    const cJSON *first = cJSON_GetArrayItem(names, 0);

    if (cJSON_GetArraySize(names) != 1 ||
        strpbrk(first->valuestring, "*?[\\") ||
        strlen(first->valuestring) >= SCREE_NAME_MAX)
        return NULL;
    return first->valuestring;
}

void op_ls(struct op *op)
{
    struct error e;
    const char *name;

    if (!op_check_selection(op, &e)) {
        op_fail(op, &e);
        return;
    }
    name = only_name(op);
    if (op->s->phase != CELL_UP || channel_hangs(op->s->channel))
        on_swept_first(op, NULL);
    else if (name)
        sweep_one(op->s, name, on_swept_first, op);
    else
        sweep_all(op->s, on_swept_first, op);
}

/* -------------------------------------------------------------- events */

struct cursor {
    uint64_t next;
    uint64_t since; /* ns */
    bool follow;
};

static void more_event(struct op *op, const char *text)
{
    cJSON *o = cJSON_Parse(text);

    if (o)
        op_more(op, o);
}

static void on_event(struct events_follower *f, const char *text)
{
    more_event(table_item(f, struct op, events), text);
}

static void pump_events(struct op *op)
{
    const struct events *v = op->s->events;
    struct cursor *c = op->data;

    while (op_has_room(op)) {
        const char *text;
        uint64_t time;
        if (c->next < events_first(v))
            c->next = events_first(v);
        if (c->next >= events_next(v))
            break;
        text = events_get(v, c->next++, &time);
        if (time >= c->since)
            more_event(op, text);
    }
    if (c->next < events_next(v))
        return;
    op->pump = NULL;
    op->events.event = on_event;
    if (c->follow)
        events_follow(op->s->events, &op->events);
    else
        op_answer(op, NULL);
}

bool op_get_since(const struct op *op, uint64_t *ns, struct error *e)
{
    const cJSON *since = cJSON_GetObjectItemCaseSensitive(op->request, "since");

    *ns = 0;
    if (!since)
        return true;
    if (!cJSON_IsNumber(since) || !(since->valuedouble >= 0) ||
        since->valuedouble > 1e10)
        return error_set(e, "bad-request", "\"since\" must be a Unix time");
    *ns = (uint64_t)(since->valuedouble * 1000) * 1000000;
    return true;
}

void op_events(struct op *op)
{
    struct cursor *c = must_alloc(1, sizeof(*c));
    struct error e;

    op->data = c;
    op->free_data = free;
    if (!op_get_since(op, &c->since, &e) ||
        !json_get_bool(op->request, "follow", &c->follow, &e)) {
        op_fail(op, &e);
        return;
    }
    op->cancel = cancel_pump;
    op->pump = pump_events;
    if (c->follow)
        op_loosen(op);
    pump_events(op);
}

/* ---------------------------------------------------------------- cell */

static void put_options(cJSON *o, const struct screed *s)
{
    const struct options *p = &s->options;
    char network[24];

    snprintf(network, sizeof(network), "%s/%u", address_text(p->network).text,
             p->prefix);
    json_put_number(o, "cpus", p->cpus);
    json_put_number(o, "memory", p->memory);
    json_put_text(o, "network", network);
    json_put_text(o, "gateway",
                  p->gateway ? address_text(p->gateway).text : "none");
    json_put_text(o, "resolver",
                  p->resolver ? address_text(p->resolver).text : "none");
    json_put_text(o, "net", options_net_text(p).text);
    json_put_text(o, "accel", p->accel);
    json_put_text(o, "options", p->hypervisor);
}

static void put_places(cJSON *o, const struct screed *s)
{
    char url[128];

    json_put_text(o, "store_socket", screed_path(s, CELL_STORE).text);
    json_put_text(o, "api_socket", screed_path(s, CELL_API).text);
    metrics_url(s->metrics, url);
    json_put_text(o, "metrics", url);
    json_put_text(o, "directory", s->directory);
}

static void put_facts(cJSON *o, const struct scree_control_cell *f)
{
    json_put_number(o, "frames_total", f->frames_total);
    json_put_number(o, "frames_free", f->frames_free);
    json_put_number(o, "frames_available", f->frames_available);
    json_put_number(o, "domain_limit", f->domain_limit);
    json_put_number(o, "idle_ns", f->idle_ns);
    json_put_number(o, "now_ns", f->now);
}

static void on_cell(void *context, const struct error *e, const void *answer,
                    size_t n)
{
    static const char *const phases[] = {"starting", "up", "down"};
    struct scree_control_cell f = {0};
    struct op *op = context;
    struct screed *s = op->s;
    cJSON *o = cJSON_CreateObject();
    cJSON *cell = cJSON_AddObjectToObject(o, "cell");

    if (!e && n >= sizeof(f))
        memcpy(&f, answer, sizeof(f));
    f.version[sizeof(f.version) - 1] = '\0';
    screed_clean(f.version);
    json_put_text(cell, "name", s->cell);
    json_put_number(cell, "pid", (uint64_t)getpid());
    json_put_number(cell, "qemu_pid", (uint64_t)qemu_pid(s->qemu));
    json_put_text(cell, "state",
                  channel_hangs(s->channel) ? "hangs" : phases[s->phase]);
    json_put_text(cell, "version", f.version);
    json_put_time(cell, "started", s->epoch ? s->epoch : s->started);
    put_options(cell, s);
    put_facts(cell, &f);
    json_put_number(cell, "domains", s->domains.by_name.count);
    put_places(cell, s);
    op_answer(op, o);
}

void op_cell(struct op *op)
{
    if (op->s->phase == CELL_UP && !channel_hangs(op->s->channel))
        channel_request(op->s->channel, SCREE_MANAGE_CELL,
                        reply_to(on_cell, op), NULL, 0);
    else
        on_cell(op, NULL, NULL, 0);
}

void op_down(struct op *op)
{
    struct screed *s = op->s;

    op_answer(op, NULL);
    cell_down(s);
}

/* -------------------------------------------------------------- images */

void op_image_ls(struct op *op)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(o, "images");
    unsigned count = 0;

    for (const struct object *i = objects_first(op->s->objects); i;
         i = i->next) {
        cJSON_AddItemToArray(list, objects_json(i));
        if (++count % 64)
            continue;
        op_more(op, o);
        o = cJSON_CreateObject();
        list = cJSON_AddArrayToObject(o, "images");
    }
    op_answer(op, o);
}

static bool get_digest(const struct op *op, struct digest *d, struct error *e)
{
    const char *text = NULL;

    if (!json_get_text(op->request, "digest", JSON_MUST, &text, e))
        return false;
    return digest_parse(text, d) ||
           error_set(e, "bad-request",
                     "\"digest\" must be sha256: and 64 hexadecimal digits");
}

void op_image_has(struct op *op)
{
    const struct object *found;
    struct digest d;
    struct error e;
    cJSON *o;

    if (!get_digest(op, &d, &e)) {
        op_fail(op, &e);
        return;
    }
    found = objects_find(op->s->objects, &d);
    o = cJSON_CreateObject();
    json_put_bool(o, "has", found && !found->damaged);
    op_answer(op, o);
}

void op_image_rm(struct op *op)
{
    struct digest d;
    struct error e;

    if (get_digest(op, &d, &e) && objects_remove(op->s->objects, &d, &e))
        op_answer(op, NULL);
    else
        op_fail(op, &e);
}

static void cancel_put(struct op *op)
{
    if (op->data)
        objects_abandon(op->data);
    op->data = NULL;
    op_answer(op, NULL);
}

/* After an error what still comes is thrown away, so that the next line is
 * found. */
static void put_bytes(struct op *op, const uint8_t *bytes, size_t n, bool last)
{
    if (op->data && !objects_bytes(op->data, bytes, n, &op->error)) {
        objects_abandon(op->data);
        op->data = NULL;
    }
    if (!last)
        return;
    if (op->data && objects_end(op->data, &op->error)) {
        op->data = NULL;
        op_answer(op, NULL);
    } else {
        op->data = NULL;
        op_fail(op, &op->error);
    }
}

void op_image_put(struct op *op)
{
    uint64_t size = 0;
    struct digest d;

    if (!json_need(op->request, "size", &op->error) ||
        !json_get_number(op->request, "size", JSON_NUMBER_MAX, &size,
                         &op->error)) {
        op_fail(op, &op->error);
        return;
    }
    op->cancel = cancel_put;
    if (get_digest(op, &d, &op->error))
        op->data = objects_begin(op->s->objects, &d, size, &op->error);
    if (size)
        api_expect_bytes(op, size, put_bytes);
    else
        op_fail(op, &op->error);
}
