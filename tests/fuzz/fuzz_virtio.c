/* SPDX-License-Identifier: MIT */
/*
 * The network card's driver against a card that lies. The driver may give up on
 * it, but must neither fall over nor hand out a buffer twice.
 */
#include <string.h>

#include "cell.h"
#include "fuzz.h"
#include "io/packet.h"
#include "io/virtio_net.h"
#include "liar.h"

#define STEPS       32
#define FEATURE_MAC (1u << 5)

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

static void use(struct liar *d, struct nic *n)
{
    for (unsigned i = 0; i < STEPS && d->in->left; i++) {
        uint8_t what = fuzz_byte(d->in);

        if (what & 1)
            liar_scribble(d, fuzz_byte(d->in) & 1);
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
    struct liar d = {.in = &in, .id = VIRTIO_ID_NET, .features = FEATURE_MAC};
    struct cell *cell = fuzz_cell_start(NULL, 0);
    struct virtio_device v;
    struct nic *nic;

    FUZZ_CHECK(cell != NULL);
    d.honest = fuzz_byte(&in) & 1;
    if (liar_open(&d, &v) == 0 && virtio_net_start(cell, &v, &nic) == 0)
        use(&d, nic);
    fuzz_cell_forget();
    return 0;
}
