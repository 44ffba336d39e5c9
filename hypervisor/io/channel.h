/* SPDX-License-Identifier: MIT */
/*
 * The byte stream between the control domain and the host: port 0 of a virtio
 * console (virtio 1.x, 5.3; no multiport). Bytes wait in frames of the
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

/* Looks for a virtio console on the PCI bus and makes cell->channel. 0 also
 * when there is none; -XEN_EIO: it cannot be used; -XEN_ENOMEM. */
must_check int channel_probe(struct cell *cell);
/* Takes what came, gives back what was sent. Called after interrupts. */
void channel_poll(struct cell *cell);

/* At most n bytes to the host; how many were taken: 0: no room.
 * cell->channel is not NULL; so in the others. Any lock may be held. */
size_t channel_send(struct cell *cell, const void *bytes, size_t n);
/* At most n bytes from the host. */
size_t channel_receive(struct cell *cell, void *bytes, size_t n);

#endif
