/* SPDX-License-Identifier: MIT */
/* See liar.h. */
#include "liar.h"

#include <string.h>

#include "io/virtio_mmio.h"
#include "machine/host/host.h"
#include "scree/xen.h"

#define ADDRESS    0xfeb00000ull
#define REG_STATUS 0x070
#define REG_SELECT 0x030
#define REG_QUEUE  0x080
#define REG_CONFIG 0x100

static volatile void *map(void *arg, maddr_t a, uint64_t size)
{
    struct liar *l = arg;

    return a.a == ADDRESS && size <= LIAR_WINDOW ? l->registers : NULL;
}

static uint64_t honest_answer(const struct liar *l, size_t offset)
{
    uint32_t word;

    switch (offset) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return 2;
    case 0x008:
        return l->id;
    case 0x010: /* VERSION_1 is the first bit of the other half */
        return l->features | 1;
    case 0x034:
        return 256;
    case REG_STATUS:
        return l->status;
    default:
        if (offset < REG_CONFIG || offset > REG_CONFIG + 12)
            return 0;
        memcpy(&word, &l->config[offset - REG_CONFIG], sizeof(word));
        return word;
    }
}

static uint64_t read_register(void *arg, const volatile void *reg,
                              unsigned width)
{
    struct liar *l = arg;
    size_t offset = (size_t)((const volatile uint8_t *)reg - l->registers);

    (void)width;
    FUZZ_CHECK(offset < LIAR_WINDOW);
    /* the clock must move, or a wait for a reset never ends */
    host_clock_advance(1000000);
    if (l->honest || !l->in->left)
        return honest_answer(l, offset);
    return fuzz_byte(l->in) & 1 ? fuzz_u32(l->in) : honest_answer(l, offset);
}

static void write_register(void *arg, volatile void *reg, unsigned width,
                           uint64_t value)
{
    struct liar *l = arg;
    size_t offset = (size_t)((volatile uint8_t *)reg - l->registers);
    unsigned part;

    (void)width;
    FUZZ_CHECK(offset < LIAR_WINDOW);
    if (offset == REG_STATUS)
        l->status = (uint32_t)value;
    if (offset == REG_SELECT)
        l->selected = value % VIRTIO_QUEUES;
    if (offset < REG_QUEUE || offset >= 0x0b0)
        return;
    part = (unsigned)(offset - REG_QUEUE) / 16;
    if (offset % 16 == 0)
        l->queue[l->selected][part] = maddr(value);
    else if (offset % 16 == 4)
        l->queue[l->selected][part].a |= value << 32;
}

static int irq_line(void *arg, unsigned gsi, unsigned cpu)
{
    (void)arg;
    (void)gsi;
    (void)cpu;
    return 0;
}

int liar_open(struct liar *l, struct virtio_device *d)
{
    struct host_devices devices = {
        .argument = l,
        .map = map,
        .read = read_register,
        .write = write_register,
        .irq_line = irq_line,
    };
    int rc;

    host_devices_set(&devices);
    rc = virtio_mmio_open(d, ADDRESS, 5);
    return rc == 0 && d->id != l->id ? -XEN_ENODEV : rc;
}

void liar_scribble(struct liar *l, unsigned queue)
{
    struct virtq_used *used =
        host_dma(l->queue[queue][2], sizeof(struct virtq_used));
    unsigned how = fuzz_byte(l->in);

    if (!used)
        return;
    if (how & 1)
        used->index = (uint16_t)(used->index + fuzz_byte(l->in));
    if (how & 2)
        used->index = fuzz_u16(l->in);
    if (how & 4)
        used->flags = fuzz_u16(l->in);
    for (unsigned i = 0; i < how >> 4; i++)
        used->ring[fuzz_byte(l->in) % VIRTQUEUE_MAX] =
            (struct virtq_used_entry){how & 8 ? fuzz_u32(l->in)
                                              : fuzz_byte(l->in) % 128u,
                                      fuzz_u16(l->in)};
}

void liar_write(struct liar *l, unsigned queue)
{
    const struct virtq_desc *desc =
        host_dma(l->queue[queue][0], VIRTQUEUE_MAX * sizeof(struct virtq_desc));
    const struct virtq_desc *d;
    void *to;

    if (!desc)
        return;
    d = &desc[fuzz_byte(l->in) % VIRTQUEUE_MAX];
    to = d->flags & VIRTQ_DESC_WRITE && d->length >= 8
             ? host_dma(maddr(d->address), 8)
             : NULL;
    if (to)
        fuzz_bytes(l->in, to, 8);
}
