/* SPDX-License-Identifier: MIT */
/*
 * What the conformance guests of vio and network share: the rings, frames.
 */
#ifndef CONFORMANCE_NET_H
#define CONFORMANCE_NET_H

#include "rt.h"

#define FRAME_BYTES 1514
#define ETHERNET    14
#define IPV4        20

static inline volatile struct scree_vio_ring *vio_ring(unsigned device)
{
    return (volatile struct scree_vio_ring *)(SCREE_VIO_PAGES +
                                              (uint64_t)device *
                                                  SCREE_PAGE_SIZE);
}

/* Fills the next transmit entry and advances tx_produced. */
static inline void vio_send(unsigned device, const void *from, uint32_t n)
{
    volatile struct scree_vio_ring *r = vio_ring(device);
    volatile struct scree_vio_desc *e = &r->tx[r->tx_produced % SCREE_VIO_RING];

    e->address = (uint64_t)from;
    e->length = n;
    e->id = 0;
    __atomic_store_n(&r->tx_produced, r->tx_produced + 1, __ATOMIC_RELEASE);
}

static inline void vio_post(unsigned device, void *to, uint32_t n, uint32_t id)
{
    volatile struct scree_vio_ring *r = vio_ring(device);
    volatile struct scree_vio_desc *e = &r->rx[r->rx_produced % SCREE_VIO_RING];

    e->address = (uint64_t)to;
    e->length = n;
    e->id = id;
    __atomic_store_n(&r->rx_produced, r->rx_produced + 1, __ATOMIC_RELEASE);
}

/* Takes the next completion, if there is one. */
static inline bool vio_take(unsigned device, uint32_t *id, uint32_t *n)
{
    volatile struct scree_vio_ring *r = vio_ring(device);

    if (__atomic_load_n(&r->done_produced, __ATOMIC_ACQUIRE) ==
        r->done_consumed)
        return false;
    *id = r->done[r->done_consumed % SCREE_VIO_RING].id;
    *n = r->done[r->done_consumed % SCREE_VIO_RING].length;
    r->done_consumed++;
    return true;
}

static inline void put32(uint8_t *to, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static inline void ethernet(uint8_t *f, const uint8_t *to, uint16_t type)
{
    memcpy(f, to, 6);
    memcpy(f + 6, (const void *)(uintptr_t)rt_info()->mac, 6);
    f[12] = (uint8_t)(type >> 8);
    f[13] = (uint8_t)type;
}

/* A UDP-less IPv4 packet of protocol 253 (experiments) with n payload bytes,
 * each `fill`; returns the frame's length. */
static inline uint32_t ipv4_frame(uint8_t *f, const uint8_t *mac, uint32_t to,
                                  uint32_t n, uint8_t fill)
{
    ethernet(f, mac, 0x0800);
    memset(f + ETHERNET, 0, IPV4);
    f[14] = 0x45;
    f[16] = (uint8_t)((IPV4 + n) >> 8);
    f[17] = (uint8_t)(IPV4 + n);
    f[22] = 64;
    f[23] = 253;
    put32(f + 26, rt_info()->ipv4);
    put32(f + 30, to);
    memset(f + ETHERNET + IPV4, fill, n);
    return ETHERNET + IPV4 + n;
}

#define ARP_BYTES 42

static inline void arp_frame(uint8_t *f, uint32_t sender, uint32_t target)
{
    static const uint8_t head[8] = {0, 1, 8, 0, 6, 4, 0, 1};
    uint8_t all[6];

    memset(all, 0xff, 6);
    ethernet(f, all, 0x0806);
    memcpy(f + 14, head, 8);
    memcpy(f + 22, (const void *)(uintptr_t)rt_info()->mac, 6);
    put32(f + 28, sender);
    memset(f + 32, 0, 6);
    put32(f + 38, target);
}

#endif
