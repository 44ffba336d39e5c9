/* SPDX-License-Identifier: MIT */
/*
 * The uplink: see uplink.h. Frames in are handled on CPU 0, without the lock,
 * between taking them from the NIC and giving their buffers back.
 */
#include "io/uplink.h"

#include "base/string.h"
#include "core/domain.h"
#include "core/log.h"
#include "io/check.h"
#include "io/switch.h"

#define ANSWER_NS 3000000000ull /* a reply after this was not asked for */
#define WAKE_MAX  16            /* waiting domains woken per pass */

_Static_assert(sizeof(struct uplink) <= PAGE_SIZE, "one frame");

/* The interrupt alone brings us back here: uplink_poll() does the work. */
static void next_pass(struct timer *t unused, uint64_t now unused)
{
}

int uplink_attach(struct cell *cell, struct nic *nic)
{
    struct uplink *u;
    mfn_t m;

    if (!cell->net)
        return -XEN_ENODEV;
    m = frame_alloc_cell(cell->frames, FRAME_HYPERVISOR);
    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    u = machine_frame(m);
    memset(u, 0, PAGE_SIZE);
    u->net = cell->net;
    u->nic = nic;
    for (unsigned i = 0; i < 6; i++)
        u->mac |= (uint64_t)nic->mac[i] << (8 * i);
    lock_init(&u->lock, RANK_UPLINK, 0);
    arp_cache_init(&u->neighbours, cell->net->gateway);
    timer_init(&u->timer, next_pass);
    cell->net->uplink = u;
    return 0;
}

/* ------------------------------------------------------ out, under the lock */

/* Fills a reserved buffer; `to` may be 0 when it is not known yet. */
static void fill(const struct uplink *u, struct nic_buffer *b, struct packet *f,
                 uint64_t to)
{
    packet_set_destination(f, to);
    packet_set_source(f, u->mac);
    packet_copy(f, b->bytes);
    b->length = f->length;
}

static void submit(struct uplink *u, const struct nic_buffer *b)
{
    u->nic->calls->submit(u->nic, b);
    u->counters.sent_frames++;
    u->counters.sent_bytes += b->length;
}

static void send_arp(struct uplink *u, const struct arp *a, uint64_t to)
{
    struct packet f;
    struct nic_buffer b;

    if (!u->nic->calls->reserve(u->nic, &b))
        return; /* whoever wants to know asks again */
    arp_build(&f, a, u->mac, to);
    fill(u, &b, &f, to);
    submit(u, &b);
}

/* Asks for e's MAC in the name of `from`, so that the answer comes here. */
static void ask(struct uplink *u, uint32_t from, const struct arp_entry *e)
{
    struct arp a = {
        .operation = ARP_REQUEST,
        .sender_mac = u->mac,
        .sender_ip = from,
        .target_ip = e->ipv4,
    };

    send_arp(u, &a, NET_MAC_MASK);
}

static void end_hold(struct uplink *u, struct arp_entry *e)
{
    e->holding = false;
    if (e->ipv4 != u->neighbours.gateway)
        u->neighbours.held--;
}

/* Neighbours that do not answer lose what waited for them. */
static void drop_stale(struct uplink *u, uint64_t now)
{
    struct arp_entry *e;

    while ((e = arp_cache_stale(&u->neighbours, now)) != NULL) {
        u->nic->calls->release(u->nic, &e->held);
        end_hold(u, e);
    }
}

/* Keeps the first frame for a neighbour that has not answered yet. */
static enum net_drop hold(struct uplink *u, struct arp_entry *e,
                          struct packet *f, uint64_t now)
{
    bool gateway = e->ipv4 == u->neighbours.gateway;

    drop_stale(u, now);
    if (e->holding || (!gateway && u->neighbours.held >= ARP_HELD) ||
        !u->nic->calls->reserve(u->nic, &e->held))
        return NET_DROP_NO_NEIGHBOUR;
    fill(u, &e->held, f, 0);
    e->holding = true;
    e->held_since = now;
    u->neighbours.held += !gateway;
    return NET_OK;
}

static enum net_drop send_to(struct uplink *u, const struct net_port *from,
                             struct packet *f, struct arp_entry *e,
                             uint64_t now)
{
    struct nic_buffer b;

    if (arp_should_ask(e, now))
        ask(u, from->ipv4, e);
    if (!arp_usable(e, now))
        return hold(u, e, f, now);
    if (!u->nic->calls->reserve(u->nic, &b))
        return NET_WAIT;
    fill(u, &b, f, e->mac);
    submit(u, &b);
    return NET_OK;
}

