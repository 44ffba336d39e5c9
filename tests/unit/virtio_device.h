/* SPDX-License-Identifier: MIT */
/*
 * An emulated virtio device, on PCI (behind a bridge, modern, MSI-X) and as an
 * MMIO window, on machine/host's device hooks: a network card, unless told
 * otherwise. It works with the queues in the cell's memory as a device does,
 * and can be told to misbehave.
 */
#ifndef UNIT_VIRTIO_DEVICE_H
#define UNIT_VIRTIO_DEVICE_H

#include "io/virtio.h"
#include "machine/host/host.h"

#define DEVICE_BDF    0x0210u /* bus 2, behind the bridge 00:1e.0 */
#define DEVICE_BAR    0xfe000000ull
#define DEVICE_WINDOW 0xfeb00e00ull
#define DEVICE_GSI    12u

struct device_queue {
    uint64_t desc, avail, used;
    uint16_t size, vector, enabled, seen;
};

struct virtio_card {
    bool on_pci, on_mmio;
    /* what it is like */
    uint64_t features;
    uint16_t queue_max;
    uint32_t mmio_version, mmio_id;
    uint16_t pci_id;
    uint8_t config[12]; /* the device's own: its MAC, for one */
    bool no_msix, bar_is_io, short_common, no_reset, no_features_ok,
        circular_capabilities, no_notify_region;
    /* its state */
    uint8_t config_space[256];
    uint8_t regs[0x4000];
    uint8_t status;
    uint64_t driver_features;
    uint32_t feature_select, driver_select, queue_select;
    uint32_t interrupt;      /* MMIO InterruptStatus */
    uint32_t notified;       /* bit mask of queues */
    uint32_t line;           /* the GSI routed, or 0 */
    uint8_t sent_header[12]; /* of the frame card_take() took last */
    struct device_queue queue[VIRTIO_QUEUES];
};

void card_init(struct virtio_card *c);
/* Makes it a console with so many ports (0: one, without MULTIPORT). */
void card_be_console(struct virtio_card *c, uint32_t ports);
/* Plugs it into the host machine. */
void card_plug(struct virtio_card *c);

/* Takes the next frame the driver sent; its length without the header, or 0. */
uint32_t card_take(struct virtio_card *c, uint8_t *frame);
/* Puts a frame into the next receive buffer. false: there is none. */
bool card_give(struct virtio_card *c, const void *frame, uint32_t length);
/* The same for any queue and without a frame's header: bytes that the driver
 * sent, at most 4096 (UINT32_MAX: it sent none), and bytes for it. */
uint32_t card_take_bytes(struct virtio_card *c, unsigned queue, void *to);
bool card_give_bytes(struct virtio_card *c, unsigned queue, const void *from,
                     uint32_t length);
/* Writes a used entry as it is and advances the index by `step`. */
void card_use(struct virtio_card *c, unsigned queue, uint32_t id,
              uint32_t length, uint16_t step);
/* Receive buffers the driver has posted and the device has not used. */
uint16_t card_posted(struct virtio_card *c);
/* Buffers of any queue, the same. */
uint16_t card_posted_on(struct virtio_card *c, unsigned queue);

#endif
