/* SPDX-License-Identifier: MIT */
/*
 * The rings of vio as a guest sees them, for net and console: entries to send,
 * buffers to receive in, completions. Nothing here kicks.
 */
#ifndef TESTS_GUESTS_RT_VIO_H
#define TESTS_GUESTS_RT_VIO_H

#include "rt.h"

static inline volatile struct scree_vio_ring *vio_ring(unsigned device)
{
    return (volatile struct scree_vio_ring *)(SCREE_VIO_PAGES +
                                              (uint64_t)device *
                                                  SCREE_PAGE_SIZE);
}

/* Fills the next transmit entry and advances tx_produced. */
static inline void vio_send(unsigned device, const void *from, uint32_t n)
{
    volatile struct scree_vio_ring *r = vio_ring(device);
    volatile struct scree_vio_desc *e = &r->tx[r->tx_produced % SCREE_VIO_RING];

    e->address = (uint64_t)from;
    e->length = n;
    e->id = 0;
    __atomic_store_n(&r->tx_produced, r->tx_produced + 1, __ATOMIC_RELEASE);
}

/* The same for a buffer to receive in. */
static inline void vio_post(unsigned device, void *to, uint32_t n, uint32_t id)
{
    volatile struct scree_vio_ring *r = vio_ring(device);
    volatile struct scree_vio_desc *e = &r->rx[r->rx_produced % SCREE_VIO_RING];

    e->address = (uint64_t)to;
    e->length = n;
    e->id = id;
    __atomic_store_n(&r->rx_produced, r->rx_produced + 1, __ATOMIC_RELEASE);
}

/* Takes the next completion, if there is one. */
static inline bool vio_take(unsigned device, uint32_t *id, uint32_t *n)
{
    volatile struct scree_vio_ring *r = vio_ring(device);

    if (__atomic_load_n(&r->done_produced, __ATOMIC_ACQUIRE) ==
        r->done_consumed)
        return false;
    *id = r->done[r->done_consumed % SCREE_VIO_RING].id;
    *n = r->done[r->done_consumed % SCREE_VIO_RING].length;
    r->done_consumed++;
    return true;
}

#endif
