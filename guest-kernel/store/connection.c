/* SPDX-License-Identifier: MIT */
/*
 * Connections: bytes in, packets out. Requests are done right from the bytes
 * that come; only what is not whole, or must wait for room, is held.
 */
#include "store/connection.h"

#include <stdlib.h>
#include <string.h>

#include "store/transaction.h"
#include "store/watch.h"

#define HELD_MAX (2 * STORE_PACKET_MAX)

struct store_connection *store_connect(struct store *s, uint32_t domid,
                                       bool privileged, void *user)
{
    struct store_connection *c = pool_alloc(&s->pool, sizeof(*c));
    struct owner *d = c ? owner_get(s, domid) : NULL;

    if (!d) {
        pool_free(&s->pool, c, sizeof(*c));
        return NULL;
    }
    *c = (struct store_connection){
        .store = s,
        .user = user,
        .domain = d,
        .privileged = privileged || d == s->control,
        .next_transaction = 1,
    };
    LIST_APPEND(s->connections, c, next, prev);
    LIST_APPEND(d->connections, c, peer_next, peer_prev);
    s->counts.connections++;
    return c;
}

void store_disconnect(struct store_connection *c)
{
    struct store *s = c->store;

    watch_remove_all(c);
    transaction_abort_all(c);
    pool_free(&s->pool, c->held, c->held_room);
    LIST_REMOVE(s->connections, c, next, prev);
    LIST_REMOVE(c->domain->connections, c, peer_next, peer_prev);
    s->counts.connections--;
    if (s->payer == c)
        s->payer = NULL;
    owner_drop(s, c->domain);
    pool_free(&s->pool, c, sizeof(*c));
}

void *store_connection_user(const struct store_connection *c)
{
    return c->user;
}

bool connection_full(const struct store_connection *c)
{
    return c->outstanding > c->store->limits.outstanding;
}

void connection_send(struct store_connection *c, const struct packet *p)
{
    struct store *s = c->store;
    size_t size = sizeof(p->head) + p->head.len;

    c->outstanding += size;
    s->sending++;
    s->calls->send(s->user, c, p, size);
    s->sending--;
}

int connection_refuse(struct store_connection *c, int error)
{
    c->store->counts.refused++;
    return error;
}

/* Does the whole requests of n bytes; returns how many were used. */
static size_t consume(struct store_connection *c, const char *bytes, size_t n)
{
    struct xsd_sockmsg head;
    size_t at = 0;

    while (n - at >= sizeof(head) && !connection_full(c)) {
        memcpy(&head, bytes + at, sizeof(head));
        if (head.len > XENSTORE_PAYLOAD_MAX) {
            c->broken = true;
            break;
        }
        if (n - at < sizeof(head) + head.len)
            break;
        wire_request(c, &head, bytes + at + sizeof(head));
        at += sizeof(head) + head.len;
    }
    return at;
}

static void release_held(struct store_connection *c)
{
    pool_free(&c->store->pool, c->held, c->held_room);
    c->held = NULL;
    c->held_room = c->held_at = c->held_end = 0;
}

static void consume_held(struct store_connection *c)
{
    uint32_t n = c->held_end - c->held_at;

    c->held_at += (uint32_t)consume(c, c->held + c->held_at, n);
    if (c->held_at == c->held_end)
        release_held(c);
}

/* Room for n more behind what is held; false: no memory. */
static bool make_room(struct store_connection *c, size_t n)
{
    uint32_t have = c->held_end - c->held_at, room = 64;
    char *held;

    if (c->held_room - c->held_end >= n)
        return true;
    while (room < have + n)
        room *= 2;
    held = pool_alloc(&c->store->pool, room);
    if (!held)
        return false;
    if (have)
        memcpy(held, c->held + c->held_at, have);
    release_held(c);
    c->held = held;
    c->held_room = room;
    c->held_end = have;
    return true;
}

static bool hold(struct store_connection *c, const char *bytes, size_t n)
{
    if (n == 0)
        return true;
    if (!make_room(c, n))
        return false;
    memcpy(c->held + c->held_end, bytes, n);
    c->held_end += (uint32_t)n;
    return true;
}

size_t store_room(const struct store_connection *c)
{
    if (c->broken || connection_full(c))
        return 0;
    return HELD_MAX - (c->held_end - c->held_at);
}

bool store_input(struct store_connection *c, const void *bytes, size_t n)
{
    const char *from = bytes;

    if (c->broken || n > HELD_MAX - (c->held_end - c->held_at))
        c->broken = true;
    else if (c->held) {
        c->broken = !hold(c, from, n);
        if (!c->broken)
            consume_held(c);
    } else {
        size_t used = consume(c, from, n);

        if (!c->broken)
            c->broken = !hold(c, from + used, n - used);
    }
    return !c->broken;
}

bool store_sent(struct store_connection *c, size_t n)
{
    c->outstanding -= n < c->outstanding ? n : c->outstanding;
    if (c->store->sending)
        return !c->broken;
    watch_catch_up(c);
    if (c->held && !c->broken)
        consume_held(c);
    return !c->broken;
}
