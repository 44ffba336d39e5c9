/* SPDX-License-Identifier: MIT */
/*
 * The MMIO transport: see virtio_mmio.h.
 */
#include "io/virtio_mmio.h"

#include "machine/machine.h"
#include "scree/xen.h"

#define WINDOW 0x200u
#define MAGIC  0x74726976u /* "virt" */
#define MODERN 2u

enum reg {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE = 0x008,
    REG_FEATURES = 0x010,
    REG_FEATURES_SELECT = 0x014,
    REG_DRIVER = 0x020,
    REG_DRIVER_SELECT = 0x024,
    REG_QUEUE_SELECT = 0x030,
    REG_QUEUE_MAX = 0x034,
    REG_QUEUE_SIZE = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_NOTIFY = 0x050,
    REG_INTERRUPT = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESC = 0x080,
    REG_QUEUE_AVAIL = 0x090,
    REG_QUEUE_USED = 0x0a0,
    REG_CONFIG = 0x100,
};

static uint32_t get(struct virtio_device *d, enum reg r)
{
    return (uint32_t)machine_device_read(d->common + r, 4);
}

static void put(struct virtio_device *d, enum reg r, uint32_t value)
{
    machine_device_write(d->common + r, 4, value);
}

static void put_address(struct virtio_device *d, enum reg r, maddr_t a)
{
    machine_device_write(d->common + r, 4, (uint32_t)a.a);
    machine_device_write(d->common + r + 4, 4, a.a >> 32);
}

static uint8_t status(struct virtio_device *d)
{
    return (uint8_t)get(d, REG_STATUS);
}

static void set_status(struct virtio_device *d, uint8_t value)
{
    put(d, REG_STATUS, value);
}

static uint64_t features(struct virtio_device *d)
{
    uint64_t low;

    put(d, REG_FEATURES_SELECT, 0);
    low = get(d, REG_FEATURES);
    put(d, REG_FEATURES_SELECT, 1);
    return low | (uint64_t)get(d, REG_FEATURES) << 32;
}

static void set_features(struct virtio_device *d, uint64_t value)
{
    put(d, REG_DRIVER_SELECT, 0);
    put(d, REG_DRIVER, (uint32_t)value);
    put(d, REG_DRIVER_SELECT, 1);
    put(d, REG_DRIVER, (uint32_t)(value >> 32));
}

static uint16_t queue_max(struct virtio_device *d, uint16_t queue)
{
    put(d, REG_QUEUE_SELECT, queue);
    return (uint16_t)min_u64(get(d, REG_QUEUE_MAX), UINT16_MAX);
}

static int queue_start(struct virtio_device *d, uint16_t queue,
                       const struct virtio_queue_parts *parts)
{
    put(d, REG_QUEUE_SELECT, queue);
    if (get(d, REG_QUEUE_READY))
        return -XEN_EIO;
    put(d, REG_QUEUE_SIZE, parts->size);
    put_address(d, REG_QUEUE_DESC, parts->desc);
    put_address(d, REG_QUEUE_AVAIL, parts->avail);
    put_address(d, REG_QUEUE_USED, parts->used);
    put(d, REG_QUEUE_READY, 1);
    return 0;
}

static void notify(struct virtio_device *d, uint16_t queue)
{
    put(d, REG_NOTIFY, queue);
}

static void acknowledge(struct virtio_device *d)
{
    uint32_t why = get(d, REG_INTERRUPT);

    if (why)
        put(d, REG_INTERRUPT_ACK, why);
}

static const struct virtio_calls calls = {
    .status = status,
    .set_status = set_status,
    .features = features,
    .set_features = set_features,
    .queue_max = queue_max,
    .queue_start = queue_start,
    .notify = notify,
    .acknowledge = acknowledge,
};

int virtio_mmio_open(struct virtio_device *d, uint64_t address, uint32_t gsi)
{
    *d = (struct virtio_device){.calls = &calls, .what = "virtio-mmio"};
    d->common = machine_device_map(maddr(address), WINDOW);
    if (!d->common)
        return -XEN_ENOMEM;
    if (get(d, REG_MAGIC) != MAGIC)
        return -XEN_ENODEV;
    d->id = get(d, REG_DEVICE);
    if (d->id == 0)
        return -XEN_ENODEV;
    if (get(d, REG_VERSION) != MODERN)
        return -XEN_EOPNOTSUPP;
    d->config = d->common + REG_CONFIG;
    d->config_size = WINDOW - REG_CONFIG;
    return machine_irq_line(gsi, 0);
}
