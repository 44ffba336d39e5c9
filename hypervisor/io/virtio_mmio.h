/* SPDX-License-Identifier: MIT */
/*
 * virtio over MMIO (virtio 1.2, 4.2), as on microvm. Modern devices only
 * (register version 2); the interrupt is a line, acknowledged on every pass.
 */
#ifndef IO_VIRTIO_MMIO_H
#define IO_VIRTIO_MMIO_H

#include "io/virtio.h"

/* Looks at the window at `address`, whose interrupt is global line `gsi`.
 * -XEN_ENODEV: no device there; -XEN_EOPNOTSUPP: a legacy one (QEMU:
 * -global virtio-mmio.force-legacy=false); -XEN_ENOMEM; -XEN_EINVAL: a line
 * that the machine does not have. */
must_check int virtio_mmio_open(struct virtio_device *d, uint64_t address,
                                uint32_t gsi);

#endif
