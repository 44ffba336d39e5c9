/* SPDX-License-Identifier: MIT */
/*
 * The net device: see vio_net.h.
 */
#include "io/vio_net.h"

#include "core/guestmem.h"
#include "io/packet.h"
#include "io/switch.h"
#include "io/uplink.h"
#include "io/vio.h"

#define BATCH 32 /* frames of one pass */

/* What is not the common case stands apart, so that the common one saves few
 * registers. */
#define rare  __attribute__((noinline, cold))
/* What it calls, and is not rare, stands in line: the calls on the way of one
 * short frame cost as much as the work. */
#define hot   __attribute__((flatten))

/*
 * A transmit entry on its way through the three steps. Short frames are copied
 * while the lock is held; pinning the pages of longer ones costs less than a
 * second copy.
 */
struct sending {
    struct packet packet;
    struct guestmem_pin pin; /* if PINNED */
    enum { SHORT, PINNED, BAD } kind;
    enum net_drop verdict;
};

struct pass {
    uint32_t taken, sent;
    bool limited; /* the rate limit ended it */
    bool full;    /* the uplink did */
    bool plain;   /* all short, all sent: nothing is left to do */
    struct sending frame[BATCH];
};

/* ------------------------------------------------- under the sender's lock */

/* A page of the sender, remembered: frames are often neighbours. */
struct source {
    uint64_t page;
    const uint8_t *bytes; /* NULL: none */
};

/* A frame that is short and lies in one page. */
static bool take_short(struct domain *d, struct source *source,
                       struct sending *s, const struct scree_vio_desc *e)
{
    uint32_t at = e->address & PAGE_MASK;
    uint64_t page = e->address >> PAGE_SHIFT;

    if (e->length - PACKET_MIN > PACKET_SHORT - PACKET_MIN ||
        at + e->length > PAGE_SIZE)
        return false;
    if (!source->bytes || source->page != page) {
        source->page = page;
        source->bytes = space_page(&d->space, gfn(page), false);
        if (!source->bytes)
            return false;
    }
    packet_load_short(&s->packet, source->bytes + at, e->length);
    return true;
}

/* Any other. false: the entry is bad. */
static __attribute__((noinline)) bool
take_pinned(struct domain *d, struct sending *s, const struct scree_vio_desc *e)
{
    struct guestmem_pin *p = &s->pin;

    if (e->length < PACKET_MIN || e->length > PACKET_MAX ||
        guestmem_pin(d, gva(e->address), e->length, false, p) != 0)
        return false;
    if (p->length[1])
        packet_load_two(&s->packet, p->bytes[0], p->length[0], p->bytes[1],
                        e->length);
    else
        packet_load(&s->packet, p->bytes[0], e->length);
    return true;
}

/* false: the rate limit does not let it go. */
static bool take_entry(struct domain *d, struct pass *p, struct source *source,
                       uint64_t now)
{
    struct sending *s = &p->frame[p->taken];
    struct scree_vio_desc e = vio_tx_entry(&d->vio[SCREE_VIO_NET], p->taken);

    if (!ratelimit_take(&d->net->sending, e.length & PAGE_MASK, now))
        return false;
    s->kind = SHORT;
    if (!take_short(d, source, s, &e)) {
        s->kind = take_pinned(d, s, &e) ? PINNED : BAD;
        s->packet.length = e.length;
        p->plain = false;
    }
    d->net->counters.sent_bytes += e.length;
    p->taken++;
    return true;
}

/* Entries are counted as sent and done with; settle() takes back what was not.
 */
static void take_entries(struct domain *d, struct pass *p, uint32_t want)
{
    struct source source = {0, NULL};
    uint64_t now = d->net->sending.byte_cost ? machine_clock() : 0;

    p->taken = 0;
    p->full = false;
    p->plain = true;
    while (p->taken < want && take_entry(d, p, &source, now))
        continue;
    p->limited = p->taken < want;
    p->plain &= !p->limited;
    d->net->counters.sent_frames += p->taken;
    vio_tx_advance(&d->vio[SCREE_VIO_NET], p->taken);
}

/* A frame that was counted as sent was not: `why` it is dropped, or NET_WAIT,
 * and the guest offers it again. */
static void take_back(struct domain *d, enum net_drop why, uint32_t length)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];
    struct net_counters *c = &d->net->counters;

    c->sent_frames--;
    c->sent_bytes -= length;
    if (why == NET_WAIT) {
        ratelimit_refund(&d->net->sending, length & PAGE_MASK);
        return;
    }
    c->drops[why]++;
    dev->tx_drops++;
    vio_tx_counts(dev);
}

