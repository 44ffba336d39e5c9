/* SPDX-License-Identifier: MIT */
/* See rt_net.h. */
#include "rt_net.h"

#define BUFFER_BYTES 2048

static uint8_t buffers[SCREE_VIO_RING][BUFFER_BYTES]
    __attribute__((aligned(64)));
static uint32_t seen_errors, seen_drops;

static void post(uint32_t id)
{
    vio_post(SCREE_VIO_NET, buffers[id], BUFFER_BYTES, id);
}

bool net_open(void)
{
    if (HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_NET, 0) < 0)
        return false;
    seen_errors = 0;
    seen_drops = 0;
    for (uint32_t i = 0; i < SCREE_VIO_RING; i++)
        post(i);
    return true;
}

int64_t net_send(const void *frame, size_t n)
{
    int64_t taken;

    vio_send(SCREE_VIO_NET, frame, (uint32_t)n);
    /* a full uplink takes it later */
    for (unsigned tries = 0; tries < 200; tries++) {
        taken = HYPERVISOR_scree_vio(SCREE_VIO_KICK, SCREE_VIO_NET, 0);
        if (taken)
            return taken;
        rt_sleep(5 * RT_MS);
    }
    return 0;
}

size_t net_receive(void *frame, size_t size, uint64_t ns)
{
    uint64_t end = rt_now() + ns;
    uint32_t id, n;

    for (;;) {
        rt_clear_events();
        if (vio_take(SCREE_VIO_NET, &id, &n))
            break;
        if (rt_now() >= end)
            return 0;
        (void)HYPERVISOR_scree_idle(end);
    }
    if (n > size)
        n = (uint32_t)size;
    id %= SCREE_VIO_RING;
    memcpy(frame, buffers[id], n);
    post(id);
    return n;
}

struct net_outcome net_outcome(void)
{
    volatile struct scree_vio_ring *r = vio_ring(SCREE_VIO_NET);
    struct net_outcome o = {
        .errors = r->tx_errors - seen_errors,
        .drops = r->tx_drops - seen_drops,
    };

    seen_errors += o.errors;
    seen_drops += o.drops;
    return o;
}

/* ------------------------------------------------------------ frames */

void net_put16(uint8_t *at, uint16_t n)
{
    at[0] = (uint8_t)(n >> 8);
    at[1] = (uint8_t)n;
}

void net_put32(uint8_t *at, uint32_t n)
{
    net_put16(at, (uint16_t)(n >> 16));
    net_put16(at + 2, (uint16_t)n);
}

void net_mac_of(uint32_t id, uint8_t mac[6])
{
    net_put16(mac, 0x0273);
    net_put32(mac + 2, id);
}

struct net_headers net_honest(uint32_t destination)
{
    struct net_headers h = {
        .type = 0x0800,
        .source = rt_info()->ipv4,
        .destination = destination,
    };

    net_mac_of(UINT32_MAX, h.to);
    memcpy(h.from, (const void *)(uintptr_t)rt_info()->mac, 6);
    return h;
}

static uint8_t *put_ether(uint8_t *frame, const struct net_headers *h)
{
    memcpy(frame, h->to, 6);
    memcpy(frame + 6, h->from, 6);
    net_put16(frame + 12, h->type);
    return frame + 14;
}

void net_checksum(uint8_t *frame)
{
    uint8_t *ip = frame + 14;
    uint32_t sum = 0;

    net_put16(ip + 10, 0);
    for (unsigned i = 0; i < 20; i += 2)
        sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    net_put16(ip + 10, (uint16_t)~sum);
}

uint8_t *net_put_ipv4(uint8_t *frame, const struct net_headers *h,
                      uint8_t protocol, size_t n)
{
    uint8_t *ip = put_ether(frame, h);

    memset(ip, 0, 20);
    ip[0] = 0x45;
    net_put16(ip + 2, (uint16_t)(20 + n));
    ip[8] = 64;
    ip[9] = protocol;
    net_put32(ip + 12, h->source);
    net_put32(ip + 16, h->destination);
    return ip + 20;
}

size_t net_make_udp(uint8_t *frame, const struct net_headers *h,
                    const void *data, size_t n)
{
    uint8_t *udp = net_put_ipv4(frame, h, 17, 8 + n);

    net_checksum(frame);
    net_put16(udp, 9);
    net_put16(udp + 2, 9);
    net_put16(udp + 4, (uint16_t)(8 + n));
    net_put16(udp + 6, 0);
    memcpy(udp + 8, data, n);
    return 14 + 28 + n;
}

size_t net_make_arp(uint8_t *frame, const struct net_headers *h,
                    unsigned operation, const uint8_t *sender_mac)
{
    uint8_t *arp = put_ether(frame, h);

    memset(arp, 0, 28);
    net_put16(arp, 1);
    net_put16(arp + 2, 0x0800);
    arp[4] = 6;
    arp[5] = 4;
    net_put16(arp + 6, (uint16_t)operation);
    memcpy(arp + 8, sender_mac ? sender_mac : h->from, 6);
    net_put32(arp + 14, h->source);
    net_put32(arp + 24, h->destination);
    return 14 + 28;
}