enum net_drop uplink_send(struct uplink *u, const struct net_port *from,
                          struct packet *f, uint32_t to)
{
    enum net_drop why = NET_DROP_NO_NEIGHBOUR;
    uint64_t now = machine_clock();
    struct arp_entry *e;

    lock_take(&u->lock);
    e = arp_cache_find(&u->neighbours, to, from->domain->id, now);
    if (!e) {
        drop_stale(u, now);
        e = arp_cache_find(&u->neighbours, to, from->domain->id, now);
    }
    if (e)
        why = send_to(u, from, f, e, now);
    lock_release(&u->lock);
    return why;
}

void uplink_flush(struct uplink *u)
{
    lock_take(&u->lock);
    u->nic->calls->flush(u->nic);
    lock_release(&u->lock);
}

/* ------------------------------------------------------- waiting for room */

static bool has_room(struct uplink *u)
{
    struct nic_buffer b;

    if (!u->nic->calls->reserve(u->nic, &b))
        return false;
    u->nic->calls->release(u->nic, &b);
    return true;
}

/* uplink_poll() looks at it without the lock. */
static void set_first(struct uplink *u, struct net_port *p)
{
    __atomic_store_n(&u->wait_first, p, __ATOMIC_RELAXED);
}

static void append(struct uplink *u, struct net_port *p)
{
    p->waiting = true;
    p->wait_next = NULL;
    p->wait_prev = u->wait_last;
    if (u->wait_last)
        u->wait_last->wait_next = p;
    else
        set_first(u, p);
    u->wait_last = p;
}

static void unlink(struct uplink *u, struct net_port *p)
{
    if (p->wait_prev)
        p->wait_prev->wait_next = p->wait_next;
    else
        set_first(u, p->wait_next);
    if (p->wait_next)
        p->wait_next->wait_prev = p->wait_prev;
    else
        u->wait_last = p->wait_prev;
    p->waiting = false;
}

void uplink_wait(struct uplink *u, struct net_port *p)
{
    bool now;

    lock_take(&u->lock);
    u->nic->calls->want_room(u->nic, true);
    now = has_room(u);
    if (!now && !p->waiting)
        append(u, p);
    lock_release(&u->lock);
    if (now)
        event_raise(p->domain, SCREE_PORT_NET);
}

void uplink_forget(struct uplink *u, struct net_port *p)
{
    lock_take(&u->lock);
    if (p->waiting)
        unlink(u, p);
    lock_release(&u->lock);
}

/* Lock held: events rank below nothing here, event_raise takes a CPU's. */
static void wake_waiting(struct uplink *u)
{
    for (unsigned i = 0; i < WAKE_MAX && u->wait_first && has_room(u); i++) {
        struct net_port *p = u->wait_first;

        unlink(u, p);
        event_raise(p->domain, SCREE_PORT_NET);
    }
    if (!u->wait_first)
        u->nic->calls->want_room(u->nic, false);
}

/* ----------------------------------------------------------------- in */

/* The neighbour e has this MAC; what waited for it goes. */
static void learn(struct uplink *u, struct arp_entry *e, uint64_t mac)
{
    e->mac = mac;
    e->resolved = true;
    e->confirmed = machine_clock();
    if (!e->holding)
        return;
    for (unsigned i = 0; i < 6; i++)
        e->held.bytes[i] = (uint8_t)(mac >> (8 * i));
    submit(u, &e->held);
    end_hold(u, e);
}

/* Learns from answers to our questions and from questions to us. */
static void meet(struct uplink *u, const struct arp *a, bool for_us)
{
    struct arp_entry *e = arp_cache_peek(&u->neighbours, a->sender_ip);
    bool asked = e && e->asked && machine_clock() - e->asked < ANSWER_NS;

    if (!e || a->sender_mac == 0 || net_mac_is_group(a->sender_mac))
        return;
    if (a->operation == ARP_REQUEST ? for_us : asked)
        learn(u, e, a->sender_mac);
}

static enum net_drop input_arp(struct uplink *u, const struct packet *f)
{
    struct arp a, answer;
    bool for_us;

