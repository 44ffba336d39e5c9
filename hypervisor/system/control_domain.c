/* SPDX-License-Identifier: MIT */
/*
 * What the control domain asks about domains: see control.h.
 *
 * A domain that lives is found as by everybody (domain_find()) and stays valid
 * until this CPU's next pass. One that dies or has ended is in the cell's
 * records only, and is looked at under the cell's lock, which its release
 * takes.
 */
#include "system/control.h"

#include "base/bitmap.h"
#include "base/string.h"
#include "core/changes.h"
#include "io/console.h"
#include "io/journal.h"
#include "io/net_port.h"
#include "io/store_ring.h"
#include "system/builder.h"
#include "system/bundle.h"
#include "system/crash.h"

#define MAP_BATCH 512 /* pages mapped between two looks at others */

static const char version_text[] = "scree 1.1";

/* ------------------------------------------------------------- the cell */

static uint64_t idle_time(struct cpu *c, uint64_t now)
{
    uint64_t ns = atomic_load(&c->idle_ns);
    uint64_t since = atomic_load(&c->idle_since);

    return atomic_load(&c->idle) && now > since ? ns + now - since : ns;
}

static void fill_network(struct scree_control_cell *r,
                         const struct scree_bundle *b)
{
    r->network = b->network;
    r->prefix = b->prefix;
    r->gateway = b->gateway;
    r->resolver = b->resolver;
}

int64_t control_cell(struct control *c)
{
    struct cell *cell = c->cell;
    struct scree_control_cell *r = &c->r.cell;
    struct scree_control head = r->head;

    if (head.domain)
        return -XEN_EINVAL;
    *r = (struct scree_control_cell){
        .head = head,
        .cpus = cell->cpu_count,
        .domains = atomic_load(&cell->domain_count),
        .domain_limit = cell->domain_limit,
        .now = machine_clock(),
        .frames_total = frames_total(cell->frames),
        .frames_free = frames_free(cell->frames),
        .frames_available = frames_available(cell->frames),
        .console_lost = cell->journal ? journal_lost(cell) : 0,
    };
    fill_network(r, cell->bundle);
    for (unsigned i = 0; i < cell->cpu_count; i++)
        r->idle_ns += idle_time(&cell->cpus[i], r->now);
    string_copy(r->version, sizeof(r->version), version_text);
    return 0;
}

/* --------------------------------------------------------------- create */

int64_t control_create(struct control *c)
{
    struct scree_control_create *r = &c->r.create;
    const struct scree_domain_config *config = &r->config;
    struct blueprint b = {
        .config = config,
        .tag = r->tag,
        .image = control_image(c->cell, config->image),
        .id = DOMAIN_ID_ANY,
    };
    struct refusal no;
    struct domain *d;
    int result;

    if (r->head.domain || config->flags ||
        config->on_crash == SCREE_ON_CRASH_RESTART)
        return -XEN_EINVAL;
    if (config->module != SCREE_NO_MODULE)
        b.module = control_module(c->cell, config->module);
    no = bundle_check_config(config, b.image, b.module);
    if (no.code)
        return no.code;
    result = domain_begin(c->cell, &b, &d);
    if (result)
        return result;
    c->cell->making = d;
    *c->again = (struct continuation){
        .nr = __HYPERVISOR_scree_control,
        .cmd = SCREE_CONTROL_create,
        .list = gva(c->at),
    };
    return HC_AGAIN;
}

/* The record can be written: the call has looked, and its caller stands still.
 */
int64_t control_create_more(struct vcpu *v, struct continuation *k)
{
    struct cell *cell = v->domain->cell;
    struct domain *d = cell->making;
    int64_t result = domain_map(d, &k->done, MAP_BATCH);

    if (result == DOMAIN_MORE)
        return HC_AGAIN;
    if (!result)
        result = copy_out(v, k->list.a + offsetof(struct scree_control, domain),
                          &d->id, sizeof(d->id));
    cell->making = NULL;
    if (result)
        domain_take_apart(d);
    else
        domain_admit(d);
    return result;
}

void control_abandon(struct cell *cell)
{
    if (cell->making)
        domain_take_apart(cell->making);
    cell->making = NULL;
}

/* --------------------------------------------------------- one domain */

/* The live domain that the record names, but not the caller: 0, -XEN_ESRCH, or
 * -XEN_EINVAL: it dies or has ended. */
static int find(const struct control *c, struct domain **d)
{
    uint32_t id = c->r.head.domain;
    bool known;

    if (id == 0)
        return -XEN_EINVAL;
    *d = domain_find(c->cell, id);
    if (*d)
        return 0;
    lock_take(&c->cell->lock);
    known = id < c->cell->domain_limit && c->cell->records[id];
    lock_release(&c->cell->lock);
    return known ? -XEN_EINVAL : -XEN_ESRCH;
}

