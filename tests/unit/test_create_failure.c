/* SPDX-License-Identifier: MIT */
/*
 * Creating a domain when memory ends: every allocation on the way fails in
 * turn, and the world is as it was before.
 */
#include "scree/xen.h"
#include "world.h"

struct picture {
    uint64_t free, available;
    uint32_t placed, clock_refs, hypercall_refs;
    unsigned count;
};

static struct picture look(const struct world *w)
{
    const struct cell *cell = w->cell;
    mfn_t page = machine_info()->hypercall_page;

    return (struct picture){
        .free = frames_free(w->frames),
        .available = frames_available(w->frames),
        .placed = cell->cpus[0].domains,
        .clock_refs = frame_info(w->frames, cell->clock_page).refs,
        .hypercall_refs = frame_info(w->frames, page).refs,
        .count = atomic_load(&cell->domain_count),
    };
}

static void check_same(const struct world *w, const struct picture *before)
{
    struct picture now = look(w);

    CU_ASSERT_EQUAL(now.free, before->free);
    CU_ASSERT_EQUAL(now.available, before->available);
    CU_ASSERT_EQUAL(now.placed, before->placed);
    CU_ASSERT_EQUAL(now.clock_refs, before->clock_refs);
    CU_ASSERT_EQUAL(now.hypercall_refs, before->hypercall_refs);
    CU_ASSERT_EQUAL(now.count, before->count);
    frames_audit(w->frames);
}

static const struct domain_shape shape = {
    .id = 3,
    .weight = 256,
    .memory = 64,
    .devices = 4,
    .end = {(SCREE_IMAGE_BASE >> PAGE_SHIFT) + 64},
};

static void every_allocation_may_fail(void)
{
    struct world w;
    struct picture before;
    int result = -1;
    unsigned site;

    world_start(&w, NULL);
    before = look(&w);
    for (site = 1; result; site++) {
        struct domain *d = NULL;

        frames_fail_at(w.frames, site);
        result = world_create(&w, &shape, &d);
        frames_fail_at(w.frames, 0);
        if (!result)
            break;
        CU_ASSERT_EQUAL(result, -XEN_ENOMEM);
        CU_ASSERT_PTR_NULL(d);
        CU_ASSERT_PTR_NULL(atomic_load(&w.cell->domains[3]));
        check_same(&w, &before);
    }
    /* the struct, two pages, four tables */
    CU_ASSERT_EQUAL(site, 8);
    world_stop(&w);
}

static void shared_page_without_references_is_refused(void)
{
    struct world w;
    struct picture before;
    struct domain *d = NULL;
    uint32_t more;

    world_start(&w, NULL);
    more = FRAME_REFS_MAX - frame_info(w.frames, w.cell->clock_page).refs;
    for (uint32_t i = 0; i < more; i++)
        (void)!frame_get(w.frames, w.cell->clock_page, FRAME_SHARED);
    before = look(&w);
    CU_ASSERT_NOT_EQUAL(world_create(&w, &shape, &d), 0);
    check_same(&w, &before);
    for (uint32_t i = 0; i < more; i++)
        frame_put(w.frames, NULL, w.cell->clock_page);
    world_stop(&w);
}

/* Fills the machine with domains: the last one is refused, whole. */
static void full_machine_refuses_cleanly(void)
{
    static const struct host_config small = {.frames = 700};
    struct world w;
    struct domain_shape s = shape;
    struct picture before;
    struct domain *d = NULL;
    int result;

    world_start(&w, &small);
    s.id = 1;
    do {
        before = look(&w);
        result = world_create(&w, &s, &d);
        s.id++;
    } while (!result && s.id < WORLD_DOMAINS);
    CU_ASSERT_EQUAL(result, -XEN_ENOMEM);
    CU_ASSERT(before.count > 2);
    check_same(&w, &before);
    /* one goes, one fits */
    world_domain_end(&w, domain_find(w.cell, 1));
    s.id = 1;
    CU_ASSERT_EQUAL(world_create(&w, &s, &d), 0);
    world_stop(&w);
}

/* Every promised page can be touched, while nobody else gets a frame. */
static void promise_holds_on_a_full_machine(void)
{
    static const struct host_config small = {.frames = 700};
    struct world w;
    struct domain_shape s = shape;
    struct domain *d = NULL, *last = NULL;

    world_start(&w, &small);
    for (s.id = 1; !world_create(&w, &s, &d); s.id++)
        last = d;
    lock_take(&last->lock);
    for (uint64_t i = 0; i < 64; i++)
        CU_ASSERT_PTR_NOT_NULL(space_page(
            &last->space, gfn((SCREE_IMAGE_BASE >> PAGE_SHIFT) + i), true));
    lock_release(&last->lock);
    world_stop(&w);
}

void suite_create_failure(void)
{
    static const struct unit_test tests[] = {
        {"every allocation may fail", every_allocation_may_fail},
        {"shared page without references is refused",
         shared_page_without_references_is_refused},
        {"full machine refuses cleanly", full_machine_refuses_cleanly},
        {"promise holds on a full machine", promise_holds_on_a_full_machine},
    };

    UNIT_SUITE("create_failure", tests);
}
