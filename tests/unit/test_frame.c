/* SPDX-License-Identifier: MIT */
/*
 * core/frame: the invariants that isolation stands on. Every type meets every
 * operation. Long random sequences: test_frame_model.c.
 */
#include <string.h>

#include "core/frame.h"
#include "scree/xen.h"
#include "world.h"

#define SMALL 48 /* frames of RAM in the exhaustive tests */

static const struct host_config small = {.frames = SMALL};

static void start(struct world *w)
{
    world_start_frames(w, &small);
}

static void end(struct world *w)
{
    world_stop_frames(w);
}

/* Draws one frame for domain 1. */
static mfn_t draw(struct world *w, struct quota *q, enum frame_type type)
{
    CU_ASSERT_EQUAL(frame_promise(w->frames, q, 1), 0);
    return frame_alloc(w->frames, q, 1, type);
}

static void give_back(struct world *w, struct quota *q, mfn_t m)
{
    frame_put(w->frames, q, m);
    frame_unpromise(w->frames, q, q->promised);
}

/* ------------------------------------------------------------ beginning */

static void table_lies_in_ram_and_counts_it(void)
{
    struct world w;
    const struct machine_range *ram;

    start(&w);
    ram = machine_info()->ram;
    CU_ASSERT_EQUAL(frames_total(w.frames), SMALL);
    CU_ASSERT_EQUAL(frames_free(w.frames), SMALL - 2);
    CU_ASSERT_EQUAL(frames_available(w.frames), SMALL - 2);
    CU_ASSERT_PTR_EQUAL(w.frames, machine_frame(ram->first));
    CU_ASSERT_EQUAL(frame_info(w.frames, ram->first).type, FRAME_HYPERVISOR);
    CU_ASSERT_EQUAL(frame_info(w.frames, ram->first).refs, 1);
    end(&w);
}

static void two_ranges_are_both_used(void)
{
    static const struct host_config c = {.frames = 600, .hole = 1000};
    struct world w;
    const struct machine_info *mi = machine_info();
    struct quota q = {0, 0};
    uint64_t n = 0;

    world_start_frames(&w, &c);
    CU_ASSERT_EQUAL(frames_total(w.frames), 600);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &q, frames_free(w.frames)), 0);
    while (q.promised > 0) {
        mfn_t m = frame_alloc(w.frames, &q, 1, FRAME_WRITABLE);

        CU_ASSERT(m.n - mi->ram[0].first.n < 300 ||
                  m.n - mi->ram[1].first.n < 300);
        n++;
    }
    for (uint64_t i = 0; i < 2 * 1000; i++) {
        if (frame_info(w.frames, mfn(i)).type == FRAME_WRITABLE)
            frame_put(w.frames, &q, mfn(i));
    }
    CU_ASSERT_EQUAL(q.promised, n);
    frame_unpromise(w.frames, &q, n);
    world_stop_frames(&w);
}

static void too_little_memory_is_refused(void)
{
    static const struct host_config c = {.frames = 1};
    const struct machine_info *mi = machine_info();

    host_start(&c);
    CU_ASSERT_PTR_NULL(frames_init(mi->ram, mi->ram_count));
    CU_ASSERT_PTR_NULL(frames_init(mi->ram, 0));
    host_stop();
}

/* ------------------------------------------- every type, every operation */

static void take_one_reference_more(void)
{
    for (unsigned type = FRAME_HYPERVISOR; type <= FRAME_SHARED; type++) {
        for (unsigned want = FRAME_FREE; want <= FRAME_SHARED + 1; want++) {
            struct world w;
            struct quota q = {0, 0};
            bool may = type == want &&
                       (type == FRAME_WRITABLE || type == FRAME_SHARED);
            mfn_t m;

            start(&w);
            m = draw(&w, &q, (enum frame_type)type);
            CU_ASSERT_EQUAL(frame_get(w.frames, m, (enum frame_type)want),
                            may ? 0 : -XEN_EBUSY);
            CU_ASSERT_EQUAL(frame_info(w.frames, m).refs, may ? 2 : 1);
            CU_ASSERT_EQUAL(frame_info(w.frames, m).type, type);
            frames_audit(w.frames);
            if (may)
                frame_put(w.frames, &q, m);
            give_back(&w, &q, m);
            end(&w);
        }
    }
}

