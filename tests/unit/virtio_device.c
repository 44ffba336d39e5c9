/* SPDX-License-Identifier: MIT */
/* See virtio_device.h. */
#include <string.h>

#include "virtio_device.h"

#include "scree/xen.h"

#define HEADER     12
#define COMMON     0x0000u /* offsets in the BAR */
#define DEVICE     0x1000u
#define NOTIFY     0x2000u
#define MSIX       0x3000u
#define MMIO       0x3800u /* the window's place in regs[] */
#define BRIDGE_BDF 0x00f0u
#define CAP_FIRST  0x40u

static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

/* ------------------------------------------------- configuration space */

static void put_cap(struct virtio_card *c, unsigned at, uint8_t kind,
                    uint32_t offset, uint32_t length)
{
    uint8_t *cap = c->config_space + at;

    cap[0] = 0x09;
    cap[1] = (uint8_t)(at + 0x14);
    cap[3] = kind;
    cap[4] = 4; /* BAR */
    memcpy(cap + 8, &offset, 4);
    memcpy(cap + 12, &length, 4);
}

static void init_config_space(struct virtio_card *c)
{
    uint8_t *s = c->config_space;
    uint32_t bar = (uint32_t)DEVICE_BAR | (c->bar_is_io ? 1 : 0xc);
    uint32_t table = MSIX | 4;

    memcpy(s, "\xf4\x1a", 2);
    memcpy(s + 2, &c->pci_id, 2);
    s[6] = 0x10; /* it has capabilities */
    s[0x34] = CAP_FIRST;
    memcpy(s + 0x20, &bar, 4);
    put_cap(c, 0x40, 5, 0, 4); /* a kind we do not know */
    put_cap(c, 0x54, 1, COMMON, c->short_common ? 20 : 56);
    put_cap(c, 0x68, c->no_notify_region ? 9 : 2, NOTIFY, 0x1000);
    s[0x68 + 16] = 4; /* multiplier */
    s[0x69] = 0x84;
    put_cap(c, 0x84, 4, DEVICE, 64);
    s[0x85] = 0x98;
    s[0x98] = c->no_msix ? 0x05 : 0x11;
    s[0x99] = c->circular_capabilities ? CAP_FIRST : 0;
    memcpy(s + 0x9c, &table, 4);
}

static uint32_t pci_read(void *argument, uint32_t bdf, unsigned offset,
                         unsigned width)
{
    struct virtio_card *c = argument;
    uint32_t value = UINT32_MAX;

    if (bdf == BRIDGE_BDF) {
        value = 0;
        if (offset == 0)
            value = 0x12348086;
        else if (offset == 0x0e)
            value = 1;
        else if (offset == 0x19)
            value = 2;
    } else if (bdf == DEVICE_BDF && c->on_pci) {
        memcpy(&value, c->config_space + offset, width);
    }
    return width == 4 ? value : value & ((1u << 8 * width) - 1);
}

static void pci_write(void *argument, uint32_t bdf, unsigned offset,
                      unsigned width, uint32_t value)
{
    struct virtio_card *c = argument;

    if (bdf == DEVICE_BDF)
        memcpy(c->config_space + offset, &value, width);
}

/* ------------------------------------------------------------ registers */

static void set_status(struct virtio_card *c, uint8_t value)
{
    if (c->no_features_ok)
        value &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    c->status = value == 0 && c->no_reset ? 1 : value;
}

static uint32_t half(uint64_t value, uint32_t select)
{
    return select > 1 ? 0 : (uint32_t)(value >> (32 * select));
}

static void set_half(uint64_t *value, uint32_t select, uint32_t half_value)
{
    uint64_t mask = 0xffffffffull << (32 * (select & 1));

    *value = (*value & ~mask) | (uint64_t)half_value << (32 * (select & 1));
}

static struct device_queue *selected(struct virtio_card *c)
{
    return &c->queue[c->queue_select % VIRTIO_QUEUES];
}

static uint64_t common_read(struct virtio_card *c, uint64_t r)
{
    switch (r) {
    case 4:
        return half(c->features, c->feature_select);
    case 20:
        return c->status;
    case 24:
        return c->queue_max;
    case 26:
        return selected(c)->vector;
    case 30:
        return c->queue_select; /* notify offset */
    default:
        return 0;
    }
}

