/* SPDX-License-Identifier: MIT */
/*
 * Making a cell: see cell.h. Tables whose size follows from the number of
 * domain ids are allocated here, once, so that running never needs more.
 */
#include "core/cell.h"

#include "base/bitmap.h"
#include "base/string.h"
#include "scree/xen.h"

#define TIMERS_PER_DOMAIN 5  /* timer, wait, two watchdogs, its net port's */
#define TIMERS_PER_CELL   64 /* the hypervisor's own, on CPU 0 */

/* Zeroed memory of the cell's own, never given back; NULL: none left. */
static void *take(struct frames *frames, uint64_t bytes)
{
    mfn_t run = frame_alloc_run(frames, pages(bytes), FRAME_HYPERVISOR);
    void *p;

    if (!mfn_valid(run))
        return NULL;
    p = machine_frame(run);
    memset(p, 0, pages(bytes) << PAGE_SHIFT);
    return p;
}

/* Domains go to the CPU that has the fewest, so none gets more than this. */
static uint32_t most_domains(const struct cell *cell)
{
    return cell->domain_limit / cell->cpu_count + 1;
}

static int cpu_init(struct cell *cell, unsigned id)
{
    struct cpu *c = &cell->cpus[id];
    uint32_t most = most_domains(cell);
    uint32_t timers = most * TIMERS_PER_DOMAIN;
    struct heap_entry *queue, *deadlines;

    if (id == 0)
        timers += TIMERS_PER_CELL + cell->domain_limit;
    queue = take(cell->frames, most * sizeof(*queue));
    deadlines = take(cell->frames, timers * sizeof(*deadlines));
    if (!queue || !deadlines)
        return -XEN_ENOMEM;
    heap_init(&c->queue, queue, most);
    heap_init(&c->timers, deadlines, timers);
    c->cell = cell;
    c->id = id;
    c->recheck = UINT64_MAX;
    atomic_init(&c->deadline, UINT64_MAX);
    atomic_init(&c->idle, true); /* until its loop begins */
    lock_init(&c->lock, RANK_CPU, id);
    return 0;
}

int cell_init(struct cell *cell, struct frames *frames, unsigned cpus,
              uint32_t limit)
{
    ASSERT(cpus > 0 && cpus <= MACHINE_CPUS);
    cell->frames = frames;
    cell->cpu_count = cpus;
    cell->domain_limit = limit;
    cell->next_id = cell->first_id = 1;
    lock_init(&cell->lock, RANK_CELL, 0);
    lock_init(&cell->changes.lock, RANK_CHANGES, 0);
    cell->changes.sweep = limit;
    cell->domains = take(frames, limit * sizeof(*cell->domains));
    cell->taken = take(frames, BITMAP_WORDS(limit) * sizeof(*cell->taken));
    cell->records = take(frames, limit * sizeof(*cell->records));
    if (!cell->domains || !cell->taken || !cell->records)
        return -XEN_ENOMEM;
    for (unsigned i = 0; i < cpus; i++) {
        if (cpu_init(cell, i))
            return -XEN_ENOMEM;
    }
    return 0;
}

struct cpu *cell_place(struct cell *cell)
{
    struct cpu *best = &cell->cpus[0];

    for (unsigned i = 1; i < cell->cpu_count; i++) {
        if (cell->cpus[i].domains < best->domains)
            best = &cell->cpus[i];
    }
    best->domains++;
    return best;
}

void cell_unplace(struct cpu *c)
{
    ASSERT(c->domains > 0);
    c->domains--;
}
