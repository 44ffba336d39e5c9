/* SPDX-License-Identifier: MIT */
/* See cell.h. */
#define _GNU_SOURCE
#include "tools/screed/cell.h"

#include <event2/buffer.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/screed/domain.h"
#include "tools/screed/events.h"
#include "tools/screed/forwards.h"
#include "tools/screed/objects.h"
#include "tools/screed/qemu.h"
#include "tools/screed/restore.h"
#include "tools/screed/state.h"
#include "tools/screed/store.h"
#include "tools/screed/sweep.h"

#define BACKOFF_LEAST  100 /* ms */
#define BACKOFF_MOST   30000
#define GOOD_LIFE      60 /* s: then the back-off begins anew */
#define CONNECT_MS     50
#define EARLY_BYTES    (512u << 10)
#define QUIT_MS        3000
#define FLUSH_MS       20        /* for the answer to leave */
#define CELL_LOG_CHECK 10        /* s */
#define CLOCK_MOVED    500000000 /* ns */

struct cell {
    struct screed *screed;
    cell_first *first;   /* NULL: it has been told */
    bool new_life;       /* the cell is not the one that was last known */
    bool fresh;          /* QEMU was started, not adopted: it has no forwards */
    unsigned backoff;    /* ms */
    struct event *again; /* start QEMU */
    struct event *connect; /* channel and monitor */
    struct event *kill;    /* QEMU does not quit */
    struct event *log;     /* cell.log is kept short */
    int64_t clock;         /* Unix time at the monotonic clock's 0, ns */
    struct journal_follower follower; /* of the hypervisor's log */
    struct evbuffer *early; /* console records before names are known */
};

static struct timeval ms(unsigned n)
{
    return (struct timeval){.tv_sec = n / 1000,
                            .tv_usec = (suseconds_t)(n % 1000) * 1000};
}

static void in(struct event *e, unsigned n)
{
    struct timeval t = ms(n);

    evtimer_add(e, &t);
}

void cell_note(struct screed *s, const char *event, const char *why)
{
    cJSON *more = cJSON_CreateObject();

    if (why)
        cJSON_AddStringToObject(more, "why", why);
    screed_log(s, "%s%s%s", event, why ? ": " : "", why ? why : "");
    events_add(s->events, event, NULL, screed_now(), more);
}

static void tell_first(struct cell *c, const struct error *e)
{
    cell_first *first = c->first;

    c->first = NULL;
    if (first)
        first(c->screed, e);
}

/* ------------------------------------------------------------- domains */

struct domain *cell_define(struct screed *s, struct conf_domain *def)
{
    struct domain *d = domain_add(s, def);

    objects_use(s->objects, &d->image, 1);
    objects_use(s->objects, &d->files, 1);
    return d;
}

void cell_forget_domain(struct domain *d)
{
    struct screed *s = d->screed;

    forwards_remove(s->forwards, d, NULL, NULL);
    objects_use(s->objects, &d->image, -1);
    objects_use(s->objects, &d->files, -1);
    state_remove(s->state, d);
    journal_delete(s->journal, d->def.name);
    domain_remove(d);
}

/* ---------------------------------------------------------- after SYNC */

static void tell_what_was_missed(struct domain *d)
{
    struct scree_event e = {.event = SCREE_EVENT_DOWN,
                            .reason = d->state.reason,
                            .code = d->state.code};

    if (d->watches && d->in_cell && domain_is_down(d))
        domain_tell(d, &e);
}

static void replay_early(struct cell *c);

static void on_swept(void *context, const struct error *e)
{
    struct screed *s = context;

    if (e)
        return; /* the channel has gone again */
    for (struct domain *d = s->domains.first; d; d = d->next) {
        if (!d->seen)
            d->in_cell = false;
        tell_what_was_missed(d);
    }
    s->phase = CELL_UP;
    cell_note(s, "cell-up", NULL);
    replay_early(s->lifecycle);
    restore_all(s, s->lifecycle->new_life);
}

static void on_learned(void *context, const struct error *e)
{
    struct screed *s = context;

    if (!e)
        sweep_adopt(s, on_swept, s);
}

/* ------------------------------------------------------------- channel */

