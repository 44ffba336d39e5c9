/* SPDX-License-Identifier: MIT */
/* See peers.h. */
#include "control/peers.h"

#include <stdlib.h>
#include <string.h>

#include "control/frames.h"
#include "scree/store.h"

#define IN_MOST   (128 * 1024) /* more than a batch of the channel's frames */
#define OUT_MOST  (16 << 20)   /* the engine stops long before */
#define PASS_MOST 128          /* clients in one pass */
#define PASS_TIME 5000000ull   /* ns: begins no more after it */

/* ----------------------------------------------------------- the lists */

static void list_open(struct peer_list *l)
{
    l->first = NULL;
    l->end = &l->first;
}

static void list_add(struct peer_list *l, struct peer *x)
{
    x->list = l;
    x->next = NULL;
    x->at = l->end;
    *l->end = x;
    l->end = &x->next;
}

static void leave_list(struct peer *x)
{
    if (!x->list)
        return;
    *x->at = x->next;
    if (x->next)
        x->next->at = x->at;
    else
        x->list->end = x->at;
    x->list = NULL;
}

static struct peer *list_take(struct peer_list *l)
{
    struct peer *x = l->first;

    if (x)
        leave_list(x);
    return x;
}

static void make_ready(struct peer *x)
{
    if (x->list == &x->all->ready)
        return;
    leave_list(x);
    list_add(&x->all->ready, x);
}

static void hold(struct peer *x)
{
    if (!x->list)
        list_add(&x->all->held, x);
}

/* ------------------------------------------------------- come and go */

static struct peer *find(const struct lookup *t, uint32_t number)
{
    struct lookup_link *l = lookup_first(t, lookup_hash_number(number));

    for (; l; l = l->next) {
        struct peer *x = LOOKUP_OF(l, struct peer, by_number);

        if (x->number == number)
            return x;
    }
    return NULL;
}

static struct peer *make(struct peers *c, uint32_t number, bool host)
{
    struct peer *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    *x = (struct peer){
        .all = c,
        .number = number,
        .host = host,
        .in = queue_of(IN_MOST),
        .out = queue_of(OUT_MOST),
    };
    x->connection = store_connect(c->store, host ? 0 : number, host, x);
    if (!x->connection) {
        free(x);
        return NULL;
    }
    lookup_add(host ? &c->hosts : &c->rings, &x->by_number,
               lookup_hash_number(number));
    return x;
}

static void end(struct peer *x)
{
    struct peers *c = x->all;

    leave_list(x);
    store_disconnect(x->connection);
    lookup_remove(x->host ? &c->hosts : &c->rings, &x->by_number);
    c->waiting -= x->in.size;
    queue_clear(&x->in);
    queue_clear(&x->out);
    free(x);
}

/* It goes by our will, and is told. */
static void throw_out(struct peer *x)
{
    struct peers *c = x->all;
    uint32_t number = x->number;
    bool host = x->host;

    end(x);
    if (host)
        (void)frame_add(c->channel, SCREE_FRAME_STORE_CLOSE, number, NULL, 0);
    else
        (void)calls_plain(c->calls, SCREE_CONTROL_store_reset, number);
}

bool peers_open(struct peers *c, const struct calls *calls, struct store *store,
                struct queue *channel)
{
    *c = (struct peers){.calls = calls, .store = store, .channel = channel};
    list_open(&c->ready);
    list_open(&c->held);
    return lookup_open(&c->rings) && lookup_open(&c->hosts);
}

static void end_all(struct lookup *t)
{
    for (uint32_t i = 0; t->heads && i < t->size; i++)
        while (t->heads[i])
            end(LOOKUP_OF(t->heads[i], struct peer, by_number));
}

void peers_host_forget(struct peers *c)
{
    end_all(&c->hosts);
}

void peers_close(struct peers *c)
{
    end_all(&c->hosts);
    end_all(&c->rings);
    lookup_clear(&c->hosts);
    lookup_clear(&c->rings);
}

/* ---------------------------------------------------------------- out */

void peer_send(void *user, struct store_connection *connection,
               const void *packet, size_t size)
{
    struct peer *x = store_connection_user(connection);

    (void)user;
    if (!queue_add(&x->out, packet, size))
        x->broken = true;
    make_ready(x);
}

static void sent(struct peer *x, size_t n)
{
    queue_drop(&x->out, n);
    if (!store_sent(x->connection, n))
        x->broken = true;
}

/* What waits for a host's client into the channel, while that has room. */
static void flush_host(struct peer *x)
{
    while (x->out.size && !channel_busy(x->all->channel)) {
        size_t n = x->out.size < SCREE_FRAME_PAYLOAD ? x->out.size
                                                     : SCREE_FRAME_PAYLOAD;

        if (!frame_add(x->all->channel, SCREE_FRAME_STORE, x->number,
                       queue_front(&x->out), n))
            return;
        sent(x, n);
    }
}

