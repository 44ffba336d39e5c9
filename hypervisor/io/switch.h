/* SPDX-License-Identifier: MIT */
/*
 * The virtual switch of a cell: no learning, no flooding, look-ups only.
 *
 * A domain's frame goes, by destination MAC, to the domain of that id or, when
 * it is the router MAC, by destination IPv4 to a domain or to the uplink. ARP
 * is answered here. Frames from the uplink go by destination IPv4.
 */
#ifndef IO_SWITCH_H
#define IO_SWITCH_H

#include <stdatomic.h>

#include "io/check.h"
#include "io/net_port.h"
#include "io/uplink.h"
#include "io/vio_net.h"

struct packet;
struct uplink;

#define NET_CHUNK     512        /* addresses per frame of the table */
#define NET_ADDRESSES (1u << 24) /* a larger network's first ones */

struct net_chunk {
    struct net_port *_Atomic port[NET_CHUNK];
};

struct net_switch {
    struct cell *cell;
    uint32_t network, size, gateway; /* size in addresses */
    uint32_t covered;                /* that the table can hold */
    struct net_chunk *_Atomic *chunks;
    struct uplink *uplink; /* NULL: none. Set once, at boot. */
};

/* Makes cell->net from the bundle's network record, with room for the
 * addresses of all its domains. Without a bundle or a network (prefix and
 * network 0): no switch, and 0. -XEN_EINVAL: a bad record; -XEN_ENOMEM. */
must_check int net_switch_create(struct cell *cell);

/* Makes room in the table for ipv4. -XEN_EINVAL: it lies outside;
 * -XEN_ENOMEM. */
must_check int net_cover(struct net_switch *n, uint32_t ipv4);

/* Work that is due: uplink frames in, room to send again. Called by every CPU
 * after an interrupt; cheap when nothing is. */
void net_poll(struct cell *cell, unsigned cpu);

/* Frames in a row; consecutive ones for the same receiver share one lock and
 * one event. */
struct net_batch {
    struct vio_receiver to;
    struct uplink *uplink; /* to be flushed, or NULL */
};

static inline void net_batch_begin(struct net_batch *b)
{
    b->to.port = NULL;
    b->uplink = NULL;
}

/* Sends a frame of `from` on its way; may rewrite its MACs. NET_WAIT: offer it
 * again later. What goes wrong at the receiver is counted there and is NET_OK
 * here. No domain's lock but the batch's is held. */
enum net_drop net_forward(struct net_batch *b, struct net_port *from,
                          struct packet *f);

/* The same for a plain frame to the receiver of the one before, which is of
 * from's group; false: it is not that, and nothing was done. */
static inline bool net_forward_again(struct net_batch *b,
                                     const struct net_port *from,
                                     const struct packet *f)
{
    if (!b->to.port || !packet_to(f, b->to.port->mac) || !check_plain(from, f))
        return false;
    vio_net_receive(&b->to, f);
    return true;
}

/* Delivers f to `to` whatever its addresses are. */
void net_deliver(struct net_batch *b, struct net_port *to,
                 const struct packet *f);
/* Ends the last delivery, notifies the NIC. */
static inline void net_batch_end(struct net_batch *b)
{
    if (b->to.port)
        vio_net_end(&b->to);
    if (b->uplink)
        uplink_flush(b->uplink);
}

/* The port that owns an address of the cell's network, or NULL. */
static inline struct net_port *net_lookup(const struct net_switch *n,
                                          uint32_t ipv4)
{
    uint32_t at = ipv4 - n->network;
    struct net_chunk *chunk;

    if (at >= n->covered)
        return NULL;
    chunk =
        atomic_load_explicit(&n->chunks[at / NET_CHUNK], memory_order_acquire);
    if (!chunk)
        return NULL;
    return atomic_load_explicit(&chunk->port[at % NET_CHUNK],
                                memory_order_acquire);
}

static inline bool net_is_local(const struct net_switch *n, uint32_t ipv4)
{
    return ipv4 - n->network < n->size;
}

#endif
