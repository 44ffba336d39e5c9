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

/* Frames of ring pages a domain can draw; part of its promise. */
#define VIO_QUOTA SCREE_VIO_DEVICES

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
/* The transmit entry `ahead` of the next. */
struct scree_vio_desc vio_tx_entry(const struct vio_device *dev,
                                   uint32_t ahead);
/* n transmit entries are done with. */
void vio_tx_advance(struct vio_device *dev, uint32_t n);
/* The next posted buffer. false: none, or no room to say that it is filled. */
must_check bool vio_rx_entry(const struct vio_device *dev,
                             struct scree_vio_desc *e);
/* That buffer now has `length` bytes of data. */
void vio_rx_complete(struct vio_device *dev, uint32_t id, uint32_t length);

#endif
