/* SPDX-License-Identifier: MIT */
/* Connections of the API socket, and the order of their answers; see api.h. */
#define _GNU_SOURCE
#include "tools/screed/api.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/base64.h"
#include "tools/lib/json.h"
#include "tools/lib/socket.h"

#define READ_HIGH  (128u << 10)
#define DEPTH_MOST 32 /* of JSON */

struct connection {
    struct connection *next, **at;
    struct api *api;
    struct bufferevent *stream;
    struct op *ops, **last; /* all, in order of coming */
    unsigned ordered, loose;
    bool alone;      /* an OP_ALONE runs */
    struct op *held; /* an OP_ALONE that waits for those before it */
    bool closing;    /* after what was written */
    bool gone;
    bool overdue; /* it does not read: it is cut off in a moment */
    bool processing;
    unsigned in_use;     /* functions of this file that are at work on it */
    struct event *again; /* looks for further lines; cuts off who is overdue */

    struct op *put; /* takes raw bytes */
    uint64_t put_left;
    void (*put_bytes)(struct op *op, const uint8_t *bytes, size_t n, bool last);
};

struct api {
    struct screed *screed;
    struct evconnlistener *listener;
    struct connection *first;
    unsigned count;
};

/* ---------------------------------------------------------- connections */

static void release(struct connection *c)
{
    if (c->in_use || !c->gone)
        return;
    *c->at = c->next;
    if (c->next)
        c->next->at = c->at;
    c->api->count--;
    event_free(c->again);
    free(c);
}

/* An op of a connection that has gone: true if it goes on by itself, or had
 * nothing more to do; false if it wants to be cancelled. */
static bool let_go(struct op *op, bool held)
{
    op->c = NULL;
    op->next = NULL;
    if (held || op->done)
        op_answer(op, NULL); /* not begun, or not sent */
    else
        return !op->cancel;
    return true;
}

/* Nobody reads it any more: its streams end, other ops go on by themselves. */
static void cut(struct connection *c)
{
    struct op *cancelled = NULL, *next;

    if (c->gone)
        return;
    c->gone = true;
    c->in_use++;
    bufferevent_free(c->stream);
    c->stream = NULL;
    for (struct op *op = c->ops; op; op = next) {
        next = op->next;
        if (let_go(op, op == c->held))
            continue;
        op->next = cancelled;
        cancelled = op;
    }
    c->ops = NULL;
    for (; cancelled; cancelled = next) {
        next = cancelled->next;
        cancelled->cancel(cancelled);
    }
    c->in_use--;
    release(c);
}

/* Not at once: whoever writes may be in the middle of a list. */
static void write_line(struct connection *c, const char *text)
{
    struct evbuffer *out;

    if (c->gone || c->overdue)
        return;
    out = bufferevent_get_output(c->stream);
    evbuffer_add(out, text, strlen(text));
    evbuffer_add(out, "\n", 1);
    c->overdue = evbuffer_get_length(out) > API_UNREAD;
    if (c->overdue)
        event_active(c->again, EV_TIMEOUT, 0);
}

/* ------------------------------------------------------------------ ops */

static void free_op(struct op *op)
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
        write_line(c, op->answer);
        unlink_op(c, op);
        c->ordered--;
        if (op->flags & OP_ALONE)
            c->alone = false;
        free_op(op);
    }
}

