/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's end of vio rings (pv-abi/scree/vio.h).
 *
 * The indices that count are in struct vio_device, under the domain's lock;
 * what the hypervisor wrote to the ring is never read back. Entries are copied
 * once, then checked. Called by the hypercall handler and by the reaper; the
 * ring helpers serve vio_net and vio_console.
 */
#ifndef IO_VIO_H
#define IO_VIO_H

#include "core/domain.h"

/* Frames of ring pages a domain can draw; part of its promise: those of console
 * and net, and the store's where there is one. */
#define VIO_QUOTA       2
#define VIO_QUOTA_STORE 1

/* The hypercall scree_vio; its result. d's lock is not held; d's vcpu is the
 * one that calls. */
int64_t vio_op(struct domain *d, uint64_t op, uint64_t device,
               uint64_t argument);

/* Closes what is open; part of destroying d, before its space. d's lock is not
 * held. */
void vio_close_all(struct domain *d);

/* ------------------------------------------- the ring; d's lock is held */

/* One read of a field that a guest may be writing. */
#define vio_load(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define vio_store(field, value)                                                \
    __atomic_store_n(&(field), value, __ATOMIC_RELEASE)

/* How many transmit entries wait, at most `limit` (0: all). -XEN_ENODEV: not
 * open. -XEN_EINVAL: the index is nonsense. */
must_check int vio_waiting(const struct vio_device *dev, uint64_t limit);

/* The transmit entry `ahead` of the next; its id means nothing and reads 0. */
static inline struct scree_vio_desc vio_tx_entry(const struct vio_device *dev,
                                                 uint32_t ahead)
{
    struct scree_vio_ring *r = dev->ring;
    struct scree_vio_desc *e = &r->tx[(dev->tx + ahead) % SCREE_VIO_RING];

    return (struct scree_vio_desc){vio_load(e->address), vio_load(e->length),
                                   0};
}

/* n transmit entries are taken: the guest's again when the call returns. */
static inline void vio_tx_advance(struct vio_device *dev, uint32_t n)
{
    dev->tx += n;
    vio_store(dev->ring->tx_consumed, dev->tx);
}

/* dev's counts have changed. */
void vio_tx_counts(struct vio_device *dev);

/* How many buffers can be filled: posted, with room to say so. Nonsense from
 * the guest counts as none. */
static inline uint32_t vio_rx_offered(const struct vio_device *dev)
{
    const struct scree_vio_ring *r = dev->ring;
    uint32_t posted = vio_load(r->rx_produced) - dev->rx;
    uint32_t used = dev->done - vio_load(r->done_consumed);

    if (posted > SCREE_VIO_RING || used > SCREE_VIO_RING)
        return 0;
    return posted < SCREE_VIO_RING - used ? posted : SCREE_VIO_RING - used;
}

/* The next of them. */
static inline struct scree_vio_desc vio_rx_entry(const struct vio_device *dev)
{
    struct scree_vio_ring *r = dev->ring;
    struct scree_vio_desc *e = &r->rx[dev->rx % SCREE_VIO_RING];

    return (struct scree_vio_desc){vio_load(e->address), vio_load(e->length),
                                   vio_load(e->id)};
}

/* That buffer has `length` bytes of data; the guest sees it when published. */
static inline void vio_rx_complete(struct vio_device *dev, uint32_t id,
                                   uint32_t length)
{
    struct scree_vio_done *done = &dev->ring->done[dev->done % SCREE_VIO_RING];

    vio_store(done->id, id);
    vio_store(done->length, length);
    dev->rx++;
    dev->done++;
}

static inline void vio_rx_publish(struct vio_device *dev)
{
    vio_store(dev->ring->rx_consumed, dev->rx);
    vio_store(dev->ring->done_produced, dev->done);
}

#endif
