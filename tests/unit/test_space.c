/* SPDX-License-Identifier: MIT */
/*
 * core/space: zero-on-demand, copy-on-write, holes, what may be mapped how,
 * who pays, that stale translations die, and that nothing fails halfway.
 */
#include <pthread.h>
#include <string.h>

#include "core/space.h"
#include "scree/xen.h"
#include "world.h"

#define BASE (SCREE_IMAGE_BASE >> PAGE_SHIFT)
#define RAM  64 /* pages */
#define RW   (MAP_READ | MAP_WRITE)

/* A space with a vcpu in it, without any domain around. */
struct fixture {
    struct world w;
    struct quota quota;
    struct space s;
    struct machine_vcpu mv;
    mfn_t shared; /* a frame of the cell's, full of 'S' */
};

static void start(struct fixture *x, uint64_t promise)
{
    memset(x, 0, sizeof(*x));
    world_start_frames(&x->w, NULL);
    x->shared = frame_alloc_cell(x->w.frames, FRAME_SHARED);
    memset(machine_frame(x->shared), 'S', PAGE_SIZE);
    CU_ASSERT_EQUAL(frame_promise(x->w.frames, &x->quota, promise), 0);
    space_init(&x->s, x->w.frames, &x->quota, 1);
    x->s.ram_start = gfn(BASE);
    x->s.ram_end = gfn(BASE + RAM);
    machine_vcpu_init(&x->mv, &x->s.m, gva(SCREE_IMAGE_BASE), gva(0), 0);
}

static void end(struct fixture *x)
{
    machine_vcpu_leave(&x->mv);
    CU_ASSERT_EQUAL(space_audit(&x->s), x->quota.drawn);
    space_destroy(&x->s);
    CU_ASSERT_EQUAL(x->quota.drawn, 0);
    frame_unpromise(x->w.frames, &x->quota, x->quota.promised);
    frame_put(x->w.frames, NULL, x->shared);
    world_stop_frames(&x->w);
}

static gva_t page_address(uint64_t g)
{
    return gva(g << PAGE_SHIFT);
}

static void map_shared(struct fixture *x, uint64_t g, uint8_t rights,
                       enum space_soft soft)
{
    CU_ASSERT_EQUAL(frame_get(x->w.frames, x->shared, FRAME_SHARED), 0);
    CU_ASSERT_EQUAL(space_map(&x->s, gfn(g), x->shared, rights, soft), 0);
}

static mfn_t map_own(struct fixture *x, uint64_t g, uint8_t rights)
{
    mfn_t m = frame_alloc_zero(x->w.frames, &x->quota, 1, FRAME_WRITABLE);

    CU_ASSERT_EQUAL(space_map(&x->s, gfn(g), m, rights, SOFT_FIXED), 0);
    return m;
}

/* The guest's own store of one byte, its faults handled as the core does. */
static int guest_store(struct fixture *x, gva_t a, char c)
{
    struct vcpu_exit fault;

    while (!host_store(&x->mv, a, &c, 1, &fault)) {
        int r = space_fault(&x->s, gva(fault.address),
                            fault.error_code & FAULT_PAGE_WRITE,
                            fault.error_code & FAULT_PAGE_EXECUTE);
        if (r)
            return r;
    }
    return 0;
}

static int guest_load(struct fixture *x, gva_t a, char *c)
{
    struct vcpu_exit fault;

    while (!host_load(&x->mv, a, c, 1, &fault)) {
        int r = space_fault(&x->s, gva(fault.address), false, false);
        if (r)
            return r;
    }
    return 0;
}

/* --------------------------------------------------------------- tables */

static void two_mebibytes_need_four_tables(void)
{
    struct fixture x;

    start(&x, 200);
    CU_ASSERT_EQUAL(space_table_frames(gfn(512)), 4);
    map_own(&x, 2, MAP_READ);
    CU_ASSERT_EQUAL(x.s.m.table_count, 4);
    CU_ASSERT_EQUAL(guest_store(&x, page_address(BASE + RAM - 1), 1), 0);
    CU_ASSERT_EQUAL(x.s.m.table_count + x.s.m.spare_count, 4);
    end(&x);
}

