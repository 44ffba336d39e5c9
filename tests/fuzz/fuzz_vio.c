/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's end of a vio ring: the input is what a guest writes into
 * its ring pages (net and console) between kicks and arrivals. A second domain
 * and the uplink send to it. Counters must add up, nothing may leak.
 */
#include <string.h>

#include "fuzz.h"
#include "io/console.h"
#include "io/vio.h"
#include "io/switch.h"
#include "net_world.h"

#define STEPS 48

/* One store into a ring: at any place, or of a likely value. */
static void scribble(struct net_world *n, struct fuzz_input *in)
{
    struct scree_vio_ring *r = net_ring(n, 1);
    uint8_t k = fuzz_byte(in);
    unsigned i = fuzz_byte(in) % SCREE_VIO_RING;

    if (!r)
        return;
    switch (k % 6) {
    case 0:
        r->tx_produced += fuzz_byte(in);
        break;
    case 1:
        r->rx_produced += fuzz_byte(in) % 65;
        break;
    case 2:
        r->done_consumed = k & 8 ? r->done_produced : fuzz_u32(in);
        break;
    case 3:
        r->tx[i] = (struct scree_vio_desc){NET_WORLD_TX + fuzz_u16(in),
                                           fuzz_u16(in) % 1600u, i};
        break;
    case 4:
        r->rx[i] = (struct scree_vio_desc){
            k & 8 ? fuzz_u64(in) : NET_WORLD_RX + fuzz_u16(in),
            k & 16 ? fuzz_u32(in) : 1514, fuzz_u32(in)};
        break;
    default:
        fuzz_bytes(in, (char *)r + fuzz_u16(in) % (4096 - 16), 16);
        break;
    }
}

/* Writes a frame, or anything, into the buffer of a transmit entry. */
static void fill(struct net_world *n, struct fuzz_input *in)
{
    uint8_t frame[1514];
    uint32_t length =
        make_ipv4(frame, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 20);
    unsigned changes = fuzz_byte(in) % 8;

    while (changes--)
        frame[fuzz_byte(in) % length] = fuzz_byte(in);
    if (net_ring(n, 1))
        net_fill(n, 1, frame, length, fuzz_byte(in));
}

static uint64_t nic_mac(const struct net_world *n)
{
    uint64_t mac = 0;

    memcpy(&mac, n->nic->nic.mac, sizeof(n->nic->nic.mac));
    return mac;
}

static void arrive(struct net_world *n, unsigned how)
{
    uint8_t frame[1514];
    uint32_t length = make_ipv4(frame, how ? net_mac_of(1) : nic_mac(n),
                                how ? net_mac_of(2) : OUTSIDE_MAC,
                                how ? ip_of(2) : 0x08080808, ip_of(1), 100);

    if (how) {
        (void)net_send(n, 2, frame, length);
    } else if (n->nic->incoming_count < 80) {
        nic_arrive(n->nic, frame, length);
        net_poll(n->w.cell, 0);
    }
}

static void step(struct net_world *n, struct fuzz_input *in)
{
    struct domain *d = n->d[1];
    int64_t taken;

    switch (fuzz_byte(in) % 7) {
    case 0:
    case 1:
        scribble(n, in);
        break;
    case 2:
        fill(n, in);
        break;
    case 3:
        taken = vio_op(d, SCREE_VIO_KICK, SCREE_VIO_NET, fuzz_byte(in));
        FUZZ_CHECK(taken <= SCREE_VIO_RING && taken != -XEN_EFAULT);
        break;
    case 4:
        arrive(n, fuzz_byte(in) & 1);
        break;
    case 5:
        (void)vio_op(d, fuzz_byte(in) % 4, fuzz_byte(in) % 3, 0);
        break;
    default:
        host_clock_advance(fuzz_u32(in));
        net_poll(n->w.cell, 0);
        break;
    }
    n->nic->sent_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct net_world n;

    net_world_start(&n);
    net_world_uplink(&n);
    net_post(&n, 1, 8, 1514, 0);
    for (unsigned i = 0; i < STEPS && in.left; i++)
        step(&n, &in);
    net_world_stop(&n);
    return 0;
}
