/* SPDX-License-Identifier: MIT */
/*
 * vio: virtual I/O. One page of rings and one hypercall per device.
 *
 *   scree_vio(op, device, argument)
 *     SCREE_VIO_OPEN   maps the device's ring page, zeroed, at
 *                      SCREE_VIO_PAGES + device * 4096 and starts the device;
 *                      argument 0. Returns the ring's size in entries (of
 *                      the store's, in bytes).
 *                      -ENODEV no such device; -EEXIST open already.
 *     SCREE_VIO_CLOSE  stops it and unmaps the page. -ENODEV: not open.
 *     SCREE_VIO_KICK   takes transmit entries, at most `argument` of them (0:
 *                      all). Returns how many were taken; fewer than waiting
 *                      when the batch limit or the rate limit was reached.
 *                      -EINVAL: more than SCREE_VIO_RING are said to wait.
 *   -EINVAL: unknown op. None of them blocks.
 *
 * Indices are free-running 32-bit counts; entry i is at [i % SCREE_VIO_RING].
 * The guest writes tx_produced, rx_produced, done_consumed and the entries; the
 * hypervisor writes the others and reads none of them back: a guest that
 * overwrites them hurts itself only.
 *
 * Transmit: fill tx[], order the stores (x86 does), advance tx_produced, KICK.
 *   When KICK returns n, n entries are consumed and their buffers are the
 *   guest's again. A bad entry (address, length) is consumed and counted in
 *   tx_errors; frames the switch refuses are consumed and counted in tx_drops.
 * Receive: fill rx[], advance rx_produced: no call needed. From then on the
 *   buffer is the hypervisor's until its done[] entry appears: done_produced
 *   advances after the bytes and the entry are written. `id` comes back as it
 *   was given. Without a posted buffer, with one that is too small or without
 *   room in done[] a packet is dropped and counted in rx_drops. So is one that
 *   meets a bad entry (address, length), which comes back with length 0.
 *   The device's event is raised when done_produced advances and, after a
 *   KICK that took less than waited, when there is room again.
 *
 * Device 0, console: rx buffers receive typed bytes, tx buffers are printed.
 * Device 1, net: each buffer is one Ethernet frame without FCS, 14..1514
 *   bytes. Receive buffers should hold 1514 bytes; a longer frame is dropped.
 */
#ifndef SCREE_VIO_H
#define SCREE_VIO_H

#include <stdint.h>

#define SCREE_VIO_OPEN    0
#define SCREE_VIO_CLOSE   1
#define SCREE_VIO_KICK    2

#define SCREE_VIO_CONSOLE 0
#define SCREE_VIO_NET     1
#define SCREE_VIO_STORE   3 /* its page is Xen's ring: scree/store.h (1.1) */
#define SCREE_VIO_DEVICES 4 /* 2 is reserved: -ENODEV */

#define SCREE_VIO_RING    64 /* entries per ring */
#define SCREE_VIO_MTU     1514

struct scree_vio_desc {
    uint64_t address; /* guest address; may cross pages */
    uint32_t length;  /* bytes: 1..4096 */
    uint32_t id;      /* receive: returned in done[]; transmit: ignored */
};

struct scree_vio_done {
    uint32_t id;
    uint32_t length; /* bytes written */
};

struct scree_vio_ring {
    /* written by the guest */
    uint32_t tx_produced;
    uint32_t rx_produced;
    uint32_t done_consumed;
    uint32_t guest_reserved[13];
    /* written by the hypervisor */
    uint32_t tx_consumed;
    uint32_t rx_consumed;
    uint32_t done_produced;
    uint32_t tx_errors; /* counts since open, wrapping */
    uint32_t tx_drops;
    uint32_t rx_drops;
    uint32_t hypervisor_reserved[10];
    struct scree_vio_desc tx[SCREE_VIO_RING];
    struct scree_vio_desc rx[SCREE_VIO_RING];
    struct scree_vio_done done[SCREE_VIO_RING];
};

_Static_assert(sizeof(struct scree_vio_ring) <= 4096, "one page");

#endif
