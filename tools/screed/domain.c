/* SPDX-License-Identifier: MIT */
/* See domain.h. */
#define _GNU_SOURCE
#include "tools/screed/domain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "scree/xen.h"

#include "tools/lib/json.h"

/* ------------------------------------------------------------- look-up */

struct domain *domain_find(const struct screed *s, const char *name)
{
    const struct table *t = &s->domains.by_name;
    struct link *l = NULL;

    while ((l = table_find(t, table_hash(name), l))) {
        struct domain *d = table_item(l, struct domain, by_name);
        if (!strcmp(d->def.name, name))
            return d;
    }
    return NULL;
}

struct domain *domain_by_id(const struct screed *s, uint32_t id)
{
    struct link *l = table_find(&s->domains.by_id, id, NULL);

    return l ? table_item(l, struct domain, by_id) : NULL;
}

struct domain *domain_by_address(const struct screed *s, uint32_t address)
{
    struct link *l = table_find(&s->domains.by_address, address, NULL);

    return l ? table_item(l, struct domain, by_address) : NULL;
}

/* ------------------------------------------------------- come and go */

static void set_id(struct domain *d, uint32_t id)
{
    struct domains *all = &d->screed->domains;
    struct domain *other;

    if (d->state.domain.id == id)
        return;
    if (d->state.domain.id)
        table_remove(&all->by_id, &d->by_id);
    d->state.domain.id = 0;
    other = id ? domain_by_id(d->screed, id) : NULL;
    if (other)
        set_id(other, 0);
    d->state.domain.id = id;
    if (id)
        table_add(&all->by_id, &d->by_id, id);
}

struct domain *domain_add(struct screed *s, struct conf_domain *def)
{
    struct domain *d = must_alloc(1, sizeof(*d));
    struct domains *all = &s->domains;

    d->screed = s;
    d->def = *def;
    *def = (struct conf_domain){0};
    d->log.name = d->def.name;
    digest_parse(d->def.image, &d->image);
    if (d->def.files)
        digest_parse(d->def.files, &d->files);
    if (!all->last)
        all->last = &all->first;
    d->at = all->last;
    *all->last = d;
    all->last = &d->next;
    table_add(&all->by_name, &d->by_name, table_hash(d->def.name));
    if (d->def.address_kind == CONF_FIXED)
        table_add(&all->by_address, &d->by_address, d->def.address);
    return d;
}

void domain_remove(struct domain *d)
{
    static const struct scree_event gone = {.event = SCREE_EVENT_REMOVED};
    struct domains *all = &d->screed->domains;

    domain_tell(d, &gone);
    while (d->watches)
        domain_unwatch(d->watches);
    set_id(d, 0);
    table_remove(&all->by_name, &d->by_name);
    if (d->def.address_kind == CONF_FIXED) {
        table_remove(&all->by_address, &d->by_address);
        if (d->def.address < all->next_address)
            all->next_address = d->def.address;
    }
    *d->at = d->next;
    if (d->next)
        d->next->at = d->at;
    else
        all->last = d->at;
    journal_drop(d->screed->journal, &d->log);
    conf_domain_free(&d->def);
    free(d);
}

/* -------------------------------------------------------------- watches */

void domain_watch(struct domain *d, struct watch *w)
{
    w->domain = d;
    w->next = d->watches;
    d->watches = w;
}

/* Whoever is told may end other watches, and the domain itself: what is next
 * is kept here, where domain_unwatch() finds it. */
struct tell {
    struct tell *outer;
    struct watch *next;
};

static struct watch *next_watch(struct tell *t)
{
    struct watch *w = t->next;

    if (w)
        t->next = w->next;
    return w;
}

void domain_unwatch(struct watch *w)
{
    struct watch **at;

    if (!w->domain)
        return;
    for (struct tell *t = w->domain->screed->domains.tells; t; t = t->outer)
        if (t->next == w)
            t->next = w->next;
    at = &w->domain->watches;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    w->domain = NULL;
}

void domain_tell(struct domain *d, const struct scree_event *e)
{
    struct domains *all = &d->screed->domains;
    struct tell t = {all->tells, d->watches};

    all->tells = &t;
    for (struct watch *w; (w = next_watch(&t));)
        w->event(w, e);
    all->tells = t.outer;
}

