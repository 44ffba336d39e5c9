/* SPDX-License-Identifier: MIT */
/*
 * The switch's checks: the input is frames that domain 1 sends and frames that
 * come from outside, as they are. What domain 2 or the uplink gets from
 * domain 1 must carry domain 1's own MAC and address; what comes from outside
 * must not claim to be one of us.
 *
 *   per frame: flags, length (2 bytes), bytes
 */
#include <string.h>

#include "fuzz.h"
#include "io/switch.h"
#include "net_world.h"

#define FRAMES 16

static uint64_t mac_at(const uint8_t *p)
{
    uint64_t mac = 0;

    memcpy(&mac, p, 6);
    return mac;
}

static uint32_t ip_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* A frame that was received, and who may have sent it. */
static void check_incoming(const uint8_t *f, uint32_t length, bool local)
{
    uint64_t from = mac_at(f + 6);
    unsigned type = (unsigned)(f[12] << 8 | f[13]);

    FUZZ_CHECK(length >= PACKET_MIN && length <= PACKET_MAX);
    FUZZ_CHECK(type == ETHERTYPE_IPV4 || type == ETHERTYPE_ARP);
    FUZZ_CHECK(from == NET_ROUTER_MAC || (local && from == net_mac_of(1)));
    if (type == ETHERTYPE_IPV4 && local)
        FUZZ_CHECK(length >= 34 && ip_at(f + 26) == ip_of(1));
    if (type == ETHERTYPE_IPV4 && !local)
        FUZZ_CHECK(ip_at(f + 26) - ip_of(1) >= NET_WORLD_DOMAINS);
    if (type == ETHERTYPE_ARP && from == net_mac_of(1))
        FUZZ_CHECK(length >= 42 && ip_at(f + 28) == ip_of(1) &&
                   mac_at(f + 22) == net_mac_of(1));
}

/* What went out carries the NIC's MAC and domain 1's address. */
static void check_outgoing(struct net_world *n)
{
    for (unsigned i = 0; i < n->nic->sent_count; i++) {
        const uint8_t *f = n->nic->sent[i].bytes;

        FUZZ_CHECK(mac_at(f + 6) == mac_at(n->nic->nic.mac));
        if (f[12] == 8 && f[13] == 0)
            FUZZ_CHECK(ip_at(f + 26) == ip_of(1));
    }
    n->nic->sent_count = 0;
}

static void drain(struct net_world *n, bool local)
{
    uint8_t frame[PACKET_MAX];
    uint32_t length;

    for (unsigned id = 2; id <= NET_WORLD_DOMAINS; id++)
        while ((length = net_take(n, id, frame)))
            check_incoming(frame, length, local);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t frame[2048];
    struct net_world n;

    net_world_start(&n);
    net_world_uplink(&n);
    for (unsigned id = 2; id <= NET_WORLD_DOMAINS; id++)
        net_post(&n, id, 60, 1514, 0);
    for (unsigned i = 0; i < FRAMES && in.left; i++) {
        bool local = fuzz_byte(&in) & 1;
        uint32_t length = fuzz_u16(&in) % 1600u;

        fuzz_bytes(&in, frame, length);
        if (local) {
            net_fill(&n, 1, frame, length, 0);
            (void)net_kick(&n, 1);
        } else {
            nic_arrive(n.nic, frame, length);
            net_poll(n.w.cell, 0);
        }
        drain(&n, local);
        check_outgoing(&n);
    }
    net_world_stop(&n);
    return 0;
}
