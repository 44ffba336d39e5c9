/* SPDX-License-Identifier: MIT */
/* See channel.h. */
#define _GNU_SOURCE
#include "tools/screed/channel.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "tools/bundle/value.h"
#include "tools/bundle/why.h"
#include "tools/lib/socket.h"
#include "tools/screed/frame.h"
#include "tools/screed/screed.h"

#define SYNC_SECONDS 2 /* then SYNC is sent again */
#define READ_HIGH    (1 << 20)

struct request {
    struct request *next;
    uint32_t tag;
    time_t deadline;
    channel_reply *reply;
    void *context;
    size_t size;       /* of payload */
    uint8_t payload[]; /* only while it waits */
};

struct queue {
    struct request *first, **last;
};

struct channel {
    struct event_base *base;
    struct channel_calls calls;
    void *user;
    struct bufferevent *stream; /* NULL: not connected */
    struct event *tick;         /* once a second while connected */
    bool up, hangs;
    time_t synced_at; /* when SYNC was sent last */
    uint64_t nonce;
    uint32_t last_tag;
    struct queue under_way, waiting;
    size_t under_way_count;
    struct channel_counts counts;
};

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* ------------------------------------------------------------- queues */

static void queue_init(struct queue *q)
{
    q->first = NULL;
    q->last = &q->first;
}

static void queue_add(struct queue *q, struct request *r)
{
    r->next = NULL;
    *q->last = r;
    q->last = &r->next;
}

static struct request *queue_take(struct queue *q, struct request **at)
{
    struct request *r = *at;

    *at = r->next;
    if (q->last == &r->next)
        q->last = at;
    return r;
}

/* ------------------------------------------------------------- sending */

static void put_frame(struct channel *c, uint16_t type, uint32_t tag,
                      const void *bytes, size_t n)
{
    struct frame f;
    size_t size = frame_make(&f, type, tag, bytes, n);

    bufferevent_write(c->stream, &f, size);
    c->counts.sent += size;
}

static void put_request(struct channel *c, struct request *r,
                        const void *payload)
{
    r->deadline = now() + CHANNEL_SECONDS;
    queue_add(&c->under_way, r);
    c->under_way_count++;
    put_frame(c, SCREE_FRAME_REQUEST, r->tag, payload, r->size);
}

static void put_waiting(struct channel *c)
{
    while (c->up && c->waiting.first &&
           c->under_way_count < CHANNEL_UNDER_WAY) {
        struct request *r = queue_take(&c->waiting, &c->waiting.first);
        put_request(c, r, r->payload);
    }
}

static void begin_sync(struct channel *c)
{
    static const uint8_t zeros[SCREE_FRAME_MAX];
    struct scree_sync s = {.version = SCREE_CHANNEL_VERSION};

    while (getrandom(&s.nonce, sizeof(s.nonce), 0) != sizeof(s.nonce) ||
           !s.nonce)
        continue;
    c->nonce = s.nonce;
    c->synced_at = now();
    bufferevent_write(c->stream, zeros, sizeof(zeros));
    put_frame(c, SCREE_FRAME_SYNC, 0, &s, sizeof(s));
}

/* ------------------------------------------------------------- endings */

/* Takes r. */
static void answer(struct request *r, const struct error *e, const void *bytes,
                   size_t n)
{
    if (r->reply)
        r->reply(r->context, e, bytes, n);
    free(r);
}

static void fail(struct request *r, const char *code, const char *text)
{
    struct error e;

    error_set(&e, code, "%s", text);
    answer(r, &e, NULL, 0);
}

static void fail_all(struct channel *c)
{
    struct queue all[2] = {c->under_way, c->waiting};

    queue_init(&c->under_way);
    queue_init(&c->waiting);
    c->under_way_count = 0;
    for (int i = 0; i < 2; i++) {
        for (struct request *r = all[i].first, *next; r; r = next) {
            next = r->next;
            fail(r, "cell-down",
                 "the cell, or its control domain, has gone; it is started "
                 "again");
        }
    }
}

