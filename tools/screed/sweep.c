/* SPDX-License-Identifier: MIT */
/* See sweep.h. Requests for all domains that come while one is answered wait
 * together for the next one. */
#include "tools/screed/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "tools/screed/cell.h"
#include "tools/screed/domain.h"
#include "tools/screed/state.h"

#define STRANGERS 32

struct waiter {
    struct waiter *next;
    sweep_done *done;
    void *context;
};

struct sweep {
    struct screed *screed;
    bool under_way, adopting;
    unsigned strangers;        /* who are being ended */
    struct waiter *now, *next; /* for this sweep, for the next one */
};

struct one {
    struct screed *screed;
    sweep_done *done;
    void *context;
};

static void wait_for(struct waiter **list, sweep_done *done, void *context)
{
    struct waiter *w;

    if (!done)
        return;
    w = must_alloc(1, sizeof(*w));
    *w = (struct waiter){*list, done, context};
    *list = w;
}

/* What was made without screed's knowledge: all that the cell says of it. */
static void adopt_unknown(struct screed *s,
                          const struct scree_manage_state *state)
{
    struct conf_domain def;
    struct digest d;
    char text[DIGEST_ROOM];

    conf_domain_init(&def, state->domain.name);
    memcpy(d.bytes, state->image, sizeof(d.bytes));
    digest_text(&d, text);
    def.image = must_copy(text, sizeof(text) - 1);
    memcpy(d.bytes, state->files, sizeof(d.bytes));
    digest_text(&d, text);
    if (!digest_is_none(&d))
        def.files = must_copy(text, sizeof(text) - 1);
    def.memory = state->domain.memory;
    def.weight = state->domain.weight ? state->domain.weight : 1;
    def.group = state->domain.group;
    def.net_rate = state->domain.net_rate;
    def.restart = state->restart;
    def.retries = state->retries;
    def.address = state->domain.ipv4;
    def.address_kind = def.address && !domain_by_address(s, def.address)
                           ? CONF_FIXED
                           : CONF_NONE;
    state_put(s->state, cell_define(s, &def));
}

static void on_ended(void *context, const struct error *e, const void *answer,
                     size_t n)
{
    struct sweep *w = context;

    (void)e;
    (void)answer;
    (void)n;
    w->strangers--;
}

/* Those beyond a few under way wait for the next sweep: a control domain that
 * makes them up shall not fill the queue. */
void sweep_end_stranger(struct screed *s, const char *name, bool down)
{
    struct scree_manage_name n = {0};

    if (s->sweep->strangers == STRANGERS)
        return;
    s->sweep->strangers++;
    screed_log(s, "domain '%s' is nobody's: %s", name,
               down ? "removed" : "killed");
    memcpy(n.name, name, strnlen(name, sizeof(n.name) - 1));
    channel_request(s->channel, down ? SCREE_MANAGE_REMOVE : SCREE_MANAGE_KILL,
                    reply_to(on_ended, s->sweep), &n, sizeof(n));
}

static bool is_down(const struct scree_manage_state *state)
{
    return state->phase == SCREE_PHASE_DOWN ||
           (state->phase == SCREE_PHASE_CRASHED &&
            state->domain.state != SCREE_DOMAIN_CRASHED);
}

static void take_state(struct sweep *w, struct scree_manage_state *state)
{
    struct screed *s = w->screed;
    struct domain *d;

    state->domain.name[SCREE_NAME_MAX - 1] = '\0';
    if (!value_name(state->domain.name, SCREE_NAME_MAX))
        return;
    d = domain_find(s, state->domain.name);
    if (!d && w->adopting) {
        adopt_unknown(s, state);
        d = domain_find(s, state->domain.name);
    }
    if (!d) {
        sweep_end_stranger(s, state->domain.name, is_down(state));
        return;
    }
    domain_set_state(d, state);
    d->seen = true;
}

/* Its end was said in an event that was lost. */
static void end_unseen(struct screed *s)
{
    struct domain *next;

    for (struct domain *d = s->domains.first; d; d = next) {
        next = d->next;
        if (d->seen || !d->in_cell || d->op || d->asked)
            continue;
        if (d->def.remove)
            cell_forget_domain(d);
        else
            domain_lose(d);
    }
}

static void begin(struct sweep *w);

static void finish(struct sweep *w, const struct error *e)
{
    struct waiter *list = w->now;

    if (!e && !w->adopting)
        end_unseen(w->screed);
    w->now = NULL;
    w->under_way = w->adopting = false;
    while (list) {
        struct waiter *next = list->next;
        list->done(list->context, e);
        free(list);
        list = next;
    }
    if (w->next && !w->under_way)
        begin(w);
}

static void ask(struct sweep *w, uint32_t from);

static void on_list(void *context, const struct error *e, const void *answer,
                    size_t n)
{
    struct sweep *w = context;
    struct scree_manage_state state;
    size_t count = n / sizeof(state);

    if (e || !count) {
        finish(w, e);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(&state, (const char *)answer + i * sizeof(state), sizeof(state));
        take_state(w, &state);
    }
    if (count < SCREE_LIST_MAX || state.serial == UINT32_MAX)
        finish(w, NULL);
    else
        ask(w, state.serial + 1);
}

static void ask(struct sweep *w, uint32_t from)
{
    struct scree_manage_list l = {.from = from};

    channel_request(w->screed->channel, SCREE_MANAGE_LIST, reply_to(on_list, w),
                    &l, sizeof(l));
}

static void begin(struct sweep *w)
{
    w->now = w->next;
    w->next = NULL;
    w->under_way = true;
    for (struct domain *d = w->screed->domains.first; d; d = d->next)
        d->seen = false;
    ask(w, 0);
}

void sweep_all(struct screed *s, sweep_done *done, void *context)
{
    wait_for(&s->sweep->next, done, context);
    if (!s->sweep->under_way)
        begin(s->sweep);
}

void sweep_adopt(struct screed *s, sweep_done *done, void *context)
{
    s->sweep->adopting = true;
    sweep_all(s, done, context);
}

/* ------------------------------------------------------------- only one */

static void on_one(void *context, const struct error *e, const void *answer,
                   size_t n)
{
    struct one *o = context;
    struct scree_manage_state state;

    if (!e && n >= sizeof(state)) {
        memcpy(&state, answer, sizeof(state));
        take_state(o->screed->sweep, &state);
    }
    o->done(o->context, e);
    free(o);
}

void sweep_one(struct screed *s, const char *name, sweep_done *done,
               void *context)
{
    struct scree_manage_list l = {0};
    struct one *o = must_alloc(1, sizeof(*o));

    *o = (struct one){s, done, context};
    memcpy(l.name, name, strnlen(name, sizeof(l.name) - 1));
    channel_request(s->channel, SCREE_MANAGE_LIST, reply_to(on_one, o), &l,
                    sizeof(l));
}

struct sweep *sweep_new(struct screed *s)
{
    struct sweep *w = must_alloc(1, sizeof(*w));

    w->screed = s;
    return w;
}

void sweep_free(struct sweep *w)
{
    free(w);
}