static void table_promise_holds_for_any_span(void)
{
    static const uint64_t ends[] = {
        1, 511, 512, 513, 1024, 512 * 512, 512 * 512 + 1, 3 * 512 * 512 + 5};

    for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
        struct fixture x;
        uint64_t need = space_table_frames(gfn(ends[i]));

        start(&x, 2500);
        for (uint64_t g = 1; g < ends[i]; g += g < 2 ? 1 : 512 - g % 512)
            map_shared(&x, g, MAP_READ, SOFT_SHARED);
        CU_ASSERT(x.s.m.table_count + x.s.m.spare_count <= need);
        end(&x);
    }
}

/* ------------------------------------------------------------ the kinds */

static void ram_is_zero_on_first_touch(void)
{
    struct fixture x;
    char c = 1;

    start(&x, 10);
    CU_ASSERT_EQUAL(guest_load(&x, page_address(BASE + 3), &c), 0);
    CU_ASSERT_EQUAL(c, 0);
    CU_ASSERT_EQUAL(guest_store(&x, page_address(BASE + 3), 'x'), 0);
    CU_ASSERT_EQUAL(guest_load(&x, page_address(BASE + 3), &c), 0);
    CU_ASSERT_EQUAL(c, 'x');
    CU_ASSERT_EQUAL(x.quota.drawn, 5);
    end(&x);
}

static void nothing_is_outside_ram(void)
{
    struct fixture x;
    static const uint64_t outside[] = {0, 1, BASE - 1, BASE + RAM,
                                       (SCREE_GUEST_END >> PAGE_SHIFT) - 1};
    char c;

    start(&x, 10);
    for (unsigned i = 0; i < ARRAY_SIZE(outside); i++) {
        CU_ASSERT_EQUAL(guest_store(&x, page_address(outside[i]), 1),
                        -XEN_EFAULT);
        CU_ASSERT_EQUAL(guest_load(&x, page_address(outside[i]), &c),
                        -XEN_EFAULT);
        CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(outside[i]), false));
        CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(outside[i]), true));
    }
    CU_ASSERT_EQUAL(space_fault(&x.s, gva(SCREE_GUEST_END), false, false),
                    -XEN_EFAULT);
    CU_ASSERT_EQUAL(space_fault(&x.s, gva(UINT64_MAX), true, false),
                    -XEN_EFAULT);
    CU_ASSERT_PTR_NULL(
        space_page(&x.s, gfn(SCREE_GUEST_END >> PAGE_SHIFT), false));
    CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(UINT64_MAX), false));
    CU_ASSERT_EQUAL(x.quota.drawn, 0);
    end(&x);
}

static void data_is_never_executable(void)
{
    struct fixture x;
    gva_t a = page_address(BASE);
    struct vcpu_exit fault;

    start(&x, 10);
    CU_ASSERT_EQUAL(space_fault(&x.s, a, false, true), -XEN_EFAULT);
    CU_ASSERT_EQUAL(guest_store(&x, a, 1), 0);
    CU_ASSERT_FALSE(host_fetch(&x.mv, a, &fault));
    CU_ASSERT_EQUAL(fault.error_code,
                    FAULT_PAGE_PRESENT | FAULT_PAGE_EXECUTE | 4);
    CU_ASSERT_EQUAL(space_fault(&x.s, a, false, true), -XEN_EFAULT);
    end(&x);
}