static void go_down(struct channel *c)
{
    bool was = c->up;

    c->up = c->hangs = false;
    fail_all(c);
    if (was)
        c->calls.down(c->user);
}

void channel_disconnect(struct channel *c)
{
    if (!c->stream)
        return;
    bufferevent_free(c->stream);
    c->stream = NULL;
    event_del(c->tick);
    go_down(c);
}

/* ----------------------------------------------------------- receiving */

/* Errors of the channel have Xen's numbers, which are Linux's. */
static const char *code_of(uint32_t error)
{
    switch (error) {
    case ESRCH:
        return "no-such-domain";
    case ENOENT:
        return "no-such-image";
    case EEXIST:
        return "name-taken";
    case EADDRINUSE:
        return "address-taken";
    case EADDRNOTAVAIL:
        return "bad-address";
    case ENOMEM:
    case ENOSPC:
        return "no-memory";
    case EBUSY:
        return "bad-state";
    case E2BIG:
        return "bad-request";
    default:
        return "bad-state";
    }
}

static void take_reply(struct channel *c, const struct frame *f)
{
    struct request **at = &c->under_way.first;
    struct scree_reply head;
    struct request *r;
    struct error e;

    while (*at && (*at)->tag != f->head.tag)
        at = &(*at)->next;
    if (!*at || f->head.length < sizeof(head))
        return;
    memcpy(&head, f->payload, sizeof(head));
    r = queue_take(&c->under_way, at);
    c->under_way_count--;
    head.text[sizeof(head.text) - 1] = '\0';
    screed_clean(head.text);
    if (head.error)
        error_set(&e, code_of(head.error), "%s", head.text);
    answer(r, head.error ? &e : NULL, f->payload + sizeof(head),
           f->head.length - sizeof(head));
    put_waiting(c);
}

static void take_synced(struct channel *c, const struct frame *f)
{
    struct scree_sync s;

    if (f->head.length < sizeof(s))
        return;
    memcpy(&s, f->payload, sizeof(s));
    if (s.nonce == 0) { /* domain 0 has begun anew */
        go_down(c);
        begin_sync(c);
        return;
    }
    if (c->up || s.nonce != c->nonce)
        return;
    c->up = true;
    c->calls.up(c->user, &s);
    put_waiting(c);
}

static void take_event(struct channel *c, const struct frame *f)
{
    struct scree_event e;

    if (f->head.length < sizeof(e))
        return;
    memcpy(&e, f->payload, sizeof(e));
    e.name[sizeof(e.name) - 1] = '\0';
    if (!e.name[0] || value_name(e.name, sizeof(e.name)))
        c->calls.event(c->user, &e);
}

static void take_console(struct channel *c, const struct frame *f)
{
    uint64_t time;

    if (f->head.length < sizeof(time))
        return;
    memcpy(&time, f->payload, sizeof(time));
    c->calls.console(c->user, f->head.tag, time, f->payload + sizeof(time),
                     f->head.length - sizeof(time));
}

static void take_frame(struct channel *c, const struct frame *f)
{
    c->hangs = false;
    if (f->head.type == SCREE_FRAME_SYNCED) {
        take_synced(c, f);
        return;
    }
    if (!c->up)
        return;
    switch (f->head.type) {
    case SCREE_FRAME_REPLY:
        take_reply(c, f);
        break;
    case SCREE_FRAME_EVENT:
        take_event(c, f);
        break;
    case SCREE_FRAME_CONSOLE:
        take_console(c, f);
        break;
    case SCREE_FRAME_STORE:
    case SCREE_FRAME_STORE_CLOSE:
        c->calls.store(c->user, f->head.type, f->head.tag, f->payload,
                       f->head.length);
        break;
    }
}

static void on_read(struct bufferevent *stream, void *context)
{
    struct channel *c = context;
    struct evbuffer *in = bufferevent_get_input(stream);

    for (;;) {
        size_t n = evbuffer_get_length(in), used;
        struct frame f;
        bool good;
        if (n > SCREE_FRAME_MAX)
            n = SCREE_FRAME_MAX;
        if (!n)
            return;
        good = frame_take(evbuffer_pullup(in, (ssize_t)n), n, &f, &used);
        evbuffer_drain(in, used);
        c->counts.received += used;
        if (good)
            take_frame(c, &f);
        else
            c->counts.skipped += used;
        if (!used || c->stream != stream)
            return;
    }
}

