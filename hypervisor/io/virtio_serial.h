/* SPDX-License-Identifier: MIT */
/*
 * The driver of a virtio console (virtio 1.2, 5.3): one port as a stream of
 * bytes both ways. A device with several ports (MULTIPORT) is used by its port
 * 1, which QEMU lets wait when the host is slow (virtserialport, nr=1); one
 * without by its only port, whose bytes QEMU drops then (virtconsole).
 *
 * Bytes wait in frames of the hypervisor's own. What the device says is checked
 * as in io/virtio.h; one that breaks the rules is not used any more: nothing
 * comes, and nothing can be sent. The owner's lock guards everything but
 * virtio_serial_pending().
 */
#ifndef IO_VIRTIO_SERIAL_H
#define IO_VIRTIO_SERIAL_H

#include "io/virtio.h"

#define VIRTIO_SERIAL_SLOT PAGE_SIZE /* bytes of one buffer */
#define VIRTIO_SERIAL_RX   32        /* buffers, at most */
#define VIRTIO_SERIAL_TX   64

struct cell;
struct virtio_serial;

/* Takes over an opened device and starts it. Its memory is the cell's. NULL in
 * *serial and an error: -XEN_ENOMEM, -XEN_EIO, -XEN_EOPNOTSUPP. */
must_check int virtio_serial_start(struct cell *cell,
                                   const struct virtio_device *device,
                                   struct virtio_serial **serial);

/* Is a poll worth its while? Needs no lock, on the CPU that polls. */
bool virtio_serial_pending(const struct virtio_serial *s);
/* Takes in what it has done. true: bytes came, or there is room for somebody
 * who found none. */
must_check bool virtio_serial_poll(struct virtio_serial *s);

/* At most n bytes; how many were moved. What was sent goes at the latest with
 * the flush; the host is told of room at the latest when nothing is left. */
size_t virtio_serial_send(struct virtio_serial *s, const void *bytes, size_t n);
void virtio_serial_flush(struct virtio_serial *s);
size_t virtio_serial_receive(struct virtio_serial *s, void *bytes, size_t n);

/* It broke the rules. */
bool virtio_serial_broken(const struct virtio_serial *s);

#endif
