/* SPDX-License-Identifier: MIT */
/*
 * Taking large domains apart: a bounded part in each pass of the loop, with
 * consistent books after each, while the other domains of the CPU go on.
 */
#include <string.h>

#include "core/image.h"
#include "life.h"
#include "system/loop.h"

#define GIB_PAGES 0x40000ull
#define BASE      (SCREE_IMAGE_BASE >> PAGE_SHIFT)
#define TABLE     512 /* pages under one table */
/* More frames than one part can give back. */
#define PART      1100

static const struct host_config large = {.frames = 20000};

/* ------------------------------------------------------------ domains */

/* Started, with `memory` pages of RAM of which it can touch `touched`. */
static struct domain *make(struct world *w, uint32_t id, uint64_t memory,
                           uint64_t touched)
{
    struct domain_shape shape = {
        .id = id,
        .weight = SCREE_WEIGHT_DEFAULT,
        .memory = memory,
        .shared = memory - touched,
        .devices = 32,
        .end = gfn(BASE + memory),
    };
    struct domain *d = world_domain_shaped(w, &shape);

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    strcpy(d->info->name, "large");
    machine_vcpu_init(&d->vcpu.m, &d->space.m, gva(SCREE_IMAGE_BASE),
                      gva(d->info->memory_end), SCREE_INFO_PAGE);
    domain_start(d);
    return d;
}

/* Touches every `step`-th page. */
static void touch(struct domain *d, uint64_t step)
{
    lock_take(&d->lock);
    for (uint64_t n = 0; n < d->memory; n += step)
        CU_ASSERT_PTR_NOT_NULL_FATAL(
            space_page(&d->space, gfn(BASE + n), true));
    lock_release(&d->lock);
}

static struct vcpu_exit run_once(struct machine_vcpu *mv, void *argument)
{
    (void)mv;
    ++*(unsigned *)argument;
    return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
}

/* Another domain, which always has something to do. */
static void add_busy(struct world *w, unsigned *runs)
{
    host_vcpu_guest(&guest_make(w)->vcpu.m, run_once, runs);
}

/* -------------------------------------------------------------- checks */

static bool gone(const struct world *w)
{
    return w->cell->cpus[0].reaped == NULL;
}

static void audit(struct world *w, const struct domain *d)
{
    uint64_t own = 1; /* the frame that d lies in */

    for (unsigned i = 0; i < ARRAY_SIZE(d->ports); i++)
        own += d->ports[i] != NULL;
    /* the info page is its own to the end, mapped or not */
    own += space_get(&d->space, gva_gfn(gva(SCREE_INFO_PAGE))).rights == 0;
    frames_audit(w->frames);
    CU_ASSERT_EQUAL(space_audit(&d->space) + own, d->quota.drawn);
}

/* Ends d and lets the loop begin with it. */
static void begin(struct world *w, struct domain *d)
{
    struct cpu *c = &w->cell->cpus[0];

    domain_end(d, SHUTDOWN_poweroff);
    c->now = machine_clock();
    c->interrupted = true;
    for (unsigned i = 0; i < 10 && gone(w); i++)
        cpu_pass(c);
    CU_ASSERT_FALSE_FATAL(gone(w));
    CU_ASSERT_PTR_EQUAL(c->reaped, d);
}

/* Goes on until d is gone, with an audit after each `every` passes; how many
 * passes it took. *runs: of another domain. */
static unsigned finish(struct world *w, struct domain *d, unsigned *runs,
                       unsigned every)
{
    struct cpu *c = &w->cell->cpus[0];
    unsigned passes = 0;

    while (!gone(w)) {
        uint64_t before = frames_free(w->frames);
        unsigned ran = *runs;

        CU_ASSERT_PTR_NULL(strstr(host_console_text(), "gone"));
        CU_ASSERT(host_deadline_of(0) <= machine_clock() + 100000);
        if (passes++ % every == 0)
            audit(w, d);
        cpu_pass(c);
        CU_ASSERT_EQUAL(*runs, ran + 1);
        CU_ASSERT(frames_free(w->frames) - before <= PART);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(host_console_text(), "(large) gone"));
    return passes;
}

/* ---------------------------------------------------------------- tests */

static void every_page_touched(void)
{
    struct world w;
    struct domain *d;
    unsigned runs = 0;
    uint64_t available;

    world_start(&w, &large);
    add_busy(&w, &runs);
    available = frames_available(w.frames);
    d = make(&w, 2, GIB_PAGES / 16, GIB_PAGES / 16);
    touch(d, 1);
    begin(&w, d);
    CU_ASSERT(finish(&w, d, &runs, 1) >= 30);
    CU_ASSERT_EQUAL(frames_available(w.frames), available);
    world_stop(&w);
}

static void few_pages_in_a_gibibyte(void)
{
    struct world w;
    struct domain *d;
    unsigned runs = 0, passes;
    uint64_t available;

    world_start(&w, &large);
    add_busy(&w, &runs);
    available = frames_available(w.frames);
    d = make(&w, 2, GIB_PAGES, GIB_PAGES / TABLE);
    touch(d, 4 * TABLE);
    begin(&w, d);
    passes = finish(&w, d, &runs, 1);
    CU_ASSERT(passes >= 10);
    CU_ASSERT(passes <= 60); /* what is absent takes none */
    CU_ASSERT_EQUAL(frames_available(w.frames), available);
    world_stop(&w);
}