static void on_write(struct bufferevent *stream, void *context)
{
    struct channel *c = context;

    (void)stream;
    if (c->up)
        c->calls.room(c->user);
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
    struct channel *c = context;

    (void)stream;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
        return;
    channel_disconnect(c);
    c->calls.lost(c->user);
}

/* The deadlines stand in order, as all have the same time. */
static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct channel *c = context;

    (void)fd;
    (void)what;
    while (c->under_way.first && c->under_way.first->deadline < now()) {
        struct request *r = queue_take(&c->under_way, &c->under_way.first);
        c->under_way_count--;
        c->counts.timeouts++;
        c->hangs = true;
        fail(r, "timeout", "the control domain did not answer in time");
    }
    put_waiting(c);
    if (c->hangs && c->up && !c->under_way.first) /* is it back? */
        channel_request(c, SCREE_MANAGE_CELL, reply_to_nobody(), NULL, 0);
    if (c->stream && !c->up && now() - c->synced_at >= SYNC_SECONDS &&
        !channel_backlog(c))
        begin_sync(c);
}

/* ------------------------------------------------------------- outside */

struct channel *channel_new(struct event_base *base,
                            const struct channel_calls *calls, void *user)
{
    struct channel *c = must_alloc(1, sizeof(*c));

    c->base = base;
    c->calls = *calls;
    c->user = user;
    c->tick = event_new(base, -1, EV_PERSIST, on_tick, c);
    queue_init(&c->under_way);
    queue_init(&c->waiting);
    return c;
}

void channel_free(struct channel *c)
{
    channel_disconnect(c);
    event_free(c->tick);
    free(c);
}

bool channel_connect(struct channel *c, const char *path, struct error *e)
{
    static const struct timeval second = {.tv_sec = 1};
    int fd = socket_connect(path, e);

    if (fd < 0)
        return false;
    evutil_make_socket_nonblocking(fd);
    channel_disconnect(c);
    c->stream = bufferevent_socket_new(c->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(c->stream, on_read, on_write, on_end, c);
    bufferevent_setwatermark(c->stream, EV_READ, 0, READ_HIGH);
    bufferevent_setwatermark(c->stream, EV_WRITE, CHANNEL_BACKLOG / 2, 0);
    bufferevent_enable(c->stream, EV_READ | EV_WRITE);
    event_add(c->tick, &second);
    begin_sync(c);
    return true;
}

bool channel_is_connected(const struct channel *c)
{
    return c->stream != NULL;
}

bool channel_hangs(const struct channel *c)
{
    return c->hangs;
}

bool channel_is_up(const struct channel *c)
{
    return c->up;
}

void channel_request(struct channel *c, uint32_t op, struct reply_to to,
                     const void *record, size_t n)
{
    const uint32_t head[2] = {op, 0};
    struct request *r = must_alloc(1, sizeof(*r) + sizeof(head) + n);

    r->tag = ++c->last_tag;
    r->reply = to.reply;
    r->context = to.context;
    r->size = sizeof(head) + n;
    memcpy(r->payload, head, sizeof(head));
    if (n)
        memcpy(r->payload + sizeof(head), record, n);
    c->counts.requests++;
    queue_add(&c->waiting, r);
    if (c->up)
        put_waiting(c);
    else
        fail(queue_take(&c->waiting, &c->waiting.first), "cell-down",
             "the cell is starting; try again in a moment");
}

void channel_send(struct channel *c, uint16_t type, uint32_t tag,
                  const void *bytes, size_t n)
{
    if (c->up)
        put_frame(c, type, tag, bytes, n);
}

size_t channel_backlog(const struct channel *c)
{
    return c->stream ? evbuffer_get_length(bufferevent_get_output(c->stream))
                     : 0;
}

const struct channel_counts *channel_counts(const struct channel *c)
{
    return &c->counts;
}
