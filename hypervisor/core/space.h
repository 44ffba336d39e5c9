/* SPDX-License-Identifier: MIT */
/*
 * A flat domain's address space: policy over machine_space.
 *
 * Page kinds (kept in the leaf's soft bits):
 *   SOFT_NONE    plain; a non-present one inside [ram_start, ram_end) becomes
 *                a zero page on first touch
 *   SOFT_COW     present read-only, a store makes a private copy
 *   SOFT_SHARED  image text, modules, clock, hypercall page: not the domain's
 *   SOFT_FIXED   info, shared and ring pages: the domain cannot give them up
 *   SOFT_HOLE    given back through memory_op: touching it faults
 * All functions: the domain's lock is held. Every frame is drawn from `quota`.
 */
#ifndef CORE_SPACE_H
#define CORE_SPACE_H

#include "core/frame.h"
#include "machine/machine.h"

enum space_soft {
    SOFT_NONE = 0,
    SOFT_COW = 1,
    SOFT_SHARED = 2,
    SOFT_FIXED = 3,
    SOFT_HOLE = 4,
};

struct space {
    struct machine_space m;
    struct frames *frames;
    struct quota *quota;
    uint32_t owner;
    gfn_t ram_start, ram_end; /* zero-on-demand range */
};

void space_init(struct space *s, struct frames *f, struct quota *q,
                uint32_t owner);
/* Frames that mapping up to `end` needs for tables, at most. */
uint64_t space_table_frames(gfn_t end);

/* Maps an existing frame and takes over the caller's reference to it, on
 * success. -XEN_EEXIST: something is there. -XEN_ENOMEM. */
must_check int space_map(struct space *s, gfn_t g, mfn_t m, uint8_t rights,
                         enum space_soft soft);
/* Unmaps and drops the frame's reference after the flush; leaves `soft`
 * (SOFT_NONE or SOFT_HOLE) behind. -XEN_EINVAL: nothing there. */
must_check int space_unmap(struct space *s, gfn_t g, enum space_soft soft);
/* A guest's page fault, or our own access on its behalf: 0 when the access may
 * be tried again; -XEN_EFAULT it is the guest's fault; -XEN_ENOMEM. */
must_check int space_fault(struct space *s, gva_t a, bool write, bool exec);
/* The bytes of page g for our own access, materialised and (if write) private.
 * NULL: a guest's access of that kind would fault. */
void *space_page(struct space *s, gfn_t g, bool write);
/* Drops everything. No CPU has the space loaded. */
void space_destroy(struct space *s);

#endif
