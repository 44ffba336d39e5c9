/* SPDX-License-Identifier: MIT */
/*
 * Reaping and restarting: see reaper.h.
 */
#include "system/reaper.h"

#include "base/string.h"
#include "core/changes.h"
#include "core/domain.h"
#include "core/log.h"
#include "system/builder.h"
#include "system/bundle.h"
#include "system/control.h"
#include "system/options.h"

#define DELAY_FIRST 100000000ull   /* 100 ms */
#define DELAY_MAX   30000000000ull /* 30 s */
#define LIFE_GOOD   60000000000ull /* after a minute all is forgiven */

static const char *const reasons[] = {
    [SHUTDOWN_poweroff] = "powered off", [SHUTDOWN_reboot] = "rebooting",
    [SHUTDOWN_suspend] = "suspended",    [SHUTDOWN_crash] = "crashed",
    [SHUTDOWN_watchdog] = "watchdog",    [SHUTDOWN_soft_reset] = "reset",
};

static const char *reason_text(uint32_t reason)
{
    return reason < ARRAY_SIZE(reasons) ? reasons[reason] : "killed";
}

int domain_launch(struct cell *cell, uint32_t index)
{
    struct domain *d;
    int result = domain_build(cell, index, &d);

    if (result)
        return result;
    log_line(cell, "domain %u (%s) created on CPU %u, frames: %lu available",
             d->id, domain_name(d), d->vcpu.cpu->id,
             frames_available(cell->frames));
    domain_start(d);
    if (d->id == 0)
        change_all(cell);
    return 0;
}

/* -------------------------------------------------------------- restart */

static void restart_later(struct restart *r)
{
    struct cpu *c = &r->cell->cpus[0];

    r->delay = r->delay ? min_u64(r->delay * 2, DELAY_MAX) : DELAY_FIRST;
    timer_set(c, &r->timer, machine_clock() + r->delay);
}

/* The control domain could look at its last life until now. */
static void forget_last_life(struct cell *cell, uint32_t index)
{
    struct domain *d = NULL;

    lock_take(&cell->lock);
    if (index + 1 < cell->domain_limit)
        d = cell->records[index + 1];
    if (d && domain_state(d) != DOMAIN_ENDED)
        d = NULL;
    lock_release(&cell->lock);
    if (d)
        domain_free(d); /* nobody collects one that comes back */
}

static void restart_due(struct timer *t, uint64_t now)
{
    struct restart *r = container_of(t, struct restart, timer);
    int result;

    (void)now;
    forget_last_life(r->cell, r->index);
    result = domain_launch(r->cell, r->index);
    if (result && result != -XEN_EINVAL)
        restart_later(r); /* memory may come back */
    else
        atomic_fetch_sub(&r->cell->restarts_due, 1);
}

int restart_init(struct cell *cell)
{
    uint32_t count = cell->bundle ? cell->bundle->domain_count : 0;
    uint64_t bytes = count * sizeof(struct restart);
    mfn_t run;

    if (count == 0)
        return 0;
    run = frame_alloc_run(cell->frames, pages(bytes), FRAME_HYPERVISOR);
    if (!mfn_valid(run))
        return -XEN_ENOMEM;
    cell->restarts = memset(machine_frame(run), 0, bytes);
    for (uint32_t i = 0; i < count; i++) {
        cell->restarts[i].cell = cell;
        cell->restarts[i].index = i;
        timer_init(&cell->restarts[i].timer, restart_due);
    }
    return 0;
}

static bool comes_back(const struct domain *d)
{
    if (!d->boot)
        return false;
    switch (domain_end_reason(d)) {
    case SHUTDOWN_reboot:
        return true;
    case SHUTDOWN_crash:
    case SHUTDOWN_watchdog:
        return d->on_crash == SCREE_ON_CRASH_RESTART;
    default:
        return false;
    }
}

/* ----------------------------------------------------------------- reap */

static void check_end(struct cell *cell)
{
    if (!cell->options || !cell->options->poweroff_at_end)
        return;
    if (atomic_load(&cell->domain_count) > atomic_load(&cell->ended_count) ||
        atomic_load(&cell->restarts_due))
        return;
    log_line(cell, "no domain is left");
    machine_stop(STOP_POWEROFF, 0);
}

/* It will come back, after a while; its restart record. */
static struct restart *plan_restart(struct cell *cell, const struct domain *d)
{
    uint32_t index = d->id ? d->id - 1 : cell->control_record;
    struct restart *r = &cell->restarts[index];

    atomic_fetch_add(&cell->restarts_due, 1);
    if (machine_clock() - d->created_ns > LIFE_GOOD)
        r->delay = 0;
    return r;
}

/* Who has an end that nobody has seen yet? The control domain looks at all. */
static bool stays(const struct domain *d)
{
    return d->cell->control && d->id != 0;
}

static void say_gone(struct cell *cell, uint32_t id, const char *name,
                     uint32_t reason)
{
    log_line(cell, "domain %u (%s) gone: %s, frames: %lu available", id, name,
             reason_text(reason), frames_available(cell->frames));
}

/* The last part. What the control domain made comes and goes in thousands, and
 * it knows: nothing is said of it. */
static void finish(struct cell *cell, struct domain *d)
{
    struct restart *r = comes_back(d) ? plan_restart(cell, d) : NULL;
    uint32_t id = d->id, reason = domain_end_reason(d);
    char name[SCREE_NAME_MAX];
    bool said = d->boot || !cell->control;

    bundle_name(domain_name(d), name);
    if (id == 0)
        control_abandon(cell);
    d->returns = r != NULL;
    if (stays(d))
        domain_take_down(d);
    else
        domain_take_apart(d);
    if (said)
        say_gone(cell, id, name, reason);
    if (r)
        restart_later(r);
    else
        check_end(cell);
}

bool reap(struct cpu *c)
{
    struct domain *d = domain_reapable(c);

    if (!d)
        return false;
    if (domain_dismantle(d))
        finish(c->cell, d);
    return true;
}
