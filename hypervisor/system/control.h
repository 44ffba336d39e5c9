/* SPDX-License-Identifier: MIT */
/*
 * The control hypercall's parts (pv-abi/scree/control.h).
 *
 * hc_control.c copies a record in, once, checks what all have in common and
 * calls the op's function; it copies the record back if the op has results.
 * Only the control domain's one vcpu comes here: whatever nobody else touches
 * (objects, the transfer frame) needs no lock.
 */
#ifndef SYSTEM_CONTROL_H
#define SYSTEM_CONTROL_H

#include "scree/control.h"
#include "system/hypercall.h"

struct image;
struct module;

/* One call: the caller, and the copy of its record. */
struct control {
    struct vcpu *v;
    struct cell *cell;
    uint64_t at;                /* where the record lies */
    struct continuation *again; /* of a call that gives way */
    union {
        struct scree_control head;
        struct scree_control_cell cell;
        struct scree_control_create create;
        struct scree_control_shutdown shutdown;
        struct scree_control_get get;
        struct scree_control_set set;
        struct scree_control_next next;
        struct scree_control_object object;
        struct scree_control_transfer transfer;
    } r;
};

/* The ops: 0, a negative error with nothing changed, or HC_AGAIN. */
typedef int64_t control_fn(struct control *c);
#define CONTROL_HANDLER(number, name, record) control_fn control_##name;
SCREE_CONTROL_LIST(CONTROL_HANDLER)
#undef CONTROL_HANDLER

/* Goes on with a call that gave way; what it needs stands in k. */
int64_t control_create_more(struct vcpu *v, struct continuation *k);
int64_t control_seal_more(struct vcpu *v, struct continuation *k);
int64_t control_drop_more(struct vcpu *v, struct continuation *k);

/* What a cell with a control domain needs besides. -XEN_ENOMEM. */
must_check int control_init(struct cell *cell);
/* The control domain is about to end: nobody takes the journal any more. */
void control_detach(struct cell *cell);
/* It has ended, and runs nowhere: what it had only begun to make goes, too. */
void control_abandon(struct cell *cell);

/* Is [at, at + n), n > 0, the caller's to read? So that a call that would fail
 * later has done nothing. -XEN_EFAULT. */
must_check int control_check_in(struct vcpu *v, uint64_t at, uint64_t n);

/* What a handle means, or NULL: of the boot bundle or a sealed object. */
struct image *control_image(struct cell *cell, uint32_t handle);
struct module *control_module(struct cell *cell, uint32_t handle);

#endif