static void free_and_foreign_frames_cannot_be_referenced(void)
{
    struct world w;
    struct quota q = {0, 0};
    uint64_t outside[] = {0, 255, HOST_FIRST_MFN_AFTER(SMALL), UINT64_MAX,
                          UINT32_MAX};
    mfn_t m;

    start(&w);
    m = draw(&w, &q, FRAME_WRITABLE);
    give_back(&w, &q, m);
    for (unsigned want = FRAME_FREE; want <= FRAME_SHARED; want++) {
        CU_ASSERT_EQUAL(frame_get(w.frames, m, (enum frame_type)want),
                        -XEN_EBUSY);
        for (unsigned i = 0; i < ARRAY_SIZE(outside); i++)
            CU_ASSERT_EQUAL(
                frame_get(w.frames, mfn(outside[i]), (enum frame_type)want),
                -XEN_EBUSY);
    }
    CU_ASSERT_EQUAL(frame_info(w.frames, m).type, FRAME_FREE);
    CU_ASSERT_EQUAL(frame_info(w.frames, m).owner, OWNER_CELL);
    CU_ASSERT_EQUAL(frame_info(w.frames, mfn(UINT64_MAX)).refs, 0);
    CU_ASSERT_EQUAL(frame_info(w.frames, mfn(UINT64_MAX)).type,
                    FRAME_HYPERVISOR);
    end(&w);
}

static void last_reference_frees_and_credits(void)
{
    for (unsigned type = FRAME_HYPERVISOR; type <= FRAME_SHARED; type++) {
        struct world w;
        struct quota q = {0, 0};
        uint64_t before;
        mfn_t m;

        start(&w);
        before = frames_free(w.frames);
        m = draw(&w, &q, (enum frame_type)type);
        CU_ASSERT_EQUAL(frame_info(w.frames, m).owner, 1);
        CU_ASSERT_EQUAL(q.drawn, 1);
        CU_ASSERT_EQUAL(q.promised, 0);
        CU_ASSERT_EQUAL(frames_free(w.frames), before - 1);
        frame_put(w.frames, &q, m);
        CU_ASSERT_EQUAL(q.drawn, 0);
        CU_ASSERT_EQUAL(q.promised, 1);
        CU_ASSERT_EQUAL(frames_free(w.frames), before);
        CU_ASSERT_EQUAL(frames_available(w.frames), before - 1);
        frame_unpromise(w.frames, &q, 1);
        end(&w);
    }
}

static void references_do_not_wrap(void)
{
    struct world w;
    struct quota q = {0, 0};
    mfn_t m;
    bool ok = true;

    start(&w);
    m = draw(&w, &q, FRAME_SHARED);
    for (uint32_t i = 1; i < FRAME_REFS_MAX; i++)
        ok &= frame_get(w.frames, m, FRAME_SHARED) == 0;
    CU_ASSERT_TRUE(ok);
    CU_ASSERT_EQUAL(frame_get(w.frames, m, FRAME_SHARED), -XEN_E2BIG);
    CU_ASSERT_EQUAL(frame_info(w.frames, m).refs, FRAME_REFS_MAX);
    frames_audit(w.frames);
    for (uint32_t i = 1; i < FRAME_REFS_MAX; i++)
        frame_put(w.frames, &q, m);
    CU_ASSERT_EQUAL(frame_info(w.frames, m).refs, 1);
    give_back(&w, &q, m);
    end(&w);
}

static void zeroed_frames_are_zero(void)
{
    struct world w;
    struct quota q = {0, 0};
    mfn_t m;
    char zero[PAGE_SIZE] = {0};

    start(&w);
    m = draw(&w, &q, FRAME_WRITABLE);
    memset(machine_frame(m), 0xee, PAGE_SIZE);
    frame_put(w.frames, &q, m);
    CU_ASSERT_EQUAL(frame_alloc_zero(w.frames, &q, 1, FRAME_WRITABLE).n, m.n);
    CU_ASSERT_EQUAL(memcmp(machine_frame(m), zero, PAGE_SIZE), 0);
    give_back(&w, &q, m);
    CU_ASSERT_FALSE(
        mfn_valid(frame_alloc_zero(w.frames, &q, 1, FRAME_WRITABLE)));
    end(&w);
}

