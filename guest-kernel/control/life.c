/* SPDX-License-Identifier: MIT */
/*
 * The life of a definition's domain: made, seen to be ready, ended, made again
 * or down. A domain that has ended is collected at once, so that neither its id
 * nor its record waits for anybody. See manager_internal.h.
 */
#include "control/manager_internal.h"

#include <string.h>

#include "control/restart.h"

#define LIFE_FLAGS                                                             \
    (DEFINITION_READY | DEFINITION_CRASH_SAID | DEFINITION_STOPPING)

void life_event(struct manager *m, const struct definition *d, uint32_t event,
                uint64_t value)
{
    struct scree_event e = {
        .event = event,
        .domain = d->state.id,
        .reason = d->reason,
        .code = d->code,
        .time = calls_now(m->calls),
        .value = value,
        .ipv4 = d->state.ipv4,
        .serial = d->serial,
    };

    memcpy(e.name, d->state.name, SCREE_NAME_MAX);
    m->hooks.event(m->hooks.user, &e);
}

/* ---------------------------------------------------------------- begin */

static int find_handles(const struct manager *m, const struct definition *d,
                        struct scree_domain_config *c)
{
    const struct object *image =
        object_find(&m->objects, d->image, SCREE_OBJECT_IMAGE);
    const struct object *files =
        object_find(&m->objects, d->files, SCREE_OBJECT_MODULE);
    bool wants_files = !object_digest_empty(d->files);

    if (!image || (wants_files && !files))
        return -XEN_ENOENT;
    c->image = image->handle;
    if (wants_files)
        c->module = files->handle;
    return 0;
}

/* What is known of the new domain before it is looked at. */
static void begin_state(struct definition *d, uint32_t id)
{
    struct scree_domain_state s = {
        .id = id,
        .state = SCREE_DOMAIN_PAUSED,
        .ipv4 = d->state.ipv4,
        .weight = d->state.weight,
        .group = d->state.group,
        .net_rate = d->state.net_rate,
        .memory = d->state.memory,
    };

    memcpy(s.name, d->state.name, SCREE_NAME_MAX);
    d->state = s;
    d->flags &= ~(uint32_t)LIFE_FLAGS;
    d->life = LIFE_LIVE;
}

int life_begin(struct manager *m, struct definition *d)
{
    struct scree_control_create c = {.head.domain = 0};
    int result;

    definition_config(d, &c.config);
    result = find_handles(m, d, &c.config);
    if (result)
        return result;
    tag_write(d, c.tag);
    result = calls_do(m->calls, SCREE_CONTROL_create, 0, &c, sizeof(c));
    if (result)
        return result;
    begin_state(d, c.head.domain);
    registry_bind(m, d);
    manager_refresh(m, d);
    life_event(m, d, SCREE_EVENT_CREATED, 0);
    m->hooks.came(m->hooks.user, d);
    result = calls_plain(m->calls, SCREE_CONTROL_resume, d->state.id);
    if (result)
        calls_say(m->calls, "control: %s cannot be resumed (%d)",
                  definition_name(d), result);
    else if (d->state.state == SCREE_DOMAIN_PAUSED)
        d->state.state = SCREE_DOMAIN_RUNNING;
    return 0;
}

/* ------------------------------------------------------------------ end */

void life_remove(struct manager *m, struct definition *d)
{
    deadline_clear(&m->deadlines, &d->due);
    registry_remove(m, d);
    use_objects(m, d, -1);
    if (d->state.ipv4 && d->address != SCREE_ADDRESS_NONE)
        address_free(&m->addresses, d->state.ipv4);
    life_event(m, d, SCREE_EVENT_REMOVED, 0);
    definition_delete(d);
}

void life_down(struct manager *m, struct definition *d)
{
    deadline_clear(&m->deadlines, &d->due);
    d->life = LIFE_DOWN;
    d->flags &= ~(uint32_t)LIFE_FLAGS;
    life_event(m, d, SCREE_EVENT_DOWN, 0);
    m->hooks.down(m->hooks.user, d);
    if (d->run_flags & SCREE_RUN_REMOVE)
        life_remove(m, d);
}

static bool comes_back(const struct definition *d)
{
    struct restart_end e = {
        .policy = d->restart,
        .retries = d->retries,
        .tries = d->tries,
        .reason = d->reason,
        .code = d->code,
    };

    return !(d->flags & (DEFINITION_STOPPING | DEFINITION_BOOT)) &&
           restart_wanted(&e);
}

/* Its domain is gone: when does it try again, if at all? */
static void try_later(struct manager *m, struct definition *d)
{
    uint64_t delay = restart_delay(d->tries);

    if (!comes_back(d) ||
        !deadline_set(&m->deadlines, &d->due, calls_now(m->calls) + delay)) {
        life_down(m, d);
        return;
    }
    d->tries++;
    d->life = LIFE_BACKOFF;
    life_event(m, d, SCREE_EVENT_BACKOFF, delay);
}

