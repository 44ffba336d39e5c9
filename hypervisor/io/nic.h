/* SPDX-License-Identifier: MIT */
/*
 * What the uplink asks of a network card; a driver fills in the calls. All but
 * pending() and acknowledge() are called under the uplink's lock. Buffers are
 * the hypervisor's own frames: a NIC never reads or writes guest memory.
 */
#ifndef IO_NIC_H
#define IO_NIC_H

#include "base/types.h"

struct nic;

struct nic_buffer {
    uint8_t *bytes; /* the Ethernet frame, without FCS */
    uint32_t length;
    uint32_t slot;
};

struct nic_calls {
    /* Cheap: is there anything to receive? */
    bool (*pending)(struct nic *n);
    /* Quiets a level-triggered line; NULL when there is none. */
    void (*acknowledge)(struct nic *n);
    /* Takes at most `max` received frames; they are ours until recycled. */
    unsigned (*receive)(struct nic *n, struct nic_buffer *to, unsigned max);
    void (*recycle)(struct nic *n, const struct nic_buffer *b, unsigned count);
    /* A free transmit buffer of 1514 bytes; false: full. */
    bool (*reserve)(struct nic *n, struct nic_buffer *b);
    /* Gives a reserved buffer back, unsent. */
    void (*release)(struct nic *n, const struct nic_buffer *b);
    /* Queues a reserved buffer; length is set. */
    void (*submit)(struct nic *n, const struct nic_buffer *b);
    /* Tells the device. */
    void (*flush)(struct nic *n);
    /* Asks for an interrupt when transmit buffers come free, or not. */
    void (*want_room)(struct nic *n, bool want);
    /* The same for received frames; on at the start. */
    void (*want_frames)(struct nic *n, bool want);
};

struct nic {
    const struct nic_calls *calls;
    const char *what; /* for one line at boot */
    uint8_t mac[6];
    bool broken; /* the device broke the rules and is not used any more */
};

#endif
