/* SPDX-License-Identifier: MIT */
/*
 * Addresses on the switch. A MAC is a function of the domain's id
 * (02:73 and the id, big endian), so that forwarding is an array look-up.
 * MACs travel as the low 48 bits of a uint64_t, wire byte 0 lowest: one load
 * and one compare. IPv4 addresses are in host order: 10.0.0.2 is 0x0a000002.
 */
#ifndef IO_NET_ADDR_H
#define IO_NET_ADDR_H

#include "base/types.h"

#define NET_MAC_MASK  0xffffffffffffull
#define NET_MAC_SCREE 0x7302u /* wire bytes 02 73 */
/* The switch's own address; no domain has this id. */
#define NET_ROUTER_ID UINT32_MAX

static inline uint64_t net_mac_of(uint32_t id)
{
    return NET_MAC_SCREE | (uint64_t)__builtin_bswap32(id) << 16;
}

#define NET_ROUTER_MAC net_mac_of(NET_ROUTER_ID)

/* Writes the MAC of domain `id` in wire order. */
static inline void net_mac(uint32_t id, uint8_t mac[6])
{
    uint64_t m = net_mac_of(id);

    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)(m >> (8 * i));
}

static inline bool net_mac_is_scree(uint64_t mac)
{
    return (mac & 0xffff) == NET_MAC_SCREE;
}

static inline uint32_t net_mac_id(uint64_t mac)
{
    return __builtin_bswap32((uint32_t)(mac >> 16));
}

/* Broadcast or multicast. */
static inline bool net_mac_is_group(uint64_t mac)
{
    return (mac & 1) != 0;
}

#endif
