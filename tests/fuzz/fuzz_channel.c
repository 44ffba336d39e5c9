/* SPDX-License-Identifier: MIT */
/*
 * The console driver against a device that lies: about its ports, about what
 * came and what was sent, and on its control queue. The driver may give up on
 * it; no byte may come that was not said to be there.
 */
#include "cell.h"
#include "fuzz.h"
#include "io/virtio_serial.h"
#include "liar.h"

#define STEPS             48
#define FEATURE_MULTIPORT 2u
#define PORTS_AT          4 /* in the device's own configuration */

static void receive(struct virtio_serial *s, uint32_t n)
{
    static char bytes[65536];
    size_t got = virtio_serial_receive(s, bytes, n);

    FUZZ_CHECK(got <= n);
    FUZZ_CHECK(got <= VIRTIO_SERIAL_RX * VIRTIO_SERIAL_SLOT);
    FUZZ_CHECK(got == 0 || !virtio_serial_broken(s));
}

static void send(struct virtio_serial *s, uint32_t n)
{
    static const char bytes[65536];
    size_t done = virtio_serial_send(s, bytes, n);

    FUZZ_CHECK(done <= n);
    FUZZ_CHECK(done == 0 || !virtio_serial_broken(s));
}

static void use(struct liar *l, struct virtio_serial *s)
{
    for (unsigned i = 0; i < STEPS && l->in->left; i++) {
        uint8_t what = fuzz_byte(l->in);

        if (what & 1)
            liar_scribble(l, fuzz_byte(l->in) % VIRTIO_QUEUES);
        if (what & 2)
            liar_write(l, 2);
        if (virtio_serial_pending(s) || (what & 4))
            (void)virtio_serial_poll(s);
        if (what & 8)
            receive(s, fuzz_u16(l->in));
        if (what & 16)
            send(s, fuzz_u16(l->in));
        if (what & 32)
            virtio_serial_flush(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct liar l = {.in = &in, .id = VIRTIO_ID_CONSOLE};
    struct cell *cell = fuzz_cell_start(NULL, 0);
    struct virtio_serial *serial;
    struct virtio_device v;
    uint8_t kind = fuzz_byte(&in);

    FUZZ_CHECK(cell != NULL);
    l.honest = kind & 1;
    l.features = kind & 2 ? FEATURE_MULTIPORT : 0;
    l.config[PORTS_AT] = kind >> 4;
    if (liar_open(&l, &v) == 0 && virtio_serial_start(cell, &v, &serial) == 0)
        use(&l, serial);
    fuzz_cell_forget();
    return 0;
}
