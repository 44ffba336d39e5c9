/* SPDX-License-Identifier: MIT */
/*
 * A domain played by a test: its memory by guest_put/guest_get, its hypercalls
 * as function calls, on CPU 0, without a guest program. HERE is a page of its
 * RAM for arguments; BAD is an address that no guest can use.
 */
#ifndef UNIT_GUEST_H
#define UNIT_GUEST_H

#include "world.h"

#define GUEST_PAGES 32
#define HERE        ((uint64_t)SCREE_IMAGE_BASE + 0x2000)
#define BAD         0xffff800000000000ull

/* A started domain of GUEST_PAGES pages in w. */
struct domain *guest_make(struct world *w);
/* A world with one such domain; world_stop(&x->w) ends it. */
struct guest_world {
    struct world w;
    struct domain *d;
};
void guest_world_start(struct guest_world *x);
/* Makes d the one that runs on CPU 0. */
void guest_run(struct domain *d);
/* A hypercall by d, to its end; INT64_MIN: it blocked or ended. */
int64_t guest_call(struct domain *d, uint64_t nr, uint64_t a, uint64_t b,
                   uint64_t c);
/* The same through hypercall_fast(); false: it was not taken. */
bool guest_fast(struct domain *d, uint64_t nr, uint64_t a, uint64_t b,
                int64_t *result);
void guest_put(struct domain *d, uint64_t at, const void *bytes, size_t n);
void guest_get(struct domain *d, uint64_t at, void *bytes, size_t n);
/* Passes of CPU 0's loop. */
void guest_pass(struct world *w, unsigned n);

/* A hypercall whose argument is a struct at HERE, in and out. */
#define GUEST_OP(d, nr, cmd, op)                                               \
    ({                                                                         \
        int64_t result_;                                                       \
        guest_put(d, HERE, op, sizeof(*(op)));                                 \
        result_ = guest_call(d, nr, cmd, HERE, 0);                             \
        guest_get(d, HERE, op, sizeof(*(op)));                                 \
        result_;                                                               \
    })

#endif
