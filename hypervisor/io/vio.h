/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's end of vio rings (pv-abi/scree/vio.h).
 *
 * The indices that count are in struct vio_device, under the domain's lock;
 * what the hypervisor wrote to the ring is never read back. Entries are copied
 * once, then checked. Called by the hypercall handler, by domain_destroy and by
 * the switch and console to deliver.
 */
#ifndef IO_VIO_H
#define IO_VIO_H

#include "core/domain.h"

struct net_frame;

/* Frames of ring pages a domain can draw; part of its promise. */
#define VIO_QUOTA SCREE_VIO_DEVICES

/* The hypercall scree_vio; its result. d's lock is not held; d's vcpu is the
 * one that calls. */
int64_t vio_op(struct domain *d, uint64_t op, uint64_t device,
               uint64_t argument);

/* Closes what is open; part of destroying d, before its space. d's lock is not
 * held. */
void vio_close_all(struct domain *d);

#endif
