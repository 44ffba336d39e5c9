/* SPDX-License-Identifier: MIT */
/*
 * virtio 1.x: a device behind either transport, and its split virtqueues.
 *
 * A queue here is a set of slots: slot i always uses descriptor i, one buffer
 * each, or several chained behind the first. What the device writes (used ring)
 * is checked against what was given to it; a device that breaks the rules is no
 * longer used. Little-endian processors only.
 */
#ifndef IO_VIRTIO_H
#define IO_VIRTIO_H

#include "base/types.h"

struct frames;
struct virtio_device;

#define VIRTIO_ID_NET             1
#define VIRTIO_ID_CONSOLE         3
#define VIRTIO_F_VERSION_1        (1ull << 32)

#define VIRTIO_STATUS_ACKNOWLEDGE 1
#define VIRTIO_STATUS_DRIVER      2
#define VIRTIO_STATUS_DRIVER_OK   4
#define VIRTIO_STATUS_FEATURES_OK 8
#define VIRTIO_STATUS_FAILED      128

/* Where a queue's three parts are. */
struct virtio_queue_parts {
    maddr_t desc, avail, used;
    uint16_t size;
};

/* What a transport does. Queue numbers are below VIRTIO_QUEUES. */
struct virtio_calls {
    uint8_t (*status)(struct virtio_device *d);
    void (*set_status)(struct virtio_device *d, uint8_t status);
    uint64_t (*features)(struct virtio_device *d);
    void (*set_features)(struct virtio_device *d, uint64_t features);
    uint16_t (*queue_max)(struct virtio_device *d, uint16_t queue);
    /* -XEN_EIO: the device does not take it. */
    int (*queue_start)(struct virtio_device *d, uint16_t queue,
                       const struct virtio_queue_parts *parts);
    void (*notify)(struct virtio_device *d, uint16_t queue);
    /* Quiets the interrupt line; NULL with message-signalled interrupts. */
    void (*acknowledge)(struct virtio_device *d);
};

#define VIRTIO_QUEUES 6 /* a console's with a second port */

struct virtio_device {
    const struct virtio_calls *calls;
    const char *what;                  /* the transport, for people */
    uint32_t id;                       /* VIRTIO_ID_* */
    volatile uint8_t *common, *config; /* registers */
    uint64_t config_size;
    /* PCI: where each queue is notified */
    volatile uint8_t *bells, *bell[VIRTIO_QUEUES];
    uint64_t bells_size;
    uint32_t bell_multiplier;
};

/* Resets d, agrees on `wanted` of its features (VERSION_1 is a must) and
 * returns them in *agreed. -XEN_EIO: it does not answer as the standard says;
 * -XEN_EOPNOTSUPP: it is a legacy device. */
must_check int virtio_begin(struct virtio_device *d, uint64_t wanted,
                            uint64_t *agreed);
/* The queues are started: lets it run. */
void virtio_ready(struct virtio_device *d);
/* We do not want it after all. */
void virtio_fail(struct virtio_device *d);

/* ------------------------------------------------------- a queue */

#define VIRTQUEUE_MAX      128 /* slots, so that a queue fits in one frame */

#define VIRTQ_DESC_NEXT    1
#define VIRTQ_DESC_WRITE   2
#define VIRTQ_NO_INTERRUPT 1
#define VIRTQ_NO_NOTIFY    1

struct virtq_desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

struct virtq_avail {
    uint16_t flags, index;
    uint16_t ring[VIRTQUEUE_MAX];
};

struct virtq_used {
    uint16_t flags, index;
    struct virtq_used_entry {
        uint32_t id, length;
    } ring[VIRTQUEUE_MAX];
};

/* The frame a queue lives in. */
struct virtq_memory {
    struct virtq_desc desc[VIRTQUEUE_MAX];
    struct virtq_avail avail;
    struct virtq_used used;
};

_Static_assert(sizeof(struct virtq_memory) <= PAGE_SIZE, "one frame");

struct virtqueue {
    struct virtio_device *device;
    struct virtq_memory *memory;
    uint16_t number, size;
    uint16_t avail; /* posted so far */
    uint16_t used;  /* collected so far */
    bool broken;
    bool given[VIRTQUEUE_MAX]; /* the device has this slot's buffer */
};

/* Makes queue `number` of d in a frame of its own. -XEN_ENOMEM, -XEN_EIO. */
must_check int virtqueue_start(struct virtqueue *q, struct frames *frames,
                               struct virtio_device *d, uint16_t number);
/* Gives the device slot's buffer: to be written by it, or read. */
void virtqueue_post(struct virtqueue *q, uint16_t slot, maddr_t a,
                    uint32_t length, bool write);
/* Lets slot's buffer, to be read, follow that of `tail`, the last of a chain
 * that was posted and not yet flushed. It comes back with the chain's first. */
void virtqueue_chain(struct virtqueue *q, uint16_t tail, uint16_t slot,
                     maddr_t a, uint32_t length);
/* Makes everything posted visible, and tells the device if it wants to know. */
void virtqueue_flush(struct virtqueue *q);
/* Takes back the next finished slot. false: none. */
must_check bool virtqueue_collect(struct virtqueue *q, uint16_t *slot,
                                  uint32_t *length);
/* Is there one? No lock needed. */
bool virtqueue_pending(const struct virtqueue *q);
/* Does the device interrupt when it finishes a slot? */
void virtqueue_interrupts(struct virtqueue *q, bool want);

#endif