static void send_loose(struct connection *c, struct op *op)
{
    write_line(c, op->answer);
    unlink_op(c, op);
    c->loose--;
    free_op(op);
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

static void end(struct op *op, cJSON *fields, bool ok)
{
    struct connection *c = op->c;

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
    op_unlock(op);
    if (!c) {
        free_op(op);
        return;
    }
    event_active(c->again, EV_TIMEOUT, 0);
    if (op->flags & OP_LOOSE)
        send_loose(c, op);
    else
        send_answers(c);
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
        write_line(c, text);
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

void op_unlock(struct op *op)
{
    struct domain *d = op->d;
    struct op *next;

    op->d = NULL;
    if (!d)
        return;
    next = d->waiting;
    d->op = NULL;
    if (!next)
        return;
    d->waiting = next->next_waiting;
    start_with_lock(next);
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

void op_again(struct op *op)
{
    op->next_waiting = NULL;
    start_with_lock(op);
}

/* ------------------------------------------------------------- requests */

static void begin(struct op *op)
{
    struct connection *c = op->c;

    if (op->flags & OP_ALONE)
        c->alone = true;
    if (op->flags & (OP_DOMAIN | OP_NEW_DOMAIN))
        start_with_lock(op);
    else
        start(op);
}

static void start_held(struct connection *c)
{
    struct op *held = c->held;

    if (!held || c->gone)
        return;
    for (struct op *op = c->ops; op != held; op = op->next)
        if (!(op->flags & OP_LOOSE))
            return;
    c->held = NULL;
    begin(held);
}

static void add_op(struct connection *c, struct op *op)
{
    op->next = NULL;
    *c->last = op;
    c->last = &op->next;
    if (op->flags & OP_LOOSE)
        c->loose++;
    else
        c->ordered++;
}

static bool check_request(const cJSON *json, const struct op_kind **kind,
                          struct error *e)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id");
    const char *name = NULL, *keys[12] = {"id", "op"};
    size_t n = 2;

    if (!cJSON_IsObject(json))
        return error_set(e, "bad-request", "a line must be a JSON object");
    if (id && !cJSON_IsNumber(id))
        return error_set(e, "bad-request", "\"id\" must be a number");
    if (!json_get_text(json, "op", JSON_MUST, &name, e))
        return false;
    *kind = op_find(name);
    if (!*kind)
        return error_set(e, "bad-request", "there is no op '%.40s'", name);
    for (const char *const *k = (*kind)->keys; *k; k++)
        keys[n++] = *k;
    keys[n] = NULL;
    return json_only(json, keys, e);
}

static void refuse_start(struct op *op)
{
    op_fail(op, &op->error);
}

/* What is no request is answered in its turn all the same. */
static const struct op_kind no_kind = {.name = "", .start = refuse_start};

static void take_request(struct connection *c, cJSON *json)
{
    const struct op_kind *kind = &no_kind;
    struct op *op = must_alloc(1, sizeof(*op));

    if (!check_request(json, &kind, &op->error))
        kind = &no_kind;
    op->s = c->api->screed;
    op->c = c;
    op->kind = kind;
    op->flags = kind->flags;
    op->request = json;
    op->id = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(json, "id"), 1);
    add_op(c, op);
    if ((op->flags & OP_ALONE) && c->ordered > 1)
        c->held = op;
    else
        begin(op);
}

/* A line for a console that is open: {"id": of the console, "in": base64}. */
static bool take_input(struct connection *c, const cJSON *json)
{
    const cJSON *in = cJSON_GetObjectItemCaseSensitive(json, "in");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id");
    uint8_t bytes[API_LINE_MAX];
    size_t n = sizeof(bytes);

    if (!cJSON_IsString(in) || cJSON_HasObjectItem(json, "op"))
        return false;
    if (!base64_decode(in->valuestring, bytes, &n))
        return false;
    for (struct op *op = c->ops; op; op = op->next) {
        if (!op->input || (id && !cJSON_Compare(id, op->id, true)))
            continue;
        op->input(op, bytes, n);
        break;
    }
    return true;
}

/* cJSON recurses; what is nested deeper than any request is refused before. */
static bool is_shallow(const char *text)
{
    int depth = 0;

    for (; *text; text++) {
        if (*text == '[' || *text == '{')
            depth++;
        if (*text == ']' || *text == '}')
            depth--;
        if (depth > DEPTH_MOST)
            return false;
    }
    return true;
}

static void take_line(struct connection *c, const char *line)
{
    cJSON *json = is_shallow(line) ? cJSON_Parse(line) : NULL;

    if (take_input(c, json))
        cJSON_Delete(json);
    else
        take_request(c, json);
}

static void refuse_long_line(struct connection *c)
{
    struct evbuffer *in = bufferevent_get_input(c->stream);

    write_line(c, "{\"ok\":false,\"error\":{\"code\":\"bad-request\",\"text\":"
                  "\"a line has at most 65536 bytes\"}}");
    evbuffer_drain(in, evbuffer_get_length(in));
    c->closing = true;
}

static void pass_bytes(struct connection *c)
{
    struct evbuffer *in = bufferevent_get_input(c->stream);

    while (c->put && !c->gone && evbuffer_get_length(in)) {
        size_t n = evbuffer_get_contiguous_space(in);
        const uint8_t *bytes = evbuffer_pullup(in, (ssize_t)n);
        struct op *op = c->put;
        if (n > c->put_left)
            n = (size_t)c->put_left;
        c->put_left -= n;
        if (!c->put_left)
            c->put = NULL;
        c->put_bytes(op, bytes, n, !c->put);
        if (!c->gone)
            evbuffer_drain(in, n);
    }
}

static bool may_take(const struct connection *c)
{
    return !c->gone && !c->closing && !c->alone && !c->held &&
           c->ordered < API_UNDER_WAY && c->loose < API_STREAMS;
}

static void process(struct connection *c)
{
    struct evbuffer *in;

    if (c->processing || c->gone)
        return;
    c->processing = true;
    c->in_use++;
    in = bufferevent_get_input(c->stream);
    for (;;) {
        char *line;
        size_t n;
        if (!c->gone && c->put)
            pass_bytes(c);
        if (!may_take(c))
            break;
        line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);
        if (!line && evbuffer_get_length(in) >= API_LINE_MAX)
            refuse_long_line(c);
        if (!line)
            break;
        if (n >= API_LINE_MAX)
            refuse_long_line(c);
        else if (n)
            take_line(c, line);
        free(line);
    }
    c->processing = false;
    c->in_use--;
    release(c);
}

