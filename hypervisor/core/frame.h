/* SPDX-License-Identifier: MIT */
/*
 * Machine frames: who owns each, what it is, how often it is referenced.
 *
 * Invariants (isolation stands on them; this file owns them):
 *  - a frame is free, or has exactly one owner and one type;
 *  - its type changes only at reference count 0;
 *  - a frame with a writable guest mapping is FRAME_WRITABLE; a table frame
 *    is never mapped in a guest;
 *  - counts do not wrap: a reference too many is refused;
 *  - a frame returns to the free list when its last reference drops.
 *
 * Commitment: a domain's frames are promised at creation (frame_promise) and
 * drawn from the promise later, so that a guest's first touch never fails. The
 * sum of promises never exceeds what is free.
 *
 * Any CPU may call anything here; the table has its own lock (RANK_FRAMES),
 * and taking or dropping a reference that is not the last one needs none.
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "base/types.h"

enum frame_type {
    FRAME_FREE = 0,
    FRAME_HYPERVISOR, /* ours: never mapped in a guest */
    FRAME_TABLE,      /* donated to the machine */
    FRAME_WRITABLE,   /* a guest's own page, info and ring pages too */
    FRAME_SHARED,     /* image, module, clock: read-only references only */
};

#define OWNER_CELL     UINT32_MAX       /* the hypervisor itself */
#define OWNER_OBJECT   (UINT32_MAX - 1) /* an image or module of domain 0's */
#define FRAME_REFS_MAX 0xffffffu

/* What is known of a frame at one moment. A frame outside the machine's RAM
 * is FRAME_HYPERVISOR with no reference. */
struct frame {
    uint32_t owner; /* domain id or OWNER_*; a free frame's is OWNER_CELL */
    uint32_t refs;
    enum frame_type type;
};

/* What a domain was promised and has drawn, in frames. Under the frames'
 * lock; promised + drawn changes only by promise and unpromise. */
struct quota {
    uint64_t promised; /* still to draw */
    uint64_t drawn;
};

struct frames;
struct machine_range;

/* Builds the table inside the given RAM itself; it covers the machine's boot
 * module and hypercall page, too. NULL: not enough memory. */
struct frames *frames_init(const struct machine_range *ram, unsigned count);

uint64_t frames_free(const struct frames *f);      /* free, promised or not */
uint64_t frames_available(const struct frames *f); /* free and not promised */
uint64_t frames_total(const struct frames *f);     /* RAM and adopted */

/* -XEN_ENOMEM: fewer than n frames are available; nothing changed. */
must_check int frame_promise(struct frames *f, struct quota *q, uint64_t n);
/* Gives n frames of the promise back; n <= q->promised. */
void frame_unpromise(struct frames *f, struct quota *q, uint64_t n);

/* How many frames were drawn from it. */
uint64_t frame_drawn(struct frames *f, const struct quota *q);

/* One frame drawn from q, reference count 1, contents undefined. MFN_NONE: the
 * promise is used up. */
must_check mfn_t frame_alloc(struct frames *f, struct quota *q, uint32_t owner,
                             enum frame_type type);
/* Zeroes it, too. */
must_check mfn_t frame_alloc_zero(struct frames *f, struct quota *q,
                                  uint32_t owner, enum frame_type type);
/* For the cell's own needs: unpromised. */
must_check mfn_t frame_alloc_cell(struct frames *f, enum frame_type type);
/* n > 0 contiguous frames for the cell, one reference each; MFN_NONE when
 * there are none. Linear in the size of memory: for start-up. */
must_check mfn_t frame_alloc_run(struct frames *f, uint64_t n,
                                 enum frame_type type);
/* Enters frames that were not in RAM's free ranges (the bundle) as the cell's,
 * FRAME_SHARED, one reference each. */
void frame_adopt(struct frames *f, mfn_t first, uint64_t n);

/* One more reference to a guest-mappable frame (WRITABLE or SHARED), any mfn
 * allowed. -XEN_EBUSY: not of this type; -XEN_E2BIG: too many references. */
must_check int frame_get(struct frames *f, mfn_t m, enum frame_type type);
/* Drops a reference; the last one frees the frame and turns one of the owner's
 * drawn frames into a promise again. q: the quota it was drawn from; for the
 * cell's frames it is ignored and may be NULL. Before the last reference of a
 * frame that was mapped drops, every CPU that may cache the mapping has
 * flushed it. */
void frame_put(struct frames *f, struct quota *q, mfn_t m);

struct frame frame_info(const struct frames *f, mfn_t m);
/* Recounts; panics on a violated invariant. Nobody else uses f meanwhile. For
 * tests and debug builds. */
void frames_audit(struct frames *f);
/* For tests: the n-th allocation from now (1: the next) finds no frame; 0: no
 * such thing. */
void frames_fail_at(struct frames *f, uint64_t n);

#endif
