/* SPDX-License-Identifier: MIT */
/*
 * One Ethernet device, polled: queues of whole frames in buffers that the
 * caller owns. It keeps no buffers, sleeps never and knows no protocol.
 *
 * Transmit: while fewer than NET_RING frames wait, net_queue() takes a frame;
 * net_kick() hands the queued frames over. A buffer is the caller's again as
 * soon as net_tx_waiting() says that fewer frames wait than were queued after
 * it. Receive: net_post() lends a buffer; net_take() gives it back, filled.
 * Buffers come back in the order in which they were lent.
 */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stdint.h>

#include "scree/vio.h"

#define NET_FRAME_MAX SCREE_VIO_MTU /* bytes, without checksum */
#define NET_RING      SCREE_VIO_RING

struct net_device {
    struct scree_vio_ring *ring;
    uint32_t tx_produced;
    uint32_t tx_consumed;
    uint32_t rx_produced;
    uint32_t done_consumed;
};

struct net_frame {
    uint32_t id; /* as given to net_post() */
    uint32_t length;
};

/* Counts since net_open(), kept by the other side; they wrap. */
struct net_counts {
    uint32_t tx_errors, tx_drops, rx_drops;
};

/* Starts the device. 0, or a negative error: there is none. */
int net_open(struct net_device *d);

/* Frames queued and not yet handed over. */
unsigned net_tx_waiting(const struct net_device *d);
/* Precondition: net_tx_waiting(d) < NET_RING, 14 <= length <= NET_FRAME_MAX. */
void net_queue(struct net_device *d, const void *frame, uint32_t length);
/* Hands over what waits. Some may go on waiting: then a wake-up follows. */
void net_kick(struct net_device *d);

/* Lends a buffer; false: NET_RING buffers are lent already. */
bool net_post(struct net_device *d, void *buffer, uint32_t size, uint32_t id);
/* Takes the oldest received frame; false: none. */
bool net_take(struct net_device *d, struct net_frame *f);
bool net_received(const struct net_device *d);

struct net_counts net_counts(const struct net_device *d);

#endif
