/* SPDX-License-Identifier: MIT */
/* Ops on a domain that exists: from start to rm; see docs/api.md. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "tools/lib/json.h"
#include "tools/screed/cell.h"
#include "tools/screed/definition.h"
#include "tools/screed/forwards.h"
#include "tools/screed/ops.h"
#include "tools/screed/state.h"

#define STOP_SECONDS 10
#define STOP_MOST    86400
#define STOP_GRACE   15 /* for the kill that follows */

/* What an op with a request and a watch has seen of both. */
#define REPLIED      1u
#define ENDED        2u
#define OVERDUE      4u

static void take_name(struct op *op)
{
    memcpy(op->name, op->d->def.name, sizeof(op->name));
}

static void set_stopped(struct op *op, bool stopped)
{
    if (op->d->def.stopped == stopped)
        return;
    op->d->def.stopped = stopped;
    state_put(op->s->state, op->d);
}

static bool refuse_down(struct op *op)
{
    if (!domain_is_down(op->d))
        return false;
    op_refuse(op, op->s->phase == CELL_UP ? "bad-state" : "cell-down",
              "domain '%s' is not running", op->d->def.name);
    return true;
}

/* An answer without fields, or the error. */
static void on_simple(void *context, const struct error *e, const void *answer,
                      size_t n)
{
    struct op *op = context;

    (void)answer;
    (void)n;
    if (e)
        op_fail(op, e);
    else
        op_answer(op, NULL);
}

static void on_state(void *context, const struct error *e, const void *answer,
                     size_t n)
{
    struct scree_manage_state state;
    struct op *op = context;
    cJSON *o;

    if (e || n < sizeof(state)) {
        op_fail(op, e ? e : &op->error);
        return;
    }
    memcpy(&state, answer, sizeof(state));
    domain_set_state(op->d, &state);
    o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "domain", domain_json(op->d));
    op_answer(op, o);
}

void op_kill(struct op *op)
{
    take_name(op);
    if (refuse_down(op))
        return;
    set_stopped(op, true);
    op_ask_name(op, SCREE_MANAGE_KILL, 0, on_simple);
}

void op_pause(struct op *op)
{
    take_name(op);
    if (!refuse_down(op))
        op_ask_name(op, SCREE_MANAGE_PAUSE, 0, on_simple);
}

void op_resume(struct op *op)
{
    take_name(op);
    if (!refuse_down(op))
        op_ask_name(op, SCREE_MANAGE_RESUME, 0, on_simple);
}

/* --------------------------------------------------------------- start */

static void on_start_object(void *context, const struct error *e)
{
    struct op *op = context;
    struct scree_manage_run run;

    if (e && !op->failed)
        op->error = *e;
    op->failed |= e != NULL;
    if (--op->step)
        return;
    if (op->failed) {
        op_fail(op, &op->error);
        return;
    }
    run = definition_record(op->d, SCREE_RUN_ADOPT);
    channel_request(op->s->channel, SCREE_MANAGE_RUN, reply_to(on_state, op),
                    &run, sizeof(run));
}

void op_start(struct op *op)
{
    struct digest files = op->d->files;

    take_name(op);
    error_set(&op->error, "bad-state", "an answer that is too short");
    if (!domain_is_down(op->d)) {
        op_refuse(op, "bad-state", "domain '%s' is running already", op->name);
        return;
    }
    set_stopped(op, false);
    if (op->d->in_cell) {
        op_ask_name(op, SCREE_MANAGE_START, 0, on_state);
        return;
    }
    op->step = digest_is_none(&files) ? 1 : 2;
    if (!digest_is_none(&files))
        objects_need(op->s->objects, &files, on_start_object, op);
    objects_need(op->s->objects, &op->d->image, on_start_object, op);
}

/* ---------------------------------------------------------------- stop */

static void finish_stop(struct op *op)
{
    if (!(op->step & REPLIED))
        return;
    if (op->failed)
        op_fail(op, &op->error);
    else if (op->step & ENDED)
        op_answer(op, NULL);
    else if (op->step & OVERDUE)
        op_refuse(op, "timeout", "domain '%s' does not end", op->name);
}

static void on_stop_event(struct watch *w, const struct scree_event *e)
{
    struct op *op = table_item(w, struct op, watch);

    if (e && e->event != SCREE_EVENT_DOWN && e->event != SCREE_EVENT_REMOVED)
        return;
    domain_unwatch(w);
    op->step |= ENDED;
    finish_stop(op);
}

