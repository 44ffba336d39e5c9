/* SPDX-License-Identifier: MIT */
/* See store.h. */
#define _GNU_SOURCE
#include "tools/screed/store.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "scree/store.h"
#include "tools/bundle/why.h"
#include "tools/screed/listen.h"

#define PACKET_MOST (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)
#define READ_HIGH   (2 * PACKET_MOST)
#define UNREAD_SLOW (64u << 10)  /* the client waits: it is not read from */
#define UNREAD_MOST (256u << 10) /* it is cut off */

struct client {
    struct store *store;
    uint32_t number; /* of the channel, 1.. */
    struct bufferevent *stream;
    bool held; /* has packets that wait for room in the channel */
};

struct store {
    struct screed *screed;
    struct evconnlistener *listener;
    struct client **clients; /* by number */
    unsigned count;
    uint32_t last; /* number that was given */
    uint32_t turn; /* who is served first when there is room again */
};

static void remove_client(struct client *c, bool tell)
{
    struct store *t = c->store;

    if (tell)
        channel_send(t->screed->channel, SCREE_FRAME_STORE_CLOSE, c->number,
                     NULL, 0);
    bufferevent_free(c->stream);
    t->clients[c->number] = NULL;
    t->count--;
    free(c);
}

/* ------------------------------------------------------------------- up */

static void send_up(struct client *c, const uint8_t *bytes, size_t n)
{
    while (n) {
        size_t part = n < SCREE_FRAME_PAYLOAD ? n : SCREE_FRAME_PAYLOAD;
        channel_send(c->store->screed->channel, SCREE_FRAME_STORE, c->number,
                     bytes, part);
        bytes += part;
        n -= part;
    }
}

/* The next whole packet goes up. false: there is none, or it was no packet. */
static bool pass_packet(struct client *c)
{
    struct evbuffer *in = bufferevent_get_input(c->stream);
    struct xsd_sockmsg head;
    size_t size;

    if (evbuffer_copyout(in, &head, sizeof(head)) != (ssize_t)sizeof(head))
        return false;
    if (head.len > XENSTORE_PAYLOAD_MAX) { /* what follows is no packet */
        remove_client(c, true);
        return false;
    }
    size = sizeof(head) + head.len;
    if (evbuffer_get_length(in) < size)
        return false;
    send_up(c, evbuffer_pullup(in, (ssize_t)size), size);
    evbuffer_drain(in, size);
    return true;
}

static bool may_pass(const struct client *c)
{
    const struct screed *s = c->store->screed;

    return channel_backlog(s->channel) < CHANNEL_BACKLOG &&
           evbuffer_get_length(bufferevent_get_output(c->stream)) < UNREAD_SLOW;
}

/* One packet of each client in a turn of the loop is enough: others wait. */
static void on_read(struct bufferevent *stream, void *context)
{
    struct client *c = context;
    struct store *t = c->store;
    uint32_t number = c->number;

    (void)stream;
    while (t->clients[number] == c) {
        c->held = !may_pass(c);
        if (c->held || !pass_packet(c))
            return;
    }
}

/* What waited for the client has gone out. */
static void on_write(struct bufferevent *stream, void *context)
{
    struct client *c = context;

    if (c->held)
        on_read(stream, c);
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        remove_client(context, true);
}

void store_room(struct store *t)
{
    for (uint32_t i = 0; i < SCREE_STORE_CLIENTS && t->count; i++) {
        uint32_t number = (t->turn + i) % SCREE_STORE_CLIENTS + 1;
        struct client *c = t->clients[number];
        if (!c || !c->held)
            continue;
        on_read(c->stream, c);
        if (channel_backlog(t->screed->channel) >= CHANNEL_BACKLOG) {
            t->turn = number % SCREE_STORE_CLIENTS;
            return;
        }
    }
}

/* ----------------------------------------------------------------- down */

void store_take(struct store *t, uint16_t type, uint32_t number,
                const uint8_t *bytes, size_t n)
{
    struct client *c;

    if (number == 0 || number > SCREE_STORE_CLIENTS || !t->clients[number])
        return;
    c = t->clients[number];
    if (type == SCREE_FRAME_STORE_CLOSE) {
        remove_client(c, false);
        return;
    }
    bufferevent_write(c->stream, bytes, n);
    if (evbuffer_get_length(bufferevent_get_output(c->stream)) > UNREAD_MOST)
        remove_client(c, true);
}

void store_lose(struct store *t)
{
    for (uint32_t i = 1; i <= SCREE_STORE_CLIENTS; i++)
        if (t->clients[i])
            remove_client(t->clients[i], false);
}

/* ------------------------------------------------------------- accepting */

/* Numbers go round, so that one that was closed is not used again soon. */
static uint32_t free_number(struct store *t)
{
    for (uint32_t i = 0; i < SCREE_STORE_CLIENTS; i++) {
        uint32_t number = (t->last + i) % SCREE_STORE_CLIENTS + 1;
        if (!t->clients[number])
            return number;
    }
    return 0;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *address, int length, void *context)
{
    struct store *t = context;
    uint32_t number = free_number(t);
    struct client *c;

    (void)listener;
    (void)address;
    (void)length;
    if (!number || !channel_is_up(t->screed->channel)) {
        evutil_closesocket(fd);
        return;
    }
    c = must_alloc(1, sizeof(*c));
    c->store = t;
    c->number = t->last = number;
    c->stream =
        bufferevent_socket_new(t->screed->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(c->stream, on_read, on_write, on_end, c);
    bufferevent_setwatermark(c->stream, EV_READ, 0, READ_HIGH);
    bufferevent_setwatermark(c->stream, EV_WRITE, UNREAD_SLOW / 2, 0);
    t->clients[number] = c;
    t->count++;
    channel_send(t->screed->channel, SCREE_FRAME_STORE_OPEN, number, NULL, 0);
    bufferevent_enable(c->stream, EV_READ | EV_WRITE);
}

struct store *store_new(struct screed *s, struct error *e)
{
    struct store *t = must_alloc(1, sizeof(*t));

    t->screed = s;
    t->clients = must_alloc(SCREE_STORE_CLIENTS + 1, sizeof(*t->clients));
    t->listener = listen_on_file(s, CELL_STORE, on_accept, t, e);
    if (t->listener)
        return t;
    free(t->clients);
    free(t);
    return NULL;
}

void store_free(struct store *t)
{
    store_lose(t);
    evconnlistener_free(t->listener);
    free(t->clients);
    free(t);
}

unsigned store_clients(const struct store *t)
{
    return t->count;
}
