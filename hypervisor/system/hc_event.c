/* SPDX-License-Identifier: MIT */
/*
 * event_channel_op: the arguments of core/event. ABI-EVT in docs/abi.md.
 *
 * Results are written back to where the arguments came from; that this will
 * succeed is checked before the operation, which cannot be undone.
 */
#include "io/store_ring.h"
#include "system/hypercall.h"

static bool is_self(const struct vcpu *v, domid_t id)
{
    return id == DOMID_SELF || id == v->domain->id;
}

/* Other reserved numbers name nobody. */
static uint32_t full_id(const struct vcpu *v, domid_t id)
{
    if (id == DOMID_SELF)
        return v->domain->id;
    return id < DOMID_FIRST_RESERVED ? id : OWNER_CELL;
}

/* Copies the struct in and makes sure that it can be written back. */
static int take(struct vcpu *v, void *op, uint64_t at, size_t n)
{
    int result = copy_in(v, op, at, n);

    return result ? result : check_out(v, at, n);
}

static int64_t alloc_unbound(struct vcpu *v, uint64_t at)
{
    struct evtchn_alloc_unbound op;
    int result = take(v, &op, at, sizeof(op));

    if (result)
        return result;
    if (!is_self(v, op.dom))
        return -XEN_EPERM;
    result =
        event_alloc_unbound(v->domain, full_id(v, op.remote_dom), &op.port);
    return result ? result : copy_out(v, at, &op, sizeof(op));
}

static int64_t bind_interdomain(struct vcpu *v, uint64_t at)
{
    struct evtchn_bind_interdomain op;
    int result = take(v, &op, at, sizeof(op));

    if (result)
        return result;
    result = event_bind_interdomain(v->domain, full_id(v, op.remote_dom),
                                    op.remote_port, &op.local_port);
    return result ? result : copy_out(v, at, &op, sizeof(op));
}

static int64_t bind_virq(struct vcpu *v, uint64_t at)
{
    struct evtchn_bind_virq op;
    int result = take(v, &op, at, sizeof(op));

    if (result)
        return result;
    if (op.vcpu != 0)
        return -XEN_ENOENT;
    result = event_bind_virq(op.virq, &op.port);
    return result ? result : copy_out(v, at, &op, sizeof(op));
}

static int64_t bind_ipi(struct vcpu *v, uint64_t at)
{
    struct evtchn_bind_ipi op;
    int result = take(v, &op, at, sizeof(op));

    if (result)
        return result;
    if (op.vcpu != 0)
        return -XEN_ENOENT;
    result = event_bind_ipi(v->domain, &op.port);
    return result ? result : copy_out(v, at, &op, sizeof(op));
}

static int64_t status(struct vcpu *v, uint64_t at)
{
    struct evtchn_status op;
    int result = take(v, &op, at, sizeof(op));

    if (result)
        return result;
    if (!is_self(v, op.dom))
        return -XEN_EPERM;
    result = event_status(v->domain, op.port, &op);
    return result ? result : copy_out(v, at, &op, sizeof(op));
}

/* close, send and unmask: one port in, nothing out. */
static int64_t on_port(struct vcpu *v, uint64_t at,
                       int (*operation)(struct domain *, uint32_t))
{
    evtchn_port_t port;
    int result = copy_in(v, &port, at, sizeof(port));

    return result ? result : operation(v->domain, port);
}

/* The store's is the one static port that is sent to. */
static int send(struct domain *d, uint32_t port)
{
    return port == SCREE_PORT_STORE ? store_ring_notify(d)
                                    : event_send(d, port);
}

int64_t hc_event_channel_op(struct vcpu *v, const struct hypercall *call)
{
    uint64_t at = call->a[1];

    switch ((uint32_t)call->a[0]) {
    case EVTCHNOP_alloc_unbound:
        return alloc_unbound(v, at);
    case EVTCHNOP_bind_interdomain:
        return bind_interdomain(v, at);
    case EVTCHNOP_bind_virq:
        return bind_virq(v, at);
    case EVTCHNOP_bind_ipi:
        return bind_ipi(v, at);
    case EVTCHNOP_close:
        return on_port(v, at, event_close);
    case EVTCHNOP_send:
        return on_port(v, at, send);
    case EVTCHNOP_unmask:
        return on_port(v, at, event_unmask);
    case EVTCHNOP_status:
        return status(v, at);
    default:
        return -XEN_ENOSYS;
    }
}
