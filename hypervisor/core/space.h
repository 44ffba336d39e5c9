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
 * COW and SHARED frames are FRAME_SHARED, all others FRAME_WRITABLE.
 *
 * All functions: the domain's lock is held. Every frame is drawn from `quota`.
 *
 * Flushes. A mapping that is replaced or removed is flushed before its frame's
 * reference drops. The change may come from another CPU than the one that has
 * the space loaded: then that CPU is kicked out of the guest, and it flushes
 * before it enters the guest again. For that the loop brackets machine_run()
 * with space_enter() and space_leave(), and whoever holds a domain's lock may
 * wait for its guest to exit: so hypercall_fast() never waits for such a lock.
 */
#ifndef CORE_SPACE_H
#define CORE_SPACE_H

#include <stdatomic.h>

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
    gfn_t end;                /* nothing was ever mapped from here on */
    gfn_t drained;            /* and below here nothing is any more */
    /* without the lock: see above */
    _Atomic uint64_t residence; /* entries << 16 | (CPU + 1) << 1 | in guest */
    atomic_bool stale;          /* flush before the next entry */
};

void space_init(struct space *s, struct frames *f, struct quota *q,
                uint32_t owner);
/* Frames that mapping up to `end` needs for tables, at most. */
uint64_t space_table_frames(gfn_t end);

/* Maps an existing frame and takes over the caller's reference to it, on
 * success. Never writable and executable. -XEN_EEXIST: something is there.
 * -XEN_ENOMEM. */
must_check int space_map(struct space *s, gfn_t g, mfn_t m, uint8_t rights,
                         enum space_soft soft);
/* Unmaps and drops the frame's reference after the flush; leaves `soft`
 * (SOFT_NONE or SOFT_HOLE) behind. -XEN_EINVAL: nothing there. */
must_check int space_unmap(struct space *s, gfn_t g, enum space_soft soft);

/* The guest gives up a page of its RAM, touched or not: a hole stays, its
 * frame is a promise again. -XEN_EINVAL: not RAM, or not the domain's to
 * give; -XEN_ENOMEM: no frame for a table. */
must_check int space_give_up(struct space *s, gfn_t g);
/* The reverse: the hole is zero-on-demand again. -XEN_EINVAL: not a hole. */
must_check int space_take_back(struct space *s, gfn_t g);

/* A guest's page fault, or our own access on its behalf: 0 when the access may
 * be tried again; -XEN_EFAULT it is the guest's fault; -XEN_ENOMEM. */
must_check int space_fault(struct space *s, gva_t a, bool write, bool exec);
/* The leaf of page g for our own access, materialised and (if write) private.
 * false: a guest's access of that kind would fault. */
must_check bool space_resolve(struct space *s, gfn_t g, bool write,
                              struct mapping *m);
/* Its bytes, or NULL. */
void *space_page(struct space *s, gfn_t g, bool write);

/* What a present page of that kind is made of. */
static inline enum frame_type space_frame_type(enum space_soft soft)
{
    return soft == SOFT_COW || soft == SOFT_SHARED ? FRAME_SHARED
                                                   : FRAME_WRITABLE;
}

/* The leaf of g, as it is. */
static inline struct mapping space_get(const struct space *s, gfn_t g)
{
    return machine_space_get(&s->m, g);
}

/* Around machine_run(), on the CPU that runs the domain. No lock. */
void space_enter(struct space *s, unsigned cpu);
void space_leave(struct space *s);

/* Drops a part of everything: some hundred pages and tables at most, however
 * large the space is; true: nothing is left. No CPU has the space loaded, and
 * nothing is mapped in it any more. */
must_check bool space_drain(struct space *s);
/* Drops everything at once. */
void space_destroy(struct space *s);

/* Recounts: frames of this owner that are mapped or tables. Panics on a leaf
 * that breaks the rules above. For tests and debug builds. */
uint64_t space_audit(const struct space *s);

#endif
