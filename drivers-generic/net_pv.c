/* SPDX-License-Identifier: MIT */
/*
 * The net device under the hypervisor: vio device 1. The indices live in
 * struct net_device; the ring's copies are only for the other side.
 */
#include "net.h"

#include "scree/hypercall.h"

int net_open(struct net_device *d)
{
    int64_t n = HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_NET, 0);

    if (n < 0)
        return (int)n;
    *d = (struct net_device){
        .ring = (struct scree_vio_ring *)(SCREE_VIO_PAGES +
                                          SCREE_VIO_NET * SCREE_PAGE_SIZE),
    };
    return 0;
}

unsigned net_tx_waiting(const struct net_device *d)
{
    return d->tx_produced - d->tx_consumed;
}

void net_queue(struct net_device *d, const void *frame, uint32_t length)
{
    struct scree_vio_desc *desc = &d->ring->tx[d->tx_produced % NET_RING];

    desc->address = (uint64_t)(uintptr_t)frame;
    desc->length = length;
    d->tx_produced++;
}

void net_kick(struct net_device *d)
{
    int64_t n;

    if (net_tx_waiting(d) == 0)
        return;
    __atomic_store_n(&d->ring->tx_produced, d->tx_produced, __ATOMIC_RELEASE);
    n = HYPERVISOR_scree_vio(SCREE_VIO_KICK, SCREE_VIO_NET, 0);
    if (n > 0)
        d->tx_consumed += (uint32_t)n;
}

bool net_post(struct net_device *d, void *buffer, uint32_t size, uint32_t id)
{
    struct scree_vio_desc *desc = &d->ring->rx[d->rx_produced % NET_RING];

    if (d->rx_produced - d->done_consumed >= NET_RING)
        return false;
    desc->address = (uint64_t)(uintptr_t)buffer;
    desc->length = size;
    desc->id = id;
    d->rx_produced++;
    __atomic_store_n(&d->ring->rx_produced, d->rx_produced, __ATOMIC_RELEASE);
    return true;
}

bool net_received(const struct net_device *d)
{
    return __atomic_load_n(&d->ring->done_produced, __ATOMIC_ACQUIRE) !=
           d->done_consumed;
}

bool net_take(struct net_device *d, struct net_frame *f)
{
    const struct scree_vio_done *done;

    if (!net_received(d))
        return false;
    done = &d->ring->done[d->done_consumed % NET_RING];
    f->id = done->id;
    f->length = done->length;
    d->done_consumed++;
    __atomic_store_n(&d->ring->done_consumed, d->done_consumed,
                     __ATOMIC_RELEASE);
    return true;
}

struct net_counts net_counts(const struct net_device *d)
{
    return (struct net_counts){
        .tx_errors = d->ring->tx_errors,
        .tx_drops = d->ring->tx_drops,
        .rx_drops = d->ring->rx_drops,
    };
}
