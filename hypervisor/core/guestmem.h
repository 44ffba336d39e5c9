/* SPDX-License-Identifier: MIT */
/*
 * The only way to a guest's bytes. Addresses are checked for range, wrap and
 * rights page by page; copy-on-write and zero pages are resolved as by the
 * guest's own access. The domain's lock is held by the caller.
 */
#ifndef CORE_GUESTMEM_H
#define CORE_GUESTMEM_H

#include "base/types.h"

struct domain;

/* 0 or -XEN_EFAULT; after an error the first bytes may have been copied. */
must_check int guestmem_read(struct domain *d, void *to, gva_t from, size_t n);
must_check int guestmem_write(struct domain *d, gva_t to, const void *from,
                              size_t n);
/* Would guestmem_write succeed? For check-then-commit. */
must_check int guestmem_writable(struct domain *d, gva_t to, size_t n);

/*
 * Pins [a, a+n), n <= 4096, so that its bytes stay valid without the domain's
 * lock: at most two pieces. The domain cannot free or replace the frames
 * until guestmem_unpin().
 */
struct guestmem_pin {
    void *bytes[2];
    uint32_t length[2];
    uint64_t frame[2]; /* mfn, or UINT64_MAX */
};
must_check int guestmem_pin(struct domain *d, gva_t a, size_t n, bool write,
                            struct guestmem_pin *pin);
void guestmem_unpin(struct domain *d, struct guestmem_pin *pin);

#endif