void domain_tell_output(struct domain *d, const uint8_t *bytes, size_t n)
{
    struct domains *all = &d->screed->domains;
    struct tell t = {all->tells, d->watches};

    all->tells = &t;
    for (struct watch *w; (w = next_watch(&t));)
        if (w->output)
            w->output(w, bytes, n);
    all->tells = t.outer;
}

/* --------------------------------------------------------------- state */

/* A control domain that began anew does not know how one ended that is down. */
static void keep_end(struct scree_manage_state *state,
                     const struct scree_manage_state *old)
{
    if (state->ended || !old->ended || state->phase != SCREE_PHASE_DOWN)
        return;
    state->ended = old->ended;
    state->reason = old->reason;
    state->code = old->code;
    if (old->reason == SHUTDOWN_crash)
        state->phase = SCREE_PHASE_CRASHED;
}

void domain_set_state(struct domain *d, const struct scree_manage_state *state)
{
    uint32_t id = state->domain.id;
    struct scree_manage_state next = *state;

    set_id(d, id);
    keep_end(&next, &d->state);
    d->state = next;
    d->state.domain.id = id;
    d->in_cell = true;
}

static uint32_t phase_after(const struct domain *d, const struct scree_event *e)
{
    switch (e->event) {
    case SCREE_EVENT_CREATED:
        return SCREE_PHASE_STARTING;
    case SCREE_EVENT_READY:
        return SCREE_PHASE_READY;
    case SCREE_EVENT_BACKOFF:
    case SCREE_EVENT_REFUSED:
        return SCREE_PHASE_BACKOFF;
    case SCREE_EVENT_DOWN:
        return d->state.reason == SHUTDOWN_crash ? SCREE_PHASE_CRASHED
                                                 : SCREE_PHASE_DOWN;
    case SCREE_EVENT_PAUSED:
        return SCREE_PHASE_PAUSED;
    case SCREE_EVENT_RESUMED:
        return d->state.domain.flags & SCREE_DOMAIN_READY
                   ? SCREE_PHASE_READY
                   : SCREE_PHASE_STARTING;
    default:
        return d->state.phase;
    }
}

void domain_note(struct domain *d, const struct scree_event *e)
{
    struct scree_manage_state *s = &d->state;

    if (e->event == SCREE_EVENT_CREATED) {
        set_id(d, e->domain);
        s->restarts += s->ended > 0;
        s->domain.flags = 0;
        s->domain.state = SCREE_DOMAIN_RUNNING;
        s->domain.created_ns = e->time;
    }
    if (e->event == SCREE_EVENT_READY)
        s->domain.flags |= SCREE_DOMAIN_READY;
    if (e->event == SCREE_EVENT_ENDED) {
        s->ended++;
        s->reason = e->reason;
        s->code = e->code;
        s->domain.ended_ns = e->time;
    }
    if (e->event == SCREE_EVENT_DOWN)
        s->domain.state = SCREE_DOMAIN_ENDED;
    if (e->event == SCREE_EVENT_BACKOFF)
        s->next_ns = e->time + e->value;
    s->phase = phase_after(d, e);
}

void domain_lose(struct domain *d)
{
    set_id(d, 0);
    d->in_cell = false;
    d->state.phase = SCREE_PHASE_DOWN;
}

bool domain_is_down(const struct domain *d)
{
    if (!d->in_cell || d->state.phase == SCREE_PHASE_DOWN)
        return true;
    return d->state.phase == SCREE_PHASE_CRASHED &&
           d->state.domain.state != SCREE_DOMAIN_CRASHED;
}

const char *domain_phase(const struct domain *d)
{
    static const char *const names[] = {
        [SCREE_PHASE_DOWN] = "down",
        [SCREE_PHASE_STARTING] = "starting",
        [SCREE_PHASE_READY] = "ready",
        [SCREE_PHASE_UNHEALTHY] = "unhealthy",
        [SCREE_PHASE_PAUSED] = "paused",
        [SCREE_PHASE_STOPPING] = "stopping",
        [SCREE_PHASE_BACKOFF] = "backoff",
        [SCREE_PHASE_CRASHED] = "crashed",
    };

    if (!d->in_cell)
        return d->asked ? "starting" : "down";
    return d->state.phase < sizeof(names) / sizeof(names[0])
               ? names[d->state.phase]
               : "down";
}

