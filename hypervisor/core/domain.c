/* SPDX-License-Identifier: MIT */
/*
 * Making, finding, ending and freeing domains: see domain.h.
 *
 * Death, so that nobody keeps a pointer too long:
 *  1. domain_end() takes it out of the table of domains, so that nobody finds
 *     it any more. The domain goes to its CPU's dead list.
 *  2. That CPU notes every CPU's passes and kicks those in guests.
 *  3. When each CPU has passed or idles, the domain is reapable.
 *  4. Its CPU takes it apart, a part in each pass (domain_drain()), so that
 *     nobody waits for a large one; last comes domain_free().
 * The id stays taken until domain_free(), so nobody else can answer to it. A
 * domain is found only once it was started: what fails before is freed at once.
 */
#include "core/domain.h"

#include "base/bitmap.h"
#include "base/string.h"
#include "core/changes.h"
#include "core/info.h"

#define RECHECK_NS 100000 /* while dead domains are not gone yet */

/* --------------------------------------------------------------- making */

static uint64_t frames_needed(const struct domain_shape *shape)
{
    return 3 /* itself, info page, shared page */
           + space_table_frames(shape->end) + shape->memory - shape->shared +
           shape->devices;
}

/* The id that the shape means, if it is free. The cell's lock is held. */
static int choose_id(const struct cell *cell, const struct domain_shape *shape,
                     uint32_t *id)
{
    uint64_t found;

    *id = shape->id;
    if (shape->id != DOMAIN_ID_ANY)
        return bitmap_test(cell->taken, shape->id) ? -XEN_EEXIST : 0;
    found = bitmap_next_clear(cell->taken, cell->domain_limit, cell->next_id);
    if (found == BITMAP_NONE)
        found =
            bitmap_next_clear(cell->taken, cell->domain_limit, cell->first_id);
    *id = (uint32_t)found;
    return found == BITMAP_NONE ? -XEN_ENOSPC : 0;
}

static int check_create(const struct cell *cell,
                        const struct domain_shape *shape, uint32_t *id)
{
    if ((shape->id >= cell->domain_limit && shape->id != DOMAIN_ID_ANY) ||
        (shape->id == 0 && !cell->control) || shape->shared > shape->memory ||
        shape->memory == 0 || shape->end.n > SCREE_GUEST_END >> PAGE_SHIFT)
        return -XEN_EINVAL;
    return choose_id(cell, shape, id);
}

/* Maps one page that all domains share. */
static int map_shared(struct domain *d, uint64_t at, mfn_t m, uint8_t rights)
{
    int result = frame_get(d->cell->frames, m, FRAME_SHARED);

    if (result)
        return result;
    result = space_map(&d->space, gva_gfn(gva(at)), m, rights, SOFT_SHARED);
    if (result)
        frame_put(d->cell->frames, NULL, m);
    return result;
}

/* Maps one zeroed page of the domain's own; its frame, or MFN_NONE. */
static mfn_t map_own(struct domain *d, uint64_t at, uint8_t rights)
{
    struct frames *f = d->cell->frames;
    mfn_t m = frame_alloc_zero(f, &d->quota, d->id, FRAME_WRITABLE);

    if (!mfn_valid(m))
        return m;
    if (space_map(&d->space, gva_gfn(gva(at)), m, rights, SOFT_FIXED)) {
        frame_put(f, &d->quota, m);
        return MFN_NONE;
    }
    return m;
}

static int map_info(struct domain *d)
{
    mfn_t m = map_own(d, SCREE_INFO_PAGE, MAP_READ);

    if (!mfn_valid(m) || frame_get(d->cell->frames, m, FRAME_WRITABLE))
        return -XEN_ENOMEM;
    d->info_frame = m;
    d->info = machine_frame(m);
    return 0;
}

static int map_fixed(struct domain *d)
{
    mfn_t shared;
    int result = map_info(d);

    if (result)
        return result;
    shared = map_own(d, SCREE_SHARED_PAGE, MAP_READ | MAP_WRITE);
    if (!mfn_valid(shared))
        return -XEN_ENOMEM;
    d->shared = machine_frame(shared);
    result = map_shared(d, SCREE_HYPERCALL_PAGE, machine_info()->hypercall_page,
                        MAP_READ | MAP_EXEC);
    if (result)
        return result;
    return map_shared(d, SCREE_CLOCK_PAGE, d->cell->clock_page, MAP_READ);
}

