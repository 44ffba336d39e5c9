/* SPDX-License-Identifier: MIT */
/*
 * Making and ending worlds: see world.h.
 */
#include <stdlib.h>

#include "world.h"

#include "core/info.h"
#include "system/builder.h"
#include "system/system.h"

#define EXTRA_FRAMES 32 /* rings, ports, grants */

void world_start_frames(struct world *w, const struct host_config *config)
{
    static const struct host_config defaults;
    const struct machine_info *mi = machine_info();

    host_start(config ? config : &defaults);
    w->cell = NULL;
    w->frames = frames_init(mi->ram, mi->ram_count);
    if (!w->frames)
        abort();
    w->free = frames_free(w->frames);
}

void world_stop_frames(struct world *w)
{
    CU_ASSERT_EQUAL(frames_free(w->frames), w->free);
    CU_ASSERT_EQUAL(frames_available(w->frames), w->free);
    frames_audit(w->frames);
    host_stop();
}

void world_start(struct world *w, const struct host_config *config)
{
    const struct machine_info *mi = machine_info();

    world_start_bare(w, config);
    if (mi->module.count)
        frame_adopt(w->frames, mi->module.first, mi->module.count);
}

void world_start_bare(struct world *w, const struct host_config *config)
{
    const struct machine_info *mi = machine_info();

    world_start_frames(w, config);
    frame_adopt(w->frames, mi->hypercall_page, 1);
    w->cell = calloc(1, sizeof(*w->cell));
    if (!w->cell || cell_init(w->cell, w->frames, mi->cpus, WORLD_DOMAINS) ||
        info_clock_init(w->cell))
        abort();
    w->free = frames_free(w->frames);
}

static void check_empty(struct world *w)
{
    CU_ASSERT_EQUAL(atomic_load(&w->cell->domain_count), 0);
    for (unsigned i = 0; i < w->cell->cpu_count; i++) {
        struct cpu *c = &w->cell->cpus[i];

        CU_ASSERT_EQUAL(c->queue.count, 0);
        CU_ASSERT_FALSE(lock_is_held(&c->lock));
    }
    CU_ASSERT_FALSE(lock_is_held(&w->cell->lock));
}

void world_stop(struct world *w)
{
    for (uint32_t id = 0; id < WORLD_DOMAINS; id++) {
        struct domain *d = atomic_load(&w->cell->domains[id]);

        if (d)
            world_domain_end(w, d);
    }
    check_empty(w);
    world_stop_frames(w);
    free(w->cell);
}

static uint32_t free_id(const struct world *w)
{
    uint32_t id = 1;

    while (id < WORLD_DOMAINS && atomic_load(&w->cell->domains[id]))
        id++;
    return id;
}

int world_create(struct world *w, const struct domain_shape *shape,
                 struct domain **d)
{
    int result = domain_create(w->cell, shape, d);

    if (!result)
        atomic_store(&w->cell->domains[shape->id], *d);
    return result;
}

struct domain *world_domain_shaped(struct world *w,
                                   const struct domain_shape *shape)
{
    struct domain *d = NULL;

    return world_create(w, shape, &d) ? NULL : d;
}

static struct domain *make(struct world *w, uint32_t id, uint64_t memory)
{
    struct domain_shape shape = {
        .id = id,
        .weight = SCREE_WEIGHT_DEFAULT,
        .memory = memory,
        .devices = EXTRA_FRAMES,
        .end = gfn((SCREE_IMAGE_BASE >> PAGE_SHIFT) + memory),
    };
    struct domain *d = world_domain_shaped(w, &shape);

    if (!d)
        abort();
    return d;
}

struct domain *world_domain(struct world *w, uint64_t memory)
{
    return make(w, free_id(w), memory);
}

struct domain *world_control(struct world *w)
{
    struct domain *d;

    w->cell->control = true;
    d = make(w, 0, 16);
    domain_start(d);
    (void)world_told(w);
    return d;
}

bool world_told(struct world *w)
{
    struct domain *d = atomic_load(&w->cell->domains[0]);
    uint64_t bit = 1ull << SCREE_PORT_CONTROL;

    return __atomic_fetch_and(&d->shared->evtchn_pending[0], ~bit,
                              __ATOMIC_SEQ_CST) &
           bit;
}

void world_domain_end(struct world *w, struct domain *d)
{
    (void)w;
    sched_stop(&d->vcpu);
    domain_take_apart(d);
}

bool world_panics(void (*fn)(void *argument), void *argument)
{
    bool stopped = host_catch_stop(fn, argument, NULL, NULL);

    if (stopped) {
        lock_abandon();
        system_panic_over();
    }
    return stopped;
}
