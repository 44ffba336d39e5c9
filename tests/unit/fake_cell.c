/* SPDX-License-Identifier: MIT */
/* See fake_cell.h. */
#include "fake_cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define NETWORK  0x0a000000u
#define PREFIX   24
#define RING_FEW (1u << 30)

static void mark(struct fake_cell *f, uint32_t id, uint32_t happened)
{
    struct fake_domain *d = f->domains[id];

    d->happened |= happened;
    if (d->queued)
        return;
    d->queued = true;
    f->queue[(f->queue_first + f->queue_count++) % FAKE_DOMAINS] = id;
}

struct fake_domain *fake_domain(struct fake_cell *f, uint32_t id)
{
    return id && id < FAKE_DOMAINS ? f->domains[id] : NULL;
}

/* ---------------------------------------------------------- operations */

static int op_cell(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_cell *c = (void *)head;

    c->cpus = 1;
    c->domains = f->count;
    c->domain_limit = FAKE_DOMAINS;
    c->network = NETWORK;
    c->prefix = PREFIX;
    c->gateway = NETWORK + 1;
    c->resolver = NETWORK + 3;
    c->now = f->now;
    c->frames_total = 16384;
    c->frames_free = c->frames_available = f->memory / 4096;
    snprintf(c->version, sizeof(c->version), "fake");
    return 0;
}

static bool has_object(struct fake_cell *f, uint32_t handle, uint32_t kind)
{
    return handle < FAKE_OBJECTS && f->objects[handle].exists &&
           f->objects[handle].facts.kind == kind;
}

static int create_check(struct fake_cell *f,
                        const struct scree_domain_config *c)
{
    if (c->size != sizeof(*c) || !c->name[0] || !c->memory ||
        c->memory % 4096 || !c->weight || c->flags ||
        c->on_crash == SCREE_ON_CRASH_RESTART)
        return -XEN_EINVAL;
    if (!has_object(f, c->image, SCREE_OBJECT_IMAGE) ||
        (c->module != SCREE_NO_MODULE &&
         !has_object(f, c->module, SCREE_OBJECT_MODULE)))
        return -XEN_ENOENT;
    if (f->fail_create)
        return f->fail_create;
    if (c->memory > f->memory)
        return -XEN_ENOMEM;
    for (uint32_t i = 1; c->ipv4 && i < FAKE_DOMAINS; i++)
        if (f->domains[i] && f->domains[i]->state.ipv4 == c->ipv4 &&
            f->domains[i]->state.state < SCREE_DOMAIN_ENDED)
            return -XEN_EADDRINUSE;
    return 0;
}

static uint32_t add(struct fake_cell *f, const struct scree_domain_config *c,
                    uint32_t state)
{
    struct fake_domain *d = calloc(1, sizeof(*d));

    while (!f->next_id || f->domains[f->next_id])
        f->next_id = (f->next_id + 1) % FAKE_DOMAINS;
    f->domains[f->next_id] = d;
    f->count++;
    d->config = *c;
    d->requests = queue_of(FAKE_RING);
    d->replies = queue_of(RING_FEW);
    d->typed = queue_of(64);
    d->state = (struct scree_domain_state){
        .id = f->next_id,
        .state = state,
        .image = c->image,
        .module = c->module,
        .ipv4 = c->ipv4,
        .weight = c->weight,
        .group = c->group,
        .net_rate = c->net_rate,
        .memory = c->memory,
        .created_ns = f->now,
        .mac = {2, 0, 0, 0, 0, (uint8_t)f->next_id},
    };
    memcpy(d->state.name, c->name, SCREE_NAME_MAX);
    f->memory -= c->memory;
    mark(f, f->next_id, SCREE_HAPPENED_STATE);
    return f->next_id++;
}

static int op_create(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_create *c = (void *)head;
    int result = create_check(f, &c->config);

    if (result)
        return result;
    head->domain = add(f, &c->config, SCREE_DOMAIN_PAUSED);
    memcpy(f->domains[head->domain]->state.tag, c->tag, SCREE_TAG_MAX);
    return 0;
}

