/* SPDX-License-Identifier: MIT */
/* See domain0.h. */
#include "control/domain0.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/peers.h"
#include "control/frames.h"
#include "control/manager.h"
#include "control/nodes.h"
#include "control/requests.h"
#include "control/typed.h"

#define CHANGES_MOST    256        /* of `next` in one pass */
#define CHANGES_TIME    5000000ull /* ns: begins no more after it */
#define DUE_MOST        64
/* More than the hypervisor keeps of consoles. */
#define CONSOLE_BATCHES 8
#define PATIENCE        200000000ull /* ns */

struct domain0 {
    const struct calls *calls;
    struct domain0_options options;
    struct manager manager;
    struct store *store;
    struct store_calls store_calls;
    struct peers peers;
    struct nodes nodes;
    struct typed typed;
    /* the channel */
    struct queue channel;
    struct frame_reader reader;
    bool synced;
    bool hello;           /* SYNCED with nonce 0 is due */
    uint64_t events_lost; /* not said yet */
    size_t in_at, in_size;
    uint64_t patience; /* until when consoles are waited for, or 0 */
    bool more;         /* they print and print */
    bool crash;
    struct definition *asked; /* whose control/shutdown has changed */
    struct answer answer;
    _Alignas(8) uint8_t in[SCREE_TRANSFER_MAX];
    _Alignas(8) uint8_t console[SCREE_TRANSFER_MAX];
};

/* -------------------------------------------------------- the manager's */

static bool consoles(struct domain0 *z);

/* It may have printed after consoles_first(): all of it is there by now. */
static void on_event(void *user, const struct scree_event *e)
{
    struct domain0 *z = user;

    if (!z->synced)
        return;
    if (e->event == SCREE_EVENT_ENDED)
        (void)consoles(z);
    if (!frame_add(&z->channel, SCREE_FRAME_EVENT, e->domain, e, sizeof(*e)))
        z->events_lost++;
}

static void on_came(void *user, struct definition *d)
{
    struct domain0 *z = user;

    nodes_came(&z->nodes, d);
    nodes_name(&z->nodes, d);
}

/* Its domain has gone before it was asked. */
static void forget_asked(struct domain0 *z, struct definition *d)
{
    struct definition **at = &z->asked;

    if (!d->asked)
        return;
    while (*at != d)
        at = &(*at)->next_asked;
    *at = d->next_asked;
    d->asked = false;
}

static void on_went(void *user, struct definition *d)
{
    struct domain0 *z = user;

    forget_asked(z, d);
    typed_forget(&z->typed, d->state.id);
    peer_ring_gone(&z->peers, d->state.id);
    nodes_went(&z->nodes, d);
}

static void on_down(void *user, struct definition *d)
{
    struct domain0 *z = user;

    nodes_forget_name(&z->nodes, d);
}

/* ---------------------------------------------------------- the store's */

static bool is_living(struct domain0 *z, uint32_t domid)
{
    return domid == 0 || manager_by_domain(&z->manager, domid);
}

/* Rings are made by their domains: there is nothing left to introduce. */
static int on_introduce(void *user, uint32_t domid, uint64_t mfn, uint32_t port)
{
    (void)mfn;
    (void)port;
    return is_living(user, domid) ? 0 : XEN_EINVAL;
}

static int on_resume(void *user, uint32_t domid)
{
    return is_living(user, domid) ? 0 : XEN_EINVAL;
}

static bool on_is_introduced(void *user, uint32_t domid)
{
    return is_living(user, domid);
}

/* Of the store, and of the control domain itself: the frames it has drawn. */
static int tell_counts(struct domain0 *z, char *answer, size_t size)
{
    struct scree_domain_state self = {.frames = 0};
    struct store_counts c;

    store_count(z->store, &c);
    (void)calls_state(z->calls, 0, &self);
    snprintf(answer, size,
             "nodes %lu bytes %lu watches %lu transactions %lu "
             "connections %lu requests %lu conflicts %lu events %lu "
             "refused %lu frames %lu",
             (unsigned long)c.nodes, (unsigned long)c.bytes,
             (unsigned long)c.watches, (unsigned long)c.transactions,
             (unsigned long)c.connections, (unsigned long)c.requests,
             (unsigned long)c.conflicts, (unsigned long)c.events,
             (unsigned long)c.refused, (unsigned long)self.frames);
    return 0;
}

