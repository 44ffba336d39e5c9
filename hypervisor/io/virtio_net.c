/* SPDX-License-Identifier: MIT */
/*
 * The network card's driver: see virtio_net.h. Slot i of a queue always uses
 * half-frame i of its lane.
 *
 * TCP segments that follow each other between two flushes go as one frame when
 * the card can cut them apart again: see segments.h.
 */
#include "io/virtio_net.h"

#include "base/string.h"
#include "core/cell.h"
#include "io/packet.h"
#include "io/segments.h"
#include "scree/xen.h"

#define QUEUE_RX     0
#define QUEUE_TX     1
#define FEATURE_CSUM (1ull << 0)
#define FEATURE_MAC  (1ull << 5)
#define FEATURE_TSO4 (1ull << 11)
#define BUFFER       2048u /* two per frame */
#define HEADER       12u   /* struct virtio_net_hdr with VERSION_1 */
#define NEEDS_CSUM   1
#define GSO_TCPV4    1
#define BUFFERS      VIRTQUEUE_MAX
#define FRAMES       (BUFFERS * BUFFER / PAGE_SIZE)

/* What stands before each frame (5.1.6), without offload all zero. */
struct header {
    uint8_t flags, gso_type;
    uint16_t header_length, gso_size, csum_start, csum_offset, buffers;
};

_Static_assert(sizeof(struct header) == HEADER, "as the standard has it");

/* One direction: a queue and the buffers of its slots. */
struct lane {
    struct virtqueue queue;
    mfn_t frames; /* FRAMES of them */
    uint8_t *bytes;
};

struct virtio_net {
    struct nic nic; /* first */
    struct virtio_device device;
    struct lane rx, tx;
    uint16_t free[BUFFERS]; /* transmit slots */
    uint16_t free_count;
    uint8_t next[BUFFERS]; /* of a chain of transmit slots; the last: itself */
    bool cuts;             /* the card can cut what we join */
    struct segment_run
        joined; /* since the last flush, slots `head` to `tail` */
    uint16_t head, tail;
};

_Static_assert(sizeof(struct virtio_net) <= PAGE_SIZE, "one frame");

static struct virtio_net *of(struct nic *n)
{
    return container_of(n, struct virtio_net, nic);
}

static uint8_t *slot_bytes(const struct lane *l, uint32_t slot)
{
    return l->bytes + slot * BUFFER;
}

static maddr_t slot_address(const struct lane *l, uint32_t slot)
{
    return maddr(mfn_maddr(l->frames).a + slot * BUFFER);
}

static void post_rx(struct virtio_net *v, uint32_t slot)
{
    virtqueue_post(&v->rx.queue, (uint16_t)slot, slot_address(&v->rx, slot),
                   BUFFER, true);
}

/* ------------------------------------------------------ struct nic_calls */

static bool pending(struct nic *n)
{
    return virtqueue_pending(&of(n)->rx.queue);
}

static void acknowledge(struct nic *n)
{
    struct virtio_device *d = &of(n)->device;

    d->calls->acknowledge(d);
}

static unsigned receive(struct nic *n, struct nic_buffer *to, unsigned max)
{
    struct virtio_net *v = of(n);
    unsigned count = 0;
    uint32_t length;
    uint16_t slot;

    while (count < max && virtqueue_collect(&v->rx.queue, &slot, &length)) {
        /* A length that cannot be is an empty frame: counted and recycled. */
        bool sane = length >= HEADER && length <= BUFFER;

        to[count++] = (struct nic_buffer){
            .bytes = slot_bytes(&v->rx, slot) + HEADER,
            .length = sane ? length - HEADER : 0,
            .slot = slot,
        };
    }
    n->broken |= v->rx.queue.broken;
    return count;
}

static void recycle(struct nic *n, const struct nic_buffer *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        post_rx(of(n), b[i].slot);
}

static void free_chain(struct virtio_net *v, uint16_t slot)
{
    uint16_t next = v->next[slot];

    v->free[v->free_count++] = slot;
    while (next != slot) {
        v->free[v->free_count++] = next;
        slot = next;
        next = v->next[slot];
    }
}

/* A card that lies may finish a frame that it was not shown yet: then nothing
 * more is joined to it. */
static void reclaim(struct virtio_net *v)
{
    uint32_t length;
    uint16_t slot;

    while (v->free_count < v->tx.queue.size &&
           virtqueue_collect(&v->tx.queue, &slot, &length)) {
        if (slot == v->head)
            v->joined.first = NULL;
        free_chain(v, slot);
    }
    v->nic.broken |= v->tx.queue.broken;
}

static bool reserve(struct nic *n, struct nic_buffer *b)
{
    struct virtio_net *v = of(n);

    if (v->free_count == 0)
        reclaim(v);
    if (v->free_count == 0)
        return false;
    b->slot = v->free[--v->free_count];
    b->bytes = slot_bytes(&v->tx, b->slot) + HEADER;
    b->length = 0;
    return true;
}

static void release(struct nic *n, const struct nic_buffer *b)
{
    of(n)->free[of(n)->free_count++] = (uint16_t)b->slot;
}

