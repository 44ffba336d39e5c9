/* SPDX-License-Identifier: MIT */
/*
 * The frames that the conformance guests of vio and network send.
 */
#ifndef CONFORMANCE_NET_H
#define CONFORMANCE_NET_H

#include "rt_net.h"

#define FRAME_BYTES NET_FRAME_MAX
#define ETHERNET    14
#define IPV4        20

/* A UDP-less IPv4 packet of protocol 253 (experiments) with n payload bytes,
 * each `fill`, and no checksum; returns the frame's length. */
static inline uint32_t ipv4_frame(uint8_t *f, const uint8_t *mac, uint32_t to,
                                  uint32_t n, uint8_t fill)
{
    struct net_headers h = net_honest(to);
    uint8_t *payload;

    memcpy(h.to, mac, 6);
    payload = net_put_ipv4(f, &h, 253, n);
    memset(payload, fill, n);
    return ETHERNET + IPV4 + n;
}

#define ARP_BYTES 42

/* A request for `target`, to everybody. */
static inline void arp_frame(uint8_t *f, uint32_t sender, uint32_t target)
{
    struct net_headers h = net_honest(target);

    memset(h.to, 0xff, 6);
    h.type = 0x0806;
    h.source = sender;
    net_make_arp(f, &h, 1, NULL);
}

#endif
