/* SPDX-License-Identifier: MIT */
/*
 * core/event and event_channel_op: raising, binding, sending, closing, and
 * what a peer's death leaves behind.
 */
#include <string.h>

#include "guest.h"

#define CALL(d, cmd, op)                                                       \
    GUEST_OP(d, __HYPERVISOR_event_channel_op, EVTCHNOP_##cmd, op)

static bool pending(struct domain *d, uint32_t port)
{
    return event_pending(d, port);
}

static void forget(struct domain *d)
{
    memset(d->shared->evtchn_pending, 0, sizeof(d->shared->evtchn_pending));
    d->vcpu.info->evtchn_pending_sel = 0;
    d->vcpu.info->evtchn_upcall_pending = 0;
}

static uint32_t ipi(struct domain *d)
{
    struct evtchn_bind_ipi op = {0};

    CU_ASSERT_EQUAL(CALL(d, bind_ipi, &op), 0);
    return op.port;
}

static uint32_t unbound(struct domain *d, uint32_t remote)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF,
                                      .remote_dom = (domid_t)remote};

    CU_ASSERT_EQUAL(CALL(d, alloc_unbound, &op), 0);
    return op.port;
}

static int64_t bind(struct domain *d, uint32_t remote, uint32_t port,
                    uint32_t *local)
{
    struct evtchn_bind_interdomain op = {.remote_dom = (domid_t)remote,
                                         .remote_port = port};
    int64_t result = CALL(d, bind_interdomain, &op);

    *local = op.local_port;
    return result;
}

static int64_t send(struct domain *d, uint32_t port)
{
    struct evtchn_send op = {port};

    return CALL(d, send, &op);
}

static int64_t close_port(struct domain *d, uint32_t port)
{
    struct evtchn_close op = {port};

    return CALL(d, close, &op);
}

static uint32_t status(struct domain *d, uint32_t port)
{
    struct evtchn_status op = {.dom = DOMID_SELF, .port = port};

    CU_ASSERT_EQUAL(CALL(d, status, &op), 0);
    return op.status;
}

static void raising_sets_three_bits(void)
{
    struct world w;
    struct domain *d;

    world_start(&w, NULL);
    d = guest_make(&w);
    event_raise(d, 70);
    CU_ASSERT(pending(d, 70));
    CU_ASSERT_EQUAL(d->vcpu.info->evtchn_pending_sel, 2);
    CU_ASSERT_EQUAL(d->vcpu.info->evtchn_upcall_pending, 1);
    d->vcpu.info->evtchn_upcall_pending = 0;
    event_raise(d, 70); /* already pending: merges */
    CU_ASSERT_EQUAL(d->vcpu.info->evtchn_upcall_pending, 0);
    world_stop(&w);
}

static void masked_port_only_collects(void)
{
    struct world w;
    struct domain *d;
    struct evtchn_unmask op = {SCREE_PORT_TIMER};

    world_start(&w, NULL);
    d = guest_make(&w);
    d->shared->evtchn_mask[0] = 2;
    event_virq(d, VIRQ_TIMER);
    CU_ASSERT(pending(d, SCREE_PORT_TIMER));
    CU_ASSERT_EQUAL(d->vcpu.info->evtchn_upcall_pending, 0);
    CU_ASSERT_EQUAL(CALL(d, unmask, &op), 0);
    CU_ASSERT_EQUAL(d->vcpu.info->evtchn_upcall_pending, 1);
    CU_ASSERT_EQUAL(d->shared->evtchn_mask[0], 0);
    op.port = 16;
    CU_ASSERT_EQUAL(CALL(d, unmask, &op), -XEN_EINVAL);
    world_stop(&w);
}

