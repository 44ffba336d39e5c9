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
    uint64_t bytes; /* of those that were sent */
    bool limited;   /* the rate limit ended it */
    bool full;      /* the uplink did */
    bool plain;     /* all sent, none bad, dropped or pinned */
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
    }
    if (!source->bytes)
        return false;
    packet_load(&s->packet, source->bytes + at, e->length);
    return true;
}

/* Any other. false: the entry is bad. */
static bool take_pinned(struct domain *d, struct sending *s,
                        const struct scree_vio_desc *e)
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

static void take_entries(struct domain *d, struct pass *p, uint32_t want)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];
    struct ratelimit *limit = &d->net->sending;
    struct source source = {0, NULL};
    uint64_t now = limit->byte_cost ? machine_clock() : 0;
    uint32_t i;

    p->limited = false;
    p->plain = true;
    for (i = 0; i < want && i < BATCH; i++) {
        struct sending *s = &p->frame[i];
        struct scree_vio_desc e = vio_tx_entry(dev, i);

        if (!ratelimit_take(limit, e.length & PAGE_MASK, now)) {
            p->limited = true;
            break;
        }
        s->kind = SHORT;
        if (take_short(d, &source, s, &e))
            continue;
        s->kind = take_pinned(d, s, &e) ? PINNED : BAD;
        s->packet.length = e.length;
        p->plain = false;
    }
    p->taken = i;
}

static void count_dropped(struct domain *d, const struct sending *s)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];

    if (s->verdict == NET_OK)
        return;
    if (s->kind == BAD)
        dev->tx_errors++;
    else
        dev->tx_drops++;
    d->net->counters.drops[s->verdict]++;
}

static void finish_each(struct domain *d, struct pass *p)
{
    for (uint32_t i = 0; i < p->taken; i++) {
        struct sending *s = &p->frame[i];

        if (i < p->sent)
            count_dropped(d, s);
        else
            ratelimit_refund(&d->net->sending, s->packet.length & PAGE_MASK);
        if (s->kind == PINNED)
            guestmem_unpin(d, &s->pin);
    }
}

static void finish(struct domain *d, struct pass *p, uint32_t frames)
{
    if (!p->plain)
        finish_each(d, p);
    d->net->counters.sent_frames += frames;
    d->net->counters.sent_bytes += p->bytes;
    vio_tx_advance(&d->vio[SCREE_VIO_NET], p->sent);
}

/* ----------------------------------------------------- without that lock */

/* Returns how many frames were sent; p->sent counts those that are done. */
static uint32_t forward_all(struct net_port *from, struct pass *p)
{
    struct net_batch b = {.uplink = NULL};
    uint32_t frames = 0, i;

    p->full = false;
    p->bytes = 0;
    for (i = 0; i < p->taken; i++) {
        struct sending *s = &p->frame[i];

        s->verdict = s->kind == BAD ? NET_DROP_LENGTH
                                    : net_forward(&b, from, &s->packet);
        if (s->verdict == NET_OK) {
            frames++;
            p->bytes += s->packet.length;
        } else if (s->verdict == NET_WAIT) {
            p->full = true;
            break;
        }
    }
    p->sent = i;
    net_batch_end(&b);
    p->plain &= frames == p->taken;
    return frames;
}

/* What is left over is offered again when the device's event is raised. */
static void wait_for_room(struct domain *d, const struct pass *p)
{
    struct net_port *port = d->net;

    if (p->full)
        uplink_wait(port->net->uplink, port);
    else if (p->limited)
        timer_set(d->vcpu.cpu, &port->timer, ratelimit_when(&port->sending));
}

/*
 * One pass of the three steps: how many entries are done with, or an error.
 * d's vcpu is in this call and the device is closed by d itself or when d is
 * reaped, so the ring stays open between the locked steps.
 */
static int send_pass(struct domain *d, uint64_t limit, bool *again)
{
    struct pass p;
    uint32_t frames;
    int want;

    lock_take(&d->lock);
    want = vio_waiting(&d->vio[SCREE_VIO_NET], limit);
    if (want > 0)
        take_entries(d, &p, (uint32_t)want);
    lock_release(&d->lock);
    if (want <= 0)
        return want;
    frames = forward_all(d->net, &p);
    lock_take(&d->lock);
    finish(d, &p, frames);
    lock_release(&d->lock);
    wait_for_room(d, &p);
    *again = p.sent == BATCH;
    return (int)p.sent;
}