static int op_plain(struct fake_cell *f, struct scree_control *head)
{
    struct fake_domain *d = fake_domain(f, head->domain);
    uint32_t state = d ? d->state.state : 0;

    if (!d)
        return -XEN_ESRCH;
    switch (head->op) {
    case SCREE_CONTROL_resume:
        if (state != SCREE_DOMAIN_PAUSED)
            return -XEN_EINVAL;
        d->state.state = SCREE_DOMAIN_RUNNING;
        break;
    case SCREE_CONTROL_pause:
        if (state != SCREE_DOMAIN_RUNNING)
            return -XEN_EINVAL;
        d->state.state = SCREE_DOMAIN_PAUSED;
        break;
    case SCREE_CONTROL_kill:
        if (state >= SCREE_DOMAIN_DYING)
            return -XEN_EINVAL;
        d->config.on_crash = SCREE_ON_CRASH_DESTROY;
        fake_end(f, head->domain,
                 state == SCREE_DOMAIN_CRASHED ? d->state.reason
                                               : SCREE_END_KILLED,
                 0);
        return 0;
    default: /* store_reset */
        if (!d->epoch || d->stopped)
            return -XEN_ENODEV;
        d->stopped = true;
        d->state.flags &= ~(uint32_t)SCREE_DOMAIN_STORE;
        break;
    }
    mark(f, head->domain, SCREE_HAPPENED_STATE);
    return 0;
}

static void domain_free(struct fake_domain *d)
{
    queue_clear(&d->requests);
    queue_clear(&d->replies);
    queue_clear(&d->typed);
    free(d);
}

static void unqueue(struct fake_cell *f, uint32_t id)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < f->queue_count; i++) {
        uint32_t x = f->queue[(f->queue_first + i) % FAKE_DOMAINS];

        if (x != id)
            f->queue[(f->queue_first + kept++) % FAKE_DOMAINS] = x;
    }
    f->queue_count = kept;
}

static void forget(struct fake_cell *f, uint32_t id)
{
    struct fake_domain *d = f->domains[id];

    if (d->queued)
        unqueue(f, id);
    f->domains[id] = NULL;
    f->count--;
    domain_free(d);
}

static int op_collect(struct fake_cell *f, struct scree_control *head)
{
    struct fake_domain *d = fake_domain(f, head->domain);

    if (!d)
        return -XEN_ESRCH;
    if (d->state.state != SCREE_DOMAIN_ENDED)
        return -XEN_EBUSY;
    forget(f, head->domain);
    return 0;
}

static int op_shutdown(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_shutdown *s = (void *)head;
    struct fake_domain *d = fake_domain(f, head->domain);

    if (!d)
        return -XEN_ESRCH;
    d->shutdown = s->reason + 1;
    return 0;
}

static int op_get(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_get *g = (void *)head;

    for (uint32_t i = head->domain; i < FAKE_DOMAINS; i++) {
        if (!f->domains[i])
            continue;
        g->state = f->domains[i]->state;
        if (f->prints_late)
            fake_console(f, i, "late\n");
        f->prints_late = false;
        return 0;
    }
    return -XEN_ESRCH;
}

static int op_config(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_create *c = (void *)head;
    struct fake_domain *d = fake_domain(f, head->domain);

    if (f->no_config)
        return -XEN_ENOSYS;
    if (!d)
        return -XEN_ESRCH;
    c->config = d->config;
    memcpy(c->tag, d->state.tag, SCREE_TAG_MAX);
    return 0;
}

static int op_set(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_set *s = (void *)head;
    struct fake_domain *d = fake_domain(f, head->domain);

    if (!d)
        return -XEN_ESRCH;
    if (s->what & SCREE_SET_WEIGHT)
        d->state.weight = s->weight;
    if (s->what & SCREE_SET_NET_RATE)
        d->state.net_rate = s->net_rate;
    return 0;
}