static void lowest_free_port_is_taken(void)
{
    struct world w;
    struct domain *d;

    world_start(&w, NULL);
    d = guest_make(&w);
    CU_ASSERT_EQUAL(ipi(d), 16);
    CU_ASSERT_EQUAL(ipi(d), 17);
    CU_ASSERT_EQUAL(ipi(d), 18);
    CU_ASSERT_EQUAL(close_port(d, 17), 0);
    CU_ASSERT_EQUAL(close_port(d, 17), -XEN_EINVAL);
    CU_ASSERT_EQUAL(ipi(d), 17);
    CU_ASSERT_EQUAL(ipi(d), 19);
    world_stop(&w);
}

static void all_ports_can_be_used_and_come_back(void)
{
    struct world w;
    struct domain *d;
    struct evtchn_bind_ipi op = {0};
    uint64_t before;

    world_start(&w, NULL);
    d = guest_make(&w);
    before = frames_available(w.frames);
    for (uint32_t p = SCREE_PORT_DYNAMIC; p < SCREE_PORTS; p++)
        CU_ASSERT_EQUAL_FATAL(ipi(d), p);
    CU_ASSERT_EQUAL(CALL(d, bind_ipi, &op), -XEN_ENOSPC);
    CU_ASSERT_EQUAL(frames_available(w.frames), before - SCREE_PORTS / 512);
    CU_ASSERT_EQUAL(close_port(d, 4000), 0);
    CU_ASSERT_EQUAL(ipi(d), 4000);
    world_stop(&w);
}

static void without_memory_no_port(void)
{
    struct world w;
    struct domain *d;
    struct evtchn_bind_ipi op = {0};
    struct quota all = {0, 0};

    world_start(&w, NULL);
    d = guest_make(&w);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &all, frames_available(w.frames)),
                    0);
    CU_ASSERT_EQUAL(CALL(d, bind_ipi, &op), -XEN_ENOMEM);
    frame_unpromise(w.frames, &all, all.promised);
    frames_fail_at(w.frames, 1);
    CU_ASSERT_EQUAL(CALL(d, bind_ipi, &op), -XEN_ENOMEM);
    CU_ASSERT_EQUAL(CALL(d, bind_ipi, &op), 0);
    world_stop(&w);
}

static void ipi_reaches_oneself(void)
{
    struct world w;
    struct domain *d;
    uint32_t p;

    world_start(&w, NULL);
    d = guest_make(&w);
    p = ipi(d);
    CU_ASSERT_EQUAL(send(d, p), 0);
    CU_ASSERT(pending(d, p));
    CU_ASSERT_EQUAL(send(d, p + 1), -XEN_EINVAL);
    CU_ASSERT_EQUAL(send(d, SCREE_PORT_TIMER), -XEN_EINVAL);
    CU_ASSERT_EQUAL(send(d, SCREE_PORTS), -XEN_EINVAL);
    CU_ASSERT_EQUAL(send(d, UINT32_MAX), -XEN_EINVAL);
    world_stop(&w);
}

static void two_domains_send_to_each_other(void)
{
    struct world w;
    struct domain *a, *b;
    uint32_t pa, pb;

    world_start(&w, NULL);
    a = guest_make(&w);
    b = guest_make(&w);
    pa = unbound(a, b->id);
    CU_ASSERT_EQUAL(send(a, pa), 0); /* nobody there yet */
    CU_ASSERT_EQUAL(bind(b, a->id, pa, &pb), 0);
    CU_ASSERT(pending(b, pb)); /* raised once at binding */
    forget(b);
    CU_ASSERT_EQUAL(status(a, pa), EVTCHNSTAT_interdomain);
    CU_ASSERT_EQUAL(send(a, pa), 0);
    CU_ASSERT(pending(b, pb));
    CU_ASSERT_EQUAL(send(b, pb), 0);
    CU_ASSERT(pending(a, pa));
    CU_ASSERT_EQUAL(close_port(b, pb), 0);
    CU_ASSERT_EQUAL(status(a, pa), EVTCHNSTAT_unbound);
    CU_ASSERT_EQUAL(status(b, pb), EVTCHNSTAT_closed);
    CU_ASSERT_EQUAL(bind(b, a->id, pa, &pb), 0);
    world_stop(&w);
}

