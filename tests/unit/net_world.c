/* SPDX-License-Identifier: MIT */
/* See net_world.h. */
#include <stdlib.h>
#include <string.h>

#include "net_world.h"

#include "core/guestmem.h"
#include "io/arp.h"
#include "io/packet.h"
#include "io/switch.h"
#include "io/vio.h"

#define MEMORY 256 /* pages of each domain */

static void describe(struct net_world *n)
{
    struct scree_bundle *b = &n->bundle.head;

    b->network = ip_of(0);
    b->prefix = 24;
    b->gateway = NET_WORLD_GATEWAY;
    b->domains = sizeof(*b);
    b->domain_count = NET_WORLD_DOMAINS + 1;
    for (unsigned i = 1; i <= NET_WORLD_DOMAINS; i++)
        n->bundle.config[i].ipv4 = ip_of(i);
}

static void add_domain(struct net_world *n, unsigned id)
{
    struct domain *d = world_domain(&n->w, MEMORY);

    n->d[id] = d;
    CU_ASSERT_EQUAL_FATAL(d->id, id);
    CU_ASSERT_EQUAL(net_port_create(n->w.cell, d, &n->bundle.config[id]), 0);
    CU_ASSERT_EQUAL(vio_op(d, SCREE_VIO_OPEN, SCREE_VIO_NET, 0),
                    SCREE_VIO_RING);
    domain_start(d);
}

static void start(struct net_world *n, const struct host_config *machine,
                  void (*change)(struct net_world *n))
{
    memset(n, 0, sizeof(*n));
    world_start(&n->w, machine);
    describe(n);
    if (change)
        change(n);
    n->w.cell->bundle = &n->bundle.head;
    CU_ASSERT_EQUAL_FATAL(net_switch_create(n->w.cell), 0);
    n->w.free = frames_free(n->w.frames);
    for (unsigned i = 1; i <= NET_WORLD_DOMAINS; i++)
        add_domain(n, i);
}

void net_world_start_with(struct net_world *n,
                          void (*change)(struct net_world *n))
{
    start(n, NULL, change);
}

void net_world_start_on(struct net_world *n, const struct host_config *machine)
{
    start(n, machine, NULL);
}

void net_world_start(struct net_world *n)
{
    start(n, NULL, NULL);
}

void net_world_stop(struct net_world *n)
{
    world_stop(&n->w);
    free(n->nic);
}

struct scree_vio_ring *net_ring(struct net_world *n, unsigned id)
{
    return n->d[id]->vio[SCREE_VIO_NET].ring;
}

struct net_counters *net_counters(struct net_world *n, unsigned id)
{
    return &n->d[id]->net->counters;
}

static void poke(struct domain *d, uint64_t to, const void *from, size_t size)
{
    lock_take(&d->lock);
    CU_ASSERT_EQUAL(guestmem_write(d, gva(to), from, size), 0);
    lock_release(&d->lock);
}

void net_fill(struct net_world *n, unsigned id, const void *frame,
              uint32_t length, uint32_t shift)
{
    struct scree_vio_ring *r = net_ring(n, id);
    uint32_t i = r->tx_produced % SCREE_VIO_RING;
    uint64_t at = NET_WORLD_TX + 4096ull * i + shift;

    poke(n->d[id], at, frame, length);
    r->tx[i] = (struct scree_vio_desc){at, length, 0};
    r->tx_produced++;
}

int64_t net_kick(struct net_world *n, unsigned id)
{
    return vio_op(n->d[id], SCREE_VIO_KICK, SCREE_VIO_NET, 0);
}

int64_t net_send(struct net_world *n, unsigned id, const void *frame,
                 uint32_t length)
{
    net_fill(n, id, frame, length, 0);
    return net_kick(n, id);
}

void net_post(struct net_world *n, unsigned id, unsigned count, uint32_t length,
              uint32_t shift)
{
    struct scree_vio_ring *r = net_ring(n, id);

    while (count--) {
        uint32_t i = r->rx_produced % SCREE_VIO_RING;

        r->rx[i] = (struct scree_vio_desc){NET_WORLD_RX + 4096ull * i + shift,
                                           length, 100 + i};
        r->rx_produced++;
    }
}

uint32_t net_take(struct net_world *n, unsigned id, uint8_t frame[1514])
{
    struct scree_vio_ring *r = net_ring(n, id);
    struct domain *d = n->d[id];
    struct scree_vio_done done;
    uint64_t at;

    if (r->done_produced == r->done_consumed)
        return 0;
    done = r->done[r->done_consumed++ % SCREE_VIO_RING];
    at = r->rx[done.id - 100].address;
    lock_take(&d->lock);
    CU_ASSERT_EQUAL(guestmem_read(d, frame, gva(at), done.length), 0);
    lock_release(&d->lock);
    return done.length;
}