/* The cell knows the time by seconds only: its clock is set against ours. */
static void on_clock(void *context, const struct error *e, const void *answer,
                     size_t n)
{
    struct scree_control_cell f;
    struct screed *s = context;

    if (e || n < sizeof(f))
        return;
    memcpy(&f, answer, sizeof(f));
    s->epoch = screed_now() - f.now;
}

/* Which life of the cell was last known is in a file. */
static void note_life(struct screed *s, uint64_t life)
{
    struct path p = screed_path(s, "cell.life");
    unsigned long long known = 0;
    FILE *f = fopen(p.text, "re");

    if (f && fscanf(f, "%llu", &known) != 1)
        known = 0;
    if (f)
        fclose(f);
    s->lifecycle->new_life = known != life;
    if (known == life)
        return;
    f = fopen(p.text, "we");
    if (f) {
        fprintf(f, "%llu\n", (unsigned long long)life);
        fclose(f);
    }
}

static void on_up(void *user, const struct scree_sync *sync)
{
    struct screed *s = user;

    note_life(s, sync->cell_life);
    if (s->cell_life != sync->cell_life)
        s->epoch = sync->cell_life;
    else if (s->life != sync->life)
        cell_note(s, "control-restarted", NULL);
    s->life = sync->life;
    s->cell_life = sync->cell_life;
    channel_request(s->channel, SCREE_MANAGE_CELL, reply_to(on_clock, s), NULL,
                    0);
    objects_forget(s->objects);
    objects_learn(s->objects, on_learned, s);
}

static void on_down(void *user)
{
    struct screed *s = user;

    if (s->phase == CELL_UP)
        s->phase = CELL_STARTING;
    store_lose(s->store);
}

static void on_lost(void *user)
{
    struct screed *s = user;

    if (!s->ending)
        in(s->lifecycle->connect, CONNECT_MS);
}

/* What is down for good does not come back with the cell. */
static void stay_down(struct domain *d)
{
    if (d->def.restart == SCREE_RESTART_NO || d->def.stopped || d->op)
        return;
    d->def.stopped = true;
    state_put(d->screed->state, d);
}

static void on_event(void *user, const struct scree_event *e)
{
    struct screed *s = user;
    struct domain *d = domain_find(s, e->name);

    if (e->event == SCREE_EVENT_LOST) {
        sweep_all(s, NULL, NULL);
        return;
    }
    events_add_channel(s->events, e);
    if (!d) {
        if (s->phase == CELL_UP && e->event == SCREE_EVENT_CREATED)
            sweep_end_stranger(s, e->name, false);
        if (s->phase == CELL_UP && e->event == SCREE_EVENT_DOWN)
            sweep_end_stranger(s, e->name, true);
        return;
    }
    domain_note(d, e);
    if (e->event == SCREE_EVENT_ENDED)
        journal_end_line(s->journal, &d->log);
    if (e->event == SCREE_EVENT_DOWN)
        stay_down(d);
    if (e->event != SCREE_EVENT_REMOVED)
        domain_tell(d, e);
    else if (d->op)
        d->gone = true;
    else
        cell_forget_domain(d); /* --rm */
}

static void put_console(struct screed *s, uint32_t id, uint64_t time,
                        const uint8_t *bytes, size_t n)
{
    struct domain *d = NULL;
    struct journal_log *l = journal_hypervisor(s->journal);

    if (id != SCREE_CONSOLE_HYPERVISOR && id != 0) {
        d = domain_by_id(s, id);
        if (!d)
            return;
        l = &d->log;
    }
    journal_put(s->journal, l, screed_unix(s, time), bytes, n);
    if (d)
        domain_tell_output(d, bytes, n);
}

struct early {
    uint32_t id, size;
    uint64_t time;
};

static void on_console(void *user, uint32_t domain, uint64_t time,
                       const uint8_t *bytes, size_t n)
{
    struct screed *s = user;
    struct early head = {domain, (uint32_t)n, time};
    struct evbuffer *early = s->lifecycle->early;

    if (s->phase == CELL_UP) {
        put_console(s, domain, time, bytes, n);
    } else if (evbuffer_get_length(early) < EARLY_BYTES) {
        evbuffer_add(early, &head, sizeof(head));
        evbuffer_add(early, bytes, n);
    }
}

static void replay_early(struct cell *c)
{
    uint8_t bytes[SCREE_FRAME_PAYLOAD];
    struct early head;

    while (evbuffer_remove(c->early, &head, sizeof(head)) ==
           (int)sizeof(head)) {
        evbuffer_remove(c->early, bytes, head.size);
        put_console(c->screed, head.id, head.time, bytes, head.size);
    }
}

