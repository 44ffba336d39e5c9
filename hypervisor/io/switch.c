/* SPDX-License-Identifier: MIT */
/*
 * The virtual switch: see switch.h. The table of addresses is two levels of
 * frames, so that a /8 costs little; look-ups take no lock.
 */
#include "io/switch.h"

#include "base/string.h"
#include "core/domain.h"
#include "io/arp.h"
#include "io/check.h"
#include "io/uplink.h"
#include "io/vio_net.h"

#define PREFIX_MAX 30

_Static_assert(sizeof(struct net_chunk) == PAGE_SIZE, "one frame");
_Static_assert(sizeof(struct net_switch) <= PAGE_SIZE, "one frame");

/* ------------------------------------------------------------ creation */

static int check_network(const struct scree_bundle *b)
{
    uint32_t size;

    if (b->prefix < 1 || b->prefix > PREFIX_MAX)
        return -XEN_EINVAL;
    size = 1u << (32 - b->prefix);
    if (b->network & (size - 1))
        return -XEN_EINVAL;
    if (b->gateway != 0 && b->gateway - b->network >= size)
        return -XEN_EINVAL;
    return 0;
}

static void *alloc_zeroed(struct cell *cell, uint64_t bytes)
{
    uint64_t n = pages(bytes);
    mfn_t m = frame_alloc_run(cell->frames, n, FRAME_HYPERVISOR);

    if (!mfn_valid(m))
        return NULL;
    memset(machine_frame(m), 0, n * PAGE_SIZE);
    return machine_frame(m);
}

static struct net_switch *make(struct cell *cell, const struct scree_bundle *b)
{
    struct net_switch *n = alloc_zeroed(cell, sizeof(*n));
    uint32_t chunks;

    if (!n)
        return NULL;
    n->cell = cell;
    n->network = b->network;
    n->size = 1u << (32 - b->prefix);
    n->gateway = b->gateway;
    n->covered = (uint32_t)min_u64(n->size, NET_ADDRESSES);
    chunks = (n->covered + NET_CHUNK - 1) / NET_CHUNK;
    n->chunks = alloc_zeroed(cell, chunks * sizeof(n->chunks[0]));
    return n->chunks ? n : NULL;
}

int net_cover(struct net_switch *n, uint32_t ipv4)
{
    uint32_t at = ipv4 - n->network;
    struct net_chunk *none = NULL;
    mfn_t m;

    if (at >= n->covered)
        return -XEN_EINVAL;
    if (atomic_load(&n->chunks[at / NET_CHUNK]))
        return 0;
    m = frame_alloc_cell(n->cell->frames, FRAME_HYPERVISOR);
    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    memset(machine_frame(m), 0, PAGE_SIZE);
    if (!atomic_compare_exchange_strong(&n->chunks[at / NET_CHUNK], &none,
                                        machine_frame(m)))
        frame_put(n->cell->frames, NULL, m); /* another CPU was first */
    return 0;
}

int net_switch_create(struct cell *cell)
{
    const struct scree_bundle *b = cell->bundle;
    const struct scree_domain_config *config;
    struct net_switch *n;
    int rc;

    if (!b || (b->network == 0 && b->prefix == 0))
        return 0;
    rc = check_network(b);
    if (rc)
        return rc;
    n = make(cell, b);
    if (!n)
        return -XEN_ENOMEM;
    config = (const void *)((const char *)b + b->domains);
    for (uint32_t i = 0; i < b->domain_count; i++) {
        /* An address that does not fit is refused with its domain. */
        if (config[i].ipv4 && net_cover(n, config[i].ipv4) == -XEN_ENOMEM)
            return -XEN_ENOMEM;
    }
    cell->net = n;
    return 0;
}

void net_poll(struct cell *cell, unsigned cpu)
{
    struct net_switch *n = cell->net;

    /* The NIC interrupts CPU 0; one receiver keeps frames in order. */
    if (cpu == 0 && n && n->uplink)
        uplink_poll(n->uplink);
}

/* ---------------------------------------------------------- forwarding */