static void on_stop_reply(void *context, const struct error *e,
                          const void *answer, size_t n)
{
    struct op *op = context;

    (void)answer;
    (void)n;
    if (e)
        op->error = *e;
    op->failed = e != NULL;
    op->step |= REPLIED;
    finish_stop(op);
}

static void on_stop_time(evutil_socket_t fd, short what, void *context)
{
    struct op *op = context;

    (void)fd;
    (void)what;
    op->step |= OVERDUE;
    finish_stop(op);
}

/* The lock is given up, so that a kill need not wait. */
void op_stop(struct op *op)
{
    uint64_t seconds = STOP_SECONDS;
    struct timeval limit = {.tv_sec = STOP_GRACE};
    struct error e;

    take_name(op);
    if (!json_get_number(op->request, "time", STOP_MOST, &seconds, &e)) {
        op_fail(op, &e);
        return;
    }
    if (refuse_down(op))
        return;
    set_stopped(op, true);
    op->watch.event = on_stop_event;
    domain_watch(op->d, &op->watch);
    limit.tv_sec += (time_t)seconds;
    op->timer = evtimer_new(op->s->base, on_stop_time, op);
    evtimer_add(op->timer, &limit);
    op_unlock(op);
    op_ask_name(op, SCREE_MANAGE_STOP, seconds * 1000, on_stop_reply);
}

/* ------------------------------------------------------------------ rm */

static void forget(void *context, const struct error *e)
{
    struct op *op = context;
    struct domain *d = op->d;

    (void)e;
    op->d = NULL;
    op_forget_domain(d);
    if (op->failed)
        op_fail(op, &op->error);
    else
        op_answer(op, NULL);
}

/* The answer waits until the host's ports are free again. */
static void removed(struct op *op)
{
    domain_unwatch(&op->watch);
    forwards_remove(op->s->forwards, op->d, forget, op);
}

static void on_removed(void *context, const struct error *e, const void *answer,
                       size_t n)
{
    struct op *op = context;

    (void)answer;
    (void)n;
    if (e && strcmp(e->code, "no-such-domain") != 0 && !op->failed &&
        op->d->in_cell)
        op_fail(op, e);
    else
        removed(op);
}

static void remove_now(struct op *op)
{
    domain_unwatch(&op->watch);
    if (op->d->in_cell)
        op_ask_name(op, SCREE_MANAGE_REMOVE, 0, on_removed);
    else
        removed(op);
}

static void finish_kill(struct op *op)
{
    if ((op->step & REPLIED) && (op->step & ENDED))
        remove_now(op);
}

static void on_kill_event(struct watch *w, const struct scree_event *e)
{
    struct op *op = table_item(w, struct op, watch);

    if (e && e->event != SCREE_EVENT_DOWN && e->event != SCREE_EVENT_REMOVED)
        return;
    op->step |= ENDED;
    finish_kill(op);
}

static void on_killed(void *context, const struct error *e, const void *answer,
                      size_t n)
{
    struct op *op = context;

    (void)answer;
    (void)n;
    op->step |= REPLIED;
    if (e && !domain_is_down(op->d) && !op->failed)
        op_fail(op, e);
    else if (e)
        remove_now(op);
    else
        finish_kill(op);
}

void op_remove_domain(struct op *op)
{
    take_name(op);
    if (domain_is_down(op->d)) {
        remove_now(op);
        return;
    }
    op->step = 0;
    domain_unwatch(&op->watch);
    op->watch.event = on_kill_event;
    op->watch.output = NULL;
    domain_watch(op->d, &op->watch);
    op_ask_name(op, SCREE_MANAGE_KILL, 0, on_killed);
}

void op_rm(struct op *op)
{
    bool force = false;
    struct error e;

    if (!json_get_bool(op->request, "force", &force, &e))
        op_fail(op, &e);
    else if (!force && !domain_is_down(op->d))
        op_refuse(op, "bad-state",
                  "domain '%s' is running; stop it first, or remove it with "
                  "--force",
                  op->d->def.name);
    else
        op_remove_domain(op);
}

/* ----------------------------------------------------------------- set */

struct change {
    struct scree_manage_set record;
    struct conf_domain labels; /* only these */
    bool has_labels;
};

static void free_change(void *data)
{
    struct change *c = data;

    conf_domain_free(&c->labels);
    free(c);
}

