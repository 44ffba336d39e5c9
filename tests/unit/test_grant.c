/* SPDX-License-Identifier: MIT */
/*
 * core/grant and grant_table_op: tables, what an entry allows whom, copies in
 * all directions, and every refusal.
 */
#include <string.h>

#include "guest.h"

#define CALL(d, cmd, op, n)                                                    \
    ({                                                                         \
        int64_t r_;                                                            \
        guest_put(d, HERE, op, sizeof(*(op)) * (n));                           \
        r_ = guest_call(d, __HYPERVISOR_grant_table_op, cmd, HERE, n);         \
        guest_get(d, HERE, op, sizeof(*(op)) * (n));                           \
        r_;                                                                    \
    })

#define PAGE_A ((HERE >> 12) + 4)
#define PAGE_B ((HERE >> 12) + 5)
#define REF    8u

struct fixture {
    struct world w;
    struct domain *a, *b;
};

static int16_t setup(struct domain *d, uint32_t frames, domid_t who)
{
    struct gnttab_setup_table op = {.dom = who, .nr_frames = frames};

    set_xen_guest_handle(op.frame_list, (void *)(uintptr_t)(HERE + 512));
    CU_ASSERT_EQUAL(CALL(d, GNTTABOP_setup_table, &op, 1), 0);
    return op.status;
}

static void grant(struct domain *d, uint32_t ref, domid_t to, uint16_t flags,
                  uint64_t gfn)
{
    struct grant_entry_v1 e = {
        .flags = flags, .domid = to, .frame = (uint32_t)gfn};

    guest_put(d, SCREE_GRANT_PAGES + ref * sizeof(e), &e, sizeof(e));
}

static void start(struct fixture *x)
{
    world_start(&x->w, NULL);
    x->a = guest_make(&x->w);
    x->b = guest_make(&x->w);
    CU_ASSERT_EQUAL(setup(x->a, 1, DOMID_SELF), GNTST_okay);
    guest_put(x->a, PAGE_A << 12, "from a", 7);
    guest_put(x->b, PAGE_B << 12, "from b", 7);
}

static void end(struct fixture *x)
{
    world_stop(&x->w);
}

/* b copies 7 bytes from a's grant `ref` to its own page. */
static int16_t fetch(struct fixture *x, uint32_t ref)
{
    struct gnttab_copy op = {.len = 7, .flags = GNTCOPY_source_gref};

    op.source.u.ref = ref;
    op.source.domid = (domid_t)x->a->id;
    op.dest.u.gmfn = PAGE_A;
    op.dest.domid = DOMID_SELF;
    CU_ASSERT_EQUAL(CALL(x->b, GNTTABOP_copy, &op, 1), 0);
    return op.status;
}

/* b copies 7 bytes of its own to a's grant `ref`. */
static int16_t store(struct fixture *x, uint32_t ref)
{
    struct gnttab_copy op = {.len = 7, .flags = GNTCOPY_dest_gref};

    op.dest.u.ref = ref;
    op.dest.domid = (domid_t)x->a->id;
    op.dest.offset = 100;
    op.source.u.gmfn = PAGE_B;
    op.source.domid = DOMID_SELF;
    CU_ASSERT_EQUAL(CALL(x->b, GNTTABOP_copy, &op, 1), 0);
    return op.status;
}

static void tables_grow(void)
{
    struct fixture x;
    uint64_t gfns[4];
    struct gnttab_query_size q = {.dom = DOMID_SELF};

    start(&x);
    CU_ASSERT_EQUAL(setup(x.a, 4, DOMID_SELF), GNTST_okay);
    guest_get(x.a, HERE + 512, gfns, sizeof(gfns));
    CU_ASSERT(gfns[0] == 16 && gfns[3] == 19);
    CU_ASSERT_EQUAL(setup(x.a, 2, DOMID_SELF), GNTST_okay);
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_query_size, &q, 1), 0);
    CU_ASSERT(q.status == GNTST_okay && q.nr_frames == 4 &&
              q.max_nr_frames == 4);
    CU_ASSERT_EQUAL(setup(x.a, 5, DOMID_SELF), GNTST_general_error);
    CU_ASSERT_EQUAL(setup(x.a, 0, DOMID_SELF), GNTST_general_error);
    CU_ASSERT_EQUAL(setup(x.a, UINT32_MAX, DOMID_SELF), GNTST_general_error);
    CU_ASSERT_EQUAL(setup(x.a, 1, 9), GNTST_permission_denied);
    q.dom = 9;
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_query_size, &q, 1), 0);
    CU_ASSERT_EQUAL(q.status, GNTST_permission_denied);
    end(&x);
}

