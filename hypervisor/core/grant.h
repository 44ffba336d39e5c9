/* SPDX-License-Identifier: MIT */
/*
 * Grants: one domain lets another read or write a page of its own. Version 1
 * entries in up to SCREE_GRANT_MAX frames at SCREE_GRANT_PAGES, written by the
 * guest, read here once per use. Only copying exists in flat domains: nobody's
 * page is ever mapped by another.
 */
#ifndef CORE_GRANT_H
#define CORE_GRANT_H

#include "base/types.h"
#include "scree/xen.h"

struct domain;

/* The hypervisor's view of the frames that setup_table has made. */
struct grant_table {
    struct grant_entry_v1 *frames[4];
    uint32_t count;
};

#define GRANT_ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

/* Grows d's table to `frames` frames and maps them. GNTST_*. */
must_check int16_t grant_setup(struct domain *d, uint32_t frames);
/* One copy between two pages, at most one of them by reference in either
 * direction; d is the caller. Sets op->status. */
void grant_copy(struct domain *d, struct gnttab_copy *op);

#endif
