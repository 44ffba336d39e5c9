/* SPDX-License-Identifier: MIT */
/*
 * Ports come and go: see net_port.h. A port is in the switch's table from its
 * creation until its domain begins to end, and its domain's `net` points to it
 * until the end.
 */
#include "io/net_port.h"

#include "core/domain.h"
#include "io/net_addr.h"
#include "io/switch.h"
#include "io/uplink.h"
#include "io/vio_net.h"

#define BURST_NS_DIVISOR 10 /* a tenth of a second's worth may go at once */
#define BURST_MIN        (2 * SCREE_VIO_MTU)

_Static_assert(sizeof(struct net_port) <= DOMAIN_NET_STATE, "fits");

static struct net_port *_Atomic *place(const struct net_switch *n,
                                       uint32_t ipv4)
{
    uint32_t at = ipv4 - n->network;

    return &atomic_load(&n->chunks[at / NET_CHUNK])->port[at % NET_CHUNK];
}

static int check_address(const struct net_switch *n, uint32_t ipv4)
{
    uint32_t at = ipv4 - n->network;

    if (at == 0 || at >= n->size - 1 || ipv4 == n->gateway)
        return -XEN_EINVAL;
    return 0;
}

static void set_rate(struct net_port *p, uint64_t rate)
{
    uint64_t burst = max_u64(rate / BURST_NS_DIVISOR, BURST_MIN);

    ratelimit_init(&p->sending, rate, burst);
    ratelimit_init(&p->receiving, rate, burst);
}

static void init(struct net_port *p, struct net_switch *n, struct domain *d,
                 const struct scree_domain_config *config)
{
    *p = (struct net_port){
        .domain = d,
        .net = n,
        .mac = net_mac_of(d->id),
        .ipv4 = config->ipv4,
        .group = config->group,
    };
    set_rate(p, config->net_rate);
    timer_init(&p->timer, vio_net_timer);
}

int net_port_create(struct cell *cell, struct domain *d,
                    const struct scree_domain_config *config)
{
    struct net_switch *n = cell->net;
    struct net_port *p = (struct net_port *)(void *)d->net_state;
    struct net_port *none = NULL;
    int rc;

    if (!n)
        return -XEN_ENODEV;
    rc = check_address(n, config->ipv4);
    if (rc == 0)
        rc = net_cover(n, config->ipv4);
    if (rc)
        return rc;
    init(p, n, d, config);
    if (!atomic_compare_exchange_strong(place(n, config->ipv4), &none, p))
        return -XEN_EEXIST;
    __atomic_store_n(&d->net, p, __ATOMIC_RELEASE);
    return 0;
}

void net_port_set_rate(struct domain *d, uint64_t rate)
{
    lock_take(&d->lock);
    d->net_rate = rate;
    if (d->net)
        set_rate(d->net, rate);
    lock_release(&d->lock);
}

void net_port_counters(struct domain *d, struct net_counters *counters)
{
    const struct net_port *p = (const void *)d->net_state;

    lock_take(&d->lock);
    *counters = p->counters;
    lock_release(&d->lock);
}

void net_port_hide(struct domain *d)
{
    struct net_port *p = d->net;
    struct net_port *own = p;

    /* unless it was hidden, and somebody else has the address now */
    if (p)
        (void)atomic_compare_exchange_strong(place(p->net, p->ipv4), &own,
                                             NULL);
}

void net_port_destroy(struct domain *d)
{
    struct net_port *p = d->net;

    if (!p)
        return;
    net_port_hide(d);
    timer_stop(d->vcpu.cpu, &p->timer);
    if (p->net->uplink)
        uplink_forget(p->net->uplink, p);
    /* Whoever found the port before delivers under this lock, or not at all. */
    lock_take(&d->lock);
    __atomic_store_n(&d->net, NULL, __ATOMIC_RELEASE);
    lock_release(&d->lock);
}
