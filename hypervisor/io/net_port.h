/* SPDX-License-Identifier: MIT */
/*
 * A domain's port on the switch: its addresses, group, limits and counters.
 *
 * Lives in struct domain (net_state), so a pointer to a port is as good as one
 * to its domain: valid until the CPU's next pass (core/cell.h). Counters and
 * limits are guarded by the domain's lock; the addresses never change.
 */
#ifndef IO_NET_PORT_H
#define IO_NET_PORT_H

#include "core/timer.h"
#include "io/ratelimit.h"

struct cell;
struct domain;
struct net_switch;
struct scree_domain_config;

/*
 * Why a frame went no further; for the uplink, too. The first group is the
 * sender's doing.
 */
enum net_drop {
    NET_OK = 0,
    NET_DROP_LENGTH,     /* shorter than its headers, or over 1514 */
    NET_DROP_SOURCE_MAC, /* not the port's own */
    NET_DROP_SOURCE_IP,  /* not the port's own; the gateway's, too */
    NET_DROP_ARP,        /* malformed or forged */
    NET_DROP_ARP_REPLY,  /* nobody asked: the switch answers for all */
    NET_DROP_IPV4,       /* malformed header */
    NET_DROP_IPV6,       /* not carried yet */
    NET_DROP_VLAN,
    NET_DROP_ETHERTYPE,    /* anything else */
    NET_DROP_BROADCAST,    /* no subscriber */
    NET_DROP_UNKNOWN,      /* nobody has that address */
    NET_DROP_GROUP,        /* it is in another group */
    NET_DROP_NO_UPLINK,    /* outside, and there is no way there */
    NET_DROP_NO_NEIGHBOUR, /* the next hop has not answered yet */
    /* the receiver's */
    NET_DROP_CLOSED,     /* not running, or its net device is not open */
    NET_DROP_RATE,       /* its rate limit */
    NET_DROP_NO_BUFFER,  /* none posted, or no room in done[] */
    NET_DROP_BAD_BUFFER, /* not writable memory, or a bad length */
    NET_DROP_TOO_SMALL,  /* the posted buffer */
    NET_DROPS,
    /* not a drop: the uplink is full, offer the frame again later */
    NET_WAIT,
};

struct net_counters {
    uint64_t sent_frames, sent_bytes;
    uint64_t received_frames, received_bytes;
    uint64_t drops[NET_DROPS];
};

struct net_port {
    struct domain *domain;
    struct net_switch *net;
    uint64_t mac; /* as in net_addr.h */
    uint32_t ipv4;
    uint32_t group;
    struct ratelimit sending, receiving;
    struct net_counters counters;
    struct timer timer; /* when the sending limit lets go */
    /* under the uplink's lock */
    struct net_port *wait_next, *wait_prev;
    bool waiting;
};

/*
 * Attaches d to the cell's switch with config's address, group and rate.
 * Creation path; d is not running. -XEN_EINVAL: the address lies outside the
 * cell's network or is its first, last or gateway's; -XEN_EEXIST: somebody has
 * it; -XEN_ENOMEM; -XEN_ENODEV: the cell has no switch.
 */
must_check int net_port_create(struct cell *cell, struct domain *d,
                               const struct scree_domain_config *config);
/* Changes its limit, from now on; kept in d->net_rate, with a port or without.
 * d's lock is not held; so in net_port_counters(). */
void net_port_set_rate(struct domain *d, uint64_t rate);
/* Its counters, also when it has been detached; zeros: it never had a port. */
void net_port_counters(struct domain *d, struct net_counters *counters);
/* Nobody finds d's port any more; no effect without one. Comes before
 * domain_end(), so that no CPU has a pointer to it when d is taken apart. */
void net_port_hide(struct domain *d);
/* Detaches d; no effect without a port. No frame is delivered afterwards. d's
 * lock is not held. */
void net_port_destroy(struct domain *d);

#endif
