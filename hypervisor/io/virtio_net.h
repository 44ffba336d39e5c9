/* SPDX-License-Identifier: MIT */
/*
 * The driver of a virtio network card: one receive and one transmit queue, no
 * offloads, buffers of half a frame that belong to the hypervisor. Behind
 * struct nic, so called under the uplink's lock.
 */
#ifndef IO_VIRTIO_NET_H
#define IO_VIRTIO_NET_H

#include "io/nic.h"
#include "io/virtio.h"

struct cell;

/* Takes over an opened device and starts it. Its memory is the cell's. NULL in
 * *nic and an error: -XEN_ENOMEM, -XEN_EIO, -XEN_EOPNOTSUPP. */
must_check int virtio_net_start(struct cell *cell,
                                const struct virtio_device *device,
                                struct nic **nic);

#endif
