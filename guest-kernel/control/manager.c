/* SPDX-License-Identifier: MIT */
/*
 * What is asked of definitions that exist: stop, kill, pause, set, remove. Each
 * checks, then asks the hypervisor; what follows of it is seen in life.c. See
 * manager.h.
 */
#include "control/manager_internal.h"

#include <string.h>

#define MS 1000000ull

static int refuse_down(const struct definition *d, struct scree_reply *why)
{
    return refuse(why, XEN_EINVAL, "'%s' is not running", definition_name(d));
}

static int refused(const struct definition *d, int error,
                   struct scree_reply *why)
{
    return refuse(why, error, "the cell refuses that for '%s' (error %d)",
                  definition_name(d), error);
}

static int plain(struct manager *m, uint32_t op, const struct definition *d)
{
    return -calls_plain(m->calls, op, d->state.id);
}

int manager_kill(struct manager *m, struct definition *d,
                 struct scree_reply *why)
{
    int error;

    if (d->life == LIFE_DOWN)
        return refuse_down(d, why);
    d->flags |= DEFINITION_STOPPING;
    if (d->life == LIFE_BACKOFF) {
        life_down(m, d);
        return 0;
    }
    deadline_clear(&m->deadlines, &d->due);
    error = plain(m, SCREE_CONTROL_kill, d);
    if (error == XEN_EINVAL || error == XEN_ESRCH) {
        manager_changed(m, d->state.id); /* it has ended: see it now */
        return 0;
    }
    return error ? refused(d, error, why) : 0;
}

int manager_shutdown(struct manager *m, struct definition *d, uint32_t reason)
{
    struct scree_control_shutdown s = {.reason = reason};
    int error;

    if (d->life != LIFE_LIVE)
        return XEN_EINVAL;
    error =
        -calls_do(m->calls, SCREE_CONTROL_shutdown, d->state.id, &s, sizeof(s));
    if (!error && reason == SHUTDOWN_poweroff)
        d->flags |= DEFINITION_STOPPING;
    return error;
}

int manager_stop(struct manager *m, struct definition *d, uint64_t ms,
                 struct scree_reply *why)
{
    uint64_t at = calls_now(m->calls) + ms * MS;

    if (d->life != LIFE_LIVE || ms == 0)
        return manager_kill(m, d, why);
    manager_refresh(m, d);
    if (d->state.state == SCREE_DOMAIN_CRASHED)
        return manager_kill(m, d, why);
    if (ms > UINT64_MAX / MS / 2)
        return refuse(why, XEN_EINVAL, "the time to wait is too long");
    if (d->state.state == SCREE_DOMAIN_PAUSED)
        (void)plain(m, SCREE_CONTROL_resume, d);
    if (manager_shutdown(m, d, SHUTDOWN_poweroff) ||
        !deadline_set(&m->deadlines, &d->due, at))
        return manager_kill(m, d, why);
    return 0;
}

static int change_run(struct manager *m, struct definition *d, bool pause,
                      struct scree_reply *why)
{
    int error;

    if (d->life != LIFE_LIVE)
        return refuse_down(d, why);
    error = plain(m, pause ? SCREE_CONTROL_pause : SCREE_CONTROL_resume, d);
    if (error == XEN_EINVAL)
        return refuse(why, error, "'%s' is %s", definition_name(d),
                      pause ? "paused already, or ends" : "not paused");
    if (error)
        return refused(d, error, why);
    d->state.state = pause ? SCREE_DOMAIN_PAUSED : SCREE_DOMAIN_RUNNING;
    life_event(m, d, pause ? SCREE_EVENT_PAUSED : SCREE_EVENT_RESUMED, 0);
    return 0;
}

int manager_pause(struct manager *m, struct definition *d,
                  struct scree_reply *why)
{
    return change_run(m, d, true, why);
}

int manager_resume(struct manager *m, struct definition *d,
                   struct scree_reply *why)
{
    return change_run(m, d, false, why);
}

int manager_remove(struct manager *m, struct definition *d,
                   struct scree_reply *why)
{
    if (d->flags & DEFINITION_BOOT)
        return refuse(why, XEN_EBUSY,
                      "'%s' is of the boot bundle and stays with the cell",
                      definition_name(d));
    if (d->life != LIFE_DOWN)
        return refuse(why, XEN_EBUSY,
                      "'%s' is not down; stop it first: scree stop %s",
                      definition_name(d), definition_name(d));
    life_remove(m, d);
    return 0;
}

static int check_set(const struct definition *d,
                     const struct scree_manage_set *s, struct scree_reply *why)
{
    const uint32_t known =
        SCREE_SET_WEIGHT | SCREE_SET_NET_RATE | SCREE_SET_RESTART;

    if (!s->what || s->what & ~known)
        return refuse(why, XEN_EINVAL, "set: nothing known to set");
    if (s->what & SCREE_SET_WEIGHT && (s->weight < 1 || s->weight > 65535))
        return refuse(why, XEN_EINVAL, "weight must be 1 to 65535");
    if (!(s->what & SCREE_SET_RESTART))
        return 0;
    if (d->flags & DEFINITION_BOOT)
        return refuse(why, XEN_EINVAL,
                      "'%s' is of the boot bundle: its on_crash decides",
                      definition_name(d));
    if (s->restart > SCREE_RESTART_UNLESS_STOPPED ||
        (s->retries && s->restart != SCREE_RESTART_ON_FAILURE))
        return refuse(why, XEN_EINVAL, "no such restart policy");
    return 0;
}

static int set_living(struct manager *m, const struct definition *d,
                      const struct scree_manage_set *s)
{
    struct scree_control_set c = {
        .what = s->what & (SCREE_SET_WEIGHT | SCREE_SET_NET_RATE),
        .weight = s->what & SCREE_SET_WEIGHT ? s->weight : 0,
        .net_rate = s->what & SCREE_SET_NET_RATE ? s->net_rate : 0,
    };

    if (d->life != LIFE_LIVE || !c.what)
        return 0;
    return -calls_do(m->calls, SCREE_CONTROL_set, d->state.id, &c, sizeof(c));
}

int manager_set(struct manager *m, struct definition *d,
                const struct scree_manage_set *s, struct scree_reply *why)
{
    int error = check_set(d, s, why);

    if (error)
        return error;
    error = set_living(m, d, s);
    if (error)
        return refused(d, error, why);
    if (s->what & SCREE_SET_WEIGHT)
        d->state.weight = s->weight;
    if (s->what & SCREE_SET_NET_RATE)
        d->state.net_rate = s->net_rate;
    if (s->what & SCREE_SET_RESTART) {
        d->restart = s->restart;
        d->retries = s->retries;
    }
    return 0;
}