static void binding_is_refused(void)
{
    struct world w;
    struct domain *a, *b, *c;
    uint32_t pa, p;

    world_start(&w, NULL);
    a = guest_make(&w);
    b = guest_make(&w);
    c = guest_make(&w);
    pa = unbound(a, b->id);
    CU_ASSERT_EQUAL(bind(c, a->id, pa, &p), -XEN_EINVAL); /* not for c */
    CU_ASSERT_EQUAL(bind(b, a->id, pa + 1, &p), -XEN_EINVAL);
    CU_ASSERT_EQUAL(bind(b, a->id, SCREE_PORTS + 3, &p), -XEN_EINVAL);
    CU_ASSERT_EQUAL(bind(b, a->id, SCREE_PORT_TIMER, &p), -XEN_EINVAL);
    CU_ASSERT_EQUAL(bind(b, 60, pa, &p), -XEN_ESRCH);
    CU_ASSERT_EQUAL(bind(b, 0x7ff1, pa, &p), -XEN_ESRCH);
    CU_ASSERT_EQUAL(bind(b, a->id, pa, &p), 0);
    CU_ASSERT_EQUAL(bind(b, a->id, pa, &p), -XEN_EINVAL); /* taken */
    world_stop(&w);
}

static void loopback_works(void)
{
    struct world w;
    struct domain *d;
    uint32_t p, q;

    world_start(&w, NULL);
    d = guest_make(&w);
    p = unbound(d, DOMID_SELF);
    CU_ASSERT_EQUAL(bind(d, DOMID_SELF, p, &q), 0);
    forget(d);
    CU_ASSERT_EQUAL(send(d, q), 0);
    CU_ASSERT(pending(d, p));
    CU_ASSERT_EQUAL(close_port(d, p), 0);
    CU_ASSERT_EQUAL(status(d, q), EVTCHNSTAT_unbound);
    world_stop(&w);
}

static void death_unbinds_the_peer(void)
{
    struct world w;
    struct domain *a, *b;
    uint32_t pa, pb;

    world_start(&w, NULL);
    a = guest_make(&w);
    b = guest_make(&w);
    pa = unbound(a, b->id);
    CU_ASSERT_EQUAL(bind(b, a->id, pa, &pb), 0);
    world_domain_end(&w, b);
    CU_ASSERT_EQUAL(status(a, pa), EVTCHNSTAT_unbound);
    CU_ASSERT_EQUAL(send(a, pa), 0);
    CU_ASSERT_EQUAL(close_port(a, pa), 0);
    world_stop(&w);
}

static void dying_peer_is_nobody(void)
{
    struct world w;
    struct domain *a, *b;
    uint32_t pa, pb, pb2;

    world_start(&w, NULL);
    a = guest_make(&w);
    b = guest_make(&w);
    pa = unbound(a, b->id);
    CU_ASSERT_EQUAL(bind(b, a->id, pa, &pb), 0);
    pb2 = unbound(b, a->id);
    domain_end(b, SHUTDOWN_poweroff);
    CU_ASSERT_EQUAL(bind(a, b->id, pb2, &pb2), -XEN_ESRCH);
    forget(b);
    CU_ASSERT_EQUAL(send(a, pa), 0);
    CU_ASSERT_FALSE(pending(b, pb));
    CU_ASSERT_EQUAL(close_port(a, pa), 0);
    domain_end(a, SHUTDOWN_poweroff);
    guest_pass(&w, 4);
    world_stop(&w);
}