/* -------------------------------------------------------------- promises */

static void promises_never_exceed_what_is_free(void)
{
    struct world w;
    struct quota a = {0, 0}, b = {0, 0};
    uint64_t n;

    start(&w);
    n = frames_free(w.frames);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &a, n + 1), -XEN_ENOMEM);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &a, UINT64_MAX), -XEN_ENOMEM);
    CU_ASSERT_EQUAL(a.promised, 0);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &a, n - 1), 0);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &b, 2), -XEN_ENOMEM);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &b, 1), 0);
    CU_ASSERT_EQUAL(frames_available(w.frames), 0);
    CU_ASSERT_EQUAL(frames_free(w.frames), n);
    CU_ASSERT_FALSE(mfn_valid(frame_alloc_cell(w.frames, FRAME_HYPERVISOR)));
    CU_ASSERT_FALSE(mfn_valid(frame_alloc_run(w.frames, 1, FRAME_HYPERVISOR)));
    frame_unpromise(w.frames, &a, n - 1);
    frame_unpromise(w.frames, &b, 1);
    end(&w);
}

static void drawing_within_a_promise_never_fails(void)
{
    struct world w;
    struct quota q = {0, 0}, other = {0, 0};
    mfn_t drawn[SMALL];
    uint64_t n;

    start(&w);
    n = frames_free(w.frames);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &q, n), 0);
    for (uint64_t i = 0; i < n; i++) {
        drawn[i] = frame_alloc(w.frames, &q, 1, FRAME_WRITABLE);
        CU_ASSERT_TRUE_FATAL(mfn_valid(drawn[i]));
        CU_ASSERT_FALSE(
            mfn_valid(frame_alloc(w.frames, &other, 2, FRAME_WRITABLE)));
    }
    CU_ASSERT_EQUAL(frames_free(w.frames), 0);
    CU_ASSERT_FALSE(mfn_valid(frame_alloc(w.frames, &q, 1, FRAME_WRITABLE)));
    for (uint64_t i = 0; i < n; i++)
        frame_put(w.frames, &q, drawn[i]);
    frame_unpromise(w.frames, &q, n);
    end(&w);
}

/* ------------------------------------------------------ the cell's frames */

static void runs_are_contiguous(void)
{
    struct world w;
    mfn_t first, hole, run;

    start(&w);
    first = frame_alloc_cell(w.frames, FRAME_HYPERVISOR);
    hole = frame_alloc_cell(w.frames, FRAME_HYPERVISOR);
    CU_ASSERT_EQUAL(hole.n, first.n + 1);
    frame_put(w.frames, NULL, first);
    run = frame_alloc_run(w.frames, 4, FRAME_SHARED);
    CU_ASSERT_EQUAL(run.n, hole.n + 1);
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(frame_info(w.frames, mfn(run.n + i)).refs, 1);
        CU_ASSERT_EQUAL(frame_info(w.frames, mfn(run.n + i)).type,
                        FRAME_SHARED);
    }
    CU_ASSERT_FALSE(mfn_valid(frame_alloc_run(w.frames, SMALL, FRAME_SHARED)));
    CU_ASSERT_FALSE(mfn_valid(
        frame_alloc_run(w.frames, frames_free(w.frames), FRAME_SHARED)));
    frames_audit(w.frames);
    for (unsigned i = 0; i < 4; i++)
        frame_put(w.frames, NULL, mfn(run.n + i));
    frame_put(w.frames, NULL, hole);
    end(&w);
}

static void adopted_frames_are_shared(void)
{
    struct world w;
    static const char bundle[3 * PAGE_SIZE] = "bundle";
    static const struct host_config c = {
        .frames = SMALL, .module = bundle, .module_size = sizeof(bundle)};
    const struct machine_info *mi = machine_info();
    mfn_t m;

    world_start_frames(&w, &c);
    m = mi->module.first;
    CU_ASSERT_EQUAL(frame_get(w.frames, m, FRAME_SHARED), -XEN_EBUSY);
    frame_adopt(w.frames, m, mi->module.count);
    CU_ASSERT_EQUAL(frames_total(w.frames), SMALL + 3);
    CU_ASSERT_EQUAL(frame_get(w.frames, m, FRAME_SHARED), 0);
    CU_ASSERT_EQUAL(frame_get(w.frames, m, FRAME_WRITABLE), -XEN_EBUSY);
    CU_ASSERT_EQUAL(frame_info(w.frames, m).owner, OWNER_CELL);
    frame_put(w.frames, NULL, m);
    frames_audit(w.frames);
    for (unsigned i = 0; i < 3; i++)
        frame_put(w.frames, NULL, mfn(m.n + i));
    w.free += 3; /* memory as good as any other now */
    world_stop_frames(&w);
}