int64_t control_resume(struct control *c)
{
    struct domain *d;
    int result = find(c, &d);

    return result ? result : domain_resume(d);
}

int64_t control_pause(struct control *c)
{
    struct domain *d;
    int result = find(c, &d);

    return result ? result : domain_pause(d);
}

int64_t control_kill(struct control *c)
{
    struct domain *d;
    int result = find(c, &d);

    if (!result)
        crash_end(d, SCREE_END_KILLED);
    return result;
}

int64_t control_shutdown(struct control *c)
{
    const struct scree_control_shutdown *r = &c->r.shutdown;
    struct domain *d;
    int result = find(c, &d);

    if (result)
        return result;
    if ((r->reason != SHUTDOWN_poweroff && r->reason != SHUTDOWN_reboot) ||
        r->reserved || domain_state(d) >= DOMAIN_CRASHED)
        return -XEN_EINVAL;
    __atomic_store_n(&d->info->shutdown, r->reason + 1, __ATOMIC_RELEASE);
    event_raise(d, SCREE_PORT_CONTROL);
    return 0;
}

int64_t control_collect(struct control *c)
{
    uint32_t id = c->r.head.domain;
    struct domain *d = NULL;
    bool ended;

    if (id == 0)
        return -XEN_EINVAL;
    lock_take(&c->cell->lock);
    if (id < c->cell->domain_limit)
        d = c->cell->records[id];
    ended = d && domain_state(d) == DOMAIN_ENDED && !d->returns;
    lock_release(&c->cell->lock);
    if (!d)
        return -XEN_ESRCH;
    if (!ended)
        return -XEN_EBUSY;
    domain_free(d); /* nobody else does that to one that has ended */
    return 0;
}

int64_t control_set(struct control *c)
{
    const struct scree_control_set *r = &c->r.set;
    struct domain *d = domain_find(c->cell, r->head.domain);

    if (r->what == 0 ||
        r->what & ~(uint32_t)(SCREE_SET_WEIGHT | SCREE_SET_NET_RATE))
        return -XEN_EINVAL;
    if (r->what & SCREE_SET_WEIGHT &&
        (r->weight == 0 || r->weight > UINT16_MAX))
        return -XEN_EINVAL;
    if (!d) {
        int result = find(c, &d);

        return result ? result : -XEN_ESRCH;
    }
    if (r->what & SCREE_SET_WEIGHT)
        sched_set_weight(&d->vcpu, r->weight);
    if (r->what & SCREE_SET_NET_RATE)
        net_port_set_rate(d, r->net_rate);
    return 0;
}

/* ------------------------------------------------------------------ get */

/* Who is just ending still runs, until it is known why: its change is yet to
 * be told of. */
static uint32_t state_number(struct domain *d)
{
    enum domain_state state = domain_state(d);

    if (state >= DOMAIN_CRASHED && !atomic_load(&d->ended_ns))
        return SCREE_DOMAIN_RUNNING;
    switch (state) {
    case DOMAIN_PAUSED:
        return SCREE_DOMAIN_PAUSED;
    case DOMAIN_CRASHED:
        return SCREE_DOMAIN_CRASHED;
    case DOMAIN_DYING:
        return SCREE_DOMAIN_DYING;
    case DOMAIN_ENDED:
        return SCREE_DOMAIN_ENDED;
    default:
        return SCREE_DOMAIN_RUNNING;
    }
}

static void fill_identity(struct domain *d, struct scree_domain_state *s)
{
    uint32_t shutdown = atomic_load(&d->shutdown);

    s->id = d->id;
    s->state = state_number(d);
    s->reason = shutdown & 0xff;
    s->code = shutdown >> 8;
    s->image = d->image_handle;
    s->module = d->module_handle;
    s->ipv4 = d->info->ipv4;
    s->group = d->group;
    s->created_ns = d->created_ns;
    s->ended_ns = atomic_load(&d->ended_ns);
    memcpy(s->mac, d->info->mac, sizeof(s->mac));
    string_copy(s->name, sizeof(s->name), domain_name(d));
    memcpy(s->tag, d->tag, sizeof(s->tag));
}