static void static_ports_are_virqs(void)
{
    struct world w;
    struct domain *d;
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER};
    struct evtchn_status s = {.dom = DOMID_SELF, .port = SCREE_PORT_NET};

    world_start(&w, NULL);
    d = guest_make(&w);
    CU_ASSERT_EQUAL(CALL(d, bind_virq, &op), 0);
    CU_ASSERT_EQUAL(op.port, SCREE_PORT_TIMER);
    op.virq = VIRQ_CONSOLE;
    CU_ASSERT_EQUAL(CALL(d, bind_virq, &op), 0);
    CU_ASSERT_EQUAL(op.port, SCREE_PORT_CONSOLE);
    op.virq = VIRQ_DEBUGGER;
    CU_ASSERT_EQUAL(CALL(d, bind_virq, &op), -XEN_EINVAL);
    op.vcpu = 1;
    CU_ASSERT_EQUAL(CALL(d, bind_virq, &op), -XEN_ENOENT);
    CU_ASSERT_EQUAL(CALL(d, status, &s), 0);
    CU_ASSERT_EQUAL(s.status, EVTCHNSTAT_virq);
    CU_ASSERT_EQUAL(s.u.virq, VIRQ_ARCH_0);
    CU_ASSERT_EQUAL(status(d, SCREE_PORT_TIMER), EVTCHNSTAT_virq);
    CU_ASSERT_EQUAL(status(d, SCREE_PORT_CONSOLE), EVTCHNSTAT_virq);
    CU_ASSERT_EQUAL(status(d, 0), EVTCHNSTAT_closed);
    CU_ASSERT_EQUAL(close_port(d, SCREE_PORT_TIMER), -XEN_EINVAL);
    world_stop(&w);
}

static void others_may_not_be_named(void)
{
    struct world w;
    struct domain *d;
    struct evtchn_alloc_unbound a = {.dom = 9, .remote_dom = 9};
    struct evtchn_status s = {.dom = 9, .port = 1};
    struct evtchn_bind_ipi i = {.vcpu = 1};

    world_start(&w, NULL);
    d = guest_make(&w);
    CU_ASSERT_EQUAL(CALL(d, alloc_unbound, &a), -XEN_EPERM);
    CU_ASSERT_EQUAL(CALL(d, status, &s), -XEN_EPERM);
    s = (struct evtchn_status){.dom = DOMID_SELF, .port = SCREE_PORTS};
    CU_ASSERT_EQUAL(CALL(d, status, &s), -XEN_EINVAL);
    CU_ASSERT_EQUAL(CALL(d, bind_ipi, &i), -XEN_ENOENT);
    CU_ASSERT_EQUAL(status(d, unbound(d, 9)), EVTCHNSTAT_unbound);
    CU_ASSERT_EQUAL(status(d, ipi(d)), EVTCHNSTAT_ipi);
    world_stop(&w);
}

/* Numbers that 16-bit calls have for other things name no domain, not even one
 * that has this number as its id. */
static void reserved_numbers_name_nobody(void)
{
    struct world w;
    struct domain *d;
    uint32_t port;

    world_start(&w, NULL);
    d = guest_make(&w);
    port = unbound(d, DOMID_IO);
    CU_ASSERT_EQUAL(d->ports[0][port].remote_domain, OWNER_CELL);
    CU_ASSERT_EQUAL(bind(d, DOMID_IO, port, &port), -XEN_ESRCH);
    world_stop(&w);
}

/* Every operation with a bad pointer, and one that can be read only. */
static void bad_pointers_change_nothing(void)
{
    static const uint64_t places[] = {BAD, 0, UINT64_MAX - 3,
                                      SCREE_GUEST_END - 2};
    struct world w;
    struct domain *d;
    uint64_t before;

    world_start(&w, NULL);
    d = guest_make(&w);
    before = frames_available(w.frames);
    for (uint32_t cmd = 0; cmd < 16; cmd++) {
        for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
            int64_t r =
                guest_call(d, __HYPERVISOR_event_channel_op, cmd, places[i], 0);

            CU_ASSERT(r == -XEN_EFAULT || r == -XEN_ENOSYS);
        }
    }
    CU_ASSERT_EQUAL(guest_call(d, __HYPERVISOR_event_channel_op,
                               EVTCHNOP_bind_ipi, SCREE_INFO_PAGE + 4000, 0),
                    -XEN_EFAULT);
    CU_ASSERT_EQUAL(frames_available(w.frames), before);
    CU_ASSERT_PTR_NULL(d->ports[0]);
    world_stop(&w);
}