static void tables_need_memory(void)
{
    struct fixture x;
    struct quota all = {0, 0};
    uint64_t before;

    start(&x);
    before = frames_available(x.w.frames);
    CU_ASSERT_EQUAL(frame_promise(x.w.frames, &all, before), 0);
    CU_ASSERT_EQUAL(setup(x.b, 1, DOMID_SELF), GNTST_general_error);
    frame_unpromise(x.w.frames, &all, before);
    frames_fail_at(x.w.frames, 1);
    CU_ASSERT_EQUAL(setup(x.b, 1, DOMID_SELF), GNTST_general_error);
    CU_ASSERT_EQUAL(frames_available(x.w.frames), before);
    end(&x);
}

static void copies_go_both_ways(void)
{
    struct fixture x;
    char text[8];

    start(&x);
    grant(x.a, REF, (domid_t)x.b->id, GTF_permit_access, PAGE_A);
    CU_ASSERT_EQUAL(fetch(&x, REF), GNTST_okay);
    guest_get(x.b, PAGE_A << 12, text, 7);
    CU_ASSERT_STRING_EQUAL(text, "from a");
    CU_ASSERT_EQUAL(store(&x, REF), GNTST_okay);
    guest_get(x.a, (PAGE_A << 12) + 100, text, 7);
    CU_ASSERT_STRING_EQUAL(text, "from b");
    CU_ASSERT_EQUAL(x.a->grants.frames[0][REF].flags, GTF_permit_access);
    end(&x);
}

static void entries_are_obeyed(void)
{
    struct fixture x;
    domid_t b;

    start(&x);
    b = (domid_t)x.b->id;
    CU_ASSERT_EQUAL(fetch(&x, REF), GNTST_bad_gntref); /* empty */
    grant(x.a, REF, 9, GTF_permit_access, PAGE_A);
    CU_ASSERT_EQUAL(fetch(&x, REF), GNTST_permission_denied);
    grant(x.a, REF, b, GTF_permit_access | GTF_readonly, PAGE_A);
    CU_ASSERT_EQUAL(fetch(&x, REF), GNTST_okay);
    CU_ASSERT_EQUAL(store(&x, REF), GNTST_permission_denied);
    grant(x.a, REF, b, GTF_accept_transfer, PAGE_A);
    CU_ASSERT_EQUAL(fetch(&x, REF), GNTST_bad_gntref);
    grant(x.a, REF, b, GTF_permit_access, 0); /* never mapped */
    CU_ASSERT_EQUAL(fetch(&x, REF), GNTST_bad_page);
    CU_ASSERT_EQUAL(store(&x, REF), GNTST_bad_page);
    grant(x.a, REF, b, GTF_permit_access, SCREE_INFO_PAGE >> 12);
    CU_ASSERT_EQUAL(store(&x, REF), GNTST_bad_page); /* read-only for a, too */
    grant(x.a, REF, b, GTF_permit_access, UINT32_MAX);
    CU_ASSERT_EQUAL(fetch(&x, REF), GNTST_bad_page);
    CU_ASSERT_EQUAL(fetch(&x, 512), GNTST_bad_gntref);
    CU_ASSERT_EQUAL(fetch(&x, UINT32_MAX), GNTST_bad_gntref);
    end(&x);
}