/* The joined frame, if there is one, will not grow any more. */
static void end_joined(struct virtio_net *v)
{
    struct header *h = (void *)slot_bytes(&v->tx, v->head);

    if (segments_end(&v->joined))
        *h = (struct header){
            .flags = NEEDS_CSUM,
            .gso_type = GSO_TCPV4,
            .header_length = (uint16_t)v->joined.header,
            .gso_size = (uint16_t)v->joined.size,
            .csum_start = SEGMENTS_CHECKSUM_START,
            .csum_offset = SEGMENTS_CHECKSUM_OFFSET,
        };
    v->joined.first = NULL;
}

/* Its payload follows the frame before it. */
static void join(struct virtio_net *v, const struct nic_buffer *b,
                 uint32_t header)
{
    uint16_t slot = (uint16_t)b->slot;
    maddr_t a = slot_address(&v->tx, slot);

    a.a += HEADER + header;
    virtqueue_chain(&v->tx.queue, v->tail, slot, a, b->length - header);
    v->next[v->tail] = (uint8_t)slot;
    v->next[slot] = (uint8_t)slot;
    v->tail = slot;
}

static void submit(struct nic *n, const struct nic_buffer *b)
{
    struct virtio_net *v = of(n);
    uint32_t header = segments_join(&v->joined, b->bytes, b->length);
    uint16_t slot = (uint16_t)b->slot;

    if (header) {
        join(v, b, header);
        return;
    }
    end_joined(v);
    memset(slot_bytes(&v->tx, slot), 0, HEADER);
    virtqueue_post(&v->tx.queue, slot, slot_address(&v->tx, slot),
                   HEADER + b->length, false);
    v->next[slot] = (uint8_t)slot;
    if (v->cuts) {
        segments_begin(&v->joined, b->bytes, b->length);
        v->head = v->tail = slot;
    }
}

static void flush(struct nic *n)
{
    end_joined(of(n));
    virtqueue_flush(&of(n)->tx.queue);
    virtqueue_flush(&of(n)->rx.queue);
}

static void want_room(struct nic *n, bool want)
{
    virtqueue_interrupts(&of(n)->tx.queue, want);
}

static void want_frames(struct nic *n, bool want)
{
    virtqueue_interrupts(&of(n)->rx.queue, want);
}

static const struct nic_calls calls = {
    .pending = pending,
    .acknowledge = NULL,
    .receive = receive,
    .recycle = recycle,
    .reserve = reserve,
    .release = release,
    .submit = submit,
    .flush = flush,
    .want_room = want_room,
    .want_frames = want_frames,
};

/* The same for a device whose interrupt is a line. */
static const struct nic_calls line_calls = {
    .pending = pending,
    .acknowledge = acknowledge,
    .receive = receive,
    .recycle = recycle,
    .reserve = reserve,
    .release = release,
    .submit = submit,
    .flush = flush,
    .want_room = want_room,
    .want_frames = want_frames,
};

/* ---------------------------------------------------------------- start */

static int start_lane(struct lane *l, struct cell *cell,
                      struct virtio_device *d, uint16_t number)
{
    int rc = virtqueue_start(&l->queue, cell->frames, d, number);

    if (rc)
        return rc;
    l->frames = frame_alloc_run(cell->frames, FRAMES, FRAME_HYPERVISOR);
    if (!mfn_valid(l->frames))
        return -XEN_ENOMEM;
    l->bytes = machine_frame(l->frames);
    memset(l->bytes, 0, FRAMES * PAGE_SIZE);
    return 0;
}

static int start_lanes(struct virtio_net *v, struct cell *cell)
{
    int rc = start_lane(&v->rx, cell, &v->device, QUEUE_RX);

    if (rc == 0)
        rc = start_lane(&v->tx, cell, &v->device, QUEUE_TX);
    if (rc)
        return rc;
    for (uint32_t i = 0; i < v->rx.queue.size; i++)
        post_rx(v, i);
    for (uint16_t i = 0; i < v->tx.queue.size; i++)
        v->free[v->free_count++] = i;
    virtqueue_interrupts(&v->tx.queue, false);
    return 0;
}

static int start(struct virtio_net *v, struct cell *cell)
{
    uint64_t features;
    int rc = virtio_begin(&v->device, FEATURE_MAC | FEATURE_CSUM | FEATURE_TSO4,
                          &features);

    if (rc)
        return rc;
    if (!(features & FEATURE_MAC) || v->device.config_size < 6)
        return -XEN_EIO;
    v->cuts = (features & FEATURE_CSUM) && (features & FEATURE_TSO4);
    for (unsigned i = 0; i < 6; i++)
        v->nic.mac[i] = (uint8_t)machine_device_read(v->device.config + i, 1);
    rc = start_lanes(v, cell);
    if (rc)
        return rc;
    virtio_ready(&v->device);
    virtqueue_flush(&v->rx.queue);
    return 0;
}

int virtio_net_start(struct cell *cell, const struct virtio_device *device,
                     struct nic **nic)
{
    mfn_t m = frame_alloc_cell(cell->frames, FRAME_HYPERVISOR);
    struct virtio_net *v;
    int rc;

    *nic = NULL;
    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    v = machine_frame(m);
    memset(v, 0, PAGE_SIZE);
    v->device = *device;
    v->nic.what = device->what;
    v->nic.calls = device->calls->acknowledge ? &line_calls : &calls;
    rc = start(v, cell);
    if (rc) {
        /* The frames stay with the device, which may still write there. */
        virtio_fail(&v->device);
        return rc;
    }
    *nic = &v->nic;
    return 0;
}
