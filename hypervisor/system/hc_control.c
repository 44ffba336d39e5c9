/* SPDX-License-Identifier: MIT */
/*
 * scree_control: from a record to its op, and back. See control.h; the ops are
 * in control_domain.c, control_object.c and control_transfer.c.
 *
 * Privilege comes first, so that nobody else learns anything. Each byte of a
 * record is read once: the head, which says how long it is, then the rest.
 */
#include "system/control.h"

#include "base/string.h"
#include "io/journal.h"

struct op {
    control_fn *run;
    uint32_t size;
    bool out; /* the record is copied back */
};

/* Ops with results. */
#define OUT_OPS                                                                \
    (1u << SCREE_CONTROL_cell | 1u << SCREE_CONTROL_create |                   \
     1u << SCREE_CONTROL_get | 1u << SCREE_CONTROL_next |                      \
     1u << SCREE_CONTROL_object_begin | 1u << SCREE_CONTROL_object_write |     \
     1u << SCREE_CONTROL_object_get | 1u << SCREE_CONTROL_store_take |         \
     1u << SCREE_CONTROL_store_put | 1u << SCREE_CONTROL_console_take |        \
     1u << SCREE_CONTROL_console_put | 1u << SCREE_CONTROL_channel_take |      \
     1u << SCREE_CONTROL_channel_put | 1u << SCREE_CONTROL_config)

static const struct op *op_of(uint32_t number)
{
#define CONTROL_OP(number, name, record)                                       \
    [number] = {control_##name, sizeof(struct record), OUT_OPS >> (number)&1},
    static const struct op ops[] = {SCREE_CONTROL_LIST(CONTROL_OP)};
#undef CONTROL_OP

    if (number >= ARRAY_SIZE(ops) || !ops[number].run)
        return NULL;
    return &ops[number];
}

/* The record at `at`, and its op. */
static int take(struct control *c, uint64_t at, const struct op **op)
{
    const struct scree_control *head = &c->r.head;
    int result = copy_in(c->v, &c->r.head, at, sizeof(c->r.head));

    if (result)
        return result;
    if (head->version != SCREE_CONTROL_VERSION)
        return -XEN_EINVAL;
    *op = op_of(head->op);
    if (!*op)
        return -XEN_ENOSYS;
    if (head->size != (*op)->size)
        return -XEN_EINVAL;
    result = copy_in(c->v, &c->r.head + 1, at + sizeof(*head),
                     head->size - sizeof(*head));
    if (!result && (*op)->out)
        result = check_out(c->v, at, head->size);
    return result;
}

static int64_t more(struct vcpu *v, struct continuation *k)
{
    switch (k->cmd) {
    case SCREE_CONTROL_create:
        return control_create_more(v, k);
    case SCREE_CONTROL_object_seal:
        return control_seal_more(v, k);
    default:
        return control_drop_more(v, k);
    }
}

static int64_t go_on(struct vcpu *v, struct continuation *k)
{
    int64_t result = more(v, k);

    if (result != HC_AGAIN)
        k->nr = CONTINUATION_NONE;
    return result;
}

int64_t hc_scree_control(struct vcpu *v, const struct hypercall *call)
{
    struct control c;
    const struct op *op = NULL;
    int64_t result;

    if (v->domain->id != 0)
        return -XEN_EPERM;
    if (call->again->nr != CONTINUATION_NONE)
        return go_on(v, call->again);
    c.v = v;
    c.cell = v->domain->cell;
    c.at = call->a[0];
    c.again = call->again;
    result = take(&c, call->a[0], &op);
    if (!result)
        result = op->run(&c);
    if (result == HC_AGAIN)
        return go_on(v, c.again);
    if (!result && op->out)
        result = copy_out(v, call->a[0], &c.r, op->size);
    return result;
}
