/* SPDX-License-Identifier: MIT */
/*
 * The net device of a domain: its ring's two ends.
 *
 * Sending takes three steps, so that two domains' locks are never held at
 * once: under the sender's lock the entries are copied and checked, short
 * frames copied and the pages of others pinned; without it each frame is
 * forwarded (one copy from the pinned bytes into the receiver's buffer, under
 * the receiver's lock); under the sender's lock again pins go and what was not
 * sent is taken back, if there is any of either.
 */
#ifndef IO_VIO_NET_H
#define IO_VIO_NET_H

#include "base/types.h"

struct domain;
struct net_port;
struct packet;
struct vio_device;

/* SCREE_VIO_KICK of d's net device. */
int64_t vio_net_kick(struct domain *d, uint64_t limit);

/*
 * Deliveries to one domain in a row: its lock is held, and done[] is published
 * and the event raised once, at the end. Starts with port NULL.
 */
struct vio_receiver {
    struct net_port *port;     /* NULL: no lock is held */
    struct vio_device *device; /* NULL: closed, or d does not run */
    uint32_t offered;          /* buffers the ring had when last looked at */
    uint32_t done;             /* its index at the begin */
    uint64_t page;             /* the guest page last written, and its bytes */
    uint8_t *bytes;
};

void vio_net_begin(struct vio_receiver *r, struct net_port *to);
/* Puts a frame into the next buffer, and counts it or why not. */
void vio_net_receive(struct vio_receiver *r, const struct packet *f);
void vio_net_end(struct vio_receiver *r);

/* timer_fn of a port: its sending limit lets go. */
struct timer;
void vio_net_timer(struct timer *t, uint64_t now);

#endif
