/* SPDX-License-Identifier: MIT */
/*
 * Moves bytes between client and ring, in each pass of the loop and while a
 * call waits. A ring that the server has lost, or that another generation of
 * this domain had, is opened anew, and the client begins anew with it.
 */
#include "xs/link.h"

#include <errno.h>
#include <stdlib.h>

#include "drivers-generic/store.h"
#include "internal.h"
#include "pebble.h"
#include "xs/xs.h"

#define PART           256
#define EVENTS_AT_ONCE 32

static struct {
    struct store_device device;
    struct xs_client client;
    uint64_t generation; /* of the domain, when the ring was opened */
    bool used;
} link;

static void reopen(void)
{
    link.generation = env_info()->generation;
    if (store_open(&link.device) == 0)
        xs_client_reset(&link.client);
    else
        xs_client_fail(&link.client); /* the next call tries again */
}

static void move_out(void)
{
    const char *bytes;
    size_t n, part;

    while ((n = xs_client_output(&link.client, &bytes)) > 0) {
        part = store_put(&link.device, bytes, n);
        if (part == 0)
            return;
        xs_client_sent(&link.client, part);
    }
}

/* False: the stream is broken. */
static bool move_in(void)
{
    char bytes[PART];
    size_t n;

    while ((n = store_take(&link.device, bytes, sizeof(bytes))) > 0) {
        if (!xs_client_input(&link.client, bytes, n))
            return false;
    }
    return true;
}

/* A reply lets the next request out, so both ways until nothing moves. */
static void move(void)
{
    if (!link.device.ring)
        return;
    move_out();
    if (!move_in() || store_lost(&link.device) ||
        link.generation != env_info()->generation)
        reopen();
    if (link.device.ring)
        move_out();
}

/* In each pass of the loop: some events, then the network has its turn. */
static bool pass(void)
{
    move();
    for (unsigned n = 0; n < EVENTS_AT_ONCE; n++) {
        if (!xs_client_dispatch(&link.client))
            return false;
    }
    return true;
}

struct xs_client *link_open(void)
{
    if (!link.used) {
        xs_client_start(&link.client);
        loop_on_store(pass);
        link.used = true;
    }
    if (!link.device.ring)
        reopen();
    if (!link.device.ring) {
        errno = EIO;
        return NULL;
    }
    return &link.client;
}

static void wait_done(const struct xs_request *r)
{
    uint64_t deadline = clock_tick() + XS_WAIT;

    for (;;) {
        move();
        if (r->done || pebble_now() >= deadline)
            return;
        loop_turn(deadline);
    }
}

char *link_reply(struct xs_request *r, uint32_t *length)
{
    char *reply;

    if (!r)
        return NULL;
    wait_done(r);
    reply = r->reply;
    if (length)
        *length = r->length;
    if (!r->done || r->error)
        errno = r->done ? r->error : ETIMEDOUT;
    r->reply = NULL;
    xs_client_forget(&link.client, r);
    return reply;
}