/* The struct itself, in its frame, with everything that cannot fail. */
static struct domain *lay_out(struct cell *cell,
                              const struct domain_shape *shape, uint32_t id,
                              struct quota quota)
{
    mfn_t m = frame_alloc_zero(cell->frames, &quota, id, FRAME_HYPERVISOR);
    struct domain *d;

    if (!mfn_valid(m)) {
        frame_unpromise(cell->frames, &quota, quota.promised);
        return NULL;
    }
    d = machine_frame(m);
    d->frame = m;
    d->info_frame = MFN_NONE;
    d->quota = quota;
    d->cell = cell;
    d->id = id;
    d->memory = d->memory_max = shape->memory;
    d->port_hint = SCREE_PORT_DYNAMIC;
    d->created_ns = machine_clock();
    for (unsigned i = 0; i < DOMAIN_WATCHDOGS; i++) {
        timer_init(&d->watchdogs[i].timer, NULL);
        d->watchdogs[i].domain = d;
    }
    atomic_init(&d->state, DOMAIN_STOPPED);
    lock_init(&d->lock, RANK_DOMAIN, id);
    space_init(&d->space, cell->frames, &d->quota, id);
    d->space.ram_start = gva_gfn(gva(SCREE_IMAGE_BASE));
    d->space.ram_end = gfn(d->space.ram_start.n + shape->memory);
    return d;
}

/* Takes the id and a CPU. The cell's lock is held. */
static void enrol(struct domain *d, const struct domain_shape *shape)
{
    vcpu_init(&d->vcpu, d, cell_place(d->cell), shape->weight);
    bitmap_set(d->cell->taken, d->id);
    if (shape->id == DOMAIN_ID_ANY)
        d->cell->next_id = d->id + 1;
    atomic_fetch_add(&d->cell->domain_count, 1);
}

static int build(struct domain *d)
{
    int result;

    lock_take(&d->lock);
    result = map_fixed(d);
    lock_release(&d->lock);
    if (result)
        return result;
    d->vcpu.info = &d->shared->vcpu_info[0];
    d->vcpu.info->evtchn_upcall_mask = 1;
    info_init(d);
    return 0;
}

int domain_create(struct cell *cell, const struct domain_shape *shape,
                  struct domain **out)
{
    struct quota quota = {0, 0};
    struct domain *d;
    uint32_t id;
    int result;

    lock_take(&cell->lock);
    result = check_create(cell, shape, &id);
    if (!result)
        result = frame_promise(cell->frames, &quota, frames_needed(shape));
    if (result) {
        lock_release(&cell->lock);
        return result;
    }
    d = lay_out(cell, shape, id, quota);
    if (d)
        enrol(d, shape);
    lock_release(&cell->lock);
    if (!d)
        return -XEN_ENOMEM;
    result = build(d);
    if (result) {
        domain_free(d);
        return result;
    }
    *out = d;
    return 0;
}

/* --------------------------------------------------------------- states */

/* From now on everybody finds d. */
static void publish(struct domain *d)
{
    struct cell *cell = d->cell;

    lock_take(&cell->lock);
    cell->records[d->id] = d;
    lock_release(&cell->lock);
    atomic_store(&cell->domains[d->id], d);
    change_mark(d, SCREE_HAPPENED_STATE);
}

static bool change_state(struct domain *d, unsigned from, enum domain_state to)
{
    return atomic_compare_exchange_strong(&d->state, &from, to);
}

void domain_start(struct domain *d)
{
    if (!change_state(d, DOMAIN_STOPPED, DOMAIN_RUNNING))
        return;
    publish(d);
    sched_start(&d->vcpu);
}

void domain_admit(struct domain *d)
{
    if (change_state(d, DOMAIN_STOPPED, DOMAIN_PAUSED))
        publish(d);
}

/* Watchdogs stand still while their domain does. */
static void hold_watchdogs(struct domain *d)
{
    uint64_t now = machine_clock();

    lock_take(&d->lock);
    for (unsigned i = 0; i < DOMAIN_WATCHDOGS; i++) {
        struct watchdog *w = &d->watchdogs[i];
        uint64_t deadline = timer_stop(d->vcpu.cpu, &w->timer);

        if (deadline != UINT64_MAX)
            w->left = deadline > now ? deadline - now : 1;
    }
    lock_release(&d->lock);
}

