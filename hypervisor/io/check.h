/* SPDX-License-Identifier: MIT */
/*
 * Is this frame what it claims to be? Pure functions over the copied header;
 * they decide what a port may send and what the uplink may bring in. Only ARP
 * and IPv4 pass.
 */
#ifndef IO_CHECK_H
#define IO_CHECK_H

#include "io/packet.h"
#include "io/net_port.h"

/* NET_OK: well formed, and source MAC, IPv4 and ARP sender are p's own. */
enum net_drop check_sent(const struct net_port *p, const struct packet *f);

/*
 * Is f an IPv4 frame without options that check_sent() would let through? The
 * usual one, in few instructions; false says nothing.
 */
static inline bool check_plain(const struct net_port *p, const struct packet *f)
{
    uint32_t total = packet_get16(f, 16);

    /* 34 bytes are there: total is at least 20, and the frame longer by 14. */
    return packet_from(f, p->mac) && packet_get16(f, 12) == ETHERTYPE_IPV4 &&
           f->header.byte[14] == 0x45 && total >= 20 &&
           total + 14 <= f->length && packet_ipv4_source(f) == p->ipv4;
}

/* NET_OK: an ARP or IPv4 frame with a consistent header. Addresses are not
 * looked at. */
enum net_drop check_form(const struct packet *f);

/* Can a datagram to this address be forwarded at all? Not to this-network,
 * loopback, multicast and broadcast. */
static inline bool check_unicast_ipv4(uint32_t a)
{
    return a >> 24 != 0 && a >> 24 != 127 && a < 0xe0000000u;
}

static inline bool check_is_arp(const struct packet *f)
{
    return packet_get16(f, 12) == ETHERTYPE_ARP;
}

#endif