static int op_next(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_next *n = (void *)head;
    struct fake_domain *d;

    if (!f->queue_count)
        return -XEN_ENOENT;
    head->domain = f->queue[f->queue_first];
    f->queue_first = (f->queue_first + 1) % FAKE_DOMAINS;
    f->queue_count--;
    d = f->domains[head->domain];
    n->happened = d->happened;
    d->happened = 0;
    d->queued = false;
    return 0;
}

/* ------------------------------------------------------------- objects */

static int op_object_begin(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_object *o = (void *)head;

    for (uint32_t i = 0; i < FAKE_OBJECTS; i++) {
        if (f->objects[i].exists)
            continue;
        if (o->size < 4096 || o->size > SCREE_OBJECT_SIZE_MAX)
            return -XEN_EINVAL;
        o->handle = i;
        f->objects[i].exists = true;
        f->objects[i].facts = *o;
        return 0;
    }
    return -XEN_ENOMEM;
}

static int op_object(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_object *o = (void *)head;
    struct fake_object *x =
        o->handle < FAKE_OBJECTS ? &f->objects[o->handle] : NULL;

    if (!x || !x->exists)
        return -XEN_ENOENT;
    if (head->op == SCREE_CONTROL_object_seal) {
        if (x->facts.kind || x->facts.size % 4096)
            return -XEN_EINVAL;
        x->facts.kind = SCREE_OBJECT_IMAGE;
        x->facts.flags = SCREE_OBJECT_SEALED;
        return 0;
    }
    if (x->facts.flags & SCREE_OBJECT_BOOT)
        return -XEN_EBUSY;
    x->exists = false;
    return 0;
}

static int op_object_get(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_object *o = (void *)head;
    struct scree_control h = *head;

    for (uint32_t i = o->handle; i < FAKE_OBJECTS; i++) {
        if (!f->objects[i].exists)
            continue;
        *o = f->objects[i].facts;
        o->head = h;
        o->handle = i;
        return 0;
    }
    return -XEN_ENOENT;
}

/* --------------------------------------------------------------- bytes */

static uint32_t take(struct queue *q, void *to, uint32_t n)
{
    if (n > q->size)
        n = (uint32_t)q->size;
    if (n) {
        memcpy(to, queue_front(q), n);
        queue_drop(q, n);
    }
    return n;
}

static uint32_t put(struct queue *q, const void *from, uint32_t n, size_t most)
{
    size_t room = q->size < most ? most - q->size : 0;

    if (n > room)
        n = (uint32_t)room;
    CU_ASSERT_FATAL(queue_add(q, from, n));
    return n;
}

static int op_store(struct fake_cell *f, struct scree_control_transfer *t)
{
    struct fake_domain *d = fake_domain(f, t->head.domain);
    void *at = (void *)(uintptr_t)t->address;

    if (!d)
        return -XEN_ESRCH;
    if (!d->epoch || d->stopped)
        return -XEN_ENODEV;
    if (t->head.op == SCREE_CONTROL_store_put && t->offset != d->epoch)
        return -XEN_ENODEV;
    t->offset = d->epoch;
    if (t->head.op == SCREE_CONTROL_store_take)
        t->done = take(&d->requests, at, t->length);
    else
        t->done = put(&d->replies, at, t->length, FAKE_RING);
    return 0;
}

/* Whole records. */
static uint32_t take_console(struct fake_cell *f, uint8_t *to, uint32_t n)
{
    struct scree_console_record r;
    uint32_t done = 0, size;

    while (f->console.size) {
        memcpy(&r, queue_front(&f->console), sizeof(r));
        size = (uint32_t)sizeof(r) + ((r.length + 7) & ~7u);
        if (size > n - done)
            break;
        done += take(&f->console, to + done, size);
    }
    return done;
}

