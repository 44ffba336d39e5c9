/* SPDX-License-Identifier: MIT */
/* Connections of the API socket, and their lines; see api.h. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/base64.h"
#include "tools/lib/json.h"
#include "tools/screed/api_private.h"
#include "tools/screed/listen.h"

#define READ_HIGH  (128u << 10)
#define DEPTH_MOST 32 /* of JSON */

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
void api_write(struct connection *c, const char *text)
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

/* ------------------------------------------------------------- requests */

static void start_held(struct connection *c)
{
    struct op *held = c->held;

    if (!held || c->gone)
        return;
    for (struct op *op = c->ops; op != held; op = op->next)
        if (!(op->flags & OP_LOOSE))
            return;
    c->held = NULL;
    op_begin(held);
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
        op_begin(op);
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

/* cJSON recurses; what is nested deeper than any request is refused before.
 * Brackets inside strings are none. */
static bool is_shallow(const char *text)
{
    bool quoted = false;
    int depth = 0;

    for (; *text && depth <= DEPTH_MOST; text++) {
        if (quoted && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && (*text == '[' || *text == '{'))
            depth++;
        else if (!quoted && (*text == ']' || *text == '}'))
            depth--;
    }
    return depth <= DEPTH_MOST;
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

    api_write(c, "{\"ok\":false,\"error\":{\"code\":\"bad-request\",\"text\":"
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
           c->ordered < API_UNDER_WAY && c->loose < API_STREAMS &&
           evbuffer_get_length(bufferevent_get_output(c->stream)) <
               API_PUMP_BELOW;
}

static void process(struct connection *c)
{
    struct evbuffer *in;

    if (c->processing || c->gone)
        return;
    c->processing = true;
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
}

/* --------------------------------------------------------------- events */

/* Whether its client reads no more, either. */
static bool has_hung_up(const struct connection *c)
{
    struct pollfd p = {.fd = bufferevent_getfd(c->stream)};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

/* Who sends no more still gets the answers to what was sent. */
static void end_if_done(struct connection *c)
{
    static const struct timeval second = {.tv_sec = 1};

    if (c->gone || !(c->closing || c->sent_all))
        return;
    if (!evbuffer_get_length(bufferevent_get_output(c->stream)) &&
        (c->closing || !c->ops || c->put))
        cut(c);
    else if (c->sent_all && has_hung_up(c))
        cut(c);
    else if (c->sent_all)
        event_add(c->again, &second);
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

/* c stays until the end of this, whoever is done with it. `first` may be
 * NULL. */
static void go_on(struct connection *c, void (*first)(struct connection *c))
{
    c->in_use++;
    if (first)
        first(c);
    process(c);
    end_if_done(c);
    c->in_use--;
    release(c);
}

static void on_read(struct bufferevent *stream, void *context)
{
    (void)stream;
    go_on(context, NULL);
}

static void on_write(struct bufferevent *stream, void *context)
{
    (void)stream;
    go_on(context, pump);
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
    go_on(c, start_held);
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
    struct connection *c = context;

    (void)stream;
    if ((what & BEV_EVENT_ERROR) ||
        ((what & BEV_EVENT_EOF) && has_hung_up(c))) {
        cut(c);
    } else if (what & BEV_EVENT_EOF) {
        c->sent_all = true;
        go_on(c, NULL);
    }
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
    struct api *a = must_alloc(1, sizeof(*a));

    a->screed = s;
    a->listener = listen_on_file(s, CELL_API, on_accept, a, e);
    if (a->listener)
        return a;
    free(a);
    return NULL;
}

void api_free(struct api *a)
{
    evconnlistener_free(a->listener);
    for (struct connection *c = a->first, *next; c; c = next) {
        next = c->next;
        cut(c);
    }
    free(a);
}

unsigned api_connections(const struct api *a)
{
    return a->count;
}
