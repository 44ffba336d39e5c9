/* SPDX-License-Identifier: MIT */
/*
 * How the manager begins: it asks the hypervisor for the cell, the objects and
 * every domain, and makes definitions of them. After a restart of the control
 * domain that is all it knows; what was down then, the host defines again.
 * See manager_internal.h.
 */
#include "control/manager_internal.h"

#include <stdlib.h>
#include <string.h>

#define WALK_MOST (1u << 24) /* domains: a bound, not a limit */

static void take_digests(const struct manager *m, struct definition *d,
                         const struct scree_domain_state *s)
{
    const struct object *image = object_by_handle(&m->objects, s->image);
    const struct object *files = s->module == SCREE_NO_MODULE
                                     ? NULL
                                     : object_by_handle(&m->objects, s->module);

    if (image)
        memcpy(d->image, image->digest, SCREE_DIGEST_SIZE);
    if (files)
        memcpy(d->files, files->digest, SCREE_DIGEST_SIZE);
}

/* Command line and policy that the state does not tell. */
static void take_config(const struct manager *m, struct definition *d,
                        uint32_t id)
{
    struct scree_control_create c = {.head.domain = 0};

    if (calls_do(m->calls, SCREE_CONTROL_config, id, &c, sizeof(c))) {
        d->flags |= DEFINITION_UNKNOWN;
        return;
    }
    c.config.cmdline[SCREE_CMDLINE_MAX - 1] = '\0';
    d->on_crash = c.config.on_crash;
    if (!c.config.cmdline[0])
        return;
    d->cmdline = strdup(c.config.cmdline);
    if (!d->cmdline)
        d->flags |= DEFINITION_UNKNOWN;
}

/* Of the boot bundle, or one that was made by somebody else: no policy. */
static void take_stranger(const struct manager *m, struct definition *d,
                          const struct scree_domain_state *s)
{
    bool boot = s->flags & SCREE_DOMAIN_BOOT;

    d->flags |= boot ? DEFINITION_BOOT : 0;
    d->serial = boot ? s->id : m->next_serial;
    d->restart = SCREE_RESTART_NO;
    d->address = s->ipv4 ? SCREE_ADDRESS_FIXED : SCREE_ADDRESS_NONE;
    d->defined_ns = s->created_ns;
}

static void take_address(struct manager *m, struct definition *d,
                         const struct scree_domain_state *s)
{
    if (s->ipv4 && address_valid(&m->addresses, s->ipv4))
        (void)address_take(&m->addresses, s->ipv4);
    else
        d->address = SCREE_ADDRESS_NONE;
}

static struct definition *make(struct manager *m,
                               const struct scree_domain_state *s)
{
    struct definition *d = definition_new(s->name);

    if (!d) {
        calls_say(m->calls, "control: no memory to know domain %u", s->id);
        return NULL;
    }
    if (s->flags & SCREE_DOMAIN_BOOT || !tag_read(d, s->tag))
        take_stranger(m, d, s);
    take_digests(m, d, s);
    take_config(m, d, s->id);
    take_address(m, d, s);
    registry_add(m, d);
    use_objects(m, d, 1);
    return d;
}

/* A domain of the boot bundle comes back under its name; anything else that
 * has the name of a living one stays without a definition. */
static struct definition *find_or_make(struct manager *m,
                                       const struct scree_domain_state *s)
{
    struct definition *d = manager_find(m, s->name);

    if (!d)
        return make(m, s);
    if (d->flags & DEFINITION_BOOT && s->flags & SCREE_DOMAIN_BOOT &&
        d->life != LIFE_LIVE) {
        if (s->state == SCREE_DOMAIN_ENDED)
            return NULL; /* the end that is known already */
        d->restarts++;
        return d;
    }
    calls_say(m->calls, "control: domain %u has the name of another: %s", s->id,
              s->name);
    return NULL;
}

/* An earlier life of the control domain made it, and ended before it let it
 * run: nobody else would. */
static void let_run(struct manager *m, struct definition *d)
{
    if (d->state.state == SCREE_DOMAIN_PAUSED && !d->state.cpu_ns &&
        !calls_plain(m->calls, SCREE_CONTROL_resume, d->state.id))
        d->state.state = SCREE_DOMAIN_RUNNING;
}

void rebuild_domain(struct manager *m, const struct scree_domain_state *s)
{
    struct definition *d;

    if (s->id == 0 || !s->name[0])
        return;
    d = find_or_make(m, s);
    if (!d)
        return;
    d->state = *s;
    d->life = LIFE_LIVE;
    d->flags &= ~(uint32_t)(DEFINITION_READY | DEFINITION_CRASH_SAID |
                            DEFINITION_STOPPING);
    registry_bind(m, d);
    m->hooks.came(m->hooks.user, d);
    let_run(m, d);
    life_seen(m, d, &d->state);
}

static void walk(struct manager *m)
{
    struct scree_domain_state s = {.id = 0};

    for (uint32_t i = 0, from = 1; i < WALK_MOST; i++) {
        if (calls_walk(m->calls, from, &s))
            return;
        rebuild_domain(m, &s);
        from = s.id + 1;
        if (!from)
            return;
    }
}

static bool open_cell(struct manager *m)
{
    struct scree_control_cell cell = {.cpus = 0};
    int result = calls_do(m->calls, SCREE_CONTROL_cell, 0, &cell, sizeof(cell));

    if (result) {
        calls_say(m->calls, "control: no control of this cell (%d)", result);
        return false;
    }
    if (!addresses_open(&m->addresses, cell.network, cell.prefix))
        return false;
    m->addresses.gateway = cell.gateway;
    m->addresses.resolver = cell.resolver;
    return true;
}

bool manager_open(struct manager *m, const struct calls *calls,
                  const struct manager_hooks *hooks)
{
    *m = (struct manager){.calls = calls, .hooks = *hooks, .next_serial = 1};
    if (!lookup_open(&m->by_name) || !lookup_open(&m->by_domain) ||
        !open_cell(m) || !objects_open(&m->objects, calls)) {
        manager_close(m);
        return false;
    }
    walk(m);
    return true;
}

void manager_close(struct manager *m)
{
    struct definition *next;

    for (struct definition *d = m->first; d; d = next) {
        next = d->next;
        definition_delete(d);
    }
    lookup_clear(&m->by_name);
    lookup_clear(&m->by_domain);
    deadlines_free(&m->deadlines);
    if (m->addresses.part)
        addresses_close(&m->addresses);
    objects_close(&m->objects);
    m->first = m->last = m->cursor = NULL;
}