static void store_to_cow_makes_a_private_copy(void)
{
    struct fixture x;
    gva_t a = page_address(BASE);
    char c;

    start(&x, 10);
    map_shared(&x, BASE, MAP_READ, SOFT_COW);
    CU_ASSERT_EQUAL(frame_info(x.w.frames, x.shared).refs, 2);
    CU_ASSERT_EQUAL(guest_load(&x, a, &c), 0);
    CU_ASSERT_EQUAL(c, 'S');
    CU_ASSERT_EQUAL(guest_store(&x, a, 'p'), 0);
    CU_ASSERT_EQUAL(frame_info(x.w.frames, x.shared).refs, 1);
    CU_ASSERT_EQUAL(*(char *)machine_frame(x.shared), 'S');
    CU_ASSERT_EQUAL(guest_load(&x, a, &c), 0);
    CU_ASSERT_EQUAL(c, 'p');
    CU_ASSERT_EQUAL(guest_load(&x, gva(a.a + 1), &c), 0);
    CU_ASSERT_EQUAL(c, 'S');
    CU_ASSERT_EQUAL(space_get(&x.s, gfn(BASE)).soft, SOFT_NONE);
    end(&x);
}

static void our_own_access_takes_the_guests_path(void)
{
    struct fixture x;
    char *p;

    start(&x, 10);
    map_shared(&x, BASE, MAP_READ, SOFT_COW);
    p = space_page(&x.s, gfn(BASE), false);
    CU_ASSERT_PTR_EQUAL(p, machine_frame(x.shared));
    p = space_page(&x.s, gfn(BASE), true);
    CU_ASSERT_PTR_NOT_EQUAL(p, machine_frame(x.shared));
    CU_ASSERT_EQUAL(p[17], 'S');
    CU_ASSERT_PTR_EQUAL(space_page(&x.s, gfn(BASE), true), p);
    p = space_page(&x.s, gfn(BASE + 1), false);
    CU_ASSERT_EQUAL(p[0] | p[PAGE_SIZE - 1], 0);
    end(&x);
}

static void shared_pages_stay_shared(void)
{
    struct fixture x;
    gva_t a = page_address(BASE);
    struct vcpu_exit fault;

    start(&x, 10);
    map_shared(&x, BASE, MAP_READ | MAP_EXEC, SOFT_SHARED);
    CU_ASSERT_TRUE(host_fetch(&x.mv, a, &fault));
    CU_ASSERT_EQUAL(guest_store(&x, a, 1), -XEN_EFAULT);
    CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(BASE), true));
    CU_ASSERT_EQUAL(space_give_up(&x.s, gfn(BASE)), -XEN_EINVAL);
    CU_ASSERT_EQUAL(*(char *)machine_frame(x.shared), 'S');
    end(&x);
}

static void fixed_pages_stay(void)
{
    struct fixture x;

    start(&x, 10);
    map_own(&x, 2, MAP_READ);
    map_own(&x, BASE, RW);
    CU_ASSERT_EQUAL(guest_store(&x, page_address(2), 1), -XEN_EFAULT);
    CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(2), true));
    CU_ASSERT_PTR_NOT_NULL(space_page(&x.s, gfn(BASE), true));
    CU_ASSERT_EQUAL(space_give_up(&x.s, gfn(2)), -XEN_EINVAL);
    CU_ASSERT_EQUAL(space_give_up(&x.s, gfn(BASE)), -XEN_EINVAL);
    end(&x);
}

static void occupied_pages_are_not_mapped_again(void)
{
    struct fixture x;
    mfn_t m;

    start(&x, 10);
    map_own(&x, 5, RW);
    m = frame_alloc(x.w.frames, &x.quota, 1, FRAME_WRITABLE);
    CU_ASSERT_EQUAL(space_map(&x.s, gfn(5), m, RW, SOFT_FIXED), -XEN_EEXIST);
    CU_ASSERT_EQUAL(frame_info(x.w.frames, m).refs, 1);
    frame_put(x.w.frames, &x.quota, m);
    end(&x);
}

static void spurious_faults_try_again(void)
{
    struct fixture x;
    gva_t a = page_address(BASE);

    start(&x, 10);
    CU_ASSERT_EQUAL(guest_store(&x, a, 1), 0);
    CU_ASSERT_EQUAL(space_fault(&x.s, a, true, false), 0);
    CU_ASSERT_EQUAL(space_fault(&x.s, a, false, false), 0);
    CU_ASSERT_EQUAL(x.quota.drawn, 5);
    end(&x);
}