static void allocation_fails_where_a_test_wants(void)
{
    struct world w;
    struct quota q = {0, 0};
    mfn_t m;

    start(&w);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &q, 2), 0);
    frames_fail_at(w.frames, 2);
    m = frame_alloc(w.frames, &q, 1, FRAME_WRITABLE);
    CU_ASSERT_TRUE(mfn_valid(m));
    CU_ASSERT_FALSE(mfn_valid(frame_alloc(w.frames, &q, 1, FRAME_WRITABLE)));
    frame_put(w.frames, &q, m);
    frames_fail_at(w.frames, 1);
    CU_ASSERT_FALSE(mfn_valid(frame_alloc_cell(w.frames, FRAME_HYPERVISOR)));
    frames_fail_at(w.frames, 1);
    CU_ASSERT_FALSE(mfn_valid(frame_alloc_run(w.frames, 1, FRAME_HYPERVISOR)));
    frame_unpromise(w.frames, &q, 2);
    end(&w);
}

/* --------------------------------------------------- broken rules panic */

static void put_outside(void *f)
{
    frame_put(f, NULL, mfn(UINT64_MAX));
}

static void put_a_free_one(void *f)
{
    frame_put(f, NULL, mfn(machine_info()->ram[0].first.n + SMALL - 1));
}

static void adopt_ram(void *f)
{
    frame_adopt(f, machine_info()->ram[0].first, 1);
}

static void adopt_beyond(void *f)
{
    frame_adopt(f, mfn(0), UINT64_MAX);
}

static void unpromise_too_much(void *f)
{
    struct quota q = {0, 0};

    frame_unpromise(f, &q, 1);
}

static void draw_for_the_cell(void *f)
{
    struct quota q = {1, 0};

    (void)!frame_alloc(f, &q, OWNER_CELL, FRAME_WRITABLE).n;
}

static void put_without_quota(void *f)
{
    struct quota q = {0, 0};

    CU_ASSERT_EQUAL(frame_promise(f, &q, 1), 0);
    frame_put(f, NULL, frame_alloc(f, &q, 1, FRAME_WRITABLE));
}

static void run_of_none(void *f)
{
    (void)!frame_alloc_run(f, 0, FRAME_SHARED).n;
}

static void our_own_bugs_panic(void)
{
    static void (*const bugs[])(void *) = {
        put_outside,        put_a_free_one,    adopt_ram,         adopt_beyond,
        unpromise_too_much, draw_for_the_cell, put_without_quota, run_of_none,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bugs); i++) {
        struct world w;

        start(&w);
        CU_ASSERT_TRUE(world_panics(bugs[i], w.frames));
        host_stop();
    }
}

void suite_frame(void)
{
    static const struct unit_test tests[] = {
        {"table lies in RAM and counts it", table_lies_in_ram_and_counts_it},
        {"two ranges are both used", two_ranges_are_both_used},
        {"too little memory is refused", too_little_memory_is_refused},
        {"take one reference more: every type", take_one_reference_more},
        {"free and foreign frames cannot be referenced",
         free_and_foreign_frames_cannot_be_referenced},
        {"last reference frees and credits", last_reference_frees_and_credits},
        {"references do not wrap", references_do_not_wrap},
        {"zeroed frames are zero", zeroed_frames_are_zero},
        {"promises never exceed what is free",
         promises_never_exceed_what_is_free},
        {"drawing within a promise never fails",
         drawing_within_a_promise_never_fails},
        {"runs are contiguous", runs_are_contiguous},
        {"adopted frames are shared", adopted_frames_are_shared},
        {"allocation fails where a test wants",
         allocation_fails_where_a_test_wants},
        {"our own bugs panic", our_own_bugs_panic},
    };

    UNIT_SUITE("frame", tests);
}
