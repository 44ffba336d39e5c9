/* SPDX-License-Identifier: MIT */
/*
 * The net device for test guests: raw Ethernet frames, one at a time. IPv4
 * addresses are numbers, 10.0.0.2 is 0x0a000002.
 */
#ifndef TESTS_GUESTS_RT_NET_H
#define TESTS_GUESTS_RT_NET_H

#include "rt_vio.h"

#define NET_FRAME_MAX 1514

/* Opens the device and posts receive buffers. */
bool net_open(void);
/* Queues n bytes at `frame`, whatever they are, and kicks. The call's result.
 */
int64_t net_send(const void *frame, size_t n);
/* Waits up to ns for a frame; its length, or 0. */
size_t net_receive(void *frame, size_t size, uint64_t ns);

/* How many were sent and how they ended, since the last call. */
struct net_outcome {
    uint32_t errors, drops;
};
struct net_outcome net_outcome(void);

/* What frames are made of. */
struct net_headers {
    uint8_t to[6], from[6];
    uint16_t type;
    uint32_t source, destination; /* IPv4 */
};

/* The headers of an honest frame from this domain to `destination` through
 * the router MAC. */
struct net_headers net_honest(uint32_t destination);
/* The MAC of domain `id`. */
void net_mac_of(uint32_t id, uint8_t mac[6]);

/* The headers of an IPv4 frame with n bytes after them, without a checksum;
 * where those bytes go. */
uint8_t *net_put_ipv4(uint8_t *frame, const struct net_headers *h,
                      uint8_t protocol, size_t n);
/* An IPv4/UDP frame (port 9 to port 9) with n bytes of `data`; its length. */
size_t net_make_udp(uint8_t *frame, const struct net_headers *h,
                    const void *data, size_t n);
/* An ARP packet; sender_mac NULL: h->from. */
size_t net_make_arp(uint8_t *frame, const struct net_headers *h,
                    unsigned operation, const uint8_t *sender_mac);

void net_put16(uint8_t *at, uint16_t n);
void net_put32(uint8_t *at, uint32_t n);
/* Sets the IPv4 header checksum of the frame anew. */
void net_checksum(uint8_t *frame);

#endif