/* All of it shared pages, so that the test needs little memory. */
static void a_gibibyte_of_files(void)
{
    struct world w;
    struct domain *d;
    unsigned runs = 0;
    uint64_t available;
    mfn_t m;

    world_start(&w, &large);
    add_busy(&w, &runs);
    m = w.cell->clock_page;
    available = frames_available(w.frames);
    d = make(&w, 2, GIB_PAGES, 1);
    lock_take(&d->lock);
    for (uint64_t n = 0; n < GIB_PAGES; n++) {
        CU_ASSERT_EQUAL_FATAL(frame_get(w.frames, m, FRAME_SHARED), 0);
        CU_ASSERT_EQUAL_FATAL(
            space_map(&d->space, gfn(BASE + n), m, MAP_READ, SOFT_SHARED), 0);
    }
    lock_release(&d->lock);
    begin(&w, d);
    CU_ASSERT(finish(&w, d, &runs, 50) >= 500);
    CU_ASSERT_EQUAL(frame_info(w.frames, m).refs, 2);
    CU_ASSERT_EQUAL(frames_available(w.frames), available);
    world_stop(&w);
}

static void every_port_taken(void)
{
    struct world w;
    struct domain *d;
    unsigned runs = 0;
    uint64_t available;
    uint32_t port;

    world_start(&w, &large);
    add_busy(&w, &runs);
    available = frames_available(w.frames);
    d = make(&w, 2, 16, 16);
    while (event_alloc_unbound(d, d->id, &port) == 0)
        ;
    begin(&w, d);
    CU_ASSERT(finish(&w, d, &runs, 1) >= ARRAY_SIZE(d->ports) - 1);
    CU_ASSERT_EQUAL(frames_available(w.frames), available);
    world_stop(&w);
}

/* They come one after the other; a small one that ends later waits. */
static void two_at_once(void)
{
    struct world w;
    struct domain *d, *small;
    unsigned runs = 0;

    world_start(&w, &large);
    add_busy(&w, &runs);
    d = make(&w, 2, GIB_PAGES / 64, GIB_PAGES / 64);
    small = make(&w, 3, 16, 16);
    touch(d, 1);
    begin(&w, d);
    domain_end(small, SHUTDOWN_poweroff);
    (void)finish(&w, d, &runs, 1);
    CU_ASSERT_EQUAL(atomic_load(&w.cell->domain_count), 2);
    guest_pass(&w, 5);
    CU_ASSERT_EQUAL(atomic_load(&w.cell->domain_count), 1);
    world_stop(&w);
}

/* Nobody else runs: timers come all the same. */
static void sleepers_wake_in_between(void)
{
    struct world w;
    struct domain *d, *sleeper;
    unsigned runs = 0;

    world_start(&w, &large);
    life_awake();
    sleeper = guest_make(&w);
    host_vcpu_guest(&sleeper->vcpu.m, run_once, &runs);
    d = make(&w, 2, GIB_PAGES / 16, GIB_PAGES / 16);
    touch(d, 1);
    (void)guest_call(sleeper, __HYPERVISOR_scree_idle,
                     machine_clock() + 10000000, 0, 0);
    begin(&w, d);
    CU_ASSERT_EQUAL(runs, 0);
    host_clock_advance(10000000);
    cpu_pass(&w.cell->cpus[0]); /* sees the time at its end */
    cpu_pass(&w.cell->cpus[0]);
    CU_ASSERT_EQUAL(runs, 1);
    CU_ASSERT_FALSE(gone(&w));
    while (!gone(&w))
        cpu_pass(&w.cell->cpus[0]);
    world_stop(&w);
}

/* The next page that has a table. */
static void what_is_absent_is_skipped(void)
{
    const gfn_t end = gfn(SCREE_GUEST_END >> PAGE_SHIFT);
    const uint64_t at[] = {5, TABLE * 3 + 7, 0x8000000ull + 1, end.n - 1};
    struct world w;
    struct quota quota = {0, 0};
    struct space s;
    gfn_t g = gfn(0);

    world_start_frames(&w, NULL);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &quota, 20), 0);
    space_init(&s, w.frames, &quota, 1);
    CU_ASSERT_EQUAL(machine_space_next(&s.m, gfn(0), end).n, end.n);
    for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
        mfn_t m = frame_alloc_zero(w.frames, &quota, 1, FRAME_WRITABLE);

        CU_ASSERT_EQUAL(space_map(&s, gfn(at[i]), m, MAP_READ, SOFT_FIXED), 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
        g = machine_space_next(&s.m, g, end);
        CU_ASSERT_EQUAL(g.n, at[i] / TABLE * TABLE);
        CU_ASSERT_EQUAL(machine_space_next(&s.m, gfn(at[i]), end).n, at[i]);
        g = gfn(g.n + TABLE);
    }
    CU_ASSERT_EQUAL(machine_space_next(&s.m, gfn(TABLE), gfn(TABLE * 2)).n,
                    TABLE * 2);
    space_destroy(&s);
    CU_ASSERT_EQUAL(quota.drawn, 0);
    frame_unpromise(w.frames, &quota, quota.promised);
    world_stop_frames(&w);
}

void suite_teardown(void)
{
    static const struct unit_test tests[] = {
        {"every page touched", every_page_touched},
        {"few pages in a gibibyte", few_pages_in_a_gibibyte},
        {"a gibibyte of files", a_gibibyte_of_files},
        {"every port taken", every_port_taken},
        {"two at once", two_at_once},
        {"sleepers wake in between", sleepers_wake_in_between},
        {"what is absent is skipped", what_is_absent_is_skipped},
    };

    UNIT_SUITE("teardown", tests);
}
