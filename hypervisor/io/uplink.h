/* SPDX-License-Identifier: MIT */
/*
 * The uplink: the physical NIC behind the switch, and the neighbours there.
 *
 * Outside, the whole cell is one station with the NIC's own MAC: frames out
 * carry it as source, ARP requests for any domain's address are answered with
 * it, frames in are given to a domain by their IPv4 destination. Domains see
 * the router MAC only. Everything from outside is checked before use.
 */
#ifndef IO_UPLINK_H
#define IO_UPLINK_H

#include "core/lock.h"
#include "io/arp.h"
#include "io/net_port.h"
#include "io/nic.h"
#include "io/packet.h"

struct cell;
struct net_switch;

#define UPLINK_MMIO_MAX 8
#define UPLINK_BUDGET   64    /* received frames per pass */
#define UPLINK_PAUSE_NS 50000 /* that guests get after a full budget */

/* What the command line says (system/options). */
struct uplink_options {
    struct uplink_mmio {
        uint64_t address;
        uint32_t gsi;
    } mmio[UPLINK_MMIO_MAX]; /* virtio_mmio=0xADDRESS:GSI */
    unsigned mmio_count;
};

struct uplink {
    struct net_switch *net;
    struct nic *nic;
    uint64_t mac;
    /* CPU 0's poll only; counters.sent_* under lock */
    struct net_counters counters;
    struct timer timer; /* the next pass, when frames come too fast */
    bool polling;       /* so it is: the NIC does not interrupt */
    bool reported;      /* that the NIC is broken */
    /* under lock, RANK_UPLINK */
    struct lock lock;
    struct arp_cache neighbours;
    struct net_port *wait_first, *wait_last;
};

/* Looks for a NIC (PCI, then the options' virtio-mmio windows) and makes it the
 * switch's uplink. 0 also when there is none. Boot CPU, before domains run. */
must_check int uplink_probe(struct cell *cell,
                            const struct uplink_options *options);
/* Makes `nic` the switch's uplink. -XEN_ENODEV: no switch. -XEN_ENOMEM. */
must_check int uplink_attach(struct cell *cell, struct nic *nic);

/* Sends a frame of port `from` to the outside neighbour `to`, with the MACs of
 * that leg, which are written into f. NET_WAIT: the NIC is full, and f as it
 * was. */
enum net_drop uplink_send(struct uplink *u, const struct net_port *from,
                          struct packet *f, uint32_t to);
/* Tells the NIC about what was sent since. */
void uplink_flush(struct uplink *u);
/* Raises p's event when there is room (which may be at once). */
void uplink_wait(struct uplink *u, struct net_port *p);
void uplink_forget(struct uplink *u, struct net_port *p);
/*
 * Receives at most UPLINK_BUDGET frames and wakes who waits. When the budget
 * does not suffice the NIC stops interrupting and a timer brings the next pass,
 * so that a flood from outside leaves time for guests. CPU 0 only.
 */
void uplink_poll(struct uplink *u);

#endif