/* ---------------------------------------------------- unmapping and holes */

static void unmapped_pages_fault_at_once(void)
{
    struct fixture x;
    gva_t a = page_address(5);
    mfn_t m;
    char c;

    start(&x, 10);
    m = map_own(&x, 5, RW);
    CU_ASSERT_EQUAL(guest_store(&x, a, 1), 0); /* now in the TLB */
    CU_ASSERT_EQUAL(space_unmap(&x.s, gfn(5), SOFT_NONE), 0);
    CU_ASSERT_EQUAL(frame_info(x.w.frames, m).type, FRAME_FREE);
    CU_ASSERT_EQUAL(guest_load(&x, a, &c), -XEN_EFAULT);
    CU_ASSERT_EQUAL(space_unmap(&x.s, gfn(5), SOFT_NONE), -XEN_EINVAL);
    CU_ASSERT_EQUAL(space_unmap(&x.s, gfn(UINT64_MAX), SOFT_NONE), -XEN_EINVAL);
    end(&x);
}

static void holes_fault_until_taken_back(void)
{
    struct fixture x;
    char c = 1;

    start(&x, 10);
    for (uint64_t g = BASE; g < BASE + 2; g++) {
        if (g == BASE)
            CU_ASSERT_EQUAL(guest_store(&x, page_address(g), 'x'), 0);
        CU_ASSERT_EQUAL(space_give_up(&x.s, gfn(g)), 0);
        CU_ASSERT_EQUAL(guest_load(&x, page_address(g), &c), -XEN_EFAULT);
        CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(g), true));
        CU_ASSERT_EQUAL(space_give_up(&x.s, gfn(g)), -XEN_EINVAL);
        CU_ASSERT_EQUAL(space_take_back(&x.s, gfn(g)), 0);
        CU_ASSERT_EQUAL(space_take_back(&x.s, gfn(g)), -XEN_EINVAL);
        CU_ASSERT_EQUAL(guest_load(&x, page_address(g), &c), 0);
        CU_ASSERT_EQUAL(c, 0);
    }
    CU_ASSERT_EQUAL(x.quota.drawn, 6);
    CU_ASSERT_EQUAL(space_give_up(&x.s, gfn(BASE - 1)), -XEN_EINVAL);
    CU_ASSERT_EQUAL(space_give_up(&x.s, gfn(BASE + RAM)), -XEN_EINVAL);
    CU_ASSERT_EQUAL(space_take_back(&x.s, gfn(BASE + RAM)), -XEN_EINVAL);
    end(&x);
}

static void cow_pages_can_be_given_up(void)
{
    struct fixture x;
    char c;

    start(&x, 10);
    map_shared(&x, BASE, MAP_READ, SOFT_COW);
    CU_ASSERT_EQUAL(guest_load(&x, page_address(BASE), &c), 0);
    CU_ASSERT_EQUAL(space_give_up(&x.s, gfn(BASE)), 0);
    CU_ASSERT_EQUAL(frame_info(x.w.frames, x.shared).refs, 1);
    CU_ASSERT_EQUAL(guest_load(&x, page_address(BASE), &c), -XEN_EFAULT);
    end(&x);
}

/* ------------------------------------------------- changes from elsewhere */

static void change_on_another_cpu_flushes_before_the_next_entry(void)
{
    struct fixture x;
    gva_t a = page_address(BASE);
    char c;

    start(&x, 10);
    map_shared(&x, BASE, MAP_READ, SOFT_COW);
    space_enter(&x.s, 0);
    CU_ASSERT_EQUAL(guest_load(&x, a, &c), 0);
    space_leave(&x.s);
    host_cpu_set(1);
    *(char *)space_page(&x.s, gfn(BASE), true) = 'n';
    host_cpu_set(0);
    CU_ASSERT_EQUAL(host_kicks_of(0), 0); /* it was not in the guest */
    space_enter(&x.s, 0);
    CU_ASSERT_EQUAL(guest_load(&x, a, &c), 0);
    CU_ASSERT_EQUAL(c, 'n');
    space_leave(&x.s);
    end(&x);
}

