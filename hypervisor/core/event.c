/* SPDX-License-Identifier: MIT */
/*
 * Event channels: see event.h.
 *
 * Dynamic ports live in frames of 512, drawn when the first port of a frame is
 * taken. Two domains' ports change together under both locks, lower id first.
 * A peer is named by id and looked up at each use, so a dead one is nobody.
 * Sending takes no lock at all.
 */
#include "core/event.h"

#include "base/string.h"
#include "core/domain.h"

#define PORTS_PER_FRAME (PAGE_SIZE / sizeof(struct port))

_Static_assert(SCREE_PORTS / PORTS_PER_FRAME ==
                   sizeof(((struct domain *)0)->ports) / sizeof(void *),
               "ports of a domain");

/* ------------------------------------------------------------- raising */

static bool set_bit(xen_ulong_t *words, uint32_t bit)
{
    uint64_t mask = 1ull << (bit % 64);

    return __atomic_fetch_or(&words[bit / 64], mask, __ATOMIC_SEQ_CST) & mask;
}

static void clear_bit(xen_ulong_t *words, uint32_t bit)
{
    __atomic_fetch_and(&words[bit / 64], ~(1ull << (bit % 64)),
                       __ATOMIC_SEQ_CST);
}

static bool test_bit(const xen_ulong_t *words, uint32_t bit)
{
    return __atomic_load_n(&words[bit / 64], __ATOMIC_SEQ_CST) >> (bit % 64) &
           1;
}

/* An unmasked port became pending. */
static void announce(struct domain *d, uint32_t port)
{
    struct vcpu *v = &d->vcpu;

    if (set_bit(&v->info->evtchn_pending_sel, port / 64))
        return;
    __atomic_store_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
    sched_wake(v);
    if (!vcpu_masked(v))
        sched_poke(v);
}

void event_raise(struct domain *d, uint32_t port)
{
    ASSERT(port < SCREE_PORTS);
    if (set_bit(d->shared->evtchn_pending, port))
        return;
    if (!test_bit(d->shared->evtchn_mask, port))
        announce(d, port);
    if (atomic_load(&d->vcpu.wait) == WAIT_POLL)
        sched_wake(&d->vcpu);
}

bool event_pending(const struct domain *d, uint32_t port)
{
    return test_bit(d->shared->evtchn_pending, port);
}

/* ---------------------------------------------------------------- ports */

/* Needs no lock: frames of ports stay, and a descriptor changes in one store.
 */
struct port event_port(const struct domain *d, uint32_t port)
{
    struct port copy = {.state = PORT_FREE};
    struct port *frame;

    if (port < SCREE_PORT_DYNAMIC || port >= SCREE_PORTS)
        return copy;
    frame =
        __atomic_load_n(&d->ports[port / PORTS_PER_FRAME], __ATOMIC_ACQUIRE);
    if (frame)
        __atomic_load(&frame[port % PORTS_PER_FRAME], &copy, __ATOMIC_ACQUIRE);
    return copy;
}

static bool is_static(uint32_t port)
{
    return port >= SCREE_PORT_TIMER && port <= SCREE_PORT_CONTROL;
}

/* The descriptor of a dynamic port in use, or NULL. d's lock is held. */
static struct port *port_get(struct domain *d, uint64_t port)
{
    struct port *frame;

    if (port < SCREE_PORT_DYNAMIC || port >= SCREE_PORTS)
        return NULL;
    frame = d->ports[port / PORTS_PER_FRAME];
    if (!frame || frame[port % PORTS_PER_FRAME].state == PORT_FREE)
        return NULL;
    return &frame[port % PORTS_PER_FRAME];
}

/* Makes the frame of ports that contains `port`. */
static int add_frame(struct domain *d, uint32_t port)
{
    struct frames *f = d->cell->frames;
    mfn_t m;

    if (frame_promise(f, &d->quota, 1))
        return -XEN_ENOMEM;
    m = frame_alloc_zero(f, &d->quota, d->id, FRAME_HYPERVISOR);
    if (!mfn_valid(m)) {
        frame_unpromise(f, &d->quota, 1);
        return -XEN_ENOMEM;
    }
    d->port_frames[port / PORTS_PER_FRAME] = m;
    __atomic_store_n(&d->ports[port / PORTS_PER_FRAME], machine_frame(m),
                     __ATOMIC_RELEASE);
    return 0;
}

