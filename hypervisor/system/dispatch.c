/* SPDX-License-Identifier: MIT */
/*
 * From number to handler: see hypercall.h. The table is made from the one list
 * in scree/calls.h.
 */
#include "core/guestmem.h"
#include "system/hypercall.h"

int64_t hypercall_call(struct vcpu *v, uint64_t nr,
                       const struct hypercall *call)
{
#define SCREE_ENTRY(number, name, count) [number] = hc_##name,
    static hypercall_fn *const table[SCREE_HYPERCALLS] = {
        SCREE_HYPERCALL_LIST(SCREE_ENTRY)};
#undef SCREE_ENTRY

    if (nr >= SCREE_HYPERCALLS || !table[nr])
        return -XEN_ENOSYS;
    return table[nr](v, call);
}

void hypercall_dispatch(struct vcpu *v)
{
    struct machine_regs *r = &v->m.regs;
    const struct hypercall call = {
        .a = {r->rdi, r->rsi, r->rdx, r->r10, r->r8},
        .again = &v->again[0],
    };
    int64_t result = hypercall_call(v, r->rax, &call);

    if (result != HC_AGAIN && result != HC_WAIT)
        r->rax = (uint64_t)result;
}

int copy_in(struct vcpu *v, void *to, uint64_t from, size_t n)
{
    int result;

    lock_take(&v->domain->lock);
    result = guestmem_read(v->domain, to, gva(from), n);
    lock_release(&v->domain->lock);
    return result;
}

int copy_out(struct vcpu *v, uint64_t to, const void *from, size_t n)
{
    int result;

    lock_take(&v->domain->lock);
    result = guestmem_write(v->domain, gva(to), from, n);
    lock_release(&v->domain->lock);
    return result;
}

int check_out(struct vcpu *v, uint64_t to, size_t n)
{
    int result;

    lock_take(&v->domain->lock);
    result = guestmem_writable(v->domain, gva(to), n);
    lock_release(&v->domain->lock);
    return result;
}