static int op_transfer(struct fake_cell *f, struct scree_control *head)
{
    struct scree_control_transfer *t = (void *)head;
    void *at = (void *)(uintptr_t)t->address;

    if (t->length < 1 || t->length > SCREE_TRANSFER_MAX)
        return -XEN_EINVAL;
    switch (head->op) {
    case SCREE_CONTROL_object_write:
        if (head->domain >= FAKE_OBJECTS || !f->objects[head->domain].exists)
            return -XEN_ENOENT;
        return t->offset + t->length > f->objects[head->domain].facts.size
                   ? -XEN_EINVAL
                   : 0;
    case SCREE_CONTROL_console_take:
        t->done = take_console(f, at, t->length);
        return 0;
    case SCREE_CONTROL_console_put:
        if (!fake_domain(f, head->domain))
            return -XEN_ESRCH;
        t->done = put(&fake_domain(f, head->domain)->typed, at, t->length, 64);
        return 0;
    case SCREE_CONTROL_channel_take:
        t->done = take(&f->from_host, at, t->length);
        return f->no_channel ? -XEN_ENODEV : 0;
    case SCREE_CONTROL_channel_put:
        if (f->no_channel)
            return -XEN_ENODEV;
        t->done = put(&f->to_host, at, t->length, f->channel_room);
        return 0;
    default:
        return op_store(f, t);
    }
}

