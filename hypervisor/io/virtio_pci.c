/* SPDX-License-Identifier: MIT */
/*
 * The PCI transport: see virtio_pci.h. Structures are found through the
 * function's capabilities.
 */
#include "io/virtio_pci.h"

#include "io/pci.h"
#include "machine/machine.h"
#include "scree/xen.h"

#define VENDOR         0x1af4u
#define DEVICE_MODERN  0x1040u /* + VIRTIO_ID */
#define DEVICE_NET     0x1000u /* transitional (4.1.2.1) */
#define DEVICE_CONSOLE 0x1003u

/* struct virtio_pci_cap (4.1.4) */
#define CAP_KIND       3
#define CAP_BAR        4
#define CAP_OFFSET     8
#define CAP_LENGTH     12
#define CAP_MULTIPLIER 16

#define KIND_COMMON    1
#define KIND_NOTIFY    2
#define KIND_DEVICE    4

#define REGION_MAX     0x10000u /* bytes mapped of one structure */
#define NO_VECTOR      0xffffu
#define VECTOR         0u

/* struct virtio_pci_common_cfg (4.1.4.3) */
enum reg {
    REG_FEATURES_SELECT = 0,
    REG_FEATURES = 4,
    REG_DRIVER_SELECT = 8,
    REG_DRIVER = 12,
    REG_CONFIG_VECTOR = 16,
    REG_STATUS = 20,
    REG_QUEUE_SELECT = 22,
    REG_QUEUE_SIZE = 24,
    REG_QUEUE_VECTOR = 26,
    REG_QUEUE_ENABLE = 28,
    REG_QUEUE_NOTIFY = 30,
    REG_QUEUE_DESC = 32,
    REG_QUEUE_AVAIL = 40,
    REG_QUEUE_USED = 48,
    COMMON_SIZE = 56,
};

static uint32_t get(struct virtio_device *d, enum reg r, unsigned width)
{
    return (uint32_t)machine_device_read(d->common + r, width);
}

static void put(struct virtio_device *d, enum reg r, unsigned width,
                uint32_t value)
{
    machine_device_write(d->common + r, width, value);
}

static void put_address(struct virtio_device *d, enum reg r, maddr_t a)
{
    machine_device_write(d->common + r, 4, (uint32_t)a.a);
    machine_device_write(d->common + r + 4, 4, a.a >> 32);
}

static uint8_t status(struct virtio_device *d)
{
    return (uint8_t)get(d, REG_STATUS, 1);
}

static void set_status(struct virtio_device *d, uint8_t value)
{
    put(d, REG_STATUS, 1, value);
}

static uint64_t features(struct virtio_device *d)
{
    uint64_t low;

    put(d, REG_FEATURES_SELECT, 4, 0);
    low = get(d, REG_FEATURES, 4);
    put(d, REG_FEATURES_SELECT, 4, 1);
    return low | (uint64_t)get(d, REG_FEATURES, 4) << 32;
}

static void set_features(struct virtio_device *d, uint64_t value)
{
    put(d, REG_DRIVER_SELECT, 4, 0);
    put(d, REG_DRIVER, 4, (uint32_t)value);
    put(d, REG_DRIVER_SELECT, 4, 1);
    put(d, REG_DRIVER, 4, (uint32_t)(value >> 32));
    put(d, REG_CONFIG_VECTOR, 2, NO_VECTOR);
}

static uint16_t queue_max(struct virtio_device *d, uint16_t queue)
{
    put(d, REG_QUEUE_SELECT, 2, queue);
    return (uint16_t)get(d, REG_QUEUE_SIZE, 2);
}

static int queue_start(struct virtio_device *d, uint16_t queue,
                       const struct virtio_queue_parts *parts)
{
    uint64_t bell;

    put(d, REG_QUEUE_SELECT, 2, queue);
    put(d, REG_QUEUE_SIZE, 2, parts->size);
    put(d, REG_QUEUE_VECTOR, 2, VECTOR);
    if (get(d, REG_QUEUE_VECTOR, 2) != VECTOR)
        return -XEN_EIO;
    bell = (uint64_t)get(d, REG_QUEUE_NOTIFY, 2) * d->bell_multiplier;
    if (bell + 2 > d->bells_size)
        return -XEN_EIO;
    d->bell[queue] = d->bells + bell;
    put_address(d, REG_QUEUE_DESC, parts->desc);
    put_address(d, REG_QUEUE_AVAIL, parts->avail);
    put_address(d, REG_QUEUE_USED, parts->used);
    put(d, REG_QUEUE_ENABLE, 2, 1);
    return 0;
}

static void notify(struct virtio_device *d, uint16_t queue)
{
    machine_device_write(d->bell[queue], 2, queue);
}

static const struct virtio_calls calls = {
    .status = status,
    .set_status = set_status,
    .features = features,
    .set_features = set_features,
    .queue_max = queue_max,
    .queue_start = queue_start,
    .notify = notify,
    .acknowledge = NULL,
};

/* ------------------------------------------------------------ finding it */

bool virtio_pci_is(uint32_t bdf, uint32_t id)
{
    uint32_t identity = pci_identity(bdf);
    uint32_t device = identity >> 16;

    if ((identity & 0xffff) != VENDOR)
        return false;
    return device == DEVICE_MODERN + id ||
           (device == DEVICE_NET && id == VIRTIO_ID_NET) ||
           (device == DEVICE_CONSOLE && id == VIRTIO_ID_CONSOLE);
}

/* Maps the first structure of this kind that lies in a usable BAR. */
static volatile uint8_t *map(uint32_t bdf, uint32_t kind, uint64_t *size,
                             unsigned *where)
{
    unsigned cap = 0;
    maddr_t bar;

    for (unsigned i = 0; i < 16; i++) {
        cap = pci_capability(bdf, PCI_CAP_VENDOR, cap);
        if (!cap)
            return NULL;
        if (machine_pci_read(bdf, cap + CAP_KIND, 1) != kind ||
            !pci_bar(bdf, machine_pci_read(bdf, cap + CAP_BAR, 1), &bar))
            continue;
        *where = cap;
        *size = min_u64(machine_pci_read(bdf, cap + CAP_LENGTH, 4), REGION_MAX);
        bar.a += machine_pci_read(bdf, cap + CAP_OFFSET, 4);
        return machine_device_map(bar, *size);
    }
    return NULL;
}

int virtio_pci_open(struct virtio_device *d, uint32_t bdf, uint32_t id)
{
    uint64_t size = 0;
    unsigned cap;

    *d = (struct virtio_device){.calls = &calls, .what = "virtio-pci"};
    d->id = id;
    pci_enable(bdf);
    d->common = map(bdf, KIND_COMMON, &size, &cap);
    if (!d->common)
        return -XEN_EOPNOTSUPP;
    if (size < COMMON_SIZE)
        return -XEN_EIO;
    d->config = map(bdf, KIND_DEVICE, &d->config_size, &cap);
    d->bells = map(bdf, KIND_NOTIFY, &d->bells_size, &cap);
    if (!d->config || !d->bells)
        return -XEN_EIO;
    d->bell_multiplier = machine_pci_read(bdf, cap + CAP_MULTIPLIER, 4);
    return pci_msix(bdf, 0);
}
