/* SPDX-License-Identifier: MIT */
/* See clients.h. */
#include "control/clients.h"

#include <stdlib.h>
#include <string.h>

#include "control/frames.h"
#include "scree/store.h"

#define IN_MOST   (128 * 1024) /* more than a batch of the channel's frames */
#define OUT_MOST  (16 << 20)   /* the engine stops long before */
#define PASS_MOST 128          /* clients in one pass */

/* ----------------------------------------------------------- the lists */

static void list_open(struct client_list *l)
{
    l->first = NULL;
    l->end = &l->first;
}

static void list_add(struct client_list *l, struct client *x)
{
    x->list = l;
    x->next = NULL;
    *l->end = x;
    l->end = &x->next;
}

static struct client *list_take(struct client_list *l)
{
    struct client *x = l->first;

    if (!x)
        return NULL;
    l->first = x->next;
    if (!l->first)
        l->end = &l->first;
    x->list = NULL;
    return x;
}

static void leave_list(struct client *x)
{
    struct client **at;

    if (!x->list)
        return;
    for (at = &x->list->first; *at != x; at = &(*at)->next)
        ;
    *at = x->next;
    if (!*at)
        x->list->end = at;
    x->list = NULL;
}

static void make_ready(struct client *x)
{
    if (x->list == &x->all->ready)
        return;
    leave_list(x);
    list_add(&x->all->ready, x);
}

static void hold(struct client *x)
{
    if (!x->list)
        list_add(&x->all->held, x);
}

/* ------------------------------------------------------- come and go */

static struct client *find(const struct table *t, uint32_t number)
{
    struct table_link *l = table_first(t, table_hash_number(number));

    for (; l; l = l->next) {
        struct client *x = TABLE_OF(l, struct client, by_number);

        if (x->number == number)
            return x;
    }
    return NULL;
}

static struct client *make(struct clients *c, uint32_t number, bool host)
{
    struct client *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    *x = (struct client){
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
    table_add(host ? &c->hosts : &c->rings, &x->by_number,
              table_hash_number(number));
    c->host_count += host;
    return x;
}

static void end(struct client *x)
{
    struct clients *c = x->all;

    leave_list(x);
    store_disconnect(x->connection);
    table_remove(x->host ? &c->hosts : &c->rings, &x->by_number);
    c->host_count -= x->host;
    queue_clear(&x->in);
    queue_clear(&x->out);
    free(x);
}

/* It goes by our will, and is told. */
static void throw_out(struct client *x)
{
    struct clients *c = x->all;
    uint32_t number = x->number;
    bool host = x->host;

    end(x);
    if (host)
        (void)frame_add(c->channel, SCREE_FRAME_STORE_CLOSE, number, NULL, 0);
    else
        (void)calls_plain(c->calls, SCREE_CONTROL_store_reset, number);
}

bool clients_open(struct clients *c, const struct calls *calls,
                  struct store *store, struct queue *channel)
{
    *c = (struct clients){.calls = calls, .store = store, .channel = channel};
    list_open(&c->ready);
    list_open(&c->held);
    return table_open(&c->rings) && table_open(&c->hosts);
}

static void end_all(struct table *t)
{
    for (uint32_t i = 0; t->heads && i < t->size; i++)
        while (t->heads[i])
            end(TABLE_OF(t->heads[i], struct client, by_number));
}

void clients_host_forget(struct clients *c)
{
    end_all(&c->hosts);
}

void clients_close(struct clients *c)
{
    end_all(&c->hosts);
    end_all(&c->rings);
    table_clear(&c->hosts);
    table_clear(&c->rings);
}

/* ---------------------------------------------------------------- out */

void client_send(void *user, struct store_connection *connection,
                 const void *packet, size_t size)
{
    struct client *x = store_connection_user(connection);

    (void)user;
    if (!queue_add(&x->out, packet, size))
        x->broken = true;
    make_ready(x);
}

static void sent(struct client *x, size_t n)
{
    queue_drop(&x->out, n);
    if (!store_sent(x->connection, n))
        x->broken = true;
}

/* What waits for a host's client into the channel, while that has room. */
static void flush_host(struct client *x)
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
static bool flush_ring(struct client *x)
{
    while (x->out.size) {
        uint64_t epoch = x->epoch;
        int n =
            calls_transfer(x->all->calls, SCREE_CONTROL_store_put, x->number,
                           x->out.bytes + x->out.start, x->out.size, &epoch);

        if (n < 0 || epoch != x->epoch)
            return false;
        if (n == 0)
            return true;
        sent(x, (size_t)n);
    }
    return true;
}

/* ---------------------------------------------------------- the host's */

void client_host_open(struct clients *c, uint32_t number)
{
    struct client *old = find(&c->hosts, number);

    if (old)
        end(old);
    if (number >= 1 && number <= SCREE_STORE_CLIENTS && make(c, number, true))
        return;
    (void)frame_add(c->channel, SCREE_FRAME_STORE_CLOSE, number, NULL, 0);
}

/* What waited, as far as the engine takes it. */
static void feed(struct client *x)
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
    }
}

void client_host_input(struct clients *c, uint32_t number, const void *bytes,
                       size_t n)
{
    struct client *x = find(&c->hosts, number);

    if (!x || !n)
        return; /* its CLOSE is on the way */
    if (x->in.size || n > store_room(x->connection))
        x->broken = !queue_add(&x->in, bytes, n);
    else
        x->broken = !store_input(x->connection, bytes, n);
    if (x->broken || x->in.size)
        make_ready(x);
}

void client_host_close(struct clients *c, uint32_t number)
{
    struct client *x = find(&c->hosts, number);

    if (x)
        end(x);
}

/* ------------------------------------------------------------- rings */

void client_ring_gone(struct clients *c, uint32_t domain)
{
    struct client *x = find(&c->rings, domain);

    if (x)
        end(x);
}

/* The client of this opening of the ring; NULL: none, or no memory. */
static struct client *ring_client(struct clients *c, uint32_t domain,
                                  uint64_t epoch)
{
    struct client *x = find(&c->rings, domain);

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

static void take_from_ring(struct clients *c, uint32_t domain)
{
    struct client *x;
    uint64_t epoch = 0;
    int n = calls_transfer(c->calls, SCREE_CONTROL_store_take, domain,
                           c->scratch, sizeof(c->scratch), &epoch);

    if (n < 0) {
        client_ring_gone(c, domain);
        return;
    }
    x = ring_client(c, domain, epoch);
    if (x && n > 0 && !store_input(x->connection, c->scratch, (size_t)n)) {
        x->broken = true;
        make_ready(x);
    }
}

void client_ring(struct clients *c, uint32_t domain)
{
    struct client *x = find(&c->rings, domain);

    if (!x) {
        take_from_ring(c, domain);
        return;
    }
    x->look = true;
    make_ready(x);
}

/* ---------------------------------------------------------------- pass */

/* Its ring may be another one by now: taking tells. */
static void turn_ring(struct client *x)
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

static void turn_host(struct client *x)
{
    flush_host(x);
    feed(x);
    if (x->broken)
        throw_out(x);
    else if (!x->list && (x->out.size || x->in.size))
        hold(x);
}

bool clients_pass(struct clients *c)
{
    if (!channel_busy(c->channel))
        while (c->held.first)
            make_ready(list_take(&c->held));
    for (unsigned i = 0; i < PASS_MOST && c->ready.first; i++) {
        struct client *x = list_take(&c->ready);

        if (x->host)
            turn_host(x);
        else
            turn_ring(x);
    }
    return c->ready.first != NULL;
}
