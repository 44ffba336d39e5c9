/* SPDX-License-Identifier: MIT */
/*
 * How events and faults enter a flat guest; scree/upcall.h is the contract.
 * Called on the vcpu's own CPU, between two runs, domain lock not held.
 */
#ifndef CORE_UPCALL_H
#define CORE_UPCALL_H

#include "base/types.h"
#include "machine/machine.h"

struct vcpu;

/* Delivers the event upcall that is due, if any. -XEN_EFAULT: the frame could
 * not be written; the domain must crash. */
must_check int upcall_event(struct vcpu *v);
/* The same without the domain's lock, while the space counts v as in the guest
 * (core/space.h). false: nothing was changed; let upcall_event() do it. */
must_check bool upcall_event_quickly(struct vcpu *v);
/* Passes a fault to the guest's handler. -XEN_ENOENT: it has none;
 * -XEN_EFAULT: the frame could not be written. */
must_check int upcall_fault(struct vcpu *v, const struct vcpu_exit *why);
/* The same for exceptions that are surely the guest's own, under the terms of
 * upcall_event_quickly(). */
must_check bool upcall_fault_quickly(struct vcpu *v,
                                     const struct vcpu_exit *why);

#endif
