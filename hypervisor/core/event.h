/* SPDX-License-Identifier: MIT */
/*
 * Event channels: Xen's, with static ports first (scree/calls.h).
 *
 * A port's state changes under its domain's lock. Raising needs no lock: the
 * bits are in the shared page and set atomically; 0 -> 1 of an unmasked port
 * sets evtchn_upcall_pending and wakes the vcpu.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "base/types.h"
#include "scree/calls.h"

struct domain;

enum port_state {
    PORT_FREE = 0,    /* static ports have no descriptor */
    PORT_UNBOUND,     /* remote_domain may bind to it */
    PORT_INTERDOMAIN, /* sends to remote_domain's remote_port */
    PORT_IPI,         /* to itself */
};

/* Read and written as a whole, atomically. */
struct port {
    uint8_t state;
    uint8_t reserved;
    uint16_t remote_port;
    uint32_t remote_domain;
} __attribute__((aligned(8)));

/* Raises a port of d. Any CPU, no lock needed. */
void event_raise(struct domain *d, uint32_t port);
/* Is this port's pending bit set? */
bool event_pending(const struct domain *d, uint32_t port);
/* Raises the static port of a virtual interrupt. */
void event_virq(struct domain *d, uint32_t virq);

/* The operations behind event_channel_op; results as Xen's. d's lock is not
 * held by the caller. */
must_check int event_alloc_unbound(struct domain *d, uint32_t remote,
                                   uint32_t *port);
must_check int event_bind_interdomain(struct domain *d, uint32_t remote,
                                      uint32_t remote_port, uint32_t *port);
/* The static port of a virq; -XEN_EINVAL: it has none. */
must_check int event_bind_virq(uint32_t virq, uint32_t *port);
must_check int event_bind_ipi(struct domain *d, uint32_t *port);
must_check int event_close(struct domain *d, uint32_t port);
must_check int event_send(struct domain *d, uint32_t port);
/* The two halves of it: what the port is now, PORT_FREE if none, and the rest.
 */
struct port event_port(const struct domain *d, uint32_t port);
must_check int event_send_by(struct domain *d, uint32_t port, struct port p);
/* Raises an IPI port of d, whose vcpu is running here: no need to wake it. */
void event_raise_self(struct domain *d, uint32_t port);
must_check int event_unmask(struct domain *d, uint32_t port);
must_check int event_status(struct domain *d, uint32_t port,
                            struct evtchn_status *status);
/* Closes one frame of d's ports and gives it back, as a part of destroying d;
 * true: none is left. */
must_check bool event_drain(struct domain *d);

#endif
