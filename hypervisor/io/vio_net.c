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

#define BATCH 32 /* frames that are pinned at once */

/* A transmit entry on its way through the three steps. */
struct sending {
    struct guestmem_pin pin;
    uint32_t length;
    uint8_t bad;     /* the entry, so there is no pin */
    uint8_t verdict; /* enum net_drop */
};

/* Frames of one pass. */
struct pass {
    uint32_t taken, sent;
    bool limited; /* the rate limit ended it */
    bool full;    /* the uplink did */
    struct sending frame[BATCH];
};

/* ------------------------------------------------- under the sender's lock */

static void take_entry(struct domain *d, struct sending *s,
                       const struct scree_vio_desc *e)
{
    s->length = e->length;
    s->bad = e->length < PACKET_MIN || e->length > PACKET_MAX ||
             guestmem_pin(d, gva(e->address), e->length, false, &s->pin) != 0;
}

static void take_entries(struct domain *d, struct pass *p, uint32_t want)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];
    struct ratelimit *limit = &d->net->sending;
    uint64_t now = limit->byte_cost ? machine_clock() : 0;

    p->taken = 0;
    p->limited = false;
    while (p->taken < want && p->taken < BATCH) {
        struct sending *s = &p->frame[p->taken];
        struct scree_vio_desc e = vio_tx_entry(dev, p->taken);

        if (!ratelimit_take(limit, e.length & PAGE_MASK, now)) {
            p->limited = true;
            return;
        }
        take_entry(d, s, &e);
        p->taken++;
    }
}

static void count(struct domain *d, const struct sending *s)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];
    struct net_counters *c = &d->net->counters;

    if (s->bad) {
        dev->tx_errors++;
        c->drops[NET_DROP_LENGTH]++;
    } else if (s->verdict != NET_OK) {
        dev->tx_drops++;
        c->drops[s->verdict]++;
    } else {
        c->sent_frames++;
        c->sent_bytes += s->length;
    }
}

static void finish(struct domain *d, struct pass *p)
{
    for (uint32_t i = 0; i < p->taken; i++) {
        struct sending *s = &p->frame[i];

        if (i < p->sent)
            count(d, s);
        else
            ratelimit_refund(&d->net->sending, s->length & PAGE_MASK);
        if (!s->bad)
            guestmem_unpin(d, &s->pin);
    }
    vio_tx_advance(&d->vio[SCREE_VIO_NET], p->sent);
}

/* ----------------------------------------------------- without that lock */

static enum net_drop forward(struct net_batch *b, struct net_port *from,
                             const struct sending *s)
{
    struct packet f;

    f.length = s->length;
    for (unsigned i = 0; i < 2; i++) {
        f.piece[i] = s->pin.bytes[i];
        f.piece_length[i] = s->pin.length[i];
    }
    packet_load(&f);
    return net_forward(b, from, &f);
}

static void forward_all(struct net_port *from, struct pass *p)
{
    struct net_batch b = {NULL, NULL, false};

    p->full = false;
    for (p->sent = 0; p->sent < p->taken; p->sent++) {
        struct sending *s = &p->frame[p->sent];
        enum net_drop why = s->bad ? NET_OK : forward(&b, from, s);

        if (why == NET_WAIT) {
            p->full = true;
            break;
        }
        s->verdict = (uint8_t)why;
    }
    net_batch_end(&b);
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
    int want;

    lock_take(&d->lock);
    want = vio_waiting(&d->vio[SCREE_VIO_NET], limit);
    if (want > 0)
        take_entries(d, &p, (uint32_t)want);
    lock_release(&d->lock);
    if (want <= 0)
        return want;
    forward_all(d->net, &p);
    lock_take(&d->lock);
    finish(d, &p);
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

/* Writes f to guest address a, as the guest itself could. */
static bool put_frame(struct domain *d, uint64_t a, const struct packet *f)
{
    uint32_t room = PAGE_SIZE - (a & PAGE_MASK);
    uint8_t *first, *second;

    if (a >= SCREE_GUEST_END - PACKET_MAX)
        return false;
    first = space_page(&d->space, gva_gfn(gva(a)), true);
    if (!first)
        return false;
    first += a & PAGE_MASK;
    if (f->length <= room) {
        packet_copy(f, first);
        return true;
    }
    second = space_page(&d->space, gva_gfn(gva(a + room)), true);
    if (!second)
        return false;
    packet_copy_part(f, 0, room, first);
    packet_copy_part(f, room, f->length - room, second);
    return true;
}

static enum net_drop receive(struct net_port *to, const struct packet *f)
{
    struct domain *d = to->domain;
    struct vio_device *dev = &d->vio[SCREE_VIO_NET];
    struct scree_vio_desc e;

    if (!dev->ring || domain_state(d) != DOMAIN_RUNNING)
        return NET_DROP_CLOSED;
    if (to->receiving.byte_cost != 0 &&
        !ratelimit_take(&to->receiving, f->length, machine_clock()))
        return NET_DROP_RATE;
    if (!vio_rx_entry(dev, &e))
        return NET_DROP_NO_BUFFER;
    if (e.length != 0 && e.length < f->length)
        return NET_DROP_TOO_SMALL;
    if (e.length == 0 || e.length > PAGE_SIZE || !put_frame(d, e.address, f)) {
        vio_rx_complete(dev, e.id, 0);
        return NET_DROP_BAD_BUFFER;
    }
    vio_rx_complete(dev, e.id, f->length);
    return NET_OK;
}

bool vio_net_receive(struct net_port *to, const struct packet *f)
{
    struct vio_device *dev = &to->domain->vio[SCREE_VIO_NET];
    enum net_drop why = receive(to, f);

    if (why == NET_OK) {
        to->counters.received_frames++;
        to->counters.received_bytes += f->length;
        return true;
    }
    to->counters.drops[why]++;
    dev->rx_drops++;
    if (dev->ring)
        vio_store(dev->ring->rx_drops, dev->rx_drops);
    return why == NET_DROP_BAD_BUFFER;
}
