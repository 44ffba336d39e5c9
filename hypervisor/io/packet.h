/* SPDX-License-Identifier: MIT */
/*
 * An Ethernet frame on its way: its beginning copied, so that nobody can change
 * a field between its check and its use, the rest where it was found. A short
 * frame is copied whole.
 */
#ifndef IO_PACKET_H
#define IO_PACKET_H

#include "base/types.h"
#include "io/net_addr.h"

#define PACKET_HEADER  48  /* holds every field that is checked or rewritten */
#define PACKET_SHORT   128 /* at most this long: copied whole */
#define PACKET_MIN     14
#define PACKET_MAX     1514

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP  0x0806
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define ETHERTYPE_IPV6 0x86dd

struct packet {
    union {
        uint64_t word[PACKET_SHORT / 8];
        uint8_t byte[PACKET_SHORT];
    } header;
    uint32_t length; /* PACKET_MIN .. PACKET_MAX */
    uint32_t copied; /* into header; undefined behind that */
    /* the other bytes, if any; piece_length[] add up to length - copied */
    uint32_t piece_length[2];
    const uint8_t *piece[2];
};

/* Makes f of at most PACKET_SHORT bytes. */
void packet_load_short(struct packet *f, const uint8_t *bytes, uint32_t length);
/* Makes f of bytes in one piece. */
void packet_load(struct packet *f, const uint8_t *bytes, uint32_t length);
/* Makes f of two pieces, first_length < length. */
void packet_load_two(struct packet *f, const uint8_t *first,
                     uint32_t first_length, const uint8_t *second,
                     uint32_t length);
/* Copies the frame, as rewritten, to length bytes at `to`. */
void packet_copy(const struct packet *f, uint8_t *to);
/* Copies bytes [at, at + n) of the frame, as rewritten. */
void packet_copy_part(const struct packet *f, uint32_t at, uint32_t n,
                      uint8_t *to);

static inline uint64_t packet_destination(const struct packet *f)
{
    return f->header.word[0] & NET_MAC_MASK;
}

static inline uint64_t packet_source(const struct packet *f)
{
    return f->header.word[0] >> 48 | (f->header.word[1] & 0xffffffffull) << 16;
}

/* Is that its source, or destination? */
static inline bool packet_from(const struct packet *f, uint64_t mac)
{
    uint64_t eight;

    __builtin_memcpy(&eight, &f->header.byte[6], 8);
    return (eight ^ mac) << 16 == 0;
}

static inline bool packet_to(const struct packet *f, uint64_t mac)
{
    return (f->header.word[0] ^ mac) << 16 == 0;
}

static inline void packet_set_destination(struct packet *f, uint64_t mac)
{
    f->header.word[0] = (f->header.word[0] & ~NET_MAC_MASK) | mac;
}

static inline void packet_set_source(struct packet *f, uint64_t mac)
{
    f->header.word[0] = (f->header.word[0] & NET_MAC_MASK) | mac << 48;
    f->header.word[1] = (f->header.word[1] & ~0xffffffffull) | mac >> 16;
}

static inline uint16_t packet_get16(const struct packet *f, unsigned at)
{
    return (uint16_t)(f->header.byte[at] << 8 | f->header.byte[at + 1]);
}

static inline uint32_t packet_get32(const struct packet *f, unsigned at)
{
    uint32_t v;

    __builtin_memcpy(&v, &f->header.byte[at], 4);
    return __builtin_bswap32(v);
}

/* IPv4 header fields of a checked frame. */
static inline uint32_t packet_ipv4_source(const struct packet *f)
{
    return packet_get32(f, 26);
}

static inline uint32_t packet_ipv4_destination(const struct packet *f)
{
    return packet_get32(f, 30);
}

#endif