static void release_watchdogs(struct domain *d)
{
    uint64_t now = machine_clock();

    lock_take(&d->lock);
    for (unsigned i = 0; i < DOMAIN_WATCHDOGS; i++) {
        struct watchdog *w = &d->watchdogs[i];

        if (w->left)
            timer_set(d->vcpu.cpu, &w->timer, now + w->left);
        w->left = 0;
    }
    lock_release(&d->lock);
}

int domain_pause(struct domain *d)
{
    if (!change_state(d, DOMAIN_RUNNING, DOMAIN_PAUSED))
        return -XEN_EINVAL;
    sched_stop(&d->vcpu);
    hold_watchdogs(d);
    change_mark(d, SCREE_HAPPENED_STATE);
    return 0;
}

/* Should d end meanwhile, it neither runs (sched_start() looks) nor keeps a
 * timer: it is not taken apart before this CPU has passed. */
int domain_resume(struct domain *d)
{
    if (!change_state(d, DOMAIN_PAUSED, DOMAIN_RUNNING))
        return -XEN_EINVAL;
    release_watchdogs(d);
    sched_start(&d->vcpu);
    change_mark(d, SCREE_HAPPENED_STATE);
    return 0;
}

/* From any state but DYING. The first one's reason counts. */
static bool set_final(struct domain *d, enum domain_state to, uint32_t shutdown)
{
    unsigned old = atomic_load(&d->state);

    do {
        if (old >= DOMAIN_DYING || old == to)
            return false;
    } while (!atomic_compare_exchange_weak(&d->state, &old, to));
    if (old != DOMAIN_CRASHED) {
        atomic_store(&d->shutdown, shutdown);
        atomic_store(&d->ended_ns, machine_clock());
    }
    return true;
}

void domain_end(struct domain *d, uint32_t shutdown)
{
    struct cpu *c = d->vcpu.cpu;

    if (!set_final(d, DOMAIN_DYING, shutdown))
        return;
    atomic_store(&d->cell->domains[d->id], NULL);
    change_mark(d, SCREE_HAPPENED_STATE);
    lock_take(&c->lock);
    d->next_dead = c->dead;
    c->dead = d;
    lock_release(&c->lock);
    sched_stop(&d->vcpu); /* and tells c */
}

void domain_preserve(struct domain *d, uint32_t shutdown)
{
    if (!set_final(d, DOMAIN_CRASHED, shutdown))
        return;
    sched_stop(&d->vcpu);
    change_mark(d, SCREE_HAPPENED_STATE);
}

/* --------------------------------------------------------------- finding */

struct domain *domain_find(struct cell *cell, uint32_t id)
{
    struct domain *d;

    if (id >= cell->domain_limit)
        return NULL;
    d = atomic_load(&cell->domains[id]);
    return d && domain_state(d) < DOMAIN_DYING ? d : NULL;
}

struct domain *domain_by_domid(struct domain *d, domid_t domid)
{
    if (domid == DOMID_SELF)
        return d;
    return domid < DOMID_FIRST_RESERVED ? domain_find(d->cell, domid) : NULL;
}

/* ---------------------------------------------------------------- dying */

static void note_passes(struct cpu *c, struct domain *d)
{
    struct cell *cell = c->cell;

    for (unsigned i = 0; i < cell->cpu_count; i++) {
        d->dead_passes[i] = (uint32_t)atomic_load(&cell->cpus[i].passes);
        if (i != c->id && !atomic_load(&cell->cpus[i].idle))
            machine_kick(i);
    }
}

/* Takes what ended here into the list of those whose time runs. */
static void take_dead(struct cpu *c)
{
    struct domain *list, *d;

    lock_take(&c->lock);
    list = c->dead;
    c->dead = NULL;
    lock_release(&c->lock);
    while ((d = list)) {
        list = d->next_dead;
        note_passes(c, d);
        d->next_dead = c->dying;
        c->dying = d;
    }
}

