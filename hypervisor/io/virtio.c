/* SPDX-License-Identifier: MIT */
/*
 * Starting a device, and split virtqueues: see virtio.h.
 */
#include "io/virtio.h"

#include "base/string.h"
#include "core/frame.h"
#include "machine/machine.h"
#include "scree/xen.h"

#define RESET_NS 100000000ull

/* Writing 0 resets; the device reads 0 when it is done (virtio 1.2, 4.1.4.3).
 */
static bool reset(struct virtio_device *d)
{
    uint64_t end = machine_clock() + RESET_NS;

    d->calls->set_status(d, 0);
    while (d->calls->status(d) != 0) {
        if (machine_clock() > end)
            return false;
        machine_relax();
    }
    return true;
}

int virtio_begin(struct virtio_device *d, uint64_t wanted, uint64_t *agreed)
{
    uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE;

    if (!reset(d))
        return -XEN_EIO;
    d->calls->set_status(d, status);
    status |= VIRTIO_STATUS_DRIVER;
    d->calls->set_status(d, status);
    *agreed = d->calls->features(d) & (wanted | VIRTIO_F_VERSION_1);
    if (!(*agreed & VIRTIO_F_VERSION_1)) {
        virtio_fail(d);
        return -XEN_EOPNOTSUPP;
    }
    d->calls->set_features(d, *agreed);
    status |= VIRTIO_STATUS_FEATURES_OK;
    d->calls->set_status(d, status);
    if (d->calls->status(d) & VIRTIO_STATUS_FEATURES_OK)
        return 0;
    virtio_fail(d);
    return -XEN_EIO;
}

void virtio_ready(struct virtio_device *d)
{
    d->calls->set_status(d, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                VIRTIO_STATUS_FEATURES_OK |
                                VIRTIO_STATUS_DRIVER_OK);
}

void virtio_fail(struct virtio_device *d)
{
    d->calls->set_status(d, VIRTIO_STATUS_FAILED);
}

/* ------------------------------------------------------- a queue */

/* The largest power of two that both sides can do. */
static uint16_t choose_size(uint16_t max)
{
    uint16_t size = VIRTQUEUE_MAX;

    while (size > max)
        size /= 2;
    return size;
}

int virtqueue_start(struct virtqueue *q, struct frames *frames,
                    struct virtio_device *d, uint16_t number)
{
    struct virtio_queue_parts parts;
    mfn_t m;

    memset(q, 0, sizeof(*q));
    q->device = d;
    q->number = number;
    q->size = choose_size(d->calls->queue_max(d, number));
    if (q->size == 0)
        return -XEN_EIO;
    m = frame_alloc_cell(frames, FRAME_HYPERVISOR);
    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    q->memory = machine_frame(m);
    memset(q->memory, 0, PAGE_SIZE);
    parts.size = q->size;
    parts.desc = mfn_maddr(m);
    parts.avail = maddr(parts.desc.a + offsetof(struct virtq_memory, avail));
    parts.used = maddr(parts.desc.a + offsetof(struct virtq_memory, used));
    return d->calls->queue_start(d, number, &parts);
}

void virtqueue_post(struct virtqueue *q, uint16_t slot, maddr_t a,
                    uint32_t length, bool write)
{
    ASSERT(slot < q->size && !q->given[slot]);
    q->given[slot] = true;
    q->memory->desc[slot] = (struct virtq_desc){
        .address = a.a,
        .length = length,
        .flags = write ? VIRTQ_DESC_WRITE : 0,
    };
    q->memory->avail.ring[q->avail % q->size] = slot;
    q->avail++;
}

void virtqueue_chain(struct virtqueue *q, uint16_t tail, uint16_t slot,
                     maddr_t a, uint32_t length)
{
    ASSERT(slot < q->size && tail < q->size && !q->given[slot]);
    q->memory->desc[slot] = (struct virtq_desc){
        .address = a.a,
        .length = length,
    };
    q->memory->desc[tail].flags |= VIRTQ_DESC_NEXT;
    q->memory->desc[tail].next = slot;
}

void virtqueue_flush(struct virtqueue *q)
{
    if (q->memory->avail.index == q->avail || q->broken)
        return;
    /* The device's flag is read after it can see the index (2.7.13.4): both
     * sequentially consistent. */
    (void)__atomic_exchange_n(&q->memory->avail.index, q->avail,
                              __ATOMIC_SEQ_CST);
    if (!(__atomic_load_n(&q->memory->used.flags, __ATOMIC_SEQ_CST) &
          VIRTQ_NO_NOTIFY))
        q->device->calls->notify(q->device, q->number);
}

bool virtqueue_pending(const struct virtqueue *q)
{
    return __atomic_load_n(&q->memory->used.index, __ATOMIC_ACQUIRE) !=
               q->used &&
           !q->broken;
}

bool virtqueue_collect(struct virtqueue *q, uint16_t *slot, uint32_t *length)
{
    uint16_t index = __atomic_load_n(&q->memory->used.index, __ATOMIC_ACQUIRE);
    const struct virtq_used_entry *e;
    uint32_t id;

    if (index == q->used || q->broken)
        return false;
    e = &q->memory->used.ring[q->used % q->size];
    id = __atomic_load_n(&e->id, __ATOMIC_RELAXED);
    if ((uint16_t)(index - q->used) > q->size || id >= q->size ||
        !q->given[id]) {
        q->broken = true;
        return false;
    }
    *slot = (uint16_t)id;
    *length = __atomic_load_n(&e->length, __ATOMIC_RELAXED);
    q->given[id] = false;
    q->used++;
    return true;
}

void virtqueue_interrupts(struct virtqueue *q, bool want)
{
    __atomic_store_n(&q->memory->avail.flags,
                     want ? 0 : (uint16_t)VIRTQ_NO_INTERRUPT, __ATOMIC_SEQ_CST);
}
