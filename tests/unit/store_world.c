/* SPDX-License-Identifier: MIT */
/*
 * See store_world.h.
 */
#include "store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void keep_event(struct store_client *c, const char *body, size_t size)
{
    struct store_event *e = &c->events[c->event_count];
    size_t n = strlen(body);

    CU_ASSERT(n + 1 < size && body[size - 1] == 0);
    if (c->event_count == STORE_EVENTS)
        return;
    c->event_count++;
    snprintf(e->path, sizeof(e->path), "%s", body);
    snprintf(e->token, sizeof(e->token), "%s", body + n + 1);
}

static void send_packet(void *user, struct store_connection *connection,
                        const void *packet, size_t size)
{
    struct store_client *c = store_connection_user(connection);
    const struct xsd_sockmsg *head = packet;
    const char *body = (const char *)(head + 1);

    (void)user;
    CU_ASSERT(size == sizeof(*head) + head->len);
    CU_ASSERT(head->len <= XENSTORE_PAYLOAD_MAX);
    if (head->type == XS_WATCH_EVENT) {
        keep_event(c, body, head->len);
    } else {
        c->replies++;
        c->head = *head;
        memcpy(c->body, body, head->len);
        c->body[head->len] = 0;
    }
    if (c->stalled)
        c->waiting += size;
    else
        CU_ASSERT(store_sent(connection, size));
}

static void note_change(void *user, const char *path)
{
    struct store_world *w = user;

    snprintf(w->changed, sizeof(w->changed), "%s", path);
    w->changes++;
}

static void connect_client(struct store_world *w, unsigned i)
{
    struct store_client *c = &w->clients[i];
    char home[32], owner[16];

    c->world = w;
    c->domid = i < 2 ? 0 : i - 1;
    c->connection = store_connect(w->store, c->domid, i < 2, c);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c->connection);
    if (i < 2)
        return;
    snprintf(home, sizeof(home), "/local/domain/%u", c->domid);
    snprintf(owner, sizeof(owner), "n%u", c->domid);
    CU_ASSERT_EQUAL(store_write(w->store, home, "", 0), 0);
    CU_ASSERT_EQUAL(store_permit(w->store, home, owner), 0);
}

void store_world_start(struct store_world *w, const struct store_limits *limits)
{
    memset(w, 0, sizeof(*w));
    w->calls = (struct store_calls){
        .send = send_packet,
        .changed = note_change,
    };
    w->store = store_create(limits, &w->calls, w, 12345);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w->store);
    for (unsigned i = 0; i < STORE_CLIENTS; i++)
        connect_client(w, i);
}

void store_world_stop(struct store_world *w)
{
    CU_ASSERT(store_check(w->store));
    store_clear(w->store);
    CU_ASSERT_EQUAL(w->store->pool.blocks, 0);
    CU_ASSERT_EQUAL(w->store->pool.bytes, 0);
    CU_ASSERT_EQUAL(w->store->pool.held, 0);
    CU_ASSERT_EQUAL(w->store->charged, 0);
    CU_ASSERT_EQUAL(w->store->history, 0);
    free(w->store);
}

bool store_ask(struct store_world *w, unsigned i, uint32_t type, uint32_t tx,
               const void *body, size_t size)
{
    struct store_client *c = &w->clients[i];
    struct xsd_sockmsg head = {
        .type = type,
        .req_id = c->replies + 77,
        .tx_id = tx,
        .len = (uint32_t)size,
    };
    char *packet = malloc(sizeof(head) + size);
    unsigned before = c->replies;

    memcpy(packet, &head, sizeof(head));
    memcpy(packet + sizeof(head), body, size);
    CU_ASSERT(store_input(c->connection, packet, sizeof(head) + size));
    free(packet);
    if (c->replies == before)
        return false;
    CU_ASSERT_EQUAL(c->head.req_id, head.req_id);
    CU_ASSERT_EQUAL(c->head.tx_id, tx);
    CU_ASSERT(c->head.type == type || c->head.type == XS_ERROR);
    return c->head.type == type;
}

bool store_do(struct store_world *w, unsigned i, uint32_t type, uint32_t tx,
              const char *first)
{
    return store_ask(w, i, type, tx, first, strlen(first) + 1);
}

bool store_do2(struct store_world *w, unsigned i, uint32_t type, uint32_t tx,
               const char *first, const char *second)
{
    char body[XENSTORE_PAYLOAD_MAX];
    size_t a = strlen(first) + 1, b = strlen(second) + 1;

    memcpy(body, first, a);
    memcpy(body + a, second, b);
    return store_ask(w, i, type, tx, body, a + b);
}

bool store_put(struct store_world *w, unsigned i, uint32_t tx, const char *path,
               const char *value)
{
    char body[XENSTORE_PAYLOAD_MAX];
    size_t a = strlen(path) + 1, b = strlen(value);

    memcpy(body, path, a);
    memcpy(body + a, value, b);
    return store_ask(w, i, XS_WRITE, tx, body, a + b);
}

bool store_said(const struct store_world *w, unsigned i, const char *error)
{
    const struct store_client *c = &w->clients[i];

    return c->head.type == XS_ERROR && !strcmp(c->body, error);
}

const char *store_get(struct store_world *w, unsigned i, uint32_t tx,
                      const char *path)
{
    return store_do(w, i, XS_READ, tx, path) ? w->clients[i].body : NULL;
}

uint32_t store_begin(struct store_world *w, unsigned i)
{
    if (!store_do(w, i, XS_TRANSACTION_START, 0, ""))
        return 0;
    return (uint32_t)strtoul(w->clients[i].body, NULL, 10);
}

bool store_end(struct store_world *w, unsigned i, uint32_t tx, bool commit)
{
    return store_do(w, i, XS_TRANSACTION_END, tx, commit ? "T" : "F");
}

unsigned store_heard(const struct store_world *w, unsigned i, const char *path,
                     const char *token)
{
    const struct store_client *c = &w->clients[i];
    unsigned n = 0;

    for (unsigned k = 0; k < c->event_count; k++)
        n += !strcmp(c->events[k].path, path) &&
             !strcmp(c->events[k].token, token);
    return n;
}

void store_forget(struct store_world *w)
{
    for (unsigned i = 0; i < STORE_CLIENTS; i++)
        w->clients[i].event_count = 0;
}