static void common_write(struct virtio_card *c, uint64_t r, uint32_t v)
{
    struct device_queue *q = selected(c);

    if (r == 0)
        c->feature_select = v;
    else if (r == 8)
        c->driver_select = v;
    else if (r == 12)
        set_half(&c->driver_features, c->driver_select, v);
    else if (r == 20)
        set_status(c, (uint8_t)v);
    else if (r == 22)
        c->queue_select = v;
    else if (r == 24)
        q->size = (uint16_t)v;
    else if (r == 26)
        q->vector = c->no_msix ? 0xffff : (uint16_t)v;
    else if (r == 28)
        q->enabled = (uint16_t)v;
    else if (r >= 32 && r < 40)
        set_half(&q->desc, r == 36, v);
    else if (r >= 40 && r < 48)
        set_half(&q->avail, r == 44, v);
    else if (r >= 48 && r < 56)
        set_half(&q->used, r == 52, v);
}

static uint64_t window_read(struct virtio_card *c, uint64_t r)
{
    switch (r) {
    case 0x00:
        return c->on_mmio ? 0x74726976 : 0;
    case 0x04:
        return c->mmio_version;
    case 0x08:
        return c->mmio_id;
    case 0x10:
        return half(c->features, c->feature_select);
    case 0x34:
        return c->queue_max;
    case 0x44:
        return selected(c)->enabled;
    case 0x60:
        return c->interrupt;
    case 0x70:
        return c->status;
    default:
        return 0;
    }
}

static void window_write(struct virtio_card *c, uint64_t r, uint32_t v)
{
    struct device_queue *q = selected(c);

    if (r == 0x14)
        c->feature_select = v;
    else if (r == 0x24)
        c->driver_select = v;
    else if (r == 0x20)
        set_half(&c->driver_features, c->driver_select, v);
    else if (r == 0x30)
        c->queue_select = v;
    else if (r == 0x38)
        q->size = (uint16_t)v;
    else if (r == 0x44)
        q->enabled = (uint16_t)v;
    else if (r == 0x50)
        c->notified |= 1u << (v & 31);
    else if (r == 0x64)
        c->interrupt &= ~v;
    else if (r == 0x70)
        set_status(c, (uint8_t)v);
    else if (r == 0x80 || r == 0x84)
        set_half(&q->desc, r == 0x84, v);
    else if (r == 0x90 || r == 0x94)
        set_half(&q->avail, r == 0x94, v);
    else if (r == 0xa0 || r == 0xa4)
        set_half(&q->used, r == 0xa4, v);
}

static volatile void *map(void *argument, maddr_t a, uint64_t size)
{
    struct virtio_card *c = argument;

    if (a.a == DEVICE_WINDOW)
        return c->regs + MMIO;
    if (a.a < DEVICE_BAR || a.a + size > DEVICE_BAR + sizeof(c->regs))
        return NULL;
    return c->regs + (a.a - DEVICE_BAR);
}

static uint64_t device_read(void *argument, const volatile void *reg,
                            unsigned width)
{
    struct virtio_card *c = argument;
    uint64_t at = (uint64_t)((const volatile uint8_t *)reg - c->regs);
    uint64_t value = 0;

    if (at >= MMIO + 0x100)
        memcpy(&value, c->config + (at - MMIO - 0x100), width);
    else if (at >= MMIO)
        value = window_read(c, at - MMIO);
    else if (at >= DEVICE && at < NOTIFY)
        memcpy(&value, c->config + (at - DEVICE), width);
    else
        value = common_read(c, at);
    return value;
}

static void device_write(void *argument, volatile void *reg, unsigned width,
                         uint64_t value)
{
    struct virtio_card *c = argument;
    uint64_t at = (uint64_t)((volatile uint8_t *)reg - c->regs);

    if (at >= MMIO)
        window_write(c, at - MMIO, (uint32_t)value);
    else if (at >= MSIX)
        memcpy(c->regs + at, &value, width);
    else if (at >= NOTIFY)
        c->notified |= 1u << ((at - NOTIFY) / 4);
    else
        common_write(c, at, (uint32_t)value);
}

static int irq_line(void *argument, unsigned gsi, unsigned cpu)
{
    struct virtio_card *c = argument;

    if (gsi != DEVICE_GSI || cpu != 0)
        return -XEN_EINVAL;
    c->line = gsi;
    return 0;
}

void card_init(struct virtio_card *c)
{
    memset(c, 0, sizeof(*c));
    c->features = VIRTIO_F_VERSION_1 | 1ull << 5 | 1ull << 15;
    c->queue_max = 256;
    c->mmio_version = 2;
    c->mmio_id = VIRTIO_ID_NET;
    c->pci_id = 0x1041;
    memcpy(c->config, mac, sizeof(mac));
}

