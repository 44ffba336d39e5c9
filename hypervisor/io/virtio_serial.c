/* SPDX-License-Identifier: MIT */
/*
 * The console driver: see virtio_serial.h. Slot i of a lane always uses frame i
 * of its run. Received slots queue up in `came` until their bytes are taken,
 * and only then does the device get them back: so the host waits.
 */
#include "io/virtio_serial.h"

#include <stdatomic.h>

#include "base/string.h"
#include "core/cell.h"
#include "scree/xen.h"

#define QUEUE_CONTROL_RX  2
#define QUEUE_CONTROL_TX  3
#define PORT              1 /* ours, of a device with several */
#define FEATURE_MULTIPORT (1ull << 1)
#define CONFIG_PORTS      4 /* offset of max_nr_ports */
#define CONFIG_SIZE       8
#define ROOM_SHARE        4 /* a quarter free is room again */
#define RX_BATCH          8 /* buffers given back at once */

/* struct virtio_console_control (5.3.6.2) */
struct control {
    uint32_t port;
    uint16_t event, value;
};

enum control_event {
    CONTROL_DEVICE_READY = 0,
    CONTROL_PORT_ADD = 1,
    CONTROL_PORT_READY = 3,
    CONTROL_PORT_OPEN = 6,
};

#define CONTROL_SLOTS 8
#define CONTROL_BYTES 256 /* of a slot: a name may follow the message */

/* One direction: a queue and the buffers of its slots. */
struct lane {
    struct virtqueue queue;
    mfn_t frames;
    uint16_t slots; /* in use, of the queue's */
};

struct virtio_serial {
    struct virtio_device device;
    bool multiport, broken;
    atomic_bool wants_room; /* somebody found none */
    struct lane rx, tx;
    struct came {
        uint16_t slot;
        uint32_t length;
    } came[VIRTIO_SERIAL_RX];
    uint32_t came_first, came_end; /* free-running */
    uint32_t came_at;              /* bytes taken of the first */
    uint32_t posted;               /* again */
    uint16_t free[VIRTIO_SERIAL_TX];
    uint16_t free_count;
    struct lane control_rx, control_tx; /* with several ports */
};

_Static_assert(sizeof(struct virtio_serial) <= PAGE_SIZE, "one frame");
_Static_assert(CONTROL_SLOTS *CONTROL_BYTES <= PAGE_SIZE, "one frame");

static uint8_t *slot_bytes(const struct lane *l, uint32_t slot, uint32_t size)
{
    return (uint8_t *)machine_frame(l->frames) + slot * size;
}

static void post(struct lane *l, uint16_t slot, uint32_t size, uint32_t length,
                 bool write)
{
    maddr_t a = maddr(mfn_maddr(l->frames).a + slot * size);

    virtqueue_post(&l->queue, slot, a, length, write);
}

static void post_rx(struct virtio_serial *s, uint16_t slot)
{
    post(&s->rx, slot, VIRTIO_SERIAL_SLOT, VIRTIO_SERIAL_SLOT, true);
}

/* -------------------------------------------------------------- control */

static void control_post_rx(struct virtio_serial *s, uint16_t slot)
{
    post(&s->control_rx, slot, CONTROL_BYTES, CONTROL_BYTES, true);
}

/* Without a free slot it is lost: the device takes none, so it does not matter.
 */
static void control_send(struct virtio_serial *s, uint32_t port,
                         enum control_event event)
{
    const struct control c = {port, (uint16_t)event, 1};
    struct lane *l = &s->control_tx;
    uint16_t slot = 0;

    while (slot < l->slots && l->queue.given[slot])
        slot++;
    if (slot == l->slots)
        return;
    memcpy(slot_bytes(l, slot, CONTROL_BYTES), &c, sizeof(c));
    post(l, slot, CONTROL_BYTES, sizeof(c), false);
    virtqueue_flush(&l->queue);
}

static void control_handle(struct virtio_serial *s, const struct control *c)
{
    if (c->event != CONTROL_PORT_ADD || c->port != PORT)
        return;
    control_send(s, PORT, CONTROL_PORT_READY);
    control_send(s, PORT, CONTROL_PORT_OPEN);
}