static void settle_one(struct domain *d, struct sending *s)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];

    if (s->kind == PINNED)
        guestmem_unpin(d, &s->pin);
    if (s->verdict != NET_OK)
        take_back(d, s->verdict, s->packet.length);
    if (s->kind == BAD && s->verdict != NET_WAIT) {
        dev->tx_drops--;
        dev->tx_errors++;
        vio_tx_counts(dev);
    }
}

static __attribute__((noinline)) void settle(struct domain *d, struct pass *p)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];

    lock_take(&d->lock);
    for (uint32_t i = 0; i < p->taken; i++) {
        if (i >= p->sent)
            p->frame[i].verdict = NET_WAIT;
        settle_one(d, &p->frame[i]);
    }
    vio_tx_advance(dev, p->sent - p->taken); /* back, if at all */
    lock_release(&d->lock);
}

/* ----------------------------------------------------- without that lock */

static void forward_all(struct net_port *from, struct pass *p)
{
    struct net_batch b;
    uint32_t i;

    net_batch_begin(&b);
    for (i = 0; i < p->taken && !p->full; i++) {
        struct sending *s = &p->frame[i];

        s->verdict = NET_OK;
        if (s->kind != BAD && net_forward_again(&b, from, &s->packet))
            continue;
        s->verdict = s->kind == BAD ? NET_DROP_LENGTH
                                    : net_forward(&b, from, &s->packet);
        p->plain &= s->verdict == NET_OK;
        p->full = s->verdict == NET_WAIT;
    }
    p->sent = i - p->full;
    net_batch_end(&b);
}

/* What is left over is offered again when the device's event is raised. */
static rare void wait_for_room(struct domain *d, bool full, bool limited)
{
    struct net_port *port = d->net;

    if (full)
        uplink_wait(port->net->uplink, port);
    else if (limited)
        timer_set(d->vcpu.cpu, &port->timer, ratelimit_when(&port->sending));
}

/*
 * One pass of the three steps: how many entries are done with, or an error.
 * d's vcpu is in this call and the device is closed by d itself or when d is
 * reaped, so the ring stays open between the locked steps.
 */
static int send_pass(struct domain *d, uint64_t limit)
{
    struct pass p;
    int want;

    lock_take(&d->lock);
    want = vio_waiting(&d->vio[SCREE_VIO_NET], limit);
    if (want > 0)
        take_entries(d, &p, (uint32_t)want);
    lock_release(&d->lock);
    if (want <= 0)
        return want;
    forward_all(d->net, &p);
    if (!p.plain) {
        settle(d, &p);
        wait_for_room(d, p.full, p.limited);
    }
    return (int)p.sent;
}

static hot __attribute__((noinline)) int64_t send_many(struct domain *d,
                                                       uint64_t limit)
{
    uint64_t most = limit && limit < SCREE_VIO_RING ? limit : SCREE_VIO_RING;
    uint64_t sent = 0;

    while (sent < most) {
        uint64_t part = min_u64(most - sent, BATCH);
        int n = send_pass(d, part);

        if (n < 0)
            return sent ? (int64_t)sent : n;
        sent += (uint64_t)n;
        if ((uint64_t)n < part)
            break;
    }
    return (int64_t)sent;
}

/* ------------------------------------------ one short frame: the usual kick */

/* d's lock is held. false: it is not so simple, and nothing has changed. */
static bool take_one(struct domain *d, struct packet *f)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];
    struct scree_vio_desc e = vio_tx_entry(dev, 0);
    uint32_t at = e.address & PAGE_MASK;
    struct net_port *port = d->net;
    const uint8_t *page;

    if (e.length - PACKET_MIN > PACKET_SHORT - PACKET_MIN ||
        at + e.length > PAGE_SIZE || port->sending.byte_cost)
        return false;
    page = space_page(&d->space, gva_gfn(gva(e.address)), false);
    if (!page)
        return false;
    packet_load_short(f, page + at, e.length);
    port->counters.sent_frames++;
    port->counters.sent_bytes += e.length;
    vio_tx_advance(dev, 1);
    return true;
}

static rare int64_t one_failed(struct domain *d, enum net_drop why,
                               uint32_t length)
{
    bool wait = why == NET_WAIT;

    lock_take(&d->lock);
    take_back(d, why, length);
    if (wait)
        vio_tx_advance(&d->vio[SCREE_VIO_NET], UINT32_MAX);
    lock_release(&d->lock);
    if (wait)
        wait_for_room(d, true, false);
    return !wait;
}

static int64_t send_one(struct domain *d, struct packet *f)
{
    struct net_batch b;
    uint32_t length = f->length;
    enum net_drop why;

    net_batch_begin(&b);
    why = net_forward(&b, d->net, f);
    net_batch_end(&b);
    return why == NET_OK ? 1 : one_failed(d, why, length);
}