/* Into the ring, as far as it has room. false: it is no longer there. */
static bool flush_ring(struct peer *x)
{
    while (x->out.size) {
        struct calls_stored s = {
            .bytes = x->out.bytes + x->out.start,
            .size = x->out.size,
            .epoch = x->epoch,
        };
        int n =
            calls_store(x->all->calls, SCREE_CONTROL_store_put, x->number, &s);

        if (n < 0 || s.epoch != x->epoch)
            return false;
        if (n == 0)
            return true;
        sent(x, (size_t)n);
    }
    return true;
}

/* ---------------------------------------------------------- the host's */

void peer_host_open(struct peers *c, uint32_t number)
{
    struct peer *old = find(&c->hosts, number);

    if (old)
        end(old);
    if (number >= 1 && number <= SCREE_STORE_CLIENTS && make(c, number, true))
        return;
    (void)frame_add(c->channel, SCREE_FRAME_STORE_CLOSE, number, NULL, 0);
}

/* What waited, as far as the engine takes it. */
static void feed(struct peer *x)
{
    while (x->in.size && !x->broken) {
        size_t n = store_room(x->connection);

        if (!n)
            return;
        if (n > x->in.size)
            n = x->in.size;
        if (!store_input(x->connection, queue_front(&x->in), n))
            x->broken = true;
        queue_drop(&x->in, n);
        x->all->waiting -= n;
    }
}

static bool keep(struct peer *x, const void *bytes, size_t n)
{
    if (!queue_add(&x->in, bytes, n))
        return false;
    x->all->waiting += n;
    return true;
}

void peer_host_input(struct peers *c, uint32_t number, const void *bytes,
                     size_t n)
{
    struct peer *x = find(&c->hosts, number);

    if (!x || !n)
        return; /* its CLOSE is on the way */
    if (x->in.size || n > store_room(x->connection))
        x->broken = !keep(x, bytes, n);
    else
        x->broken = !store_input(x->connection, bytes, n);
    if (x->broken || x->in.size)
        make_ready(x);
}

void peer_host_close(struct peers *c, uint32_t number)
{
    struct peer *x = find(&c->hosts, number);

    if (x)
        end(x);
}

/* ------------------------------------------------------------- rings */

void peer_ring_gone(struct peers *c, uint32_t domain)
{
    struct peer *x = find(&c->rings, domain);

    if (x)
        end(x);
}

/* The client of this opening of the ring; NULL: none, or no memory. */
static struct peer *ring_peer(struct peers *c, uint32_t domain, uint64_t epoch)
{
    struct peer *x = find(&c->rings, domain);

    if (x && x->epoch == epoch)
        return x;
    if (x)
        end(x);
    x = make(c, domain, false);
    if (!x)
        (void)calls_plain(c->calls, SCREE_CONTROL_store_reset, domain);
    else
        x->epoch = epoch;
    return x;
}

static void take_from_ring(struct peers *c, uint32_t domain)
{
    struct calls_stored s = {.bytes = c->scratch, .size = sizeof(c->scratch)};
    int n = calls_store(c->calls, SCREE_CONTROL_store_take, domain, &s);
    struct peer *x;

    if (n < 0) {
        peer_ring_gone(c, domain);
        return;
    }
    x = ring_peer(c, domain, s.epoch);
    if (x && n > 0 && !store_input(x->connection, c->scratch, (size_t)n)) {
        x->broken = true;
        make_ready(x);
    }
}

void peer_ring(struct peers *c, uint32_t domain)
{
    struct peer *x = find(&c->rings, domain);

    if (!x) {
        take_from_ring(c, domain);
        return;
    }
    x->look = true;
    make_ready(x);
}

/* ---------------------------------------------------------------- pass */

/* Its ring may be another one by now: taking tells. */
static void turn_ring(struct peer *x)
{
    bool there = flush_ring(x);

    if (x->broken)
        throw_out(x);
    else if (!there)
        take_from_ring(x->all, x->number);
    else if (x->look && store_room(x->connection) >= sizeof(x->all->scratch)) {
        x->look = false;
        take_from_ring(x->all, x->number);
    }
}

static void turn_host(struct peer *x)
{
    flush_host(x);
    feed(x);
    if (x->broken)
        throw_out(x);
    else if (!x->list && (x->out.size || x->in.size))
        hold(x);
}

static void turn(struct peer *x)
{
    if (x->host)
        turn_host(x);
    else
        turn_ring(x);
}

bool peers_pass(struct peers *c)
{
    uint64_t end = calls_now(c->calls) + PASS_TIME;

    if (!channel_busy(c->channel))
        while (c->held.first)
            make_ready(list_take(&c->held));
    for (unsigned i = 0; i < PASS_MOST && c->ready.first; i++) {
        turn(list_take(&c->ready));
        if (calls_now(c->calls) >= end)
            break;
    }
    return c->ready.first != NULL;
}