static void *other_cpu(void *argument)
{
    struct fixture *x = argument;

    host_cpu_set(1);
    *(char *)space_page(&x->s, gfn(BASE), true) = 'n';
    return NULL;
}

static void guest_elsewhere_is_kicked_and_waited_for(void)
{
    struct fixture x;
    gva_t a = page_address(BASE);
    pthread_t other;
    struct vcpu_exit e;
    char c;

    start(&x, 10);
    map_shared(&x, BASE, MAP_READ, SOFT_COW);
    host_vcpu_guest(&x.mv, NULL, NULL);
    space_enter(&x.s, 0);
    CU_ASSERT_EQUAL(guest_load(&x, a, &c), 0);
    CU_ASSERT_EQUAL(pthread_create(&other, NULL, other_cpu, &x), 0);
    while (host_kicks_of(0) == 0)
        machine_relax();
    e = machine_run(&x.mv); /* the kick ends it */
    CU_ASSERT_EQUAL(e.kind, EXIT_INTERRUPT);
    space_leave(&x.s);
    pthread_join(other, NULL);
    space_enter(&x.s, 0);
    CU_ASSERT_EQUAL(guest_load(&x, a, &c), 0);
    CU_ASSERT_EQUAL(c, 'n');
    space_leave(&x.s);
    end(&x);
}

/* -------------------------------------------------------- out of promise */

static int op_fill(struct fixture *x)
{
    return space_fault(&x->s, page_address(BASE), true, false);
}

static int op_break_cow(struct fixture *x)
{
    return space_fault(&x->s, page_address(BASE + 1), true, false);
}

static int op_give_up(struct fixture *x)
{
    return space_give_up(&x->s, gfn(BASE + 2));
}

static int op_map(struct fixture *x)
{
    int r = frame_get(x->w.frames, x->shared, FRAME_SHARED);

    CU_ASSERT_EQUAL(r, 0);
    r = space_map(&x->s, gfn(3 * 512 * 512), x->shared, MAP_READ, SOFT_SHARED);
    if (r)
        frame_put(x->w.frames, NULL, x->shared);
    return r;
}

/* Lets each allocation of op fail in turn: -ENOMEM, nothing changed, and the
 * next try works. `prepared`: with a COW page mapped first. */
static void fail_each_site(int (*op)(struct fixture *), bool prepared)
{
    for (unsigned site = 1;; site++) {
        struct fixture x;
        uint64_t refs;
        int r;

        start(&x, 20);
        if (prepared)
            map_shared(&x, BASE + 1, MAP_READ, SOFT_COW);
        refs = frame_info(x.w.frames, x.shared).refs;
        frames_fail_at(x.w.frames, site);
        r = op(&x);
        frames_fail_at(x.w.frames, 0);
        if (r) {
            CU_ASSERT_EQUAL(r, -XEN_ENOMEM);
            CU_ASSERT_EQUAL(frame_info(x.w.frames, x.shared).refs, refs);
            CU_ASSERT_EQUAL(space_audit(&x.s), x.quota.drawn);
            CU_ASSERT_EQUAL(op(&x), 0);
        }
        end(&x);
        if (!r) {
            CU_ASSERT(site > 1);
            return;
        }
    }
}

static void every_allocation_may_fail(void)
{
    fail_each_site(op_fill, false);
    fail_each_site(op_fill, true);
    fail_each_site(op_break_cow, true);
    fail_each_site(op_give_up, false);
    fail_each_site(op_map, true);
}

static void used_up_promise_is_out_of_memory(void)
{
    struct fixture x;

    start(&x, 5);
    CU_ASSERT_EQUAL(guest_store(&x, page_address(BASE), 1), 0);
    CU_ASSERT_EQUAL(guest_store(&x, page_address(BASE + 1), 1), -XEN_ENOMEM);
    CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(BASE + 1), true));
    end(&x);
}

