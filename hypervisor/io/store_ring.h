/* SPDX-License-Identifier: MIT */
/*
 * A domain's store ring (pv-abi/scree/store.h), between it and the control
 * domain. Private indices are ours, under the domain's lock; what we wrote is
 * never read back, and a guest's index that is nonsense sets `error`
 * (XENSTORE_ERROR_RINGIDX) and stops the ring: it counts as not open until the
 * guest closes and opens it. Opening, closing and stopping mark the domain for
 * the control domain (core/changes.h).
 *
 * d's lock is not held by callers, but for the first two.
 */
#ifndef IO_STORE_RING_H
#define IO_STORE_RING_H

#include "base/types.h"

struct domain;

/* The vio device's part: a zeroed page was mapped, is about to be unmapped. d's
 * lock is held. */
void store_ring_start(struct domain *d, void *page);
void store_ring_end(struct domain *d);

/* Does d have the device? It was decided when d was made. */
bool store_ring_exists(const struct domain *d);
/* EVTCHNOP_send to SCREE_PORT_STORE: marks d for the control domain. 0 also
 * when the ring is not open. -XEN_EINVAL: there is no such device. */
must_check int store_ring_notify(struct domain *d);
/* The control domain's side (scree/control.h): bytes moved, or -XEN_ENODEV. The
 * epoch is how often it was opened: taking says it; what is put is meant for
 * one, and another is as good as not open. */
must_check int store_ring_take(struct domain *d, void *bytes, size_t n,
                               uint64_t *epoch);
must_check int store_ring_put(struct domain *d, const void *bytes, size_t n,
                              uint64_t epoch);
must_check int store_ring_reset(struct domain *d);
bool store_ring_open(struct domain *d);

#endif
