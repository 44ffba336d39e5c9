/* SPDX-License-Identifier: MIT */
/*
 * An Ethernet frame on its way: the first 48 bytes copied (they hold every
 * field that is checked or rewritten, so nobody can change them afterwards),
 * the rest where it was found, in at most two pieces.
 */
#ifndef IO_FRAME_H
#define IO_FRAME_H

#include "base/types.h"

#define NET_HEADER     48
#define NET_FRAME_MIN  14
#define NET_FRAME_MAX  1514

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP  0x0806
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define ETHERTYPE_IPV6 0x86dd

struct net_frame {
    union {
        uint64_t word[NET_HEADER / 8];
        uint8_t byte[NET_HEADER];
    } header; /* bytes beyond `length` are 0 */
    uint32_t length;
    uint32_t piece_length[2];
    const uint8_t *piece[2]; /* all bytes, the first 48 included */
};

#endif
