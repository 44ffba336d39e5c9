/* SPDX-License-Identifier: MIT */
/*
 * memory_op: pages of RAM given back and taken again. ABI-MEM in docs/abi.md.
 *
 * A page given back leaves the domain's promise, so that others may have it;
 * taking one again needs a new promise, which can fail.
 */
#include "core/guestmem.h"
#include "system/hypercall.h"

#define BATCH 32 /* extents between two looks at what else is due */

static int check_reservation(struct vcpu *v, uint64_t at,
                             struct xen_memory_reservation *r)
{
    int result = copy_in(v, r, at, sizeof(*r));

    if (result)
        return result;
    if (r->extent_order != 0)
        return -XEN_EINVAL;
    if (r->domid != DOMID_SELF && r->domid != v->domain->id)
        return -XEN_EPERM;
    return 0;
}

/* The domain's lock is held by these two. */
static int decrease_one(struct domain *d, gfn_t g)
{
    int result = space_give_up(&d->space, g);

    if (result)
        return result;
    frame_unpromise(d->cell->frames, &d->quota, 1);
    d->memory--;
    return 0;
}

static int populate_one(struct domain *d, gfn_t g)
{
    int result = frame_promise(d->cell->frames, &d->quota, 1);

    if (result)
        return result;
    result = space_take_back(&d->space, g);
    if (result)
        frame_unpromise(d->cell->frames, &d->quota, 1);
    else
        d->memory++;
    return result;
}

/* The next extent. -XEN_EFAULT: the list cannot be read; others end it. */
static int step(struct vcpu *v, const struct continuation *k)
{
    struct domain *d = v->domain;
    uint64_t g;
    int result;

    lock_take(&d->lock);
    result =
        guestmem_read(d, &g, gva(k->list.a + k->done * sizeof(g)), sizeof(g));
    if (result)
        result = -XEN_EFAULT;
    else if (k->cmd == XENMEM_decrease_reservation)
        result = decrease_one(d, gfn(g)) ? -XEN_EINVAL : 0;
    else
        result = populate_one(d, gfn(g)) ? -XEN_EINVAL : 0;
    lock_release(&d->lock);
    return result;
}

static int64_t change_reservation(struct vcpu *v, const struct hypercall *call)
{
    struct continuation *k = call->again;
    struct xen_memory_reservation r;
    int result = 0;

    if (k->nr == CONTINUATION_NONE) {
        result = check_reservation(v, call->a[1], &r);
        if (result)
            return result;
        *k = (struct continuation){
            .nr = __HYPERVISOR_memory_op,
            .cmd = (uint32_t)call->a[0],
            .list = gva((uint64_t)(uintptr_t)r.extent_start.p),
            .count = r.nr_extents,
        };
    }
    for (int n = 0; n < BATCH && k->done < k->count && !result; n++) {
        result = step(v, k);
        if (!result)
            k->done++;
    }
    if (!result && k->done < k->count)
        return HC_AGAIN;
    k->nr = CONTINUATION_NONE;
    return result == -XEN_EFAULT && k->done == 0 ? result : (int64_t)k->done;
}

/* The caller's own pages; at points to a domid. */
static int64_t report(struct vcpu *v, uint64_t at, uint64_t value)
{
    domid_t id;
    int result = copy_in(v, &id, at, sizeof(id));

    if (result)
        return result;
    if (id != DOMID_SELF && id != v->domain->id)
        return -XEN_EPERM;
    return (int64_t)value;
}

int64_t hc_memory_op(struct vcpu *v, const struct hypercall *call)
{
    if (call->again->nr != CONTINUATION_NONE)
        return change_reservation(v, call);
    switch ((uint32_t)call->a[0]) {
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return change_reservation(v, call);
    case XENMEM_current_reservation:
        return report(v, call->a[1], v->domain->memory);
    case XENMEM_maximum_reservation:
        return report(v, call->a[1], v->domain->memory_max);
    default:
        return -XEN_ENOSYS;
    }
}