static int control(void *user, struct scree_control *head)
{
    static const struct {
        int (*run)(struct fake_cell *, struct scree_control *);
        uint32_t size;
    } ops[] = {
#define OP(name, run_, record)                                                 \
    [SCREE_CONTROL_##name] = {run_, (uint32_t)sizeof(struct record)}
        OP(cell, op_cell, scree_control_cell),
        OP(create, op_create, scree_control_create),
        OP(resume, op_plain, scree_control),
        OP(pause, op_plain, scree_control),
        OP(kill, op_plain, scree_control),
        OP(store_reset, op_plain, scree_control),
        OP(shutdown, op_shutdown, scree_control_shutdown),
        OP(get, op_get, scree_control_get),
        OP(collect, op_collect, scree_control),
        OP(set, op_set, scree_control_set),
        OP(next, op_next, scree_control_next),
        OP(object_begin, op_object_begin, scree_control_object),
        OP(object_write, op_transfer, scree_control_transfer),
        OP(object_seal, op_object, scree_control_object),
        OP(object_drop, op_object, scree_control_object),
        OP(object_get, op_object_get, scree_control_object),
        OP(store_take, op_transfer, scree_control_transfer),
        OP(store_put, op_transfer, scree_control_transfer),
        OP(console_take, op_transfer, scree_control_transfer),
        OP(console_put, op_transfer, scree_control_transfer),
        OP(channel_take, op_transfer, scree_control_transfer),
        OP(channel_put, op_transfer, scree_control_transfer),
        OP(config, op_config, scree_control_create),
    };
    struct fake_cell *f = user;

    f->calls_made++;
    CU_ASSERT_FATAL(head->version == SCREE_CONTROL_VERSION);
    CU_ASSERT_FATAL(head->op < ARRAY_SIZE(ops) && ops[head->op].run);
    CU_ASSERT_FATAL(head->size == ops[head->op].size);
    return ops[head->op].run(f, head);
}

static uint64_t now(void *user)
{
    return ((struct fake_cell *)user)->now;
}

static void say(void *user, const char *line)
{
    struct fake_cell *f = user;

    snprintf(f->said, sizeof(f->said), "%s", line);
}

/* ------------------------------------------------------ what tests do */

struct fake_cell *fake_cell_make(void)
{
    struct fake_cell *f = calloc(1, sizeof(*f));

    f->calls = (struct calls){control, now, say, f};
    f->memory = 64 << 20;
    f->next_id = 1;
    f->now = 1000000000;
    f->channel_room = RING_FEW;
    f->from_host = f->to_host = f->console = queue_of(RING_FEW);
    return f;
}

void fake_cell_free(struct fake_cell *f)
{
    for (uint32_t i = 0; i < FAKE_DOMAINS; i++)
        if (f->domains[i])
            domain_free(f->domains[i]);
    queue_clear(&f->from_host);
    queue_clear(&f->to_host);
    queue_clear(&f->console);
    free(f);
}

uint32_t fake_object_add(struct fake_cell *f, uint32_t kind, uint8_t digest)
{
    for (uint32_t i = 0; i < FAKE_OBJECTS; i++) {
        struct fake_object *x = &f->objects[i];

        if (x->exists)
            continue;
        x->exists = true;
        x->facts = (struct scree_control_object){
            .kind = kind,
            .flags = SCREE_OBJECT_SEALED,
            .size = 4096,
        };
        memset(x->facts.digest, digest, SCREE_DIGEST_SIZE);
        return i;
    }
    return FAKE_OBJECTS;
}

uint32_t fake_boot(struct fake_cell *f, const char *name, uint32_t ipv4)
{
    struct scree_domain_config c = {
        .size = sizeof(c),
        .module = SCREE_NO_MODULE,
        .memory = 1 << 20,
        .weight = 256,
        .ipv4 = ipv4,
    };
    uint32_t id;

    snprintf(c.name, sizeof(c.name), "%s", name);
    id = add(f, &c, SCREE_DOMAIN_RUNNING);
    f->domains[id]->state.flags = SCREE_DOMAIN_BOOT;
    return id;
}

void fake_boot_gone(struct fake_cell *f, uint32_t id)
{
    f->memory += f->domains[id]->state.memory;
    forget(f, id);
}

void fake_boot_again(struct fake_cell *f, uint32_t id, const char *name)
{
    f->now++;
    f->next_id = id;
    (void)fake_boot(f, name, 0);
}

void fake_ready(struct fake_cell *f, uint32_t id)
{
    f->domains[id]->state.flags |= SCREE_DOMAIN_READY;
    mark(f, id, SCREE_HAPPENED_STATE);
}

void fake_end(struct fake_cell *f, uint32_t id, uint32_t reason, uint32_t code)
{
    struct fake_domain *d = f->domains[id];
    bool kept = reason == SHUTDOWN_crash &&
                d->config.on_crash == SCREE_ON_CRASH_PRESERVE;

    d->state.state = kept ? SCREE_DOMAIN_CRASHED : SCREE_DOMAIN_ENDED;
    d->state.reason = reason;
    d->state.code = code;
    mark(f, id, SCREE_HAPPENED_STATE);
    if (kept)
        return;
    d->state.ended_ns = f->now;
    f->memory += d->state.memory;
    d->stopped = true;
}

void fake_ring_open(struct fake_cell *f, uint32_t id)
{
    struct fake_domain *d = f->domains[id];

    d->epoch++;
    d->stopped = false;
    queue_clear(&d->requests);
    queue_clear(&d->replies);
    d->state.flags |= SCREE_DOMAIN_STORE;
    mark(f, id, SCREE_HAPPENED_STATE | SCREE_HAPPENED_STORE);
}

void fake_ring_send(struct fake_cell *f, uint32_t id, const void *bytes,
                    size_t n)
{
    CU_ASSERT_FATAL(queue_add(&f->domains[id]->requests, bytes, n));
    mark(f, id, SCREE_HAPPENED_STORE);
}

size_t fake_ring_read(struct fake_cell *f, uint32_t id, void *bytes, size_t n)
{
    n = take(&f->domains[id]->replies, bytes, (uint32_t)n);
    mark(f, id, SCREE_HAPPENED_STORE);
    return n;
}

void fake_console(struct fake_cell *f, uint32_t id, const char *text)
{
    struct scree_console_record r = {
        .domain = id,
        .length = (uint32_t)strlen(text),
        .time = f->now,
    };
    static const uint8_t zeros[8];

    CU_ASSERT_FATAL(queue_add(&f->console, &r, sizeof(r)));
    CU_ASSERT_FATAL(queue_add(&f->console, text, r.length));
    CU_ASSERT_FATAL(queue_add(&f->console, zeros, -r.length & 7));
}

void fake_restart(struct fake_cell *f)
{
    for (uint32_t i = 1; i < FAKE_DOMAINS; i++)
        if (f->domains[i])
            mark(f, i, SCREE_HAPPENED_STATE);
}