static void on_store(void *user, uint16_t type, uint32_t client,
                     const uint8_t *bytes, size_t n)
{
    store_take(((struct screed *)user)->store, type, client, bytes, n);
}

static void on_room(void *user)
{
    store_room(((struct screed *)user)->store);
}

/* ------------------------------------------------------------- monitor */

static void on_monitor_ready(void *user)
{
    struct screed *s = user;

    forwards_renew(s->forwards, s->lifecycle->fresh);
    s->lifecycle->fresh = false;
}

/* "domain 5 (web) crashed: page fault (#PF): ..." */
static void on_hypervisor_line(struct journal_follower *f, const char *name,
                               uint64_t ms, const char *text, size_t n)
{
    struct cell *c = table_item(f, struct cell, follower);
    char line[256], *why;
    struct domain *d;
    unsigned id;

    (void)ms;
    snprintf(line, sizeof(line), "%.*s", (int)n, text);
    why = strstr(line, " crashed: ");
    if (strcmp(name, JOURNAL_HYPERVISOR) != 0 || !why ||
        sscanf(line, "domain %u (", &id) != 1)
        return;
    d = domain_by_id(c->screed, id);
    if (d)
        snprintf(d->crash, sizeof(d->crash), "%s", why + 10);
}

static void on_monitor_lost(void *user)
{
    on_lost(user);
}

static void on_connect(evutil_socket_t fd, short what, void *context)
{
    struct cell *c = context;
    struct screed *s = c->screed;
    struct path channel = screed_path(s, CELL_CHANNEL);
    struct path monitor = screed_path(s, CELL_QMP);
    struct error e;
    bool good = true;

    (void)fd;
    (void)what;
    if (!qemu_pid(s->qemu))
        return;
    if (!channel_is_connected(s->channel))
        good = channel_connect(s->channel, channel.text, &e);
    if (!qmp_is_connected(s->qmp))
        good = qmp_connect(s->qmp, monitor.text, &e) && good;
    if (!good)
        in(c->connect, CONNECT_MS);
}

/* ---------------------------------------------------------------- QEMU */

static void on_started(struct screed *s)
{
    struct cell *c = s->lifecycle;

    c->fresh = true;
    if (s->ending) {
        qemu_kill(s->qemu, SIGKILL);
        return;
    }
    chmod(screed_path(s, CELL_CHANNEL).text, 0600);
    chmod(screed_path(s, CELL_QMP).text, 0600);
    chmod(screed_path(s, CELL_LOG).text, 0600);
    cell_note(s, "cell-started", NULL);
    on_connect(-1, 0, c);
    tell_first(c, NULL);
}

static void start_later(struct cell *c)
{
    if (c->screed->ending)
        return;
    in(c->again, c->backoff);
    c->backoff = c->backoff * 2 > BACKOFF_MOST ? BACKOFF_MOST : c->backoff * 2;
}

static void on_refused(struct screed *s, const struct error *e)
{
    cell_note(s, "cell-refused", e->text);
    if (s->ending)
        event_base_loopbreak(s->base);
    if (s->lifecycle->first)
        tell_first(s->lifecycle, e);
    else
        start_later(s->lifecycle);
}

static void lose_domains(struct screed *s)
{
    struct domain *next;

    for (struct domain *d = s->domains.first; d; d = next) {
        next = d->next;
        journal_end_line(s->journal, &d->log);
        domain_lose(d);
        domain_tell(d, NULL);
    }
}

static void on_died(struct screed *s)
{
    struct cell *c = s->lifecycle;

    channel_disconnect(s->channel);
    qmp_disconnect(s->qmp);
    objects_forget(s->objects);
    evbuffer_drain(c->early, evbuffer_get_length(c->early));
    if (s->ending) {
        event_base_loopbreak(s->base);
        return;
    }
    s->phase = CELL_DOWN;
    cell_note(s, "cell-died", "QEMU has ended; it is started again");
    lose_domains(s);
    if (screed_now() - qemu_started(s->qemu) > GOOD_LIFE * 1000000000ull)
        c->backoff = BACKOFF_LEAST;
    start_later(c);
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
    struct cell *c = context;
    struct screed *s = c->screed;
    struct error e;

    (void)fd;
    (void)what;
    if (s->ending)
        return;
    s->phase = CELL_STARTING;
    if (qemu_adopt(s->qemu)) {
        cell_note(s, "cell-adopted", NULL);
        on_connect(-1, 0, c);
        tell_first(c, NULL);
    } else if (!qemu_start(s->qemu, &e)) {
        on_refused(s, &e);
    }
}

