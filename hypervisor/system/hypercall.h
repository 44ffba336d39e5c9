/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: the way from a number in rax to a handler and back.
 *
 * A handler gets the arguments as they were in the registers, copies what they
 * point to once, checks everything, then commits. It works on the vcpu it is
 * given, which is the current one of this CPU and does not run meanwhile. Work
 * that is not bounded by a constant is done in batches: the handler keeps its
 * place in call->again and returns HC_AGAIN; it is called again with it after
 * others had their turn.
 */
#ifndef SYSTEM_HYPERCALL_H
#define SYSTEM_HYPERCALL_H

#include "core/domain.h"
#include "scree/calls.h"

/* Not results: the guest never sees them. */
#define HC_AGAIN INT64_MIN       /* not finished */
#define HC_WAIT  (INT64_MIN + 1) /* blocked or ended: rax is set on waking */

struct hypercall {
    uint64_t a[5];
    struct continuation *again; /* its nr is CONTINUATION_NONE at the start */
    bool nested;                /* inside a multicall: must not block */
};

/* The Xen interface whose numbers and structs the ABI uses: 4.17. */
#define SCREE_XEN_VERSION (4 << 16 | 17)

typedef int64_t hypercall_fn(struct vcpu *v, const struct hypercall *call);

/* Is there a call of this number? */
static inline bool hypercall_known(uint64_t nr)
{
#define SCREE_BIT(number, name, count) | 1ull << (number)
    const uint64_t known = 0 SCREE_HYPERCALL_LIST(SCREE_BIT);
#undef SCREE_BIT

    return nr < SCREE_HYPERCALLS && known >> nr & 1;
}

/* Calls number nr's handler; -XEN_ENOSYS: there is none. */
int64_t hypercall_call(struct vcpu *v, uint64_t nr,
                       const struct hypercall *call);
/* Does (or goes on with) the hypercall that v's registers name. */
void hypercall_dispatch(struct vcpu *v);

/* scree_idle's handler, for the short way too: HC_WAIT, or wake bits. */
int64_t hypercall_idle(struct vcpu *v, uint64_t deadline);

#define SCREE_HANDLER(number, name, count) hypercall_fn hc_##name;
SCREE_HYPERCALL_LIST(SCREE_HANDLER)
#undef SCREE_HANDLER

/* Guest memory for handlers: the domain's lock is taken here. -XEN_EFAULT. */
must_check int copy_in(struct vcpu *v, void *to, uint64_t from, size_t n);
must_check int copy_out(struct vcpu *v, uint64_t to, const void *from,
                        size_t n);
/* Will copy_out succeed? */
must_check int check_out(struct vcpu *v, uint64_t to, size_t n);

#endif