hot int64_t vio_net_kick(struct domain *d, uint64_t limit)
{
    struct packet f;
    bool one;
    int want;

    lock_take(&d->lock);
    want = vio_waiting(&d->vio[SCREE_VIO_NET], limit);
    one = want == 1 && take_one(d, &f);
    lock_release(&d->lock);
    if (one)
        return send_one(d, &f);
    return want <= 0 ? want : send_many(d, limit);
}

void vio_net_timer(struct timer *t, uint64_t now unused)
{
    struct net_port *p = container_of(t, struct net_port, timer);

    event_raise(p->domain, SCREE_PORT_NET);
}

/* ---------------------------------------------- the receiver's lock is held */

/* The bytes of a page, remembered: buffers are often neighbours. NULL: the
 * guest itself could not write there. */
static uint8_t *page_of(struct vio_receiver *r, uint64_t page)
{
    if (r->bytes && r->page == page)
        return r->bytes;
    r->bytes = space_page(&r->port->domain->space, gfn(page), true);
    r->page = page;
    return r->bytes;
}

/* Into a buffer that goes on in the next page. */
static rare bool put_across(struct vio_receiver *r, uint64_t a,
                            const struct packet *f)
{
    uint32_t room = PAGE_SIZE - (a & PAGE_MASK);
    uint8_t *first = page_of(r, a >> PAGE_SHIFT);
    uint8_t *second = first ? page_of(r, (a >> PAGE_SHIFT) + 1) : NULL;

    if (!second)
        return false;
    packet_copy_part(f, 0, room, first + (a & PAGE_MASK));
    packet_copy_part(f, room, f->length - room, second);
    return true;
}

/* Writes f to guest address a. */
static bool put_frame(struct vio_receiver *r, uint64_t a,
                      const struct packet *f)
{
    uint32_t at = a & PAGE_MASK;
    uint8_t *page;

    if (at + f->length > PAGE_SIZE)
        return put_across(r, a, f);
    page = page_of(r, a >> PAGE_SHIFT);
    if (!page)
        return false;
    packet_copy(f, page + at);
    return true;
}

static rare void drop(struct vio_receiver *r, enum net_drop why)
{
    struct vio_device *dev = &r->port->domain->vio[SCREE_VIO_NET];

    r->port->counters.drops[why]++;
    dev->rx_drops++;
    if (dev->ring)
        vio_store(dev->ring->rx_drops, dev->rx_drops);
}

static rare bool over_limit(struct vio_receiver *r, uint32_t length)
{
    return !ratelimit_take(&r->port->receiving, length, machine_clock());
}

/* Is there a buffer? Looks again when all that were seen are used. */
static bool offered(struct vio_receiver *r)
{
    if (r->offered == 0)
        r->offered = vio_rx_offered(r->device);
    return r->offered != 0;
}

void vio_net_receive(struct vio_receiver *r, const struct packet *f)
{
    struct net_port *to = r->port;
    struct scree_vio_desc e;
    uint32_t length = f->length;

    if (!r->device)
        return drop(r, NET_DROP_CLOSED);
    if (to->receiving.byte_cost != 0 && over_limit(r, length))
        return drop(r, NET_DROP_RATE);
    if (!offered(r))
        return drop(r, NET_DROP_NO_BUFFER);
    e = vio_rx_entry(r->device);
    if (e.length != 0 && e.length < length)
        return drop(r, NET_DROP_TOO_SMALL);
    r->offered--;
    if (e.length - 1 >= PAGE_SIZE || !put_frame(r, e.address, f)) {
        vio_rx_complete(r->device, e.id, 0);
        return drop(r, NET_DROP_BAD_BUFFER);
    }
    vio_rx_complete(r->device, e.id, length);
    to->counters.received_frames++;
    to->counters.received_bytes += length;
}

void vio_net_begin(struct vio_receiver *r, struct net_port *to)
{
    struct domain *d = to->domain;
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];

    lock_take(&d->lock);
    r->port = to;
    r->device = dev->ring && domain_state(d) < DOMAIN_CRASHED ? dev : NULL;
    r->offered = 0;
    r->done = dev->done;
    r->bytes = NULL;
}

void vio_net_end(struct vio_receiver *r)
{
    struct domain *d = r->port->domain;
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];
    bool wake = dev->done != r->done;

    r->port = NULL;
    if (wake)
        vio_rx_publish(dev);
    lock_release(&d->lock);
    if (wake)
        event_raise(d, SCREE_PORT_NET);
}