static void control_poll(struct virtio_serial *s)
{
    struct control c;
    uint32_t length;
    uint16_t slot;

    while (virtqueue_collect(&s->control_tx.queue, &slot, &length))
        ;
    while (virtqueue_collect(&s->control_rx.queue, &slot, &length)) {
        memcpy(&c, slot_bytes(&s->control_rx, slot, CONTROL_BYTES), sizeof(c));
        if (length >= sizeof(c))
            control_handle(s, &c);
        control_post_rx(s, slot);
    }
    virtqueue_flush(&s->control_rx.queue);
    s->broken |= s->control_rx.queue.broken || s->control_tx.queue.broken;
}

/* -------------------------------------------------------------- what came */

/* true: some came. */
static bool collect_rx(struct virtio_serial *s)
{
    uint32_t before = s->came_end;
    uint32_t length;
    uint16_t slot;

    while (virtqueue_collect(&s->rx.queue, &slot, &length)) {
        if (length > VIRTIO_SERIAL_SLOT) {
            s->broken = true;
            return false;
        }
        s->came[s->came_end++ % VIRTIO_SERIAL_RX] = (struct came){slot, length};
    }
    s->broken |= s->rx.queue.broken;
    return s->came_end != before;
}

static void collect_tx(struct virtio_serial *s)
{
    uint32_t length;
    uint16_t slot;

    while (virtqueue_collect(&s->tx.queue, &slot, &length))
        s->free[s->free_count++] = slot;
    s->broken |= s->tx.queue.broken;
}

/* true: there is room for who found none. */
static bool offer_room(struct virtio_serial *s)
{
    if (!atomic_load(&s->wants_room) ||
        s->free_count < (s->tx.slots + 3) / ROOM_SHARE)
        return false;
    atomic_store(&s->wants_room, false);
    virtqueue_interrupts(&s->tx.queue, false);
    return true;
}

bool virtio_serial_pending(const struct virtio_serial *s)
{
    return virtqueue_pending(&s->rx.queue) || atomic_load(&s->wants_room) ||
           (s->multiport && virtqueue_pending(&s->control_rx.queue));
}

bool virtio_serial_poll(struct virtio_serial *s)
{
    bool came, room;

    if (s->broken)
        return false;
    if (s->multiport)
        control_poll(s);
    came = collect_rx(s);
    collect_tx(s);
    room = offer_room(s);
    return came || room;
}

bool virtio_serial_broken(const struct virtio_serial *s)
{
    return s->broken;
}

/* ------------------------------------------------------------------ bytes */

/* Asks for an interrupt when slots come free; true: some just have. */
static bool ask_for_room(struct virtio_serial *s)
{
    atomic_store(&s->wants_room, true);
    virtqueue_interrupts(&s->tx.queue, true);
    collect_tx(s);
    return offer_room(s);
}

size_t virtio_serial_send(struct virtio_serial *s, const void *bytes, size_t n)
{
    size_t done = 0;

    collect_tx(s);
    while (done < n && !s->broken && (s->free_count || ask_for_room(s))) {
        uint16_t slot = s->free[--s->free_count];
        size_t part = min_u64(n - done, VIRTIO_SERIAL_SLOT);

        memcpy(slot_bytes(&s->tx, slot, VIRTIO_SERIAL_SLOT),
               (const char *)bytes + done, part);
        post(&s->tx, slot, VIRTIO_SERIAL_SLOT, (uint32_t)part, false);
        done += part;
    }
    if (done < n)
        virtqueue_flush(&s->tx.queue); /* all there is */
    return done;
}

void virtio_serial_flush(struct virtio_serial *s)
{
    virtqueue_flush(&s->tx.queue);
}

/* The first slot's bytes are taken: the device may fill it again. It hears of
 * several at once. */
static void next_came(struct virtio_serial *s)
{
    post_rx(s, s->came[s->came_first++ % VIRTIO_SERIAL_RX].slot);
    s->came_at = 0;
    if (++s->posted % RX_BATCH == 0 || s->came_first == s->came_end)
        virtqueue_flush(&s->rx.queue);
}