bool net_event(struct net_world *n, unsigned id, uint32_t port)
{
    xen_ulong_t *word = &n->d[id]->shared->evtchn_pending[port / 64];
    xen_ulong_t bit = 1ul << (port % 64);
    bool was = *word & bit;

    *word &= ~bit;
    return was;
}

/* ---------------------------------------------------------------- frames */

static void put16(uint8_t *b, uint32_t v)
{
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

static void put32(uint8_t *b, uint32_t v)
{
    put16(b, v >> 16);
    put16(b + 2, v & 0xffff);
}

uint32_t make_ipv4(uint8_t *b, uint64_t to, uint64_t from, uint32_t source,
                   uint32_t destination, uint32_t payload)
{
    memset(b, 0, 34);
    memcpy(b, &to, 6);
    memcpy(b + 6, &from, 6);
    put16(b + 12, ETHERTYPE_IPV4);
    b[14] = 0x45;
    put16(b + 16, 20 + payload);
    b[22] = 64;
    b[23] = 17;
    put32(b + 26, source);
    put32(b + 30, destination);
    for (uint32_t i = 0; i < payload; i++)
        b[34 + i] = (uint8_t)(i * 7 + 1);
    return 34 + payload;
}

uint32_t make_arp(uint8_t *b, uint16_t operation, uint64_t from, uint32_t ip,
                  uint32_t wanted)
{
    struct arp a = {operation, from, 0, ip, wanted};
    struct packet f;

    arp_build(&f, &a, from, NET_MAC_MASK);
    packet_copy(&f, b);
    return f.length;
}

/* ------------------------------------------------------------ the fake NIC */

static struct fake_nic *of(struct nic *n)
{
    return (struct fake_nic *)(void *)n;
}

static bool pending(struct nic *n)
{
    return of(n)->incoming_taken < of(n)->incoming_count;
}

static unsigned receive(struct nic *n, struct nic_buffer *to, unsigned max)
{
    struct fake_nic *f = of(n);
    unsigned count = 0;

    while (count < max && pending(n))
        to[count++] = f->incoming[f->incoming_taken++];
    return count;
}

static void recycle(struct nic *n, const struct nic_buffer *b, unsigned count)
{
    (void)b;
    of(n)->recycled += count;
}

static bool reserve(struct nic *n, struct nic_buffer *b)
{
    struct fake_nic *f = of(n);

    if (f->tx_used == f->tx_limit)
        return false;
    *b = (struct nic_buffer){f->tx[f->tx_used], 0, f->tx_used};
    f->tx_used++;
    return true;
}

static void release(struct nic *n, const struct nic_buffer *b)
{
    (void)b;
    of(n)->tx_used--;
}

static void submit(struct nic *n, const struct nic_buffer *b)
{
    of(n)->sent[of(n)->sent_count++] = *b;
}

static void flush(struct nic *n)
{
    of(n)->flushes++;
}

static void want_room(struct nic *n, bool want)
{
    of(n)->wants_room = want;
}

static void want_frames(struct nic *n, bool want)
{
    of(n)->deaf = !want;
}

static const struct nic_calls calls = {
    .pending = pending,
    .receive = receive,
    .recycle = recycle,
    .reserve = reserve,
    .release = release,
    .submit = submit,
    .flush = flush,
    .want_room = want_room,
    .want_frames = want_frames,
};

void net_world_uplink(struct net_world *n)
{
    uint64_t mac = OUTSIDE_MAC + 2;

    n->nic = calloc(1, sizeof(*n->nic));
    n->nic->nic.calls = &calls;
    n->nic->nic.what = "fake";
    n->nic->tx_limit = 8;
    memcpy(n->nic->nic.mac, &mac, 6);
    CU_ASSERT_EQUAL(uplink_attach(n->w.cell, &n->nic->nic), 0);
    n->w.free--; /* the uplink's own frame */
}

void nic_arrive(struct fake_nic *f, const void *frame, uint32_t length)
{
    unsigned i = f->incoming_count++;

    memcpy(f->rx[i], frame, length);
    f->incoming[i] = (struct nic_buffer){f->rx[i], length, i};
}

void nic_complete(struct fake_nic *f)
{
    f->tx_used = 0;
}
