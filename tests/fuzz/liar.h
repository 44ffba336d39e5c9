/* SPDX-License-Identifier: MIT */
/*
 * A virtio-mmio device that lies, for fuzz targets of drivers: its registers
 * answer from the input, unless it is honest about them, and the input is
 * written over its used rings and into the buffers it was given.
 */
#ifndef FUZZ_LIAR_H
#define FUZZ_LIAR_H

#include "fuzz.h"
#include "io/virtio.h"

#define LIAR_WINDOW 0x200

struct liar {
    uint8_t registers[LIAR_WINDOW];
    struct fuzz_input *in;
    uint32_t id, features; /* in both halves */
    uint8_t config[16];
    bool honest; /* its registers answer as they should */
    uint32_t status;
    maddr_t queue[VIRTIO_QUEUES][3]; /* descriptors, available, used */
    unsigned selected;
};

/* *l says what the device is. Plugs it into the host machine and opens it; the
 * error of virtio_mmio_open(), or -XEN_ENODEV for another device. */
int liar_open(struct liar *l, struct virtio_device *d);
/* Scribbles over the used ring of one of its queues. */
void liar_scribble(struct liar *l, unsigned queue);
/* Writes 8 bytes into a buffer that queue may write. */
void liar_write(struct liar *l, unsigned queue);

#endif