int64_t vio_net_kick(struct domain *d, uint64_t limit)
{
    uint64_t most = limit && limit < SCREE_VIO_RING ? limit : SCREE_VIO_RING;
    uint64_t sent = 0;
    bool again = true;

    while (again && sent < most) {
        int n;

        again = false;
        n = send_pass(d, most - sent, &again);
        if (n < 0)
            return sent ? (int64_t)sent : n;
        sent += (uint64_t)n;
    }
    return (int64_t)sent;
}

void vio_net_timer(struct timer *t, uint64_t now unused)
{
    struct net_port *p = container_of(t, struct net_port, timer);

    event_raise(p->domain, SCREE_PORT_NET);
}

/* ---------------------------------------------- the receiver's lock is held */

/* The bytes of a page, remembered: buffers are often neighbours. NULL: the
 * guest itself could not write there. */
static uint8_t *page_of(struct vio_receiver *r, uint64_t a)
{
    uint64_t page = a >> PAGE_SHIFT;

    if (r->bytes && r->page == page)
        return r->bytes;
    r->bytes = space_page(&r->port->domain->space, gfn(page), true);
    r->page = page;
    return r->bytes;
}

/* Writes f to guest address a. */
static bool put_frame(struct vio_receiver *r, uint64_t a,
                      const struct packet *f)
{
    uint32_t room = PAGE_SIZE - (a & PAGE_MASK);
    uint8_t *first, *second;

    if (a >= SCREE_GUEST_END - PACKET_MAX)
        return false;
    first = page_of(r, a);
    if (!first)
        return false;
    first += a & PAGE_MASK;
    if (f->length <= room) {
        packet_copy(f, first);
        return true;
    }
    second = page_of(r, a + room);
    if (!second)
        return false;
    packet_copy_part(f, 0, room, first);
    packet_copy_part(f, room, f->length - room, second);
    return true;
}

static enum net_drop receive(struct vio_receiver *r, const struct packet *f)
{
    struct net_port *to = r->port;
    struct vio_device *dev = &to->domain->vio[SCREE_VIO_NET];
    struct scree_vio_desc e;
    uint32_t length = f->length;

    if (!r->open)
        return NET_DROP_CLOSED;
    if (to->receiving.byte_cost != 0 &&
        !ratelimit_take(&to->receiving, length, machine_clock()))
        return NET_DROP_RATE;
    if (r->offered == 0)
        r->offered = vio_rx_offered(dev);
    if (r->offered == 0)
        return NET_DROP_NO_BUFFER;
    e = vio_rx_entry(dev);
    if (e.length != 0 && e.length < length)
        return NET_DROP_TOO_SMALL;
    if (e.length == 0 || e.length > PAGE_SIZE || !put_frame(r, e.address, f))
        length = 0;
    vio_rx_complete(dev, e.id, length);
    r->offered--;
    r->wake = true;
    return length ? NET_OK : NET_DROP_BAD_BUFFER;
}

void vio_net_receive(struct vio_receiver *r, const struct packet *f)
{
    struct net_port *to = r->port;
    enum net_drop why = receive(r, f);

    if (why == NET_OK) {
        to->counters.received_frames++;
        to->counters.received_bytes += f->length;
        return;
    }
    to->counters.drops[why]++;
    to->domain->vio[SCREE_VIO_NET].rx_drops++;
}

void vio_net_begin(struct vio_receiver *r, struct net_port *to)
{
    struct domain *d = to->domain;

    lock_take(&d->lock);
    r->port = to;
    r->offered = 0;
    r->open = d->vio[SCREE_VIO_NET].ring && domain_state(d) == DOMAIN_RUNNING;
    r->wake = false;
    r->bytes = NULL;
}

void vio_net_end(struct vio_receiver *r)
{
    struct domain *d = r->port->domain;

    if (d->vio[SCREE_VIO_NET].ring)
        vio_rx_publish(&d->vio[SCREE_VIO_NET]);
    lock_release(&d->lock);
    if (r->wake)
        event_raise(d, SCREE_PORT_NET);
    r->port = NULL;
}