const char *domain_reason(uint32_t reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        return "poweroff";
    case SHUTDOWN_reboot:
        return "reboot";
    case SHUTDOWN_suspend:
        return "suspend";
    case SHUTDOWN_crash:
        return "crash";
    case SHUTDOWN_watchdog:
        return "watchdog";
    default:
        return "killed";
    }
}

/* ------------------------------------------------- addresses and names */

static bool is_reserved(const struct screed *s, uint32_t address)
{
    const struct options *o = &s->options;
    uint32_t last = o->network + (UINT32_MAX >> o->prefix);

    if (address <= o->network || address >= last || address == o->gateway)
        return true;
    /* QEMU's own name server */
    return o->net == NET_USER && address == last - 1;
}

uint32_t domain_free_address(struct screed *s)
{
    const struct options *o = &s->options;
    uint32_t last = o->network + (UINT32_MAX >> o->prefix);
    uint32_t at = s->domains.next_address;

    if (at <= o->network)
        at = o->network + 1;
    while (at < last && (is_reserved(s, at) || domain_by_address(s, at)))
        at++;
    s->domains.next_address = at;
    return at < last ? at : 0;
}

bool domain_check_address(struct screed *s, uint32_t address, struct error *e)
{
    const struct options *o = &s->options;
    const struct domain *d = domain_by_address(s, address);

    if (is_reserved(s, address))
        return error_set(e, "bad-address",
                         "%s is not free for a domain: the cell's network is "
                         "%s/%u, its gateway %s, and its first and last "
                         "addresses are reserved",
                         address_text(address).text,
                         address_text(o->network).text, o->prefix,
                         o->gateway ? address_text(o->gateway).text : "none");
    if (d)
        return error_set(e, "address-taken", "%s is the address of domain '%s'",
                         address_text(address).text, d->def.name);
    return true;
}

static const char *const adjectives[] = {
    "agile",  "amber",  "ashen",  "bold",   "brave",  "brisk",  "calm",
    "chalky", "clear",  "crisp",  "dusty",  "eager",  "early",  "fair",
    "firm",   "frosty", "glad",   "golden", "grand",  "green",  "hardy",
    "humble", "icy",    "jolly",  "keen",   "light",  "lively", "lofty",
    "loyal",  "lucid",  "mellow", "merry",  "mild",   "misty",  "mossy",
    "neat",   "noble",  "pale",   "plain",  "polite", "proud",  "quick",
    "quiet",  "rapid",  "rocky",  "rosy",   "rusty",  "sandy",  "sharp",
    "shy",    "silent", "silver", "sleek",  "smooth", "snowy",  "solid",
    "stark",  "steep",  "sturdy", "sunny",  "swift",  "tidy",   "vivid",
    "windy"};

static const char *const nouns[] = {
    "agate",  "alder",   "anvil",  "arch",   "basin",  "beacon", "birch",
    "bluff",  "brook",   "cairn",  "canyon", "cave",   "cedar",  "chasm",
    "cliff",  "cove",    "crag",   "crest",  "delta",  "dune",   "fell",
    "fjord",  "flint",   "ford",   "garnet", "geyser", "glade",  "gneiss",
    "gorge",  "granite", "gravel", "grove",  "gully",  "heath",  "hill",
    "inlet",  "jasper",  "karst",  "knoll",  "larch",  "ledge",  "marble",
    "marsh",  "mesa",    "moor",   "notch",  "onyx",   "opal",   "peak",
    "pebble", "pine",    "pond",   "quartz", "ravine", "reef",   "ridge",
    "shale",  "shoal",   "slate",  "spring", "spruce", "summit", "talus",
    "tarn"};

#define WORDS(list) (sizeof(list) / sizeof((list)[0]))

void domain_make_name(const struct screed *s, char name[SCREE_NAME_MAX])
{
    for (unsigned tries = 0;; tries++) {
        uint32_t r[3] = {0};
        (void)!getrandom(r, sizeof(r), 0);
        if (tries < 8)
            snprintf(name, SCREE_NAME_MAX, "%s-%s",
                     adjectives[r[0] % WORDS(adjectives)],
                     nouns[r[1] % WORDS(nouns)]);
        else
            snprintf(name, SCREE_NAME_MAX, "%s-%s-%u",
                     adjectives[r[0] % WORDS(adjectives)],
                     nouns[r[1] % WORDS(nouns)], r[2] % 100000000);
        if (!domain_find(s, name))
            return;
    }
}
