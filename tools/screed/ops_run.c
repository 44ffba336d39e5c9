/* SPDX-License-Identifier: MIT */
/*
 * run: a definition is checked against all that screed knows, then the domain
 * is defined here; its objects are brought into the cell; RUN and the forwards
 * go out together. Whatever fails takes everything back.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/base64.h"
#include "tools/lib/json.h"
#include "tools/screed/cell.h"
#include "tools/screed/definition.h"
#include "tools/screed/forwards.h"
#include "tools/screed/ops.h"
#include "tools/screed/state.h"
#include "tools/screed/sweep.h"

struct run {
    bool console;
    bool retried;     /* after memory was made free */
    bool ran;         /* RUN was done */
    bool ended;       /* before RUN was answered */
    unsigned waiting; /* parts under way */
};

/* ------------------------------------------------------------- console */

static void on_output(struct watch *w, const uint8_t *bytes, size_t n)
{
    struct op *op = table_item(w, struct op, watch);
    char text[BASE64_ROOM(SCREE_FRAME_PAYLOAD)];
    cJSON *o = cJSON_CreateObject();

    base64_encode(bytes, n, text);
    json_put_text(o, "out", text);
    op_more(op, o);
}

static void on_console_event(struct watch *w, const struct scree_event *e)
{
    struct op *op = table_item(w, struct op, watch);

    if (!e || e->event == SCREE_EVENT_ENDED || e->event == SCREE_EVENT_DOWN ||
        e->event == SCREE_EVENT_REMOVED)
        op_answer(op, op_end_fields(w->domain));
}

static void put_input(struct op *op, const uint8_t *bytes, size_t n)
{
    const struct domain *d = op->watch.domain;

    while (d && n) {
        size_t part = n < SCREE_FRAME_PAYLOAD ? n : SCREE_FRAME_PAYLOAD;
        channel_send(op->s->channel, SCREE_FRAME_INPUT, d->state.domain.id,
                     bytes, part);
        bytes += part;
        n -= part;
    }
}

void op_attach(struct op *op, struct domain *d)
{
    op->watch.event = on_console_event;
    op->watch.output = on_output;
    op->input = put_input;
    domain_watch(d, &op->watch);
}

/* Its end may come before the answer to RUN does. */
static void on_early_event(struct watch *w, const struct scree_event *e)
{
    struct op *op = table_item(w, struct op, watch);
    struct run *r = op->data;

    if (e && e->event == SCREE_EVENT_ENDED)
        r->ended = true;
}

static void cancel(struct op *op)
{
    op_answer(op, NULL);
}

/* ------------------------------------------------------------- checking */

static bool find_object(struct op *op, const char *digest, bool image,
                        struct object **found, struct error *e)
{
    struct digest d;

    digest_parse(digest, &d);
    *found = objects_find(op->s->objects, &d);
    if (!*found)
        return error_set(e, "no-such-image",
                         "the cell has no %s %.20s...; put it there first",
                         image ? "image" : "files", digest);
    if ((*found)->facts.is_image != image)
        return error_set(e, "bad-request", "%.20s... is no %s", digest,
                         image ? "image" : "file module");
    return true;
}

static bool check_objects(struct op *op, struct conf_domain *def,
                          struct error *e)
{
    struct object *image, *files;
    uint64_t least;

    if (!find_object(op, def->image, true, &image, e) ||
        (def->files && !find_object(op, def->files, false, &files, e)))
        return false;
    least = image->facts.least_memory;
    if (!def->memory)
        def->memory = least;
    return def->memory >= least ||
           error_set(e, "bad-request",
                     "the image needs %" PRIu64 "K of memory, not %" PRIu64
                     "K; give it that much with -m",
                     least >> 10, def->memory >> 10);
}

static bool choose_address(struct op *op, struct conf_domain *def,
                           struct error *e)
{
    if (def->address_kind == CONF_FIXED)
        return domain_check_address(op->s, def->address, e);
    if (def->address_kind == CONF_NONE)
        return true;
    def->address = domain_free_address(op->s);
    def->address_kind = CONF_FIXED;
    return def->address ||
           error_set(e, "no-memory",
                     "no address is left in the cell's network; make a cell "
                     "with a larger one: scree up --cidr");
}

/* "start": false only defines it, as if it had been stopped. */
static bool check_start(struct op *op, struct conf_domain *def, struct error *e)
{
    const struct run *r = op->data;
    bool start = true;

    if (!json_get_bool(op->request, "start", &start, e))
        return false;
    def->stopped = !start;
    return start || !r->console ||
           error_set(e, "bad-request",
                     "a domain that is not started has no console");
}

