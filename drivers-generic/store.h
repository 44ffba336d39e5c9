/* SPDX-License-Identifier: MIT */
/*
 * The store's ring: a stream of bytes each way, polled. It keeps no packets and
 * knows no protocol but when the other side has lost its state.
 */
#ifndef STORE_DEVICE_H
#define STORE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/store.h"

struct store_device {
    struct xenstore_domain_interface *ring; /* NULL: not open */
    uint32_t req_prod, rsp_cons;
    uint32_t unsaid; /* bytes taken since the other side was last woken */
};

/* Starts the ring, anew if it was open. 0, or a negative error: no store. */
int store_open(struct store_device *d);
void store_close(struct store_device *d);

/* Puts in, takes out what fits or is there; returns how much. What is left can
 * go on after the next wake-up (ENV_WAKE_STORE). */
size_t store_put(struct store_device *d, const void *bytes, size_t size);
size_t store_take(struct store_device *d, void *bytes, size_t size);

/* The server has lost the connection, or the ring makes no sense: open anew. */
bool store_lost(const struct store_device *d);

#endif