/* The short way's three ends: done, done but for the loop, not touched. */
static void sending_to_oneself_is_fast(void)
{
    const uint64_t nr = __HYPERVISOR_event_channel_op;
    struct world w;
    struct domain *d;
    struct vcpu *v;
    struct evtchn_send op;
    int64_t result = 1;

    world_start(&w, NULL);
    d = guest_make(&w);
    v = &d->vcpu;
    op.port = ipi(d);
    guest_put(d, HERE, &op, sizeof(op));
    CU_ASSERT(guest_fast(d, nr, EVTCHNOP_send, HERE, &result));
    CU_ASSERT_EQUAL(result, 0);
    CU_ASSERT(pending(d, op.port)); /* upcalls are masked */
    forget(d);
    v->info->evtchn_upcall_mask = 0;
    CU_ASSERT_FALSE(guest_fast(d, nr, EVTCHNOP_send, HERE, &result));
    CU_ASSERT(v->completed); /* no handler: the loop looks */
    v->completed = false;
    forget(d);
    v->event_handler = gva(0x100100);
    v->m.regs.rsp = HERE + 0x1000;
    guest_put(d, HERE + 0xf00, &op, 1);
    CU_ASSERT(guest_fast(d, nr, EVTCHNOP_send, HERE, &result));
    CU_ASSERT_EQUAL(v->m.regs.rip, 0x100100); /* the upcall, too */
    CU_ASSERT_EQUAL(v->m.regs.rsp, HERE + 0x1000 - 168);
    CU_ASSERT_EQUAL(v->info->evtchn_upcall_mask, 1);
    forget(d);
    v->info->evtchn_upcall_mask = 0;
    v->m.regs.rsp = HERE + 0x3000 + 180; /* the frame would cross pages */
    CU_ASSERT_FALSE(guest_fast(d, nr, EVTCHNOP_send, HERE, &result));
    CU_ASSERT(v->completed);
    CU_ASSERT(pending(d, op.port));
    v->completed = false;
    forget(d);
    world_stop(&w);
}

static void unclear_sends_take_the_long_way(void)
{
    const uint64_t nr = __HYPERVISOR_event_channel_op;
    struct world w;
    struct domain *d;
    int64_t result;

    world_start(&w, NULL);
    d = guest_make(&w);
    CU_ASSERT_FALSE(guest_fast(d, nr, EVTCHNOP_send, BAD, &result));
    CU_ASSERT_FALSE(guest_fast(d, nr, EVTCHNOP_send, HERE + 4094, &result));
    CU_ASSERT_FALSE(guest_fast(d, nr, EVTCHNOP_send, HERE, &result));
    CU_ASSERT_FALSE(guest_fast(d, nr, EVTCHNOP_close, HERE, &result));
    CU_ASSERT_FALSE(d->vcpu.completed);
    world_stop(&w);
}

void suite_event(void)
{
    static const struct unit_test tests[] = {
        {"reserved numbers name nobody", reserved_numbers_name_nobody},
        {"raising sets three bits", raising_sets_three_bits},
        {"masked port only collects", masked_port_only_collects},
        {"lowest free port is taken", lowest_free_port_is_taken},
        {"all ports can be used and come back",
         all_ports_can_be_used_and_come_back},
        {"without memory no port", without_memory_no_port},
        {"an IPI reaches oneself", ipi_reaches_oneself},
        {"two domains send to each other", two_domains_send_to_each_other},
        {"binding is refused", binding_is_refused},
        {"loopback works", loopback_works},
        {"death unbinds the peer", death_unbinds_the_peer},
        {"a dying peer is nobody", dying_peer_is_nobody},
        {"static ports are virqs", static_ports_are_virqs},
        {"others may not be named", others_may_not_be_named},
        {"bad pointers change nothing", bad_pointers_change_nothing},
        {"sending to oneself is fast", sending_to_oneself_is_fast},
        {"unclear sends take the long way", unclear_sends_take_the_long_way},
    };

    UNIT_SUITE("event", tests);
}