/* --------------------------------------------------------------- events */

static void on_read(struct bufferevent *stream, void *context)
{
    (void)stream;
    process(context);
}

/* A pump goes on until there is no room, or it has no more. */
static void pump(struct connection *c)
{
    struct op *op = c->ops;

    while (op && !c->gone) {
        if (op->pump && op_has_room(op)) {
            op->pump(op);
            op = c->ops; /* any may have ended */
        } else {
            op = op->next;
        }
    }
}

static void on_write(struct bufferevent *stream, void *context)
{
    struct connection *c = context;

    c->in_use++;
    pump(c);
    if (!c->gone && c->closing &&
        !evbuffer_get_length(bufferevent_get_output(stream)))
        cut(c);
    c->in_use--;
    release(c);
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
    struct connection *c = context;

    (void)fd;
    (void)what;
    if (c->overdue) {
        cut(c);
        return;
    }
    c->in_use++;
    start_held(c);
    process(c);
    c->in_use--;
    release(c);
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        cut(context);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int length, void *context)
{
    struct connection *c = must_alloc(1, sizeof(*c));
    struct api *a = context;

    (void)listener;
    (void)address;
    (void)length;
    c->api = a;
    c->again = event_new(a->screed->base, -1, 0, on_again, c);
    c->last = &c->ops;
    c->next = a->first;
    c->at = &a->first;
    if (c->next)
        c->next->at = &c->next;
    a->first = c;
    a->count++;
    c->stream =
        bufferevent_socket_new(a->screed->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(c->stream, on_read, on_write, on_end, c);
    bufferevent_setwatermark(c->stream, EV_READ, 0, READ_HIGH);
    bufferevent_setwatermark(c->stream, EV_WRITE, API_PUMP_BELOW / 4, 0);
    bufferevent_enable(c->stream, EV_READ | EV_WRITE);
}

void api_expect_bytes(struct op *op, uint64_t size,
                      void (*bytes)(struct op *op, const uint8_t *bytes,
                                    size_t n, bool last))
{
    if (!op->c)
        return;
    op->c->put = op;
    op->c->put_left = size;
    op->c->put_bytes = bytes;
}

struct api *api_new(struct screed *s, struct error *e)
{
    struct path p = screed_path(s, CELL_API);
    int fd = socket_listen(p.text, e);
    struct api *a;

    if (fd < 0)
        return NULL;
    a = must_alloc(1, sizeof(*a));
    a->screed = s;
    a->listener = evconnlistener_new(
        s->base, on_accept, a, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
        fd);
    return a;
}

void api_free(struct api *a)
{
    evconnlistener_free(a->listener);
    while (a->first)
        cut(a->first);
    free(a);
}

unsigned api_connections(const struct api *a)
{
    return a->count;
}
