/* SPDX-License-Identifier: MIT */
/*
 * virtio over PCI (virtio 1.2, 4.1), modern interface only. Registers lie in
 * memory BARs that the firmware placed; one MSI-X vector, for CPU 0, serves
 * all queues. Devices without MSI-X are refused: nothing here can route INTx.
 */
#ifndef IO_VIRTIO_PCI_H
#define IO_VIRTIO_PCI_H

#include "io/virtio.h"

/* Is the function a virtio device of kind `id` (VIRTIO_ID_*)? */
bool virtio_pci_is(uint32_t bdf, uint32_t id);

/* -XEN_EOPNOTSUPP: a legacy device, or one without MSI-X; -XEN_EIO: its
 * capabilities make no sense; -XEN_ENOMEM. */
must_check int virtio_pci_open(struct virtio_device *d, uint32_t bdf,
                               uint32_t id);

#endif
