/* SPDX-License-Identifier: MIT */
/*
 * What a port may send and the uplink may bring in: see check.h. A frame is
 * judged by its copied header only.
 */
#include "io/check.h"

#include "io/arp.h"

#define ETHERNET_BYTES 14
#define IPV4_BYTES     20

/* Version, header length and total length of RFC 791; the receiver checks the
 * header checksum. Ethernet may pad, so the frame may be longer. */
static enum net_drop check_ipv4(const struct packet *f)
{
    uint32_t room = f->length - ETHERNET_BYTES;
    uint32_t first = f->header.byte[ETHERNET_BYTES];
    uint32_t total = packet_get16(f, 16);
    uint32_t header = (first & 15) * 4;

    if (room < IPV4_BYTES)
        return NET_DROP_LENGTH;
    if (first >> 4 != 4 || header < IPV4_BYTES || total < header ||
        total > room)
        return NET_DROP_IPV4;
    return NET_OK;
}

static enum net_drop check_arp(const struct packet *f)
{
    struct arp a;

    if (f->length < ARP_BYTES)
        return NET_DROP_LENGTH;
    return arp_parse(f, &a) ? NET_OK : NET_DROP_ARP;
}

enum net_drop check_form(const struct packet *f)
{
    switch (packet_get16(f, 12)) {
    case ETHERTYPE_IPV4:
        return check_ipv4(f);
    case ETHERTYPE_ARP:
        return check_arp(f);
    case ETHERTYPE_VLAN:
    case ETHERTYPE_QINQ:
        return NET_DROP_VLAN;
    case ETHERTYPE_IPV6:
        return NET_DROP_IPV6;
    default:
        return NET_DROP_ETHERTYPE;
    }
}

static enum net_drop check_arp_sender(const struct net_port *p,
                                      const struct packet *f)
{
    struct arp a;

    if (!arp_parse(f, &a) || a.sender_mac != p->mac || a.sender_ip != p->ipv4)
        return NET_DROP_ARP;
    return NET_OK;
}

enum net_drop check_sent(const struct net_port *p, const struct packet *f)
{
    enum net_drop why;

    if (!packet_from(f, p->mac))
        return NET_DROP_SOURCE_MAC;
    why = check_form(f);
    if (why != NET_OK)
        return why;
    if (check_is_arp(f))
        return check_arp_sender(p, f);
    return packet_ipv4_source(f) == p->ipv4 ? NET_OK : NET_DROP_SOURCE_IP;
}