static inline void deliver(struct net_batch *b, struct net_port *to,
                           const struct packet *f)
{
    if (b->to.port != to) {
        if (b->to.port)
            vio_net_end(&b->to);
        vio_net_begin(&b->to, to);
    }
    vio_net_receive(&b->to, f);
}

void net_deliver(struct net_batch *b, struct net_port *to,
                 const struct packet *f)
{
    deliver(b, to, f);
}

static struct net_port *port_of_mac(const struct net_switch *n, uint64_t mac)
{
    uint32_t id = net_mac_id(mac);
    struct domain *d;

    if (!net_mac_is_scree(mac) || id >= n->cell->domain_limit)
        return NULL;
    d = atomic_load_explicit(&n->cell->domains[id], memory_order_acquire);
    return d ? __atomic_load_n(&d->net, __ATOMIC_ACQUIRE) : NULL;
}

static enum net_drop send_outside(struct net_batch *b, struct net_port *from,
                                  struct packet *f, uint32_t to)
{
    const struct net_switch *n = from->net;
    uint32_t at = to - n->network;

    if (at == 0 || at == n->size - 1)
        return NET_DROP_BROADCAST;
    if (!n->uplink)
        return NET_DROP_NO_UPLINK;
    b->uplink = n->uplink;
    return uplink_send(n->uplink, from, f, at < n->size ? to : n->gateway);
}

/* To the router MAC: by destination IPv4, with the MACs of the next leg. */
static __attribute__((noinline)) enum net_drop
route(struct net_batch *b, struct net_port *from, struct packet *f)
{
    uint32_t ipv4 = packet_ipv4_destination(f);
    struct net_port *to = net_lookup(from->net, ipv4);

    if (!check_unicast_ipv4(ipv4))
        return NET_DROP_BROADCAST;
    if (!to)
        return send_outside(b, from, f, ipv4);
    if (to->group != from->group)
        return NET_DROP_GROUP;
    packet_set_destination(f, to->mac);
    packet_set_source(f, NET_ROUTER_MAC);
    net_deliver(b, to, f);
    return NET_OK;
}

/*
 * Who has the address? A domain of the group: its MAC. The gateway and
 * whatever else lies in the network: the router, if there is an outside.
 */
static __attribute__((noinline)) enum net_drop
answer_arp(struct net_batch *b, struct net_port *from, const struct packet *f)
{
    struct arp a, answer;
    struct packet reply;
    struct net_port *owner;

    if (!arp_parse(f, &a))
        return NET_DROP_ARP;
    if (a.operation != ARP_REQUEST)
        return NET_DROP_ARP_REPLY;
    if (a.target_ip == from->ipv4)
        return NET_OK; /* it announces itself; the switch knows */
    owner = net_lookup(from->net, a.target_ip);
    if (owner && owner->group != from->group)
        return NET_DROP_GROUP;
    if (!owner && !net_is_local(from->net, a.target_ip))
        return NET_DROP_UNKNOWN;
    if (!owner && !from->net->uplink)
        return NET_DROP_NO_UPLINK;
    answer = (struct arp){
        .operation = ARP_REPLY,
        .sender_mac = owner ? owner->mac : NET_ROUTER_MAC,
        .sender_ip = a.target_ip,
        .target_mac = from->mac,
        .target_ip = from->ipv4,
    };
    arp_build(&reply, &answer, answer.sender_mac, from->mac);
    net_deliver(b, from, &reply);
    return NET_OK;
}

enum net_drop net_forward(struct net_batch *b, struct net_port *from,
                          struct packet *f)
{
    uint64_t mac = packet_destination(f);
    enum net_drop why = NET_OK;
    struct net_port *to;

    if (!check_plain(from, f))
        why = check_sent(from, f);
    if (why != NET_OK)
        return why;
    if (check_is_arp(f))
        return answer_arp(b, from, f);
    if (mac == NET_ROUTER_MAC)
        return route(b, from, f);
    if (net_mac_is_group(mac))
        return NET_DROP_BROADCAST;
    to = port_of_mac(from->net, mac);
    if (!to)
        return NET_DROP_UNKNOWN;
    if (to->group != from->group)
        return NET_DROP_GROUP;
    deliver(b, to, f);
    return NET_OK;
}
