/* SPDX-License-Identifier: MIT */
/* See qmp.h. */
#include "tools/screed/qmp.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/bundle/why.h"
#include "tools/lib/json.h"
#include "tools/lib/socket.h"

#define LINE_MAX_BYTES (1u << 20)

struct command {
    struct command *next;
    qmp_reply *reply; /* NULL: nobody waits for it (any more) */
    void *context;
    time_t deadline;
};

struct qmp {
    struct event_base *base;
    struct qmp_calls calls;
    void *user;
    struct bufferevent *stream;
    bool ready;
    struct event *tick; /* once a second while connected */
    struct command *first, **last;
};

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void answer_first(struct qmp *q, const struct error *e, const char *text)
{
    struct command *c = q->first;

    q->first = c->next;
    if (!q->first)
        q->last = &q->first;
    if (c->reply)
        c->reply(c->context, e, text);
    free(c);
}

static void put(struct qmp *q, cJSON *message, qmp_reply *reply, void *context)
{
    struct command *c = must_alloc(1, sizeof(*c));
    char *text = cJSON_PrintUnformatted(message);
    struct error e;

    cJSON_Delete(message);
    c->reply = reply;
    c->context = context;
    c->deadline = now() + QMP_SECONDS;
    *q->last = c;
    q->last = &c->next;
    if (q->stream && text) {
        bufferevent_write(q->stream, text, strlen(text));
        bufferevent_write(q->stream, "\n", 1);
    } else {
        error_set(&e, "cell-down", "the cell is starting");
        answer_first(q, &e, "");
    }
    free(text);
}

void qmp_command(struct qmp *q, const char *name, qmp_reply *reply,
                 void *context)
{
    cJSON *message = cJSON_CreateObject();

    json_put_text(message, "execute", name);
    put(q, message, reply, context);
}

void qmp_line(struct qmp *q, const char *line, qmp_reply *reply, void *context)
{
    cJSON *message = cJSON_CreateObject();
    cJSON *arguments = cJSON_AddObjectToObject(message, "arguments");

    json_put_text(message, "execute", "human-monitor-command");
    json_put_text(arguments, "command-line", line);
    put(q, message, reply, context);
}

static void on_capabilities(void *context, const struct error *e,
                            const char *text)
{
    struct qmp *q = context;

    (void)text;
    if (!e) {
        q->ready = true;
        q->calls.ready(q->user);
    } else if (q->stream) { /* in vain: another connection may be better */
        qmp_disconnect(q);
        q->calls.lost(q->user);
    }
}

/* Its answer may come yet: the command keeps its place. */
static void give_up(struct command *c)
{
    qmp_reply *reply = c->reply;
    struct error e;

    c->reply = NULL;
    error_set(&e, "timeout", "QEMU did not answer in time");
    reply(c->context, &e, "");
}

/* A reply may do anything to the queue: it is looked at anew after each. */
static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct qmp *q = context;
    struct command *c;

    (void)fd;
    (void)what;
    do {
        c = q->first;
        while (c && (!c->reply || c->deadline >= now()))
            c = c->next;
        if (c)
            give_up(c);
    } while (c);
}

/* Events and the greeting have neither "return" nor "error". */
static void take(struct qmp *q, const cJSON *message)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(message, "return");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(message, "error");
    struct error e;

    if (!q->first || (!value && !error))
        return;
    if (error)
        error_set(&e, "not-possible", "QEMU: %s",
                  json_text(error, "desc", "?"));
    answer_first(q, error ? &e : NULL,
                 value && cJSON_IsString(value) ? value->valuestring : "");
}

static void on_read(struct bufferevent *stream, void *context)
{
    struct evbuffer *in = bufferevent_get_input(stream);
    struct qmp *q = context;
    char *line;

    while (q->stream == stream &&
           (line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF))) {
        cJSON *message = cJSON_Parse(line);
        free(line);
        if (message)
            take(q, message);
        cJSON_Delete(message);
    }
    if (q->stream == stream && evbuffer_get_length(in) > LINE_MAX_BYTES)
        evbuffer_drain(in, evbuffer_get_length(in));
}

void qmp_disconnect(struct qmp *q)
{
    struct error e;

    if (!q->stream)
        return;
    bufferevent_free(q->stream);
    event_del(q->tick);
    q->stream = NULL;
    q->ready = false;
    error_set(&e, "cell-down", "QEMU has gone");
    while (q->first)
        answer_first(q, &e, "");
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
    struct qmp *q = context;

    (void)stream;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
        return;
    qmp_disconnect(q);
    q->calls.lost(q->user);
}

struct qmp *qmp_new(struct event_base *base, const struct qmp_calls *calls,
                    void *user)
{
    struct qmp *q = must_alloc(1, sizeof(*q));

    q->base = base;
    q->calls = *calls;
    q->user = user;
    q->last = &q->first;
    q->tick = event_new(base, -1, EV_PERSIST, on_tick, q);
    return q;
}

void qmp_free(struct qmp *q)
{
    qmp_disconnect(q);
    event_free(q->tick);
    free(q);
}

bool qmp_connect(struct qmp *q, const char *path, struct error *e)
{
    static const struct timeval second = {.tv_sec = 1};
    int fd = socket_connect(path, e);

    if (fd < 0)
        return false;
    evutil_make_socket_nonblocking(fd);
    qmp_disconnect(q);
    q->stream = bufferevent_socket_new(q->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(q->stream, on_read, NULL, on_end, q);
    bufferevent_enable(q->stream, EV_READ | EV_WRITE);
    event_add(q->tick, &second);
    qmp_command(q, "qmp_capabilities", on_capabilities, q);
    return true;
}

bool qmp_is_connected(const struct qmp *q)
{
    return q->stream != NULL;
}

bool qmp_is_ready(const struct qmp *q)
{
    return q->ready;
}
