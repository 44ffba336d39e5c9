/* SPDX-License-Identifier: MIT */
/*
 * The ring, the clock and the server behind it. See world.h.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "drivers-generic/env.h"
#include "drivers-generic/store.h"
#include "internal.h"
#include "pebble.h"

#define MS 1000000ull

struct world world;

static struct xenstore_domain_interface ring;
static uint32_t server_req_cons, server_rsp_prod;
static struct store_connection *connection;
static bool (*store_pass)(void);

/* What the store has sent and did not fit into the ring. */
static char *waiting;
static size_t waiting_size;

/* -------------------------------------------------------- the server */

static void put_waiting(void)
{
    size_t n = 0;

    while (n < waiting_size &&
           server_rsp_prod - ring.rsp_cons < XENSTORE_RING_SIZE)
        ring.rsp[MASK_XENSTORE_IDX(server_rsp_prod++)] = waiting[n++];
    if (n < waiting_size)
        memmove(waiting, waiting + n, waiting_size - n);
    waiting_size -= n;
    ring.rsp_prod = server_rsp_prod;
    if (n > 0 && connection)
        store_sent(connection, n);
}

void world_say(const void *bytes, size_t size)
{
    waiting = realloc(waiting, waiting_size + size);
    memcpy(waiting + waiting_size, bytes, size);
    waiting_size += size;
}

static void send_packet(void *user, struct store_connection *c,
                        const void *packet, size_t size)
{
    (void)user;
    (void)c;
    world_say(packet, size);
}

static const struct store_calls calls = {.send = send_packet};

/* One request's bytes at a time, in odd portions. */
static void serve(void)
{
    char bytes[97];

    put_waiting();
    while (!world.deaf && server_req_cons != ring.req_prod) {
        size_t n = 0;

        while (n < sizeof(bytes) && server_req_cons != ring.req_prod)
            bytes[n++] = ring.req[MASK_XENSTORE_IDX(server_req_cons++)];
        ring.req_cons = server_req_cons;
        if (!store_input(connection, bytes, n))
            ring.error = XENSTORE_ERROR_COMM;
        put_waiting();
    }
}

static void connect_guest(void)
{
    memset(&ring, 0, sizeof(ring));
    server_req_cons = server_rsp_prod = 0;
    waiting_size = 0;
    if (connection)
        store_disconnect(connection);
    connection = store_connect(world.store, WORLD_DOMAIN, false, NULL);
}

static void make_store(void)
{
    world.store = store_create(&store_limits_default, &calls, NULL, 1);
    store_domain_introduced(world.store, WORLD_DOMAIN);
    store_write(world.store, WORLD_HOME, "", 0);
    store_permit(world.store, WORLD_HOME, "n5");
}

static void drop_store(void)
{
    if (connection)
        store_disconnect(connection);
    connection = NULL;
    if (world.store)
        store_destroy(world.store);
    world.store = NULL;
}

void world_restart(void)
{
    drop_store();
    make_store();
    connect_guest();
    ring.error = XENSTORE_ERROR_COMM;
}

void world_start(void)
{
    world.no_device = world.deaf = false;
    world.meanwhile = NULL;
    world_restart();
}

void world_end(void)
{
    drop_store();
    free(waiting);
    waiting = NULL;
    waiting_size = 0;
}

/* -------------------------------------------------------- the guest's */

int store_open(struct store_device *d)
{
    store_close(d);
    if (world.no_device)
        return -19;
    connect_guest();
    world.opened++;
    *d = (struct store_device){.ring = &ring};
    return 0;
}

void store_close(struct store_device *d)
{
    world.closed |= d->ring != NULL;
    d->ring = NULL;
}

size_t store_put(struct store_device *d, const void *bytes, size_t size)
{
    size_t n = 0;

    while (n < size && d->req_prod - ring.req_cons < XENSTORE_RING_SIZE)
        ring.req[MASK_XENSTORE_IDX(d->req_prod++)] = ((const char *)bytes)[n++];
    ring.req_prod = d->req_prod;
    world.wakes += n > 0;
    return n;
}

size_t store_take(struct store_device *d, void *bytes, size_t size)
{
    size_t n = 0;

    while (n < size && d->rsp_cons != ring.rsp_prod)
        ((char *)bytes)[n++] = ring.rsp[MASK_XENSTORE_IDX(d->rsp_cons++)];
    ring.rsp_cons = d->rsp_cons;
    return n;
}

bool store_lost(const struct store_device *d)
{
    return d->ring->error != XENSTORE_ERROR_NONE;
}

const struct scree_info *env_info(void)
{
    static const struct scree_info info = {.generation = 1};

    return &info;
}

uint64_t clock_tick(void)
{
    return world.now;
}

uint64_t pebble_now(void)
{
    return world.now;
}

void loop_on_store(bool (*pass)(void))
{
    store_pass = pass;
}

/* Time goes by: 1 ms, or all of it if nobody does anything. */
void loop_turn(uint64_t deadline)
{
    world.turns++;
    if (world.meanwhile)
        world.meanwhile();
    serve();
    world.now = world.deaf ? deadline : world.now + MS;
}

void world_pass(void)
{
    serve();
    while (store_pass && store_pass())
        continue;
    serve();
}
