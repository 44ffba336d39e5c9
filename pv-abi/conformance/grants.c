/* SPDX-License-Identifier: MIT */
/*
 * Conformance: grant tables inside one domain (chapter 18): it grants pages to
 * itself. Between two domains: peer.c.
 */
#include "rt.h"

SCREE_IMAGE(2 << 20, 65536);

#define ENTRIES 2048

static xen_pfn_t frames[8];
static uint8_t from[SCREE_PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t to[SCREE_PAGE_SIZE] __attribute__((aligned(4096)));
static struct gnttab_copy ops[70];

static volatile grant_entry_v1_t *entry(unsigned ref)
{
    return (volatile grant_entry_v1_t *)SCREE_GRANT_PAGES + ref;
}

static int16_t setup(unsigned n, domid_t dom)
{
    struct gnttab_setup_table s = {.dom = dom, .nr_frames = n};

    set_xen_guest_handle(s.frame_list, frames);
    if (HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1) != 0)
        return -100;
    return s.status;
}

static struct gnttab_query_size query(domid_t dom)
{
    struct gnttab_query_size q = {.dom = dom};

    HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 1);
    return q;
}

static void tables(void)
{
    struct gnttab_query_size q = query(DOMID_SELF);

    tap_ok(q.status == GNTST_okay && q.nr_frames == 0 && q.max_nr_frames == 4,
           "ABI-GNT-02 none yet, 4 at most");
    tap_is(setup(1, DOMID_SELF), GNTST_okay, "ABI-GNT-01 one frame");
    tap_is((int64_t)frames[0], 16, "ABI-GNT-01 it is gfn 16");
    tap_is(rt_try_read(SCREE_GRANT_PAGES), RT_NO_FAULT, "ABI-MAP-08 mapped");
    tap_is(rt_try_read(SCREE_GRANT_PAGES + 4096), 14, "ABI-MAP-08 only one");
    entry(8)->frame = 77;
    tap_is(setup(4, DOMID_SELF), GNTST_okay, "ABI-GNT-01 four");
    tap_ok(frames[3] == 19 && entry(8)->frame == 77 && entry(2047)->frame == 0,
           "ABI-GNT-01 grown, entries are kept, new ones 0");
    tap_is(setup(2, DOMID_SELF), GNTST_okay, "ABI-GNT-01 shrinking");
    tap_is(query(DOMID_SELF).nr_frames, 4, "ABI-GNT-01 does nothing");
    tap_is(setup(5, DOMID_SELF), GNTST_general_error, "ABI-GNT-01 five");
    tap_is(setup(1, 1000), GNTST_permission_denied,
           "ABI-GNT-01 for another domain");
    tap_is(query(DOMID_SELF).nr_frames * 4096 / 8, ENTRIES,
           "ABI-LIM-05 2048 entries");
}

static void grant(unsigned ref, void *page, uint16_t flags)
{
    entry(ref)->frame = (uint32_t)((uint64_t)page / SCREE_PAGE_SIZE);
    entry(ref)->domid = (domid_t)rt_info()->domain;
    __atomic_store_n(&entry(ref)->flags, flags, __ATOMIC_SEQ_CST);
}

static struct gnttab_copy plain(void)
{
    struct gnttab_copy c = {.len = 100};

    c.source.u.gmfn = (uint64_t)from / SCREE_PAGE_SIZE;
    c.source.domid = DOMID_SELF;
    c.source.offset = 10;
    c.dest.u.gmfn = (uint64_t)to / SCREE_PAGE_SIZE;
    c.dest.domid = DOMID_SELF;
    c.dest.offset = 20;
    return c;
}

static int16_t run(struct gnttab_copy c)
{
    if (HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1) != 0)
        return -100;
    return c.status;
}