    if (!arp_parse(f, &a))
        return NET_DROP_ARP;
    if (net_lookup(u->net, a.sender_ip))
        return NET_DROP_SOURCE_IP;
    for_us = net_lookup(u->net, a.target_ip) != NULL;
    answer = (struct arp){
        .operation = ARP_REPLY,
        .sender_mac = u->mac,
        .sender_ip = a.target_ip,
        .target_mac = a.sender_mac,
        .target_ip = a.sender_ip,
    };
    lock_take(&u->lock);
    meet(u, &a, for_us);
    if (a.operation == ARP_REQUEST && for_us)
        send_arp(u, &answer, a.sender_mac);
    lock_release(&u->lock);
    return NET_OK;
}

static enum net_drop input_ipv4(struct uplink *u, struct net_batch *batch,
                                struct packet *f)
{
    uint32_t from = packet_ipv4_source(f);
    struct net_port *to;

    if (net_mac_is_group(packet_destination(f)))
        return NET_DROP_BROADCAST;
    if (!check_unicast_ipv4(from))
        return NET_DROP_IPV4;
    if (net_lookup(u->net, from))
        return NET_DROP_SOURCE_IP;
    to = net_lookup(u->net, packet_ipv4_destination(f));
    if (!to)
        return NET_DROP_UNKNOWN;
    packet_set_destination(f, to->mac);
    packet_set_source(f, NET_ROUTER_MAC);
    net_deliver(batch, to, f);
    return NET_OK;
}

static enum net_drop input(struct uplink *u, struct net_batch *batch,
                           const struct nic_buffer *b)
{
    struct packet f;
    enum net_drop why;
    uint64_t to;

    if (b->length < PACKET_MIN || b->length > PACKET_MAX)
        return NET_DROP_LENGTH;
    packet_load(&f, b->bytes, b->length);
    to = packet_destination(&f);
    if (to != u->mac && !net_mac_is_group(to) && !net_mac_is_scree(to))
        return NET_DROP_UNKNOWN;
    why = check_form(&f);
    if (why != NET_OK)
        return why;
    return check_is_arp(&f) ? input_arp(u, &f) : input_ipv4(u, batch, &f);
}

static void input_all(struct uplink *u, const struct nic_buffer *b, unsigned n)
{
    struct net_batch batch;

    net_batch_begin(&batch);
    for (unsigned i = 0; i < n; i++) {
        enum net_drop why = input(u, &batch, &b[i]);

        u->counters.received_frames++;
        u->counters.received_bytes += b[i].length;
        if (why != NET_OK)
            u->counters.drops[why]++;
    }
    net_batch_end(&batch);
}

static void say_broken(struct uplink *u)
{
    if (u->nic->broken && !u->reported)
        log_line(u->net->cell,
                 "uplink: the %s card broke the rules; it is "
                 "not used any more",
                 u->nic->what);
    u->reported = u->nic->broken;
}

/* From interrupts to the timer and back; `full`: a budget was used up. */
static void choose_wakeup(struct uplink *u, bool full)
{
    struct cpu *c = &u->net->cell->cpus[0];

    if (full)
        timer_set(c, &u->timer, machine_clock() + UPLINK_PAUSE_NS);
    if (full == u->polling)
        return;
    u->polling = full;
    u->nic->calls->want_frames(u->nic, !full);
    /* One that came just before interrupts were on again. */
    if (!full && u->nic->calls->pending(u->nic))
        machine_kick(0);
}

static unsigned collect(struct uplink *u, struct nic_buffer *b)
{
    unsigned n;

    lock_take(&u->lock);
    n = u->nic->calls->receive(u->nic, b, UPLINK_BUDGET);
    wake_waiting(u);
    lock_release(&u->lock);
    return n;
}

static void give_back(struct uplink *u, const struct nic_buffer *b, unsigned n)
{
    lock_take(&u->lock);
    u->nic->calls->recycle(u->nic, b, n);
    u->nic->calls->flush(u->nic);
    lock_release(&u->lock);
}

void uplink_poll(struct uplink *u)
{
    const struct nic_calls *calls = u->nic->calls;
    struct nic_buffer b[UPLINK_BUDGET];
    unsigned n = 0;

    if (calls->acknowledge)
        calls->acknowledge(u->nic);
    if (calls->pending(u->nic) ||
        __atomic_load_n(&u->wait_first, __ATOMIC_RELAXED))
        n = collect(u, b);
    if (n) {
        input_all(u, b, n);
        give_back(u, b, n);
    }
    choose_wakeup(u, n == UPLINK_BUDGET);
    say_broken(u);
}
