/* SPDX-License-Identifier: MIT */
/*
 * The virtio driver against a device that lies: registers answer from the
 * input, and the input is written over the used rings. The driver may give up
 * on the device, but must neither fall over nor hand out a buffer twice.
 */
#include <string.h>

#include "cell.h"
#include "fuzz.h"
#include "io/packet.h"
#include "io/virtio_mmio.h"
#include "io/virtio_net.h"

#define WINDOW  0x200
#define STEPS   32
#define ADDRESS 0xfeb00000ull

struct device {
    uint8_t registers[WINDOW];
    struct fuzz_input *in;
    uint32_t status;
    maddr_t queue[2][3]; /* descriptors, available, used */
    unsigned selected;
    unsigned honest; /* reads that are answered as they should be */
};

static volatile void *map(void *arg, maddr_t a, uint64_t size)
{
    struct device *d = arg;

    return a.a == ADDRESS && size <= WINDOW ? d->registers : NULL;
}

static uint64_t honest_answer(const struct device *d, size_t offset)
{
    switch (offset) {
    case 0x000:
        return 0x74726976;
    case 0x004:
        return 2;
    case 0x008:
        return VIRTIO_ID_NET;
    case 0x010: /* MAC; the other half: VERSION_1 */
        return 1u << 5 | 1;
    case 0x034:
        return 256;
    case 0x044:
        return 0;
    case 0x070:
        return d->status;
    default:
        return 0;
    }
}

static uint64_t read_register(void *arg, const volatile void *reg,
                              unsigned width)
{
    struct device *d = arg;
    size_t offset = (size_t)((const volatile uint8_t *)reg - d->registers);

    (void)width;
    FUZZ_CHECK(offset < WINDOW);
    /* the clock must move, or a wait for a reset never ends */
    host_clock_advance(1000000);
    if (d->honest || !d->in->left)
        return honest_answer(d, offset);
    return fuzz_byte(d->in) & 1 ? fuzz_u32(d->in) : honest_answer(d, offset);
}

static void write_register(void *arg, volatile void *reg, unsigned width,
                           uint64_t value)
{
    struct device *d = arg;
    size_t offset = (size_t)((volatile uint8_t *)reg - d->registers);
    unsigned part;

    (void)width;
    FUZZ_CHECK(offset < WINDOW);
    if (offset == 0x070)
        d->status = (uint32_t)value;
    if (offset == 0x030)
        d->selected = value & 1;
    if (offset < 0x080 || offset >= 0x0b0)
        return;
    part = (unsigned)(offset - 0x080) / 16;
    if (offset % 16 == 0)
        d->queue[d->selected][part] = maddr(value);
    else if (offset % 16 == 4)
        d->queue[d->selected][part].a |= value << 32;
}

static int irq_line(void *arg, unsigned gsi, unsigned cpu)
{
    (void)arg;
    (void)gsi;
    (void)cpu;
    return 0;
}

/* Scribbles over a used ring. */
static void scribble(struct device *d)
{
    unsigned q = fuzz_byte(d->in) & 1;
    struct virtq_used *used =
        host_dma(d->queue[q][2], sizeof(struct virtq_used));
    unsigned how = fuzz_byte(d->in);

    if (!used)
        return;
    if (how & 1)
        used->index = (uint16_t)(used->index + fuzz_byte(d->in));
    if (how & 2)
        used->index = fuzz_u16(d->in);
    if (how & 4)
        used->flags = fuzz_u16(d->in);
    for (unsigned i = 0; i < how >> 4; i++)
        used->ring[fuzz_byte(d->in) % VIRTQUEUE_MAX] =
            (struct virtq_used_entry){how & 8 ? fuzz_u32(d->in)
                                              : fuzz_byte(d->in) % 128u,
                                      fuzz_u16(d->in)};
}

static void receive(struct nic *n)
{
    struct nic_buffer got[8];
    unsigned count = n->calls->receive(n, got, 8);

    FUZZ_CHECK(count <= 8);
    for (unsigned i = 0; i < count; i++) {
        FUZZ_CHECK(got[i].length <= 2048);
        for (unsigned k = 0; k < i; k++)
            FUZZ_CHECK(got[i].slot != got[k].slot);
        for (uint32_t b = 0; b < got[i].length; b++)
            got[i].bytes[b] ^= 1;
    }
    n->calls->recycle(n, got, count);
}

static void transmit(struct nic *n, bool keep)
{
    struct nic_buffer b;

    if (!n->calls->reserve(n, &b))
        return;
    memset(b.bytes, 0x5c, PACKET_MAX);
    b.length = PACKET_MAX;
    if (keep)
        n->calls->submit(n, &b);
    else
        n->calls->release(n, &b);
}

static void use(struct device *d, struct nic *n)
{
    for (unsigned i = 0; i < STEPS && d->in->left; i++) {
        uint8_t what = fuzz_byte(d->in);

        if (what & 1)
            scribble(d);
        if (n->calls->pending(n) && (what & 2))
            receive(n);
        if (what & 4)
            transmit(n, what & 8);
        if (what & 16)
            n->calls->flush(n);
        if (what & 32)
            n->calls->want_room(n, what & 64);
        if (n->calls->acknowledge)
            n->calls->acknowledge(n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct device d = {.in = &in};
    struct host_devices devices = {
        .argument = &d,
        .map = map,
        .read = read_register,
        .write = write_register,
        .irq_line = irq_line,
    };
    struct cell *cell = fuzz_cell_start(NULL, 0);
    struct virtio_device v;
    struct nic *nic;

    FUZZ_CHECK(cell != NULL);
    host_devices_set(&devices);
    d.honest = fuzz_byte(&in) & 1;
    if (virtio_mmio_open(&v, ADDRESS, 5) == 0 && v.id == VIRTIO_ID_NET &&
        virtio_net_start(cell, &v, &nic) == 0)
        use(&d, nic);
    fuzz_cell_forget();
    return 0;
}