/* The lowest free dynamic port; it stays free. -XEN_ENOSPC, -XEN_ENOMEM. */
static int find_free(struct domain *d)
{
    for (uint32_t p = d->port_hint; p < SCREE_PORTS; p++) {
        struct port *frame = d->ports[p / PORTS_PER_FRAME];

        if (!frame && add_frame(d, p))
            return -XEN_ENOMEM;
        if (!port_get(d, p)) {
            d->port_hint = p;
            return (int)p;
        }
    }
    d->port_hint = SCREE_PORTS;
    return -XEN_ENOSPC;
}

static void port_set(struct domain *d, uint32_t port, struct port p)
{
    struct port *at = &d->ports[port / PORTS_PER_FRAME][port % PORTS_PER_FRAME];

    __atomic_store(at, &p, __ATOMIC_RELEASE);
}

static void port_free(struct domain *d, uint32_t port)
{
    port_set(d, port, (struct port){.state = PORT_FREE});
    clear_bit(d->shared->evtchn_pending, port);
    if (port < d->port_hint)
        d->port_hint = port;
}

/* Takes a free port for p; 0 and *port, or an error. */
static int port_take(struct domain *d, struct port p, uint32_t *port)
{
    int found;

    lock_take(&d->lock);
    found = find_free(d);
    if (found >= 0) {
        port_set(d, (uint32_t)found, p);
        *port = (uint32_t)found;
    }
    lock_release(&d->lock);
    return found < 0 ? found : 0;
}

/* --------------------------------------------------------- two domains */

static void lock_both(struct domain *a, struct domain *b)
{
    if (a->id > b->id) {
        struct domain *t = a;

        a = b;
        b = t;
    }
    lock_take(&a->lock);
    if (a != b)
        lock_take(&b->lock);
}

static void release_both(struct domain *a, struct domain *b)
{
    lock_release(&a->lock);
    if (a != b)
        lock_release(&b->lock);
}

/* ----------------------------------------------------------- operations */

int event_alloc_unbound(struct domain *d, uint32_t remote, uint32_t *port)
{
    struct port p = {.state = PORT_UNBOUND, .remote_domain = remote};

    return port_take(d, p, port);
}

int event_bind_ipi(struct domain *d, uint32_t *port)
{
    return port_take(d, (struct port){.state = PORT_IPI}, port);
}

int event_bind_virq(uint32_t virq, uint32_t *port)
{
    switch (virq) {
    case VIRQ_TIMER:
        *port = SCREE_PORT_TIMER;
        return 0;
    case VIRQ_CONSOLE:
        *port = SCREE_PORT_CONSOLE;
        return 0;
    default:
        return -XEN_EINVAL;
    }
}

void event_virq(struct domain *d, uint32_t virq)
{
    uint32_t port;

    if (event_bind_virq(virq, &port) == 0)
        event_raise(d, port);
}

/* Can d bind to port rport of r? Both locks are held. */
static int check_bind(struct domain *d, struct domain *r, uint64_t rport)
{
    struct port *p = port_get(r, rport);

    if (domain_state(r) == DOMAIN_DYING)
        return -XEN_ESRCH;
    if (!p || p->state != PORT_UNBOUND || p->remote_domain != d->id)
        return -XEN_EINVAL;
    return find_free(d);
}

static void commit_bind(struct domain *d, uint32_t port, struct domain *r,
                        uint32_t rport)
{
    port_set(d, port,
             (struct port){.state = PORT_INTERDOMAIN,
                           .remote_port = (uint16_t)rport,
                           .remote_domain = r->id});
    port_set(r, rport,
             (struct port){.state = PORT_INTERDOMAIN,
                           .remote_port = (uint16_t)port,
                           .remote_domain = d->id});
}

int event_bind_interdomain(struct domain *d, uint32_t remote,
                           uint32_t remote_port, uint32_t *port)
{
    struct domain *r = domain_find(d->cell, remote);
    int found;

    if (!r)
        return -XEN_ESRCH;
    lock_both(d, r);
    found = check_bind(d, r, remote_port);
    if (found >= 0)
        commit_bind(d, (uint32_t)found, r, remote_port);
    release_both(d, r);
    if (found < 0)
        return found;
    *port = (uint32_t)found;
    event_raise(d, *port); /* the peer may have sent before */
    return 0;
}

/* r's port lost its peer `port` of d and waits for d again. */
static void unbind(struct domain *r, uint32_t rport, struct domain *d,
                   uint32_t port)
{
    const struct port *p = port_get(r, rport);

    if (p && p->state == PORT_INTERDOMAIN && p->remote_domain == d->id &&
        p->remote_port == port)
        port_set(r, rport,
                 (struct port){.state = PORT_UNBOUND, .remote_domain = d->id});
}

/* Closes the port if it is still what it was when r was looked up. */
static bool close_as(struct domain *d, uint32_t port, struct port was,
                     struct domain *r)
{
    const struct port *p;
    bool same;