/* Counts an end and says it, once for each domain. */
static void say_end(struct manager *m, struct definition *d)
{
    if (d->flags & DEFINITION_CRASH_SAID)
        return;
    d->flags |= DEFINITION_CRASH_SAID;
    d->ended++;
    d->reason = d->state.reason;
    d->code = d->state.code;
    if (d->reason == SHUTDOWN_watchdog)
        d->flags |= DEFINITION_WATCHDOG;
    else
        d->flags &= ~(uint32_t)DEFINITION_WATCHDOG;
    life_event(m, d, SCREE_EVENT_ENDED, 0);
}

static void collect(struct manager *m, const struct definition *d)
{
    int result;

    if (d->flags & DEFINITION_BOOT)
        return; /* the cell's own */
    result = calls_plain(m->calls, SCREE_CONTROL_collect, d->state.id);
    if (result && result != -XEN_ESRCH)
        calls_say(m->calls, "control: domain %u cannot be collected (%d)",
                  d->state.id, result);
}

static void ended(struct manager *m, struct definition *d)
{
    const struct scree_domain_state *s = &d->state;
    uint64_t end = s->ended_ns ? s->ended_ns : calls_now(m->calls);

    deadline_clear(&m->deadlines, &d->due);
    collect(m, d);
    registry_unbind(m, d);
    d->life = LIFE_DOWN;
    if (end > s->created_ns && end - s->created_ns >= RESTART_FORGIVEN)
        d->tries = 0;
    say_end(m, d);
    m->hooks.went(m->hooks.user, d);
    try_later(m, d);
}

/* --------------------------------------------------------------- changes */

void life_seen(struct manager *m, struct definition *d,
               const struct scree_domain_state *s)
{
    d->state = *s;
    if (s->flags & SCREE_DOMAIN_READY && !(d->flags & DEFINITION_READY)) {
        d->flags |= DEFINITION_READY;
        d->flags &= ~(uint32_t)DEFINITION_WATCHDOG;
        life_event(m, d, SCREE_EVENT_READY, 0);
    }
    if (s->state == SCREE_DOMAIN_CRASHED)
        say_end(m, d);
    else if (s->state == SCREE_DOMAIN_ENDED)
        ended(m, d);
}

/* The hypervisor has forgotten it; why it ended is known if it was seen to
 * die. */
static void vanished(struct manager *m, struct definition *d)
{
    struct scree_domain_state s = d->state;

    if (s.state != SCREE_DOMAIN_DYING) {
        s.reason = SCREE_END_KILLED;
        s.code = 0;
    }
    s.state = SCREE_DOMAIN_ENDED;
    life_seen(m, d, &s);
}

/* A domain of the boot bundle that came back before its end was seen: under
 * its number is another one than d has known. */
static bool is_another(const struct definition *d,
                       const struct scree_domain_state *s)
{
    return d->flags & DEFINITION_BOOT && s->created_ns != d->state.created_ns;
}

void manager_changed(struct manager *m, uint32_t domain)
{
    struct definition *d = manager_by_domain(m, domain);
    struct scree_domain_state s;
    int result = domain ? calls_state(m->calls, domain, &s) : -XEN_EINVAL;

    if (d && (result == -XEN_ESRCH || (!result && is_another(d, &s)))) {
        vanished(m, d);
        d = NULL;
    }
    if (!result && d)
        life_seen(m, d, &s);
    else if (!result)
        rebuild_domain(m, &s);
}

void manager_refresh(struct manager *m, struct definition *d)
{
    struct scree_domain_state s;

    if (d->life == LIFE_LIVE && !calls_state(m->calls, d->state.id, &s) &&
        !is_another(d, &s))
        d->state = s;
}

/* ------------------------------------------------------------------- due */

static void try_again(struct manager *m, struct definition *d)
{
    int result;

    d->restarts++;
    result = life_begin(m, d);
    if (!result)
        return;
    d->restarts--;
    life_event(m, d, SCREE_EVENT_REFUSED, (uint64_t)-result);
    try_later(m, d);
}

uint64_t manager_due(struct manager *m, unsigned most)
{
    uint64_t now = calls_now(m->calls);
    struct deadline *at;

    while (most-- && (at = deadline_due(&m->deadlines, now))) {
        struct definition *d = LOOKUP_OF(at, struct definition, due);

        if (d->life == LIFE_BACKOFF)
            try_again(m, d);
        else if (d->life == LIFE_LIVE)
            (void)calls_plain(m->calls, SCREE_CONTROL_kill, d->state.id);
    }
    return deadlines_next(&m->deadlines);
}