static bool all_passed(struct cpu *c, const struct domain *d)
{
    struct cell *cell = c->cell;

    for (unsigned i = 0; i < cell->cpu_count; i++) {
        uint32_t now = (uint32_t)atomic_load(&cell->cpus[i].passes);

        if (now == d->dead_passes[i] &&
            !(i != c->id && atomic_load(&cell->cpus[i].idle)))
            return false;
    }
    return c->current != &d->vcpu;
}

/* Unlinks and returns a domain whose time has come, or NULL. */
static struct domain *take_passed(struct cpu *c)
{
    struct domain **at, *d;

    for (at = &c->dying; (d = *at); at = &d->next_dead) {
        if (all_passed(c, d)) {
            *at = d->next_dead;
            return d;
        }
    }
    return NULL;
}

/* No guest keeps c from its next pass for long while there is work for it. */
static void plan_recheck(struct cpu *c)
{
    bool more = c->dying || c->reaped;

    c->recheck = more ? c->now + RECHECK_NS : UINT64_MAX;
    lock_take(&c->lock);
    timer_program(c, c->recheck);
    lock_release(&c->lock);
}

struct domain *domain_reapable(struct cpu *c)
{
    if (atomic_load(&c->dead))
        take_dead(c);
    if (!c->reaped)
        c->reaped = take_passed(c);
    plan_recheck(c);
    return c->reaped;
}

static void stop_timers(struct domain *d)
{
    struct cpu *c = d->vcpu.cpu;

    timer_stop(c, &d->vcpu.timer);
    timer_stop(c, &d->vcpu.wait_timer);
    for (unsigned i = 0; i < DOMAIN_WATCHDOGS; i++)
        timer_stop(c, &d->watchdogs[i].timer);
}

/* The machine forgets the vcpu; if it ever ran, this is its CPU. The machine
 * may have it although c->loaded is another: that one may have ended before it
 * came to run. */
static void leave_cpu(struct domain *d)
{
    struct cpu *c = d->vcpu.cpu;

    if (c->id != machine_cpu())
        return;
    machine_vcpu_leave(&d->vcpu.m);
    if (c->loaded == &d->vcpu)
        c->loaded = NULL;
}

bool domain_drain(struct domain *d)
{
    bool done;

    atomic_store(&d->state, DOMAIN_DYING);
    atomic_store(&d->cell->domains[d->id], NULL);
    stop_timers(d);
    leave_cpu(d);
    if (!event_drain(d))
        return false;
    lock_take(&d->lock);
    done = space_drain(&d->space);
    lock_release(&d->lock);
    return done;
}

/* Takes d off its CPU; only struct and info page are left. */
static void unplace(struct domain *d)
{
    struct cell *cell = d->cell;
    struct cpu *c = cell_cpu(cell);

    while (!domain_drain(d))
        ;
    if (c->reaped == d) {
        c->reaped = NULL;
        plan_recheck(c);
    }
    lock_take(&cell->lock);
    cell_unplace(d->vcpu.cpu);
    lock_release(&cell->lock);
}

void domain_retire(struct domain *d)
{
    struct cell *cell = d->cell;

    unplace(d);
    frame_unpromise(cell->frames, &d->quota, d->quota.promised);
    atomic_fetch_add(&cell->ended_count, 1);
    /* under the lock: who sees that it has ended may free it */
    lock_take(&cell->lock);
    atomic_store(&d->state, DOMAIN_ENDED);
    change_mark(d, SCREE_HAPPENED_STATE);
    lock_release(&cell->lock);
}

/* The last two frames and the id. */
static void release(struct domain *d)
{
    struct cell *cell = d->cell;
    struct quota quota;
    uint32_t id = d->id;

    lock_take(&cell->lock);
    cell->records[id] = NULL;
    if (mfn_valid(d->info_frame))
        frame_put(cell->frames, &d->quota, d->info_frame);
    quota = d->quota; /* it lies in the frame that goes */
    frame_put(cell->frames, &quota, d->frame);
    ASSERT(quota.drawn == 0);
    frame_unpromise(cell->frames, &quota, quota.promised);
    bitmap_clear(cell->taken, id);
    atomic_fetch_sub(&cell->domain_count, 1);
    lock_release(&cell->lock);
}

void domain_free(struct domain *d)
{
    if (domain_state(d) == DOMAIN_ENDED)
        atomic_fetch_sub(&d->cell->ended_count, 1);
    else
        unplace(d);
    change_forget(d);
    release(d);
}