/* --------------------------------------------------- broken rules panic */

static void map_with(struct fixture *x, mfn_t m, uint64_t g, uint8_t rights,
                     enum space_soft soft)
{
    (void)!space_map(&x->s, gfn(g), m, rights, soft);
}

static void bug_write_and_exec(void *p)
{
    struct fixture *x = p;
    mfn_t m = frame_alloc(x->w.frames, &x->quota, 1, FRAME_WRITABLE);

    map_with(x, m, 5, RW | MAP_EXEC, SOFT_FIXED);
}

static void bug_writable_shared(void *p)
{
    struct fixture *x = p;

    map_with(x, x->shared, 5, RW, SOFT_SHARED);
}

static void bug_table(void *p)
{
    struct fixture *x = p;
    mfn_t m = frame_alloc(x->w.frames, &x->quota, 1, FRAME_TABLE);

    map_with(x, m, 5, MAP_READ, SOFT_FIXED);
}

static void bug_hypervisor(void *p)
{
    struct fixture *x = p;
    mfn_t m = frame_alloc(x->w.frames, &x->quota, 1, FRAME_HYPERVISOR);

    map_with(x, m, 5, MAP_READ, SOFT_SHARED);
}

static void bug_free_frame(void *p)
{
    struct fixture *x = p;

    map_with(x, mfn(machine_info()->ram[0].first.n + 4000), 5, RW, SOFT_NONE);
}

static void bug_page_zero(void *p)
{
    struct fixture *x = p;

    map_with(x, x->shared, 0, MAP_READ, SOFT_SHARED);
}

static void bug_beyond(void *p)
{
    struct fixture *x = p;

    map_with(x, x->shared, SCREE_GUEST_END >> PAGE_SHIFT, MAP_READ,
             SOFT_SHARED);
}

static void bug_no_rights(void *p)
{
    struct fixture *x = p;

    map_with(x, x->shared, 5, MAP_NONE, SOFT_SHARED);
}

static void our_own_bugs_panic(void)
{
    static void (*const bugs[])(void *) = {
        bug_write_and_exec, bug_writable_shared, bug_table,  bug_hypervisor,
        bug_free_frame,     bug_page_zero,       bug_beyond, bug_no_rights,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bugs); i++) {
        struct fixture x;

        start(&x, 20);
        CU_ASSERT_TRUE(world_panics(bugs[i], &x));
        host_stop();
    }
}

void suite_space(void)
{
    static const struct unit_test tests[] = {
        {"two mebibytes need four tables", two_mebibytes_need_four_tables},
        {"table promise holds for any span", table_promise_holds_for_any_span},
        {"RAM is zero on first touch", ram_is_zero_on_first_touch},
        {"nothing is outside RAM", nothing_is_outside_ram},
        {"data is never executable", data_is_never_executable},
        {"store to COW makes a private copy",
         store_to_cow_makes_a_private_copy},
        {"our own access takes the guest's path",
         our_own_access_takes_the_guests_path},
        {"shared pages stay shared", shared_pages_stay_shared},
        {"fixed pages stay", fixed_pages_stay},
        {"occupied pages are not mapped again",
         occupied_pages_are_not_mapped_again},
        {"spurious faults try again", spurious_faults_try_again},
        {"unmapped pages fault at once", unmapped_pages_fault_at_once},
        {"holes fault until taken back", holes_fault_until_taken_back},
        {"COW pages can be given up", cow_pages_can_be_given_up},
        {"change on another CPU flushes before the next entry",
         change_on_another_cpu_flushes_before_the_next_entry},
        {"guest elsewhere is kicked and waited for",
         guest_elsewhere_is_kicked_and_waited_for},
        {"every allocation may fail", every_allocation_may_fail},
        {"used-up promise is out of memory", used_up_promise_is_out_of_memory},
        {"our own bugs panic", our_own_bugs_panic},
    };

    UNIT_SUITE("space", tests);
}