void card_be_console(struct virtio_card *c, uint32_t ports)
{
    c->on_pci = true;
    c->features = VIRTIO_F_VERSION_1 | 1 | (ports ? 2 : 0);
    c->queue_max = 128;
    c->pci_id = 0x1003; /* transitional, as QEMU's */
    memset(c->config, 0, sizeof(c->config));
    memcpy(c->config + 4, &ports, sizeof(ports));
}

void card_plug(struct virtio_card *c)
{
    struct host_devices hooks = {
        .argument = c,
        .pci_read = pci_read,
        .pci_write = pci_write,
        .map = map,
        .read = device_read,
        .write = device_write,
        .irq_line = irq_line,
    };

    init_config_space(c);
    host_devices_set(&hooks);
}

/* --------------------------------------------------------------- queues */

static void *dma(uint64_t a, uint64_t size)
{
    return host_dma(maddr(a), size);
}

/* The next descriptor the driver offered, or NULL; *id is its number. */
static struct virtq_desc *next(struct device_queue *q, uint32_t *id)
{
    struct virtq_avail *avail = dma(q->avail, 4 + 2ull * q->size);
    struct virtq_desc *desc = dma(q->desc, 16ull * q->size);

    if (!avail || !desc ||
        __atomic_load_n(&avail->index, __ATOMIC_ACQUIRE) == q->seen)
        return NULL;
    *id = avail->ring[q->seen++ % q->size];
    return &desc[*id];
}

void card_use(struct virtio_card *c, unsigned queue, uint32_t id,
              uint32_t length, uint16_t step)
{
    struct device_queue *q = &c->queue[queue];
    struct virtq_used *used = dma(q->used, 4 + 8ull * q->size);

    used->ring[used->index % q->size] = (struct virtq_used_entry){id, length};
    __atomic_store_n(&used->index, (uint16_t)(used->index + step),
                     __ATOMIC_RELEASE);
    c->interrupt |= 1;
}

uint32_t card_take(struct virtio_card *c, uint8_t *frame)
{
    struct device_queue *q = &c->queue[1];
    struct virtq_desc *desc = dma(q->desc, 16ull * q->size);
    uint32_t id, length = 0, header = HEADER;
    struct virtq_desc *d = next(q, &id);

    if (!d || (d->flags & ~VIRTQ_DESC_NEXT) != 0)
        return 0;
    memcpy(c->sent_header, dma(d->address, HEADER), HEADER);
    for (;; d = &desc[d->next]) {
        const uint8_t *bytes = dma(d->address, d->length);

        memcpy(frame + length, bytes + header, d->length - header);
        length += d->length - header;
        header = 0;
        if (!(d->flags & VIRTQ_DESC_NEXT))
            break;
    }
    card_use(c, 1, id, 0, 1);
    return length;
}

bool card_give(struct virtio_card *c, const void *frame, uint32_t length)
{
    uint32_t id;
    struct virtq_desc *d = next(&c->queue[0], &id);
    uint8_t *to;

    if (!d || d->flags != VIRTQ_DESC_WRITE || d->length < HEADER + length)
        return false;
    to = dma(d->address, d->length);
    memset(to, 0, HEADER);
    memcpy(to + HEADER, frame, length);
    card_use(c, 0, id, HEADER + length, 1);
    return true;
}

uint32_t card_take_bytes(struct virtio_card *c, unsigned queue, void *to)
{
    uint32_t id, length;
    struct virtq_desc *d = next(&c->queue[queue], &id);

    if (!d || d->flags != 0 || d->length > 4096)
        return UINT32_MAX;
    length = d->length; /* once used it is the driver's again */
    memcpy(to, dma(d->address, length), length);
    card_use(c, queue, id, 0, 1);
    return length;
}

bool card_give_bytes(struct virtio_card *c, unsigned queue, const void *from,
                     uint32_t length)
{
    uint32_t id;
    struct virtq_desc *d = next(&c->queue[queue], &id);

    if (!d || d->flags != VIRTQ_DESC_WRITE || d->length < length)
        return false;
    memcpy(dma(d->address, d->length), from, length);
    card_use(c, queue, id, length, 1);
    return true;
}

uint16_t card_posted(struct virtio_card *c)
{
    return card_posted_on(c, 0);
}

uint16_t card_posted_on(struct virtio_card *c, unsigned queue)
{
    struct device_queue *q = &c->queue[queue];
    struct virtq_avail *avail = dma(q->avail, 4 + 2ull * q->size);

    return (uint16_t)(avail->index - q->seen);
}
