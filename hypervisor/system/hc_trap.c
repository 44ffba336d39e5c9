/* SPDX-License-Identifier: MIT */
/*
 * set_trap_table, stack_switch, callback_op: where faults and events enter the
 * guest. ABI-FLT and ABI-UP in docs/abi.md.
 */
#include "base/string.h"
#include "system/hypercall.h"

#define TABLE_MAX   256 /* entries, the last one not counted */
#define HANDLER_END (1ull << 32)

/* A whole new set of handlers, put in place when all entries were good. */
struct handlers {
    uint32_t address[SCREE_TRAPS];
    uint8_t flags[SCREE_TRAPS];
};

static int check_entry(const struct trap_info *t)
{
    if (t->vector >= SCREE_TRAPS || t->address >= HANDLER_END)
        return -XEN_EINVAL;
    return 0;
}

static int check_trap_table(struct vcpu *v, uint64_t at, struct handlers *h)
{
    struct trap_info t;
    int result;

    memcpy(h->address, v->trap_handlers, sizeof(h->address));
    memcpy(h->flags, v->trap_flags, sizeof(h->flags));
    for (unsigned n = 0; n <= TABLE_MAX; n++) {
        result = copy_in(v, &t, at + n * sizeof(t), sizeof(t));
        if (result || t.address == 0)
            return result;
        result = check_entry(&t);
        if (result)
            return result;
        h->address[t.vector] = (uint32_t)t.address;
        h->flags[t.vector] = t.flags;
    }
    return -XEN_E2BIG;
}

static void commit_trap_table(struct vcpu *v, const struct handlers *h)
{
    memcpy(v->trap_handlers, h->address, sizeof(h->address));
    memcpy(v->trap_flags, h->flags, sizeof(h->flags));
}

int64_t hc_set_trap_table(struct vcpu *v, const struct hypercall *call)
{
    struct handlers h = {.address = {0}};
    int result = call->a[0] ? check_trap_table(v, call->a[0], &h) : 0;

    if (!result)
        commit_trap_table(v, &h);
    return result;
}

int64_t hc_stack_switch(struct vcpu *v, const struct hypercall *call)
{
    uint64_t size = call->a[0], top = call->a[1];

    if (size != 0 && (size < PAGE_SIZE || top % 16 != 0 || top < size ||
                      top >= SCREE_GUEST_END))
        return -XEN_EINVAL;
    v->fault_stack_size = size;
    v->fault_stack_top = gva(top);
    return 0;
}

static int64_t callback_register(struct vcpu *v, uint64_t at)
{
    struct callback_register op;
    int result = copy_in(v, &op, at, sizeof(op));

    if (result)
        return result;
    if (op.type != CALLBACKTYPE_event)
        return -XEN_ENOSYS;
    if (op.address >= SCREE_GUEST_END)
        return -XEN_EINVAL;
    v->event_handler = gva(op.address);
    return 0;
}

static int64_t callback_unregister(struct vcpu *v, uint64_t at)
{
    struct callback_unregister op;
    int result = copy_in(v, &op, at, sizeof(op));

    if (result)
        return result;
    if (op.type != CALLBACKTYPE_event)
        return -XEN_ENOSYS;
    v->event_handler = gva(0);
    return 0;
}

int64_t hc_callback_op(struct vcpu *v, const struct hypercall *call)
{
    switch ((uint32_t)call->a[0]) {
    case CALLBACKOP_register:
        return callback_register(v, call->a[1]);
    case CALLBACKOP_unregister:
        return callback_unregister(v, call->a[1]);
    default:
        return -XEN_ENOSYS;
    }
}