static void swap_labels(struct conf_domain *a, struct conf_domain *b)
{
    for (uint32_t i = 0; i < CONF_LABELS_MAX; i++) {
        char *label = a->labels[i];
        a->labels[i] = b->labels[i];
        b->labels[i] = label;
    }
    a->label_count ^= b->label_count;
    b->label_count ^= a->label_count;
    a->label_count ^= b->label_count;
}

static void commit_set(struct op *op)
{
    struct change *c = op->data;
    struct domain *d = op->d;

    if (c->record.what & SCREE_SET_WEIGHT)
        d->def.weight = c->record.weight;
    if (c->record.what & SCREE_SET_NET_RATE)
        d->def.net_rate = c->record.net_rate;
    if (c->record.what & SCREE_SET_RESTART) {
        d->def.restart = c->record.restart;
        d->def.retries = c->record.retries;
    }
    if (c->has_labels)
        swap_labels(&d->def, &c->labels);
    state_put(op->s->state, d);
    op_answer(op, NULL);
}

static void on_set(void *context, const struct error *e, const void *answer,
                   size_t n)
{
    (void)answer;
    (void)n;
    if (e)
        op_fail(context, e);
    else
        commit_set(context);
}

static bool parse_numbers(const struct op *op, struct scree_manage_set *r,
                          struct error *e)
{
    uint64_t weight = 0, rate = UINT64_MAX;

    if (!json_get_number(op->request, "weight", 65535, &weight, e) ||
        !json_get_number(op->request, "net_rate", JSON_NUMBER_MAX, &rate, e))
        return false;
    if (cJSON_HasObjectItem(op->request, "weight") && !weight)
        return error_set(e, "bad-request", "\"weight\" must be 1 to 65535");
    if (weight)
        r->what |= SCREE_SET_WEIGHT;
    if (rate != UINT64_MAX)
        r->what |= SCREE_SET_NET_RATE;
    r->weight = (uint32_t)weight;
    r->net_rate = rate == UINT64_MAX ? 0 : rate;
    return true;
}

static bool parse_set(struct op *op, struct change *c, struct error *e)
{
    const cJSON *labels =
        cJSON_GetObjectItemCaseSensitive(op->request, "labels");
    const char *restart = NULL;

    if (!parse_numbers(op, &c->record, e) ||
        !json_get_text(op->request, "restart", JSON_MAY, &restart, e))
        return false;
    if (restart &&
        !conf_restart(restart, &c->record.restart, &c->record.retries))
        return error_set(e, "bad-request",
                         "\"restart\": '%.40s' is none of no, on-failure, "
                         "on-failure:N, always, unless-stopped",
                         restart);
    if (restart && c->record.restart && op->d->def.remove)
        return error_set(e, "bad-request",
                         "domain '%s' is removed when it ends (--rm)",
                         op->d->def.name);
    if (restart)
        c->record.what |= SCREE_SET_RESTART;
    c->has_labels = labels != NULL;
    return definition_labels(&c->labels, labels, e);
}

void op_set(struct op *op)
{
    struct change *c = must_alloc(1, sizeof(*c));
    struct error e;

    take_name(op);
    op->data = c;
    op->free_data = free_change;
    memcpy(c->record.name, op->name, sizeof(c->record.name));
    if (!parse_set(op, c, &e))
        op_fail(op, &e);
    else if (op->d->in_cell && c->record.what)
        channel_request(op->s->channel, SCREE_MANAGE_SET, reply_to(on_set, op),
                        &c->record, sizeof(c->record));
    else
        commit_set(op);
}

/* ---------------------------------------------------- wait and console */

static void cancel(struct op *op)
{
    op_answer(op, NULL);
}

static void on_wait_event(struct watch *w, const struct scree_event *e)
{
    struct op *op = table_item(w, struct op, watch);
    const struct conf_domain *def = &w->domain->def;

    if (!e && def->restart != SCREE_RESTART_NO && !def->stopped)
        return; /* it comes back with the cell */
    if (!e || e->event == SCREE_EVENT_DOWN || e->event == SCREE_EVENT_REMOVED)
        op_answer(op, op_end_fields(w->domain));
}

void op_wait(struct op *op)
{
    struct domain *d = op->d;

    if (domain_is_down(d)) {
        op_answer(op, op_end_fields(d));
        return;
    }
    op->watch.event = on_wait_event;
    domain_watch(d, &op->watch);
    op->cancel = cancel;
    op_unlock(op);
}

void op_console(struct op *op)
{
    struct domain *d = op->d;

    take_name(op);
    if (refuse_down(op))
        return;
    op_attach(op, d);
    op->cancel = cancel;
    op_unlock(op);
}
