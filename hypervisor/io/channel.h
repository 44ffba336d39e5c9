/* SPDX-License-Identifier: MIT */
/*
 * The byte stream between the control domain and the host: a port of a virtio
 * console (io/virtio_serial.h says which). Bytes wait in frames of the
 * hypervisor's own, so the device never reaches guest memory; each direction is
 * bounded, and what does not fit waits at its sender.
 *
 * One lock of its own, a leaf. Raises SCREE_PORT_CONTROL of the control domain
 * through change_notify() when bytes came, or there is room again.
 */
#ifndef IO_CHANNEL_H
#define IO_CHANNEL_H

#include "base/types.h"

struct cell;
struct channel; /* cell->channel; NULL: the cell has none */

/* Takes the first virtio console on the PCI bus and makes cell->channel; says
 * why not if it cannot be used. Boot CPU. */
void channel_probe(struct cell *cell);
/* Takes what came, gives back what was sent. CPU 0, after interrupts; no effect
 * without a channel. */
void channel_poll(struct cell *cell);

/* At most n bytes to the host; how many were taken: 0: no room. They go at the
 * latest with channel_flush(). cell->channel is not NULL; so in the others. Any
 * lock may be held. */
size_t channel_send(struct cell *cell, const void *bytes, size_t n);
void channel_flush(struct cell *cell);
/* At most n bytes from the host. Whoever takes goes on until there are none. */
size_t channel_receive(struct cell *cell, void *bytes, size_t n);

#endif
