/* SPDX-License-Identifier: MIT */
/*
 * Conformance: event channels inside one domain (chapter 8), by polling.
 * Between two domains: peer.c.
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 16384);

static int64_t op(unsigned cmd, void *arg)
{
    return HYPERVISOR_event_channel_op(cmd, arg);
}

static int64_t alloc(domid_t dom, domid_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound a = {.dom = dom, .remote_dom = remote};
    int64_t error = op(EVTCHNOP_alloc_unbound, &a);

    *port = a.port;
    return error;
}

static int64_t bind(domid_t dom, uint32_t remote, uint32_t *port)
{
    struct evtchn_bind_interdomain b = {
        .remote_dom = dom,
        .remote_port = remote,
    };
    int64_t error = op(EVTCHNOP_bind_interdomain, &b);

    *port = b.local_port;
    return error;
}

static int64_t close_port(uint32_t port)
{
    struct evtchn_close c = {.port = port};

    return op(EVTCHNOP_close, &c);
}

static int64_t send(uint32_t port)
{
    struct evtchn_send s = {.port = port};

    return op(EVTCHNOP_send, &s);
}

static int64_t unmask(uint32_t port)
{
    struct evtchn_unmask u = {.port = port};

    return op(EVTCHNOP_unmask, &u);
}

static int64_t status(uint32_t port, uint32_t *state)
{
    struct evtchn_status s = {.dom = DOMID_SELF, .port = port};
    int64_t error = op(EVTCHNOP_status, &s);

    *state = s.status;
    return error;
}

static bool is_pending(uint32_t port)
{
    return rt_shared()->evtchn_pending[port / 64] >> port % 64 & 1;
}

static bool is_announced(uint32_t port)
{
    return rt_vcpu()->evtchn_upcall_pending &&
           rt_vcpu()->evtchn_pending_sel >> port / 64 & 1;
}

static void raising(uint32_t port)
{
    rt_clear_events();
    send(port);
    tap_ok(is_pending(port), "ABI-EVT-01 the pending bit");
    tap_ok(is_announced(port), "ABI-EVT-01 selector and upcall_pending");
    rt_vcpu()->evtchn_upcall_pending = 0;
    rt_vcpu()->evtchn_pending_sel = 0;
    send(port);
    tap_ok(is_pending(port) && !is_announced(port),
           "ABI-EVT-02 a pending port is not raised again");
    tap_ok(rt_take_event(port) && !rt_take_event(port),
           "ABI-EVT-02 the guest clears it");
    send(port);
    rt_clear_events();
    tap_ok(!is_pending(port) && !is_announced(port),
           "ABI-EVT-03 the clearing order");
    send(port);
    tap_ok(is_announced(port), "ABI-EVT-03 the next one is announced");
    rt_clear_events();
}

static void masking(uint32_t port)
{
    rt_mask_port(port, true);
    send(port);
    tap_ok(is_pending(port) && !is_announced(port),
           "ABI-EVT-04 a masked port collects");
    tap_is(unmask(port), 0, "ABI-EVT-16 unmask");
    tap_ok(is_announced(port), "ABI-EVT-04 unmasking raises it");
    tap_ok(!(rt_shared()->evtchn_mask[port / 64] >> port % 64 & 1),
           "ABI-EVT-16 the mask bit is clear");
    rt_clear_events();
    rt_mask_port(port, true);
    unmask(port);
    tap_ok(!is_announced(port), "ABI-EVT-16 not pending, not raised");
    tap_is(unmask(200), -XEN_EINVAL, "ABI-EVT-16 a free port");
    tap_is(unmask(SCREE_PORTS), -XEN_EINVAL, "ABI-EVT-16 out of range");
}

static void static_ports(void)
{
    struct evtchn_bind_virq v = {.virq = VIRQ_TIMER};
    bool refused = true, virq = true;
    uint32_t state;

    for (uint32_t port = 1; port <= SCREE_PORT_CONTROL; port++) {
        refused = refused && close_port(port) == -XEN_EINVAL;
        virq = virq && status(port, &state) == 0 && state == EVTCHNSTAT_virq;
    }
    tap_ok(refused, "ABI-EVT-05 static ports cannot be closed");
    tap_ok(virq, "ABI-EVT-17 static ports are EVTCHNSTAT_virq");
    tap_is(send(SCREE_PORT_TIMER), -XEN_EINVAL, "ABI-EVT-15 a static port");
    tap_ok(op(EVTCHNOP_bind_virq, &v) == 0 && v.port == SCREE_PORT_TIMER,
           "ABI-EVT-12 VIRQ_TIMER is bound for good");
    v = (struct evtchn_bind_virq){.virq = VIRQ_CONSOLE};
    tap_ok(op(EVTCHNOP_bind_virq, &v) == 0 && v.port == SCREE_PORT_CONSOLE,
           "ABI-EVT-12 VIRQ_CONSOLE too");
    v.virq = 1000;
    tap_is(op(EVTCHNOP_bind_virq, &v), -XEN_EINVAL, "ABI-EVT-12 unknown");
    v = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 1};
    tap_is(op(EVTCHNOP_bind_virq, &v), -XEN_ENOENT, "ABI-EVT-12 vcpu 1");
}

static uint32_t ipi(void)
{
    struct evtchn_bind_ipi b = {.vcpu = 1};

    tap_is(op(EVTCHNOP_bind_ipi, &b), -XEN_ENOENT, "ABI-EVT-13 vcpu 1");
    b.vcpu = 0;
    tap_is(op(EVTCHNOP_bind_ipi, &b), 0, "ABI-EVT-13 bind_ipi");
    tap_is(b.port, SCREE_PORT_DYNAMIC, "ABI-EVT-06 the lowest dynamic port");
    rt_clear_events();
    tap_is(send(b.port), 0, "ABI-EVT-13 send");
    tap_ok(is_pending(b.port), "ABI-EVT-13 raises the caller");
    return b.port;
}

static void loopback(void)
{
    uint32_t a = 0, b = 0, state = 0;

    tap_is(alloc(DOMID_SELF, DOMID_SELF, &a), 0, "ABI-EVT-10 alloc_unbound");
    tap_is(a, SCREE_PORT_DYNAMIC + 1, "ABI-EVT-06 the next one");
    tap_is(alloc(1000, DOMID_SELF, &b), -XEN_EPERM,
           "ABI-EVT-10 for another domain");
    tap_is(alloc(DOMID_SELF, 1000, &b), 0,
           "ABI-EVT-10 the remote domain need not exist");
    close_port(b);
    tap_ok(status(a, &state) == 0 && state == EVTCHNSTAT_unbound,
           "ABI-EVT-17 unbound");
    tap_is(send(a), 0, "ABI-EVT-15 an unbound port");
    rt_clear_events();
    tap_is(bind(DOMID_SELF, a, &b), 0, "ABI-EVT-11 to oneself");
    tap_ok(is_pending(b), "ABI-EVT-11 the local port is raised");
    rt_clear_events();
    tap_ok(send(a) == 0 && is_pending(b) && !is_pending(a),
           "ABI-EVT-15 the peer is raised");
    rt_clear_events();
    tap_ok(send(b) == 0 && is_pending(a), "ABI-EVT-15 both ways");
    tap_is(close_port(b), 0, "ABI-EVT-14 close");
    tap_ok(status(a, &state) == 0 && state == EVTCHNSTAT_unbound,
           "ABI-EVT-14 the peer waits again");
    tap_is(bind(DOMID_SELF, a, &b), 0, "ABI-EVT-14 and can be bound");
    close_port(b);
    close_port(a);
}

static void errors(void)
{
    struct evtchn_status s = {.dom = 1000, .port = 1};
    uint32_t port, state;

    tap_is(bind(1000, 16, &port), -XEN_ESRCH, "ABI-EVT-11 no such domain");
    tap_is(bind(DOMID_SELF, 300, &port), -XEN_EINVAL, "ABI-EVT-11 free port");
    tap_is(bind(DOMID_SELF, SCREE_PORTS, &port), -XEN_EINVAL,
           "ABI-EVT-11 out of range");
    tap_is(close_port(300), -XEN_EINVAL, "ABI-EVT-14 a free port");
    tap_is(close_port(~0u), -XEN_EINVAL, "ABI-EVT-14 out of range");
    tap_is(send(300), -XEN_EINVAL, "ABI-EVT-15 a free port");
    tap_is(send(~0u), -XEN_EINVAL, "ABI-EVT-15 out of range");
    tap_is(status(SCREE_PORTS, &state), -XEN_EINVAL, "ABI-EVT-17 out of range");
    tap_ok(status(300, &state) == 0 && state == EVTCHNSTAT_closed,
           "ABI-EVT-17 a free port");
    tap_is(op(EVTCHNOP_status, &s), -XEN_EPERM, "ABI-EVT-17 another domain's");
    tap_is(op(EVTCHNOP_bind_pirq, &s), -XEN_ENOSYS, "ABI-EVT-18 bind_pirq");
    tap_is(op(EVTCHNOP_init_control, &s), -XEN_ENOSYS, "ABI-EVT-18 FIFO");
    tap_is(op(EVTCHNOP_send, (void *)0x7000), -XEN_EFAULT,
           "ABI-HC-09 event_channel_op, bad pointer");
}

static void exhaust(void)
{
    uint32_t port, first = 0, n = 0;

    while (n < SCREE_PORTS && alloc(DOMID_SELF, DOMID_SELF, &port) == 0) {
        if (n++ == 0)
            first = port;
    }
    tap_is(n, SCREE_PORTS - SCREE_PORT_DYNAMIC - 1,
           "ABI-LIM-02 4080 dynamic ports");
    tap_is(alloc(DOMID_SELF, DOMID_SELF, &port), -XEN_ENOSPC,
           "ABI-EVT-10 no port is free");
    tap_ok(close_port(2000) == 0 && close_port(1000) == 0 &&
               alloc(DOMID_SELF, DOMID_SELF, &port) == 0 && port == 1000,
           "ABI-EVT-06 the lowest free one is taken");
    for (port = first; port < SCREE_PORTS; port++)
        close_port(port);
}

int guest_main(void)
{
    uint32_t port = ipi();

    raising(port);
    masking(port);
    static_ports();
    loopback();
    errors();
    exhaust();
    return tap_done();
}
