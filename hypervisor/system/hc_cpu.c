/* SPDX-License-Identifier: MIT */
/*
 * set_segment_base, set_debugreg, get_debugreg and vcpu_op: the processor's
 * state that a guest cannot reach by instructions. ABI-CPU, ABI-FLT-13 and
 * ABI-VCPU in docs/abi.md.
 */
#include "system/hypercall.h"

int64_t hc_set_segment_base(struct vcpu *v, const struct hypercall *call)
{
    gva_t base = gva(call->a[1]);

    if (base.a >= SCREE_GUEST_END)
        return -XEN_EINVAL;
    switch ((uint32_t)call->a[0]) {
    case SEGBASE_FS:
        return machine_set_segment_base(&v->m, SEGMENT_FS, base);
    case SEGBASE_GS_USER:
        return machine_set_segment_base(&v->m, SEGMENT_GS, base);
    default:
        return -XEN_EINVAL;
    }
}

int64_t hc_set_debugreg(struct vcpu *v, const struct hypercall *call)
{
    return machine_set_debugreg(&v->m, (uint32_t)call->a[0], call->a[1]);
}

int64_t hc_get_debugreg(struct vcpu *v, const struct hypercall *call)
{
    uint64_t value = 0;
    int result = machine_get_debugreg(&v->m, (uint32_t)call->a[0], &value);

    return result ? result : (int64_t)value;
}

/* vcpu_info stays where the return stub, the same page for all domains,
 * expects it: naming that place is the only registration that succeeds. */
static int64_t register_vcpu_info(struct vcpu *v, uint64_t at)
{
    struct vcpu_register_vcpu_info op;
    int result = copy_in(v, &op, at, sizeof(op));

    if (result)
        return result;
    if (op.mfn != SCREE_SHARED_PAGE >> PAGE_SHIFT || op.offset != 0)
        return -XEN_EINVAL;
    return 0;
}

static int64_t get_runstate_info(struct vcpu *v, uint64_t at)
{
    struct vcpu_runstate_info info;

    vcpu_runstate(v, machine_clock(), &info);
    return copy_out(v, at, &info, sizeof(info));
}

int64_t hc_vcpu_op(struct vcpu *v, const struct hypercall *call)
{
    if ((uint32_t)call->a[1] != 0)
        return -XEN_ENOENT;
    switch ((uint32_t)call->a[0]) {
    case VCPUOP_is_up:
        return 1;
    case VCPUOP_register_vcpu_info:
        return register_vcpu_info(v, call->a[2]);
    case VCPUOP_get_runstate_info:
        return get_runstate_info(v, call->a[2]);
    default:
        return -XEN_ENOSYS;
    }
}