static void copies(void)
{
    struct gnttab_copy c = plain();

    for (unsigned i = 0; i < sizeof(from); i++)
        from[i] = (uint8_t)(i * 3);
    tap_is(run(c), GNTST_okay, "ABI-GNT-03 between one's own pages");
    tap_ok(memcmp(to + 20, from + 10, 100) == 0 && to[19] == 0 && to[120] == 0,
           "ABI-GNT-03 just these bytes");
    c.source.offset = 4000;
    tap_is(run(c), GNTST_bad_copy_arg, "ABI-GNT-03 the source crosses");
    c = plain();
    c.dest.offset = 4000;
    tap_is(run(c), GNTST_bad_copy_arg, "ABI-GNT-03 the destination crosses");
    c = plain();
    c.len = 4096;
    c.source.offset = 0;
    c.dest.offset = 0;
    tap_is(run(c), GNTST_okay, "ABI-GNT-03 a whole page");
    tap_ok(memcmp(to, from, 4096) == 0, "ABI-GNT-03 all of it");
    c = plain();
    c.dest.u.gmfn = SCREE_INFO_PAGE / SCREE_PAGE_SIZE;
    tap_ok(run(c) < 0, "ABI-GNT-03 not into a read-only page");
}

static void references(void)
{
    struct gnttab_copy c = plain();

    memset(to, 0, sizeof(to));
    c.flags = GNTCOPY_dest_gref;
    c.dest.u.ref = 9;
    tap_is(run(c), GNTST_bad_gntref, "ABI-GNT-04 a free entry");
    grant(9, to, GTF_permit_access);
    tap_is(run(c), GNTST_okay, "ABI-GNT-04 granted");
    tap_ok(memcmp(to + 20, from + 10, 100) == 0, "ABI-GNT-04 copied");
    tap_is(entry(9)->flags, GTF_permit_access, "ABI-GNT-04 not in use after");
    grant(9, to, GTF_permit_access | GTF_readonly);
    tap_is(run(c), GNTST_permission_denied, "ABI-GNT-04 read-only");
    entry(9)->domid = 999;
    tap_is(run(c), GNTST_permission_denied, "ABI-GNT-04 to somebody else");
    c.dest.u.ref = ENTRIES;
    tap_is(run(c), GNTST_bad_gntref, "ABI-GNT-04 out of range");
    c.dest.u.ref = 0xffffffff;
    tap_is(run(c), GNTST_bad_gntref, "ABI-GNT-04 far out of range");
    c.dest.domid = 1000;
    tap_is(run(c), GNTST_bad_domain, "ABI-GNT-04 no such domain");
    grant(10, to, GTF_permit_access);
    c = plain();
    c.flags = GNTCOPY_source_gref;
    c.source.u.ref = 10;
    tap_is(run(c), GNTST_okay, "ABI-GNT-04 as a source");
    tap_is(entry(0)->flags, 0, "ABI-GNT-07 entries 0 to 7 are not used");
}

static void batches(void)
{
    bool all = true;

    for (unsigned i = 0; i < 70; i++) {
        ops[i] = plain();
        ops[i].status = 99;
    }
    ops[3].len = 5000;
    tap_is(HYPERVISOR_grant_table_op(GNTTABOP_copy, ops, 70), 0,
           "ABI-GNT-06 70 copies");
    for (unsigned i = 0; i < 70; i++)
        all =
            all && ops[i].status == (i == 3 ? GNTST_bad_copy_arg : GNTST_okay);
    tap_ok(all, "ABI-GNT-06 each has its own status");
}

static void errors(void)
{
    struct gnttab_map_grant_ref map = {.ref = 8};
    struct gnttab_unmap_grant_ref unmap = {.handle = 0};

    tap_is(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1),
           -XEN_EPERM, "ABI-GNT-05 map");
    tap_is(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1),
           -XEN_EPERM, "ABI-GNT-05 unmap");
    tap_is(HYPERVISOR_grant_table_op(GNTTABOP_transfer, ops, 1), -XEN_ENOSYS,
           "ABI-GNT-06 other commands");
    tap_is(HYPERVISOR_grant_table_op(GNTTABOP_copy, (void *)0x7000, 1),
           -XEN_EFAULT, "ABI-GNT-06 bad pointer");
}

int guest_main(void)
{
    tables();
    copies();
    references();
    batches();
    errors();
    return tap_done();
}
