/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op: the arguments of core/grant. ABI-GNT in docs/abi.md.
 */
#include "system/hypercall.h"

#define BATCH 8 /* copies between two looks at what else is due */

static bool is_self(const struct vcpu *v, domid_t id)
{
    return id == DOMID_SELF || id == v->domain->id;
}

static int setup_table(struct vcpu *v, uint64_t at)
{
    struct gnttab_setup_table op;
    uint64_t list, gfn;
    int result = copy_in(v, &op, at, sizeof(op));

    if (!result)
        result = check_out(v, at, sizeof(op));
    if (result)
        return result;
    list = (uint64_t)(uintptr_t)op.frame_list.p;
    op.status = GNTST_permission_denied;
    if (is_self(v, op.dom)) {
        if (op.nr_frames <= SCREE_GRANT_MAX &&
            check_out(v, list, op.nr_frames * sizeof(gfn)))
            return -XEN_EFAULT;
        op.status = grant_setup(v->domain, op.nr_frames);
    }
    for (uint32_t i = 0; op.status == GNTST_okay && i < op.nr_frames; i++) {
        gfn = (SCREE_GRANT_PAGES >> PAGE_SHIFT) + i;
        result = copy_out(v, list + i * sizeof(gfn), &gfn, sizeof(gfn));
        if (result)
            return result;
    }
    return copy_out(v, at, &op, sizeof(op));
}

static int query_size(struct vcpu *v, uint64_t at)
{
    struct gnttab_query_size op;
    int result = copy_in(v, &op, at, sizeof(op));

    if (result)
        return result;
    op.status = GNTST_permission_denied;
    if (is_self(v, op.dom)) {
        op.nr_frames = v->domain->grants.count;
        op.max_nr_frames = SCREE_GRANT_MAX;
        op.status = GNTST_okay;
    }
    return copy_out(v, at, &op, sizeof(op));
}

static int copy_one(struct vcpu *v, uint64_t at)
{
    struct gnttab_copy op;
    int result = copy_in(v, &op, at, sizeof(op));

    if (!result)
        result = check_out(v, at, sizeof(op));
    if (result)
        return result;
    grant_copy(v->domain, &op);
    return copy_out(v, at, &op, sizeof(op));
}

struct operation {
    int (*one)(struct vcpu *v, uint64_t at);
    size_t size; /* of its struct */
};

static struct operation operation_of(uint32_t cmd)
{
    switch (cmd) {
    case GNTTABOP_setup_table:
        return (struct operation){setup_table,
                                  sizeof(struct gnttab_setup_table)};
    case GNTTABOP_query_size:
        return (struct operation){query_size, sizeof(struct gnttab_query_size)};
    case GNTTABOP_copy:
        return (struct operation){copy_one, sizeof(struct gnttab_copy)};
    default:
        return (struct operation){NULL, 0};
    }
}

static int check_command(uint32_t cmd)
{
    switch (cmd) {
    case GNTTABOP_map_grant_ref:
    case GNTTABOP_unmap_grant_ref:
        return -XEN_EPERM; /* the control domain's */
    default:
        return operation_of(cmd).one ? 0 : -XEN_ENOSYS;
    }
}

int64_t hc_grant_table_op(struct vcpu *v, const struct hypercall *call)
{
    struct continuation *k = call->again;
    struct operation op;
    int result = 0;

    if (k->nr == CONTINUATION_NONE) {
        result = check_command((uint32_t)call->a[0]);
        if (result)
            return result;
        *k = (struct continuation){
            .nr = __HYPERVISOR_grant_table_op,
            .cmd = (uint32_t)call->a[0],
            .list = gva(call->a[1]),
            .count = (uint32_t)call->a[2],
        };
    }
    op = operation_of(k->cmd);
    ASSERT(op.one);
    for (int n = 0; n < BATCH && k->done < k->count && !result; n++) {
        result = op.one(v, k->list.a + k->done * op.size);
        k->done++;
    }
    if (!result && k->done < k->count)
        return HC_AGAIN;
    k->nr = CONTINUATION_NONE;
    return result;
}
