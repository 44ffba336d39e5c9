/* SPDX-License-Identifier: MIT */
/* See managed.h. */
#include "managed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void on_event(void *user, const struct scree_event *e)
{
    struct managed *w = user;

    w->events[w->event_count++ % MANAGED_EVENTS] = *e;
}

static void on_came(void *user, struct definition *d)
{
    CU_ASSERT(d->state.id != 0);
    ((struct managed *)user)->came++;
}

static void on_went(void *user, struct definition *d)
{
    CU_ASSERT(d->life != LIFE_LIVE);
    ((struct managed *)user)->went++;
}

static void on_down(void *user, struct definition *d)
{
    CU_ASSERT(d->life == LIFE_DOWN);
    ((struct managed *)user)->down++;
}

static void open_manager(struct managed *w)
{
    const struct manager_hooks hooks = {on_event, on_came, on_went, on_down, w};

    CU_ASSERT_FATAL(manager_open(&w->m, &w->cell->calls, &hooks));
}

struct managed *managed_make(void)
{
    struct managed *w = calloc(1, sizeof(*w));

    w->cell = fake_cell_make();
    fake_object_add(w->cell, SCREE_OBJECT_IMAGE, 0x11);
    fake_object_add(w->cell, SCREE_OBJECT_MODULE, 0x22);
    open_manager(w);
    return w;
}

void managed_free(struct managed *w)
{
    manager_close(&w->m);
    fake_cell_free(w->cell);
    free(w);
}

void managed_restart(struct managed *w)
{
    manager_close(&w->m);
    w->event_count = w->came = w->went = w->down = 0;
    fake_restart(w->cell);
    open_manager(w);
}

void managed_settle(struct managed *w)
{
    struct scree_control_next n = {.happened = 0};

    do {
        while (!calls_do(&w->cell->calls, SCREE_CONTROL_next, 0, &n, sizeof(n)))
            manager_changed(&w->m, n.head.domain);
        manager_due(&w->m, 100);
    } while (w->cell->queue_count);
}

void managed_wait(struct managed *w, uint64_t ns)
{
    w->cell->now += ns;
    managed_settle(w);
}

struct scree_manage_run managed_request(const char *name)
{
    struct scree_manage_run r = {
        .config =
            {
                .size = sizeof(r.config),
                .memory = 1 << 20,
                .weight = 256,
            },
    };

    snprintf(r.config.name, SCREE_NAME_MAX, "%s", name);
    memset(r.image, 0x11, sizeof(r.image));
    return r;
}

struct definition *managed_run(struct managed *w,
                               const struct scree_manage_run *r)
{
    struct definition *d = NULL;

    memset(&w->why, 0, sizeof(w->why));
    if (!manager_run(&w->m, r, &d, &w->why)) {
        CU_ASSERT_EQUAL(w->why.error, 0);
        CU_ASSERT_EQUAL(w->why.text[0], '\0');
        return d;
    }
    CU_ASSERT_NOT_EQUAL(w->why.error, 0);
    CU_ASSERT_NOT_EQUAL(w->why.text[0], '\0');
    return NULL;
}

struct definition *managed_run_named(struct managed *w, const char *name,
                                     uint32_t restart)
{
    struct scree_manage_run r = managed_request(name);
    struct definition *d;

    r.restart = restart;
    d = managed_run(w, &r);
    CU_ASSERT_FATAL(d != NULL);
    return d;
}

void managed_end(struct managed *w, const struct definition *d, uint32_t reason,
                 uint32_t code)
{
    fake_end(w->cell, d->state.id, reason, code);
    managed_settle(w);
}

uint32_t managed_phase(struct managed *w, const char *name)
{
    struct definition *d = manager_find(&w->m, name);

    if (!d)
        return UINT32_MAX;
    manager_refresh(&w->m, d);
    return definition_phase(d, w->cell->now);
}

unsigned managed_said(const struct managed *w, uint32_t event)
{
    unsigned n = 0;

    for (unsigned i = 0; i < w->event_count && i < MANAGED_EVENTS; i++)
        n += w->events[i].event == event;
    return n;
}