/* When the first of its watchdogs bites, or 0. */
static uint64_t watchdog_deadline(struct domain *d)
{
    uint64_t first = UINT64_MAX;

    if (domain_state(d) >= DOMAIN_CRASHED)
        return 0;
    lock_take(&d->lock);
    for (unsigned i = 0; i < DOMAIN_WATCHDOGS; i++) {
        struct watchdog *w = &d->watchdogs[i];
        uint64_t at = timer_deadline(d->vcpu.cpu, &w->timer);

        if (w->left)
            at = machine_clock() + w->left;
        first = min_u64(first, at);
    }
    lock_release(&d->lock);
    return first == UINT64_MAX ? 0 : first;
}

static void fill_use(struct domain *d, struct scree_domain_state *s)
{
    struct sched_use use = sched_use(&d->vcpu);

    s->weight = use.weight;
    s->cpu_ns = use.run_ns;
    s->wakeups = use.wakeups;
    s->hypercalls = vcpu_hypercalls(&d->vcpu);
    s->watchdog_ns = watchdog_deadline(d);
    s->watchdog_s = s->watchdog_ns ? atomic_load(&d->watchdog_s) : 0;
    s->frames = frame_drawn(d->cell->frames, &d->quota);
    s->console_lost = console_lost(d);
    lock_take(&d->lock);
    s->memory = d->memory << PAGE_SHIFT;
    s->net_rate = d->net_rate;
    lock_release(&d->lock);
}

static void fill_net(struct domain *d, struct scree_domain_state *s)
{
    struct net_counters n;

    net_port_counters(d, &n);
    s->sent_frames = n.sent_frames;
    s->sent_bytes = n.sent_bytes;
    s->received_frames = n.received_frames;
    s->received_bytes = n.received_bytes;
    for (unsigned i = 0; i < NET_DROPS; i++)
        s->net_drops += n.drops[i];
}

static void fill_flags(struct domain *d, struct scree_domain_state *s)
{
    if (atomic_load(&d->vcpu.ready))
        s->flags |= SCREE_DOMAIN_READY;
    if (s->watchdog_ns)
        s->flags |= SCREE_DOMAIN_WATCHDOG;
    if (store_ring_open(d))
        s->flags |= SCREE_DOMAIN_STORE;
    if (d->boot)
        s->flags |= SCREE_DOMAIN_BOOT;
}

/* The first that is recorded from id `from` on. The cell's lock is held. */
static struct domain *record_from(const struct cell *cell, uint64_t from)
{
    uint64_t limit = cell->domain_limit;

    for (uint64_t id = bitmap_next(cell->taken, limit, from); id != BITMAP_NONE;
         id = bitmap_next(cell->taken, limit, id + 1)) {
        if (cell->records[id])
            return cell->records[id];
    }
    return NULL;
}

int64_t control_get(struct control *c)
{
    struct scree_domain_state *s = &c->r.get.state;
    struct domain *d;

    memset(s, 0, sizeof(*s));
    lock_take(&c->cell->lock);
    d = record_from(c->cell, c->r.head.domain);
    if (d) {
        fill_identity(d, s);
        fill_use(d, s);
        fill_net(d, s);
        fill_flags(d, s);
    }
    lock_release(&c->cell->lock);
    return d ? 0 : -XEN_ESRCH;
}

/* --------------------------------------------------------------- config */

static void fill_config(struct domain *d, struct scree_domain_config *r)
{
    *r = (struct scree_domain_config){
        .size = sizeof(*r),
        .image = d->image_handle,
        .module = d->module_handle,
        .on_crash = d->on_crash,
        .memory = d->memory_max << PAGE_SHIFT,
        .weight = sched_use(&d->vcpu).weight,
        .group = d->group,
        .ipv4 = d->info->ipv4,
        .flags = d->id ? 0 : SCREE_CONFIG_CONTROL,
    };
    string_copy(r->name, sizeof(r->name), domain_name(d));
    string_copy(r->cmdline, sizeof(r->cmdline), d->info->cmdline);
    lock_take(&d->lock);
    r->net_rate = d->net_rate;
    lock_release(&d->lock);
}

int64_t control_config(struct control *c)
{
    struct scree_control_create *r = &c->r.create;
    uint32_t id = r->head.domain;
    struct domain *d = NULL;

    lock_take(&c->cell->lock);
    if (id < c->cell->domain_limit)
        d = c->cell->records[id];
    if (d) {
        fill_config(d, &r->config);
        memcpy(r->tag, d->tag, sizeof(r->tag));
    }
    lock_release(&c->cell->lock);
    return d ? 0 : -XEN_ESRCH;
}

/* ----------------------------------------------------------------- next */

int64_t control_next(struct control *c)
{
    struct scree_control_next *r = &c->r.next;

    if (r->head.domain)
        return -XEN_EINVAL;
    r->reserved = 0;
    return change_next(c->cell, &r->head.domain, &r->happened) ? 0
                                                               : -XEN_ENOENT;
}