size_t virtio_serial_receive(struct virtio_serial *s, void *bytes, size_t n)
{
    size_t done = 0;

    while (s->came_first != s->came_end && !s->broken) {
        const struct came *c = &s->came[s->came_first % VIRTIO_SERIAL_RX];
        size_t part = min_u64(n - done, c->length - s->came_at);

        memcpy((char *)bytes + done,
               slot_bytes(&s->rx, c->slot, VIRTIO_SERIAL_SLOT) + s->came_at,
               part);
        done += part;
        s->came_at += (uint32_t)part;
        if (s->came_at < c->length)
            break;
        next_came(s);
    }
    return done;
}

/* ------------------------------------------------------------------ start */

static int start_lane(struct virtio_serial *s, struct cell *cell,
                      struct lane *l, uint16_t number, uint16_t slots)
{
    uint32_t frames = slots == CONTROL_SLOTS ? 1 : slots;
    int rc = virtqueue_start(&l->queue, cell->frames, &s->device, number);

    if (rc)
        return rc;
    l->slots = (uint16_t)min_u64(slots, l->queue.size);
    l->frames = frame_alloc_run(cell->frames, frames, FRAME_HYPERVISOR);
    if (!mfn_valid(l->frames))
        return -XEN_ENOMEM;
    memset(machine_frame(l->frames), 0, frames * PAGE_SIZE);
    return 0;
}

/* Queues of port 1 stand behind those of control. */
static int start_lanes(struct virtio_serial *s, struct cell *cell)
{
    uint16_t first = s->multiport ? QUEUE_CONTROL_TX + 1 : 0;
    int rc = start_lane(s, cell, &s->rx, first, VIRTIO_SERIAL_RX);

    if (rc == 0)
        rc = start_lane(s, cell, &s->tx, first + 1, VIRTIO_SERIAL_TX);
    if (rc == 0 && s->multiport)
        rc = start_lane(s, cell, &s->control_rx, QUEUE_CONTROL_RX,
                        CONTROL_SLOTS);
    if (rc == 0 && s->multiport)
        rc = start_lane(s, cell, &s->control_tx, QUEUE_CONTROL_TX,
                        CONTROL_SLOTS);
    return rc;
}

/* Gives the device what it may fill, and says that we are there. */
static void open_port(struct virtio_serial *s)
{
    for (uint16_t i = 0; i < s->rx.slots; i++)
        post_rx(s, i);
    for (uint16_t i = 0; i < s->tx.slots; i++)
        s->free[s->free_count++] = i;
    virtqueue_interrupts(&s->tx.queue, false);
    virtio_ready(&s->device);
    virtqueue_flush(&s->rx.queue);
    if (!s->multiport)
        return;
    for (uint16_t i = 0; i < s->control_rx.slots; i++)
        control_post_rx(s, i);
    virtqueue_interrupts(&s->control_tx.queue, false);
    virtqueue_flush(&s->control_rx.queue);
    control_send(s, 0, CONTROL_DEVICE_READY);
}

static int start(struct virtio_serial *s, struct cell *cell)
{
    uint64_t features;
    int rc = virtio_begin(&s->device, FEATURE_MULTIPORT, &features);

    if (rc)
        return rc;
    s->multiport = features & FEATURE_MULTIPORT;
    if (s->multiport &&
        (s->device.config_size < CONFIG_SIZE ||
         machine_device_read(s->device.config + CONFIG_PORTS, 4) <= PORT))
        return -XEN_EIO;
    rc = start_lanes(s, cell);
    if (rc == 0)
        open_port(s);
    return rc;
}

int virtio_serial_start(struct cell *cell, const struct virtio_device *device,
                        struct virtio_serial **serial)
{
    mfn_t m = frame_alloc_cell(cell->frames, FRAME_HYPERVISOR);
    struct virtio_serial *s;
    int rc;

    *serial = NULL;
    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    s = machine_frame(m);
    memset(s, 0, sizeof(*s));
    s->device = *device;
    rc = start(s, cell);
    if (rc) {
        /* The frames stay with the device, which may still write there. */
        virtio_fail(&s->device);
        return rc;
    }
    *serial = s;
    return 0;
}
