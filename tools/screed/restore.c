/* SPDX-License-Identifier: MIT */
/* See restore.h. */
#define _GNU_SOURCE
#include "tools/screed/restore.h"

#include <stdlib.h>
#include <string.h>

#include "tools/lib/json.h"
#include "tools/screed/cell.h"
#include "tools/screed/definition.h"
#include "tools/screed/domain.h"
#include "tools/screed/events.h"
#include "tools/screed/objects.h"
#include "tools/screed/state.h"

/* All that are made again after one SYNC. */
struct restoring {
    struct screed *screed;
    bool new_life;
    unsigned count; /* under way */
};

/* One domain that is being made again: its image, its files, RUN. */
struct restore {
    struct restoring *all;
    struct screed *screed;
    char name[SCREE_NAME_MAX];
    unsigned waiting; /* objects that are not there yet */
    uint32_t flags;
    bool failed;
};

static void restored(struct restore *r)
{
    struct restoring *all = r->all;

    free(r);
    if (--all->count)
        return;
    cell_note(all->screed, "restored", NULL);
    free(all);
}

static void refused(const struct restore *r, const struct error *e)
{
    cJSON *more = cJSON_CreateObject();

    json_put_text(more, "why", e->text);
    screed_log(r->screed, "domain '%s' is not made again: %s", r->name,
               e->text);
    events_add(r->screed->events, "refused", r->name, screed_now(), more);
}

static void on_run(void *context, const struct error *e, const void *answer,
                   size_t n)
{
    struct restore *r = context;
    struct domain *d = domain_find(r->screed, r->name);
    struct scree_manage_state state;

    if (e)
        refused(r, e);
    if (d)
        d->asked = false;
    if (d && !e && n >= sizeof(state)) {
        memcpy(&state, answer, sizeof(state));
        domain_set_state(d, &state);
        d->seen = true;
    }
    restored(r);
}

static void on_object(void *context, const struct error *e)
{
    struct restore *r = context;
    struct domain *d = domain_find(r->screed, r->name);
    struct scree_manage_run run;

    if (e && !r->failed)
        refused(r, e);
    r->failed |= e || !d;
    if (--r->waiting)
        return;
    if (r->failed) {
        if (d)
            d->asked = false;
        restored(r);
        return;
    }
    run = definition_record(d, r->flags);
    channel_request(r->screed->channel, SCREE_MANAGE_RUN, reply_to(on_run, r),
                    &run, sizeof(run));
}

static void restore(struct restoring *all, struct domain *d, uint32_t flags)
{
    struct screed *s = d->screed;
    struct restore *r = must_alloc(1, sizeof(*r));
    struct digest files = d->files;

    r->screed = s;
    r->flags = flags;
    r->waiting = digest_is_none(&files) ? 1 : 2;
    memcpy(r->name, d->def.name, sizeof(r->name));
    d->asked = !(flags & SCREE_RUN_DEFINE);
    r->all = all;
    all->count++;
    if (!digest_is_none(&files))
        objects_need(s->objects, &files, on_object, r);
    objects_need(s->objects, &d->image, on_object, r);
}

/* `always` is stronger than a stop, but only in another life of the cell. */
static bool comes_back(const struct restoring *all, const struct domain *d)
{
    if (d->def.restart == SCREE_RESTART_ALWAYS && all->new_life)
        return true;
    return d->def.restart != SCREE_RESTART_NO && !d->def.stopped;
}

static void come_back(struct restoring *all, struct domain *d)
{
    if (d->def.stopped) {
        d->def.stopped = false;
        state_put(d->screed->state, d);
    }
    restore(all, d, SCREE_RUN_ADOPT);
}

/* Every definition is given to domain 0 with ADOPT: it takes the policy of
 * those that it has, and makes those that it lacks. */
static void restore_one(struct restoring *all, struct domain *d)
{
    if (d->op)
        return; /* whoever works on it goes on by itself */
    if (d->seen)
        restore(all, d,
                SCREE_RUN_ADOPT | (domain_is_down(d) ? SCREE_RUN_DEFINE : 0));
    else if (comes_back(all, d))
        come_back(all, d);
    else if (d->def.remove)
        cell_forget_domain(d);
    else
        restore(all, d, SCREE_RUN_ADOPT | SCREE_RUN_DEFINE);
}

void restore_all(struct screed *s, bool new_life)
{
    struct restoring *all = must_alloc(1, sizeof(*all));
    struct domain *next;

    *all = (struct restoring){s, new_life, 1};
    for (struct domain *d = s->domains.first; d; d = next) {
        next = d->next;
        restore_one(all, d);
    }
    if (--all->count)
        return;
    cell_note(s, "restored", NULL);
    free(all);
}