    lock_both(d, r);
    p = port_get(d, port);
    same = p && memcmp(p, &was, sizeof(was)) == 0;
    if (same) {
        port_free(d, port);
        if (was.state == PORT_INTERDOMAIN && was.remote_domain == r->id)
            unbind(r, was.remote_port, d, port);
    }
    release_both(d, r);
    return same;
}

int event_close(struct domain *d, uint32_t port)
{
    struct domain *r;
    struct port was;

    do { /* again only when the peer closed or bound in between */
        was = event_port(d, port);
        if (was.state == PORT_FREE)
            return -XEN_EINVAL;
        r = was.state == PORT_INTERDOMAIN
                ? domain_find(d->cell, was.remote_domain)
                : NULL;
    } while (!close_as(d, port, was, r ? r : d));
    return 0;
}

int event_send_by(struct domain *d, uint32_t port, struct port p)
{
    struct domain *r;

    switch (p.state) {
    case PORT_IPI:
        event_raise(d, port);
        return 0;
    case PORT_INTERDOMAIN:
        r = domain_find(d->cell, p.remote_domain);
        if (r)
            event_raise(r, p.remote_port);
        return 0;
    case PORT_UNBOUND:
        return 0;
    default:
        return -XEN_EINVAL;
    }
}

int event_send(struct domain *d, uint32_t port)
{
    return event_send_by(d, port, event_port(d, port));
}

void event_raise_self(struct domain *d, uint32_t port)
{
    struct vcpu_info *info = d->vcpu.info;

    if (!set_bit(d->shared->evtchn_pending, port) &&
        !test_bit(d->shared->evtchn_mask, port) &&
        !set_bit(&info->evtchn_pending_sel, port / 64))
        __atomic_store_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}

int event_unmask(struct domain *d, uint32_t port)
{
    if (!is_static(port) && event_port(d, port).state == PORT_FREE)
        return -XEN_EINVAL;
    clear_bit(d->shared->evtchn_mask, port);
    if (test_bit(d->shared->evtchn_pending, port))
        announce(d, port);
    return 0;
}

static domid_t to_domid(uint32_t id)
{
    return (domid_t)(id < DOMID_FIRST_RESERVED ? id : DOMID_INVALID);
}

static void status_of(const struct port *p, struct evtchn_status *s)
{
    switch (p->state) {
    case PORT_UNBOUND:
        s->status = EVTCHNSTAT_unbound;
        s->u.unbound.dom = to_domid(p->remote_domain);
        break;
    case PORT_INTERDOMAIN:
        s->status = EVTCHNSTAT_interdomain;
        s->u.interdomain.dom = to_domid(p->remote_domain);
        s->u.interdomain.port = p->remote_port;
        break;
    default:
        s->status = EVTCHNSTAT_ipi;
    }
}

/* The virq that a static port stands for; those that Xen has no number for
 * are counted from VIRQ_ARCH_0 on. */
static uint32_t static_virq(uint32_t port)
{
    if (port == SCREE_PORT_TIMER)
        return VIRQ_TIMER;
    if (port == SCREE_PORT_CONSOLE)
        return VIRQ_CONSOLE;
    return VIRQ_ARCH_0 + port - SCREE_PORT_NET;
}

int event_status(struct domain *d, uint32_t port, struct evtchn_status *s)
{
    struct port p = event_port(d, port);

    if (port >= SCREE_PORTS)
        return -XEN_EINVAL;
    s->status = EVTCHNSTAT_closed;
    s->vcpu = 0;
    if (is_static(port)) {
        s->status = EVTCHNSTAT_virq;
        s->u.virq = static_virq(port);
        return 0;
    }
    if (p.state != PORT_FREE)
        status_of(&p, s);
    return 0;
}

/* The first frame of ports from i on that exists. */
static uint32_t next_ports(const struct domain *d, uint32_t i)
{
    while (i < ARRAY_SIZE(d->ports) && !d->ports[i])
        i++;
    return i;
}

bool event_drain(struct domain *d)
{
    uint32_t i = next_ports(d, 0);
    int closed;

    if (i == ARRAY_SIZE(d->ports))
        return true;
    for (uint32_t p = 0; p < PORTS_PER_FRAME; p++) {
        closed = event_close(d, i * (uint32_t)PORTS_PER_FRAME + p);
        (void)closed; /* a free one is none */
    }
    d->ports[i] = NULL;
    frame_put(d->cell->frames, &d->quota, d->port_frames[i]);
    return next_ports(d, i) == ARRAY_SIZE(d->ports);
}