static bool check(struct op *op, struct conf_domain *def, struct error *e)
{
    struct run *r = op->data;
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(op->request, "domain");

    if (!json_get_bool(op->request, "console", &r->console, e) ||
        !definition_parse(def, json, e) || !check_start(op, def, e))
        return false;
    if (op->d)
        return error_set(e, "name-taken",
                         "there is a domain '%s' already; remove it, or choose "
                         "another name",
                         def->name);
    if (op->s->phase != CELL_UP)
        return error_set(e, "cell-down",
                         "the cell is starting; try again in a moment");
    if (!def->name[0])
        domain_make_name(op->s, def->name);
    return check_objects(op, def, e) && choose_address(op, def, e) &&
           forwards_check(op->s->forwards, def, e);
}

/* -------------------------------------------------------------- making */

static void fail(struct op *op, const struct error *e)
{
    if (!op->failed)
        op->error = *e;
    op->failed = true;
}

static void begin_console(struct op *op)
{
    struct run *r = op->data;
    cJSON *o = cJSON_CreateObject();

    cJSON_AddItemToObject(o, "domain", domain_json(op->d));
    op_more(op, o);
    if (r->ended || !op->c) {
        op_answer(op, op_end_fields(op->d));
        return;
    }
    op->watch.event = on_console_event;
    op->input = put_input;
    op->cancel = cancel;
    op_unlock(op);
}

static void finish(struct op *op)
{
    struct run *r = op->data;
    cJSON *o;

    if (--r->waiting)
        return;
    op->d->asked = false;
    if (op->failed) {
        op->d->in_cell = r->ran;
        op_remove_domain(op);
        return;
    }
    if (r->console) {
        begin_console(op);
        return;
    }
    o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "domain", domain_json(op->d));
    op_answer(op, o);
}

static void send_run(struct op *op);

static void on_run(void *context, const struct error *e, const void *answer,
                   size_t n)
{
    struct scree_manage_state state;
    struct op *op = context;
    struct run *r = op->data;
    struct error odd;

    if (e && !strcmp(e->code, "no-memory") && !r->retried &&
        objects_drop_unused(op->s->objects)) {
        r->retried = true;
        send_run(op);
        return;
    }
    error_set(&odd, "bad-state", "an answer that is too short");
    if (e && !strcmp(e->code, "timeout")) /* it may be done yet: look then */
        sweep_all(op->s, NULL, NULL);
    if (e || n < sizeof(state)) {
        fail(op, e ? e : &odd);
    } else {
        memcpy(&state, answer, sizeof(state));
        domain_set_state(op->d, &state);
        op->d->seen = true;
        r->ran = true;
    }
    finish(op);
}

static void send_run(struct op *op)
{
    struct scree_manage_run run =
        definition_record(op->d, op->d->def.stopped ? SCREE_RUN_DEFINE : 0);

    channel_request(op->s->channel, SCREE_MANAGE_RUN, reply_to(on_run, op),
                    &run, sizeof(run));
}

static void on_forwards(void *context, const struct error *e)
{
    struct op *op = context;

    if (e)
        fail(op, e);
    finish(op);
}

static void make(struct op *op)
{
    struct run *r = op->data;

    r->waiting = op->d->def.forward_count ? 2 : 1;
    state_put(op->s->state, op->d);
    if (op->d->def.forward_count)
        forwards_add(op->s->forwards, op->d, on_forwards, op);
    send_run(op);
}

static void on_object(void *context, const struct error *e)
{
    struct op *op = context;
    struct run *r = op->data;

    if (e)
        fail(op, e);
    if (--r->waiting)
        return;
    if (!op->failed) {
        make(op);
        return;
    }
    r->waiting = 1;
    finish(op);
}

void op_run(struct op *op)
{
    struct run *r = must_alloc(1, sizeof(*r));
    struct conf_domain def = {0};
    struct digest files;
    struct error e;

    op->data = r;
    op->free_data = free;
    if (!check(op, &def, &e)) {
        conf_domain_free(&def);
        op_fail(op, &e);
        return;
    }
    op_lock(op, cell_define(op->s, &def));
    op->d->asked = true;
    if (r->console) {
        op_attach(op, op->d);
        op->watch.event = on_early_event;
        op->input = NULL;
        op_loosen(op);
    }
    files = op->d->files;
    r->waiting = digest_is_none(&files) ? 1 : 2;
    if (!digest_is_none(&files))
        objects_need(op->s->objects, &files, on_object, op);
    objects_need(op->s->objects, &op->d->image, on_object, op);
}