static void copies_stay_in_their_page(void)
{
    struct fixture x;
    struct gnttab_copy op = {.len = 4096};
    uint64_t too_far = (SCREE_GUEST_END >> 12) + 1;

    start(&x);
    op.source.u.gmfn = PAGE_A;
    op.dest.u.gmfn = PAGE_B;
    op.source.domid = op.dest.domid = DOMID_SELF;
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_copy, &op, 1), 0);
    CU_ASSERT_EQUAL(op.status, GNTST_okay);
    op.dest.offset = 1;
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_copy, &op, 1), 0);
    CU_ASSERT_EQUAL(op.status, GNTST_bad_copy_arg);
    op.dest.offset = 0;
    op.source.offset = UINT16_MAX;
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_copy, &op, 1), 0);
    CU_ASSERT_EQUAL(op.status, GNTST_bad_copy_arg);
    op.source.offset = 0;
    op.source.domid = 60; /* nobody */
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_copy, &op, 1), 0);
    CU_ASSERT_EQUAL(op.status, GNTST_bad_domain);
    op.source.domid = (domid_t)x.b->id; /* not by its frame numbers */
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_copy, &op, 1), 0);
    CU_ASSERT_EQUAL(op.status, GNTST_permission_denied);
    op.source.domid = DOMID_SELF;
    op.source.u.gmfn = too_far;
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_copy, &op, 1), 0);
    CU_ASSERT_EQUAL(op.status, GNTST_bad_page);
    op.source.u.gmfn = PAGE_A;
    op.dest.u.gmfn = too_far;
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_copy, &op, 1), 0);
    CU_ASSERT_EQUAL(op.status, GNTST_bad_page);
    end(&x);
}

static void many_copies_give_way(void)
{
    static struct gnttab_copy op[100];
    struct fixture x;
    unsigned good = 0;

    start(&x);
    for (unsigned i = 0; i < 100; i++) {
        op[i] = (struct gnttab_copy){.len = 16, .status = 1};
        op[i].source.u.gmfn = PAGE_A;
        op[i].dest.u.gmfn = PAGE_B;
        op[i].source.domid = op[i].dest.domid = DOMID_SELF;
    }
    CU_ASSERT_EQUAL(CALL(x.a, GNTTABOP_copy, op, 100), 0);
    for (unsigned i = 0; i < 100; i++)
        good += op[i].status == GNTST_okay;
    CU_ASSERT_EQUAL(good, 100);
    end(&x);
}

static void other_commands_are_refused(void)
{
    struct fixture x;
    const uint64_t nr = __HYPERVISOR_grant_table_op;

    start(&x);
    CU_ASSERT_EQUAL(guest_call(x.a, nr, GNTTABOP_map_grant_ref, HERE, 1),
                    -XEN_EPERM);
    CU_ASSERT_EQUAL(guest_call(x.a, nr, GNTTABOP_unmap_grant_ref, HERE, 1),
                    -XEN_EPERM);
    CU_ASSERT_EQUAL(guest_call(x.a, nr, GNTTABOP_transfer, HERE, 1),
                    -XEN_ENOSYS);
    CU_ASSERT_EQUAL(guest_call(x.a, nr, GNTTABOP_copy, BAD, 1), -XEN_EFAULT);
    CU_ASSERT_EQUAL(guest_call(x.a, nr, GNTTABOP_copy, BAD, 0), 0);
    CU_ASSERT_EQUAL(guest_call(x.a, nr, GNTTABOP_setup_table, BAD, 1),
                    -XEN_EFAULT);
    CU_ASSERT_EQUAL(guest_call(x.a, nr, GNTTABOP_query_size, BAD, 1),
                    -XEN_EFAULT);
    end(&x);
}

void suite_grant(void)
{
    static const struct unit_test tests[] = {
        {"tables grow", tables_grow},
        {"tables need memory", tables_need_memory},
        {"copies go both ways", copies_go_both_ways},
        {"entries are obeyed", entries_are_obeyed},
        {"copies stay in their page", copies_stay_in_their_page},
        {"many copies give way", many_copies_give_way},
        {"other commands are refused", other_commands_are_refused},
    };

    UNIT_SUITE("grant", tests);
}