/* crash: for tests, and for whoever wants the control domain to start anew. */
static int on_control(void *user, const char *const *words, unsigned count,
                      char *answer, size_t size)
{
    struct domain0 *z = user;

    snprintf(answer, size, "OK");
    if (!count)
        return XEN_EINVAL;
    if (!strcmp(words[0], "memreport") || !strcmp(words[0], "stats"))
        return tell_counts(z, answer, size);
    if (!strcmp(words[0], "print")) {
        calls_say(z->calls, "store: %.150s", count > 1 ? words[1] : "");
        return 0;
    }
    if (!strcmp(words[0], "crash")) {
        z->crash = true;
        return 0;
    }
    if (strcmp(words[0], "help"))
        return XEN_EINVAL;
    snprintf(answer, size, "crash help memreport print quota stats");
    return 0;
}

/* The store may not be called from here: see asked(). */
static void on_changed(void *user, const char *path)
{
    struct domain0 *z = user;
    struct definition *d;
    uint32_t domain;

    if (!nodes_is_shutdown(path, &domain))
        return;
    d = manager_by_domain(&z->manager, domain);
    if (!d || d->asked)
        return;
    d->asked = true;
    d->next_asked = z->asked;
    z->asked = d;
}

/* Who was told in control/shutdown to end is asked to. */
static void asked(struct domain0 *z)
{
    while (z->asked) {
        struct definition *d = z->asked;
        int reason = nodes_shutdown_reason(&z->nodes, d->state.id);

        z->asked = d->next_asked;
        d->asked = false;
        if (reason >= 0)
            (void)manager_shutdown(&z->manager, d, (uint32_t)reason);
    }
}

/* --------------------------------------------------------- the channel */

static void send_synced(struct domain0 *z, uint64_t nonce)
{
    struct scree_sync s = {
        .nonce = nonce,
        .version = SCREE_CHANNEL_VERSION,
        .life = z->options.life,
        .cell_life = z->options.cell_life,
    };
    uint8_t *zeros = queue_extend(&z->channel, SCREE_FRAME_MAX);

    if (zeros) {
        memset(zeros, 0, SCREE_FRAME_MAX);
        queue_grow(&z->channel, SCREE_FRAME_MAX);
    }
    (void)frame_add(&z->channel, SCREE_FRAME_SYNCED, 0, &s, sizeof(s));
}

/* Everything of an earlier connection is forgotten. */
static void on_sync(struct domain0 *z, const struct frame *f)
{
    struct scree_sync s;

    if (f->length != sizeof(s))
        return;
    memcpy(&s, f->payload, sizeof(s));
    peers_host_forget(&z->peers);
    objects_drop_open(&z->manager.objects);
    queue_clear(&z->channel);
    z->events_lost = 0;
    z->hello = false;
    z->synced = true;
    send_synced(z, s.nonce);
}

static void on_request(struct domain0 *z, const struct frame *f)
{
    struct answer *a = &z->answer;

    request_answer(&z->manager, f->payload, f->length, a);
    (void)frame_add(&z->channel, SCREE_FRAME_REPLY, f->tag, a,
                    sizeof(a->reply) + a->size);
}

static void on_frame(struct domain0 *z, const struct frame *f)
{
    if (f->type == SCREE_FRAME_SYNC) {
        on_sync(z, f);
        return;
    }
    if (!z->synced) {
        z->hello = true;
        return;
    }
    switch (f->type) {
    case SCREE_FRAME_REQUEST:
        on_request(z, f);
        break;
    case SCREE_FRAME_INPUT:
        typed_put(&z->typed, f->tag, f->payload, f->length);
        break;
    case SCREE_FRAME_STORE_OPEN:
        peer_host_open(&z->peers, f->tag);
        break;
    case SCREE_FRAME_STORE:
        peer_host_input(&z->peers, f->tag, f->payload, f->length);
        break;
    case SCREE_FRAME_STORE_CLOSE:
        peer_host_close(&z->peers, f->tag);
        break;
    default:
        break; /* of the cell's own kinds */
    }
}

