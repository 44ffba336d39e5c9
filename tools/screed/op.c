/* SPDX-License-Identifier: MIT */
/* Ops: their answers and the order of these, and the locks of domains; see
 * api.h. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/json.h"
#include "tools/screed/api_private.h"
#include "tools/screed/cell.h"

/* ------------------------------------------------------------------ ops */

/* What the op has, too; it is in no list. */
static void op_free(struct op *op)
{
    domain_unwatch(&op->watch);
    journal_leave(op->s->journal, &op->follower);
    events_leave(op->s->events, &op->events);
    if (op->timer)
        event_free(op->timer);
    if (op->free_data)
        op->free_data(op->data);
    cJSON_Delete(op->request);
    cJSON_Delete(op->id);
    free(op->answer);
    free(op);
}

static void unlink_op(struct connection *c, struct op *op)
{
    struct op **at = &c->ops;

    while (*at != op)
        at = &(*at)->next;
    *at = op->next;
    if (c->last == &op->next)
        c->last = at;
}

/* Sends answers as far as all before them have been sent. */
static void send_answers(struct connection *c)
{
    for (struct op *op = c->ops, *next; op; op = next) {
        next = op->next;
        if (op->flags & OP_LOOSE)
            continue;
        if (!op->done)
            break;
        api_write(c, op->answer);
        unlink_op(c, op);
        c->ordered--;
        if (op->flags & OP_ALONE)
            c->alone = false;
        op_free(op);
    }
}

static void send_loose(struct connection *c, struct op *op)
{
    api_write(c, op->answer);
    unlink_op(c, op);
    c->loose--;
    op_free(op);
}

static char *compose(struct op *op, cJSON *fields, const char *flag, bool value)
{
    cJSON *o = fields ? fields : cJSON_CreateObject();
    char *text;

    if (op->id)
        cJSON_AddItemToObject(o, "id", cJSON_Duplicate(op->id, true));
    json_put_bool(o, flag, value);
    text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return text ? text : strdup("{\"ok\":false}");
}

static void unlock(struct domain *d);

/* The lock is given up last: whoever had waited for it may end at once, and
 * send this answer with its own. */
static void end(struct op *op, cJSON *fields, bool ok)
{
    struct connection *c = op->c;
    struct domain *locked = op->d;

    op->answer = op->done ? op->answer : compose(op, fields, "ok", ok);
    if (op->done)
        cJSON_Delete(fields);
    op->done = true;
    op->pump = NULL;
    op->input = NULL;
    op->cancel = NULL;
    domain_unwatch(&op->watch);
    journal_leave(op->s->journal, &op->follower);
    events_leave(op->s->events, &op->events);
    op->d = NULL;
    if (c)
        event_active(c->again, EV_TIMEOUT, 0);
    if (!c)
        op_free(op);
    else if (op->flags & OP_LOOSE)
        send_loose(c, op);
    else
        send_answers(c);
    if (locked)
        unlock(locked);
}

void op_answer(struct op *op, cJSON *fields)
{
    end(op, fields, true);
}

void op_fail(struct op *op, const struct error *e)
{
    cJSON *o = cJSON_CreateObject();

    json_put_error(o, e);
    end(op, o, false);
}

void op_refuse(struct op *op, const char *code, const char *format, ...)
{
    char text[sizeof(((struct error *)0)->text)];
    struct error e;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    error_set(&e, code, "%s", text);
    op_fail(op, &e);
}

void op_more(struct op *op, cJSON *fields)
{
    struct connection *c = op->c;
    char *text = compose(op, fields, "more", true);

    if (c)
        api_write(c, text);
    free(text);
}

bool op_has_room(const struct op *op)
{
    return op->c && !op->c->gone &&
           evbuffer_get_length(bufferevent_get_output(op->c->stream)) <
               API_PUMP_BELOW;
}

void op_loosen(struct op *op)
{
    if (op->flags & OP_LOOSE)
        return;
    op->flags |= OP_LOOSE;
    if (!op->c)
        return;
    op->c->ordered--;
    op->c->loose++;
    if (op->flags & OP_ALONE)
        op->c->alone = false;
    send_answers(op->c);
}

/* ------------------------------------------------------------- the lock */

static void start(struct op *op)
{
    if (op->done) /* its client went while it waited */
        return;
    op->kind->start(op);
}

void op_lock(struct op *op, struct domain *d)
{
    d->op = op;
    op->d = d;
}

static void start_with_lock(struct op *op);

/* Those that waited find that the domain has gone. */
void op_forget_domain(struct domain *d)
{
    struct op *waiting = d->waiting;

    cell_forget_domain(d);
    while (waiting) {
        struct op *next = waiting->next_waiting;
        waiting->next_waiting = NULL;
        start_with_lock(waiting);
        waiting = next;
    }
}

/* Those that have got a lock and may start: one after the other here, since one
 * that ends at once gives the lock to the next, and they may be many. */
static void start_ready(struct screed *s, struct op *op)
{
    struct op **last = &s->ready;

    while (*last)
        last = &(*last)->next_waiting;
    op->next_waiting = NULL;
    *last = op;
    if (s->starting)
        return;
    s->starting = true;
    while ((op = s->ready)) {
        s->ready = op->next_waiting;
        start(op);
    }
    s->starting = false;
}

static void unlock(struct domain *d)
{
    struct op *next = d->waiting;

    d->op = NULL;
    if (d->gone) {
        op_forget_domain(d);
        return;
    }
    if (!next)
        return;
    d->waiting = next->next_waiting;
    op_lock(next, d);
    start_ready(d->screed, next);
}

void op_unlock(struct op *op)
{
    struct domain *d = op->d;

    op->d = NULL;
    if (d)
        unlock(d);
}

/* The domain that the op is about, or NULL and e. */
static struct domain *subject(struct op *op, struct error *e)
{
    const char *name = "";
    const cJSON *from = op->request;
    struct domain *d;

    if (op->flags & OP_NEW_DOMAIN)
        return domain_find(
            op->s, json_text(cJSON_GetObjectItemCaseSensitive(from, "domain"),
                             "name", ""));
    if (!json_get_text(from, "name", JSON_MUST, &name, e))
        return NULL;
    d = domain_find(op->s, name);
    if (!d)
        error_set(e, "no-such-domain",
                  "there is no domain '%.60s'; 'scree ls' lists them", name);
    return d;
}

/* A domain that comes to its name again meanwhile is looked up afresh. */
static void start_with_lock(struct op *op)
{
    struct error e;
    struct domain *d = subject(op, &e);

    if (!d && !(op->flags & OP_NEW_DOMAIN)) {
        op_fail(op, &e);
        return;
    }
    if (d && d->op) {
        struct op **at = &d->waiting;
        while (*at)
            at = &(*at)->next_waiting;
        op->next_waiting = NULL;
        *at = op;
        return;
    }
    if (d)
        op_lock(op, d);
    start(op);
}

void op_begin(struct op *op)
{
    struct connection *c = op->c;

    if (op->flags & OP_ALONE)
        c->alone = true;
    if (op->flags & (OP_DOMAIN | OP_NEW_DOMAIN))
        start_with_lock(op);
    else
        start(op);
}
