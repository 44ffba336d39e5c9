/* SPDX-License-Identifier: MIT */
/*
 * multicall: several calls in one entry. ABI-MC in docs/abi.md.
 */
#include "system/hypercall.h"

#define MULTICALL_MAX 1024
#define BATCH         16 /* entries between two looks at what else is due */

/* May this entry be in a multicall? Those that block or end may not. */
static bool allowed(const struct multicall_entry *e)
{
    if (e->op == __HYPERVISOR_multicall || e->op == __HYPERVISOR_scree_idle)
        return false;
    if (e->op != __HYPERVISOR_sched_op)
        return true;
    switch ((uint32_t)e->args[0]) {
    case SCHEDOP_yield:
    case SCHEDOP_block:
    case SCHEDOP_poll:
    case SCHEDOP_shutdown:
        return false;
    default:
        return true;
    }
}

static int64_t execute(struct vcpu *v, const struct multicall_entry *e)
{
    const struct hypercall call = {
        .a = {e->args[0], e->args[1], e->args[2], e->args[3], e->args[4]},
        .again = &v->again[1],
        .nested = true,
    };

    return allowed(e) ? hypercall_call(v, e->op, &call) : -XEN_EINVAL;
}

/* The next entry. 0: done; HC_AGAIN: it goes on later. */
static int64_t step(struct vcpu *v, struct continuation *k)
{
    uint64_t at = k->list.a + k->done * sizeof(struct multicall_entry);
    struct multicall_entry e = {.op = k->extra};
    int64_t result;

    /* else its arguments are in its own continuation */
    if (v->again[1].nr == CONTINUATION_NONE) {
        if (copy_in(v, &e, at, sizeof(e)))
            return -XEN_EFAULT;
        if (check_out(v, at, sizeof(e)))
            return -XEN_EFAULT;
        k->extra = e.op;
    }
    result = execute(v, &e);
    if (result == HC_AGAIN)
        return HC_AGAIN;
    k->done++;
    return copy_out(v, at + offsetof(struct multicall_entry, result), &result,
                    sizeof(result));
}

int64_t hc_multicall(struct vcpu *v, const struct hypercall *call)
{
    struct continuation *k = call->again;
    int64_t result = 0;

    if (k->nr == CONTINUATION_NONE) {
        if ((uint32_t)call->a[1] > MULTICALL_MAX)
            return -XEN_E2BIG;
        *k = (struct continuation){
            .nr = __HYPERVISOR_multicall,
            .count = (uint32_t)call->a[1],
            .list = gva(call->a[0]),
        };
    }
    for (int n = 0; n < BATCH && k->done < k->count && !result; n++)
        result = step(v, k);
    if (result == HC_AGAIN || (!result && k->done < k->count))
        return HC_AGAIN;
    k->nr = CONTINUATION_NONE;
    return result;
}