void cell_begin(struct cell *c)
{
    on_again(-1, 0, c);
}

/* --------------------------------------------------------------- ending */

static void on_kill(evutil_socket_t fd, short what, void *context)
{
    struct cell *c = context;

    (void)fd;
    (void)what;
    if (!qemu_pid(c->screed->qemu))
        event_base_loopbreak(c->screed->base);
    qemu_kill(c->screed->qemu, SIGKILL);
}

void cell_down(struct screed *s)
{
    s->ending = true;
    cell_note(s, "cell-down", NULL);
    qmp_command(s->qmp, "quit", NULL, NULL);
    if (!qmp_is_ready(s->qmp))
        qemu_kill(s->qemu, SIGTERM);
    if (!qemu_is_starting(s->qemu))
        in(s->lifecycle->kill, qemu_pid(s->qemu) ? QUIT_MS : FLUSH_MS);
}

static int64_t clock_at_0(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)screed_now() - t.tv_sec * 1000000000 - t.tv_nsec;
}

/* The host's clock was set, or the host has slept: the cell's is compared with
 * it anew. */
static void check_clock(struct cell *c)
{
    int64_t now = clock_at_0();
    struct screed *s = c->screed;

    if (llabs(now - c->clock) < CLOCK_MOVED || s->phase != CELL_UP)
        return;
    c->clock = now;
    channel_request(s->channel, SCREE_MANAGE_CELL, reply_to(on_clock, s), NULL,
                    0);
}

/* QEMU writes cell.log: what is over the limit is copied, then cut. */
static void on_log(evutil_socket_t fd, short what, void *context)
{
    struct cell *c = context;

    (void)fd;
    (void)what;
    check_clock(c);
    screed_shorten(c->screed, CELL_LOG, c->screed->options.log_bytes);
}

static const struct channel_calls channel_table = {
    .up = on_up,
    .down = on_down,
    .lost = on_lost,
    .event = on_event,
    .console = on_console,
    .store = on_store,
    .room = on_room,
};

static const struct qmp_calls qmp_table = {.ready = on_monitor_ready,
                                           .lost = on_monitor_lost};
static const struct qemu_calls qemu_table = {
    .started = on_started, .refused = on_refused, .died = on_died};

struct cell *cell_new(struct screed *s, cell_first *first)
{
    static const struct timeval check = {.tv_sec = CELL_LOG_CHECK};
    struct cell *c = must_alloc(1, sizeof(*c));

    c->screed = s;
    c->first = first;
    c->backoff = BACKOFF_LEAST;
    c->clock = clock_at_0();
    c->follower.line = on_hypervisor_line;
    journal_follow(s->journal, &c->follower);
    c->early = evbuffer_new();
    c->again = evtimer_new(s->base, on_again, c);
    c->connect = evtimer_new(s->base, on_connect, c);
    c->kill = evtimer_new(s->base, on_kill, c);
    c->log = event_new(s->base, -1, EV_PERSIST, on_log, c);
    event_add(c->log, &check);
    s->channel = channel_new(s->base, &channel_table, s);
    s->qmp = qmp_new(s->base, &qmp_table, s);
    s->qemu = qemu_new(s, &qemu_table);
    return c;
}

/* Ops that wait for what a domain does end while all that they use is there. */
static void end_waiting(struct screed *s)
{
    struct domain *next;

    channel_disconnect(s->channel);
    for (struct domain *d = s->domains.first; d; d = next) {
        next = d->next;
        domain_tell(d, NULL);
    }
}

void cell_free(struct cell *c)
{
    struct screed *s = c->screed;

    s->ending = true;
    end_waiting(s);
    channel_free(s->channel);
    qmp_free(s->qmp);
    qemu_free(s->qemu);
    journal_leave(s->journal, &c->follower);
    evbuffer_free(c->early);
    event_free(c->again);
    event_free(c->connect);
    event_free(c->kill);
    event_free(c->log);
    free(c);
}