static bool refill(struct domain0 *z)
{
    int n = calls_transfer(z->calls, SCREE_CONTROL_channel_take, 0, z->in,
                           sizeof(z->in));

    z->in_at = 0;
    z->in_size = n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* One batch; no frame is begun while the host has much to take. */
static bool channel_in(struct domain0 *z)
{
    if (peers_busy(&z->peers) || (z->in_at == z->in_size && !refill(z)))
        return false;
    while (!peers_busy(&z->peers)) {
        const uint8_t *from = z->in + z->in_at;
        size_t n = z->in_size - z->in_at;
        struct frame f;
        bool whole = frame_next(&z->reader, &from, &n, &f);

        z->in_at = z->in_size - n;
        if (!whole)
            return true;
        on_frame(z, &f);
    }
    return false; /* on when there is room */
}

static void say_lost(struct domain0 *z)
{
    struct scree_event e = {
        .event = SCREE_EVENT_LOST,
        .time = calls_now(z->calls),
        .value = z->events_lost,
    };

    if (z->events_lost &&
        frame_add(&z->channel, SCREE_FRAME_EVENT, 0, &e, sizeof(e)))
        z->events_lost = 0;
}

static void channel_out(struct domain0 *z)
{
    int n = 1;

    if (z->hello)
        send_synced(z, 0);
    z->hello = false;
    say_lost(z);
    while (z->channel.size && n > 0) {
        n = calls_transfer(z->calls, SCREE_CONTROL_channel_put, 0,
                           z->channel.bytes + z->channel.start,
                           z->channel.size);
        if (n > 0)
            queue_drop(&z->channel, (size_t)n);
    }
    if (n == -XEN_ENODEV)
        queue_clear(&z->channel);
}

/* ---------------------------------------------------------- consoles */

static void console_record(struct domain0 *z,
                           const struct scree_console_record *r,
                           const uint8_t *bytes)
{
    uint8_t *to = frame_begin(&z->channel, sizeof(r->time) + r->length);

    if (!to)
        return;
    memcpy(to, &r->time, sizeof(r->time));
    memcpy(to + sizeof(r->time), bytes, r->length);
    frame_send(&z->channel, SCREE_FRAME_CONSOLE, r->domain,
               sizeof(r->time) + r->length);
}

#define CONSOLE_MOST (SCREE_FRAME_PAYLOAD - sizeof(uint64_t))

/* Takes one batch; false: there was none. */
static bool console_batch(struct domain0 *z)
{
    struct scree_console_record r;
    size_t at = 0, size;
    int n;

    n = calls_transfer(z->calls, SCREE_CONTROL_console_take, 0, z->console,
                       sizeof(z->console));
    size = n > 0 ? (size_t)n : 0;
    while (size - at >= sizeof(r)) {
        memcpy(&r, z->console + at, sizeof(r));
        at += sizeof(r);
        if (!r.length || r.length > CONSOLE_MOST || r.length > size - at)
            break;
        console_record(z, &r, z->console + at);
        at += (r.length + 7) & ~(size_t)7;
        if (at > size)
            break;
    }
    return size > 0;
}

/* All that was printed before now, if the host takes it. false: it does not. */
static bool consoles(struct domain0 *z)
{
    for (unsigned i = 0; i < CONSOLE_BATCHES && z->synced; i++) {
        if (channel_busy(&z->channel))
            channel_out(z);
        if (channel_busy(&z->channel))
            return false;
        if (!console_batch(z))
            return true;
        z->more = i + 1 == CONSOLE_BATCHES;
    }
    return true;
}

/* What a domain printed goes out before its end is seen and said. While the
 * host takes nothing that is waited for, but not for long. Until when. */
static uint64_t consoles_first(struct domain0 *z)
{
    uint64_t now = calls_now(z->calls);

    z->more = false;
    if (consoles(z))
        z->patience = 0;
    else if (!z->patience)
        z->patience = now + PATIENCE;
    return z->patience > now ? z->patience : 0;
}

/* --------------------------------------------------------------- passes */

static bool changes(struct domain0 *z)
{
    uint64_t end = calls_now(z->calls) + CHANGES_TIME;

    for (unsigned i = 0; i < CHANGES_MOST && calls_now(z->calls) < end; i++) {
        struct scree_control_next n = {.happened = 0};

        if (calls_do(z->calls, SCREE_CONTROL_next, 0, &n, sizeof(n)))
            return false;
        if (n.happened & SCREE_HAPPENED_STATE)
            manager_changed(&z->manager, n.head.domain);
        if (n.happened & SCREE_HAPPENED_STORE &&
            manager_by_domain(&z->manager, n.head.domain))
            peer_ring(&z->peers, n.head.domain);
    }
    return true;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t domain0_pass(struct domain0 *z)
{
    uint64_t wait = consoles_first(z), due = wait ? wait : UINT64_MAX;
    bool again = z->more, held_up;

    if (!wait)
        again |= changes(z);
    again |= channel_in(z);
    again |= peers_pass(&z->peers);
    asked(z);
    due = earlier(due, manager_due(&z->manager, DUE_MOST));
    due = earlier(due, typed_pass(&z->typed));
    held_up = peers_busy(&z->peers);
    channel_out(z);
    again |= held_up && !channel_busy(&z->channel);
    return again ? 0 : due;
}

bool domain0_crash_wanted(const struct domain0 *z)
{
    return z->crash;
}

/* ------------------------------------------------------- begin and end */

/* What was in the rings of an earlier store is lost: guests open them anew. */
static void reset_rings(struct domain0 *z)
{
    for (struct definition *d = z->manager.first; d; d = d->next)
        if (d->life == LIFE_LIVE && d->state.flags & SCREE_DOMAIN_STORE)
            (void)calls_plain(z->calls, SCREE_CONTROL_store_reset, d->state.id);
}

static bool open_store(struct domain0 *z)
{
    z->store_calls = (struct store_calls){
        .send = peer_send,
        .changed = on_changed,
        .introduce = on_introduce,
        .resume = on_resume,
        .is_introduced = on_is_introduced,
        .control = on_control,
    };
    z->store =
        store_create(&z->options.limits, &z->store_calls, z, z->options.seed);
    return z->store && peers_open(&z->peers, z->calls, z->store, &z->channel);
}

struct domain0 *domain0_create(const struct calls *calls,
                               const struct domain0_options *o)
{
    struct manager_hooks hooks = {
        .event = on_event,
        .came = on_came,
        .went = on_went,
        .down = on_down,
    };
    struct domain0 *z = calloc(1, sizeof(*z));

    if (!z)
        return NULL;
    z->calls = calls;
    z->options = *o;
    z->channel = queue_of(CHANNEL_MOST);
    z->hello = true;
    hooks.user = z;
    typed_open(&z->typed, calls);
    if (!open_store(z)) {
        calls_say(calls, "control: no memory for the store");
        domain0_destroy(z);
        return NULL;
    }
    nodes_open(&z->nodes, z->store, o->cell_life, o->cell);
    if (!manager_open(&z->manager, calls, &hooks)) {
        domain0_destroy(z);
        return NULL;
    }
    reset_rings(z);
    return z;
}

void domain0_destroy(struct domain0 *z)
{
    if (z->manager.calls)
        manager_close(&z->manager);
    if (z->peers.calls)
        peers_close(&z->peers);
    if (z->store)
        store_destroy(z->store);
    typed_close(&z->typed);
    queue_clear(&z->channel);
    free(z);
}
