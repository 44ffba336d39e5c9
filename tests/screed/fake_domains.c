/* SPDX-License-Identifier: MIT */
/* The domains and objects of the fake cell; see fake_cell.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scree/xen.h"
#include "tests/screed/fake_cell.h"

#define DOMAINS 2048
#define OBJECTS 64

struct fake_domain {
    bool used, running;
    uint32_t flags;
    struct scree_manage_state state;
    char cmdline[SCREE_CMDLINE_MAX];
};

struct fake_object {
    struct scree_control_object record;
    bool used;
};

static struct fake_domain domains[DOMAINS];
static struct fake_object objects[OBJECTS];
static uint32_t last_id = 1, last_serial;

static void reply(uint32_t tag, int error, const char *text, const void *answer,
                  size_t n)
{
    uint8_t bytes[SCREE_FRAME_PAYLOAD];
    struct scree_reply head = {.error = (uint32_t)error};

    snprintf(head.text, sizeof(head.text), "%s", error ? text : "");
    memcpy(bytes, &head, sizeof(head));
    if (n)
        memcpy(bytes + sizeof(head), answer, n);
    fake_put_frame(SCREE_FRAME_REPLY, tag, bytes, sizeof(head) + n);
}

static void event(uint32_t what, const struct fake_domain *d)
{
    struct scree_event e = {.event = what,
                            .domain = d->state.domain.id,
                            .reason = d->state.reason,
                            .code = d->state.code,
                            .time = fake_time(),
                            .ipv4 = d->state.domain.ipv4,
                            .serial = d->state.serial};

    memcpy(e.name, d->state.domain.name, sizeof(e.name));
    fake_put_frame(SCREE_FRAME_EVENT, e.domain, &e, sizeof(e));
}

/* --------------------------------------------------------------- domains */

static struct fake_domain *find(const char *name)
{
    for (size_t i = 0; i < DOMAINS; i++)
        if (domains[i].used &&
            !strncmp(domains[i].state.domain.name, name, SCREE_NAME_MAX))
            return &domains[i];
    return NULL;
}

static const char *word(const struct fake_domain *d, const char *key)
{
    static char value[SCREE_CMDLINE_MAX];
    char copy[SCREE_CMDLINE_MAX], *rest = copy, *item;
    size_t n = strlen(key);

    memcpy(copy, d->cmdline, sizeof(copy));
    while ((item = strsep(&rest, " "))) {
        if (strncmp(item, key, n) != 0 || (item[n] && item[n] != '='))
            continue;
        snprintf(value, sizeof(value), "%s", item[n] ? item + n + 1 : "");
        return value;
    }
    return NULL;
}

static void remove_domain(struct fake_domain *d)
{
    event(SCREE_EVENT_REMOVED, d);
    d->used = false;
}

static void end(struct fake_domain *d, uint32_t reason, uint32_t code)
{
    d->running = false;
    d->state.reason = reason;
    d->state.code = code;
    d->state.ended++;
    d->state.domain.state = SCREE_DOMAIN_ENDED;
    d->state.phase =
        reason == SHUTDOWN_crash ? SCREE_PHASE_CRASHED : SCREE_PHASE_DOWN;
    event(SCREE_EVENT_ENDED, d);
    event(SCREE_EVENT_DOWN, d);
    if (d->flags & SCREE_RUN_REMOVE)
        remove_domain(d);
}

static void start(struct fake_domain *d)
{
    d->running = true;
    d->state.domain.id = ++last_id;
    d->state.domain.state = SCREE_DOMAIN_RUNNING;
    d->state.domain.flags = SCREE_DOMAIN_READY;
    d->state.domain.created_ns = fake_time();
    d->state.phase = SCREE_PHASE_READY;
    event(SCREE_EVENT_CREATED, d);
    event(SCREE_EVENT_READY, d);
}

/* Events of domains that nobody made, some with names that are none. */
static void slander(void)
{
    struct fake_domain d = {0};

    for (unsigned i = 0; i < 3000; i++) {
        snprintf(d.state.domain.name, SCREE_NAME_MAX, "%s-%u",
                 i % 3 ? "nobody" : "\033]0;nobody\a", i);
        d.state.domain.id = 1000000 + i;
        event(SCREE_EVENT_CREATED, &d);
    }
}

static void act(struct fake_domain *d)
{
    const char *value;
    char text[SCREE_CMDLINE_MAX + 2];

    value = word(d, "say");
    if (value) {
        snprintf(text, sizeof(text), "%s\n", value);
        fake_print(d->state.domain.id, text);
    }
    value = word(d, "flood");
    for (long i = 0, n = value ? atol(value) : 0; i < n; i++) {
        snprintf(text, sizeof(text), "line %ld of a flood of many lines\n", i);
        fake_print(d->state.domain.id, text);
    }
    value = word(d, "exit");
    if (value)
        end(d, SHUTDOWN_poweroff, (uint32_t)atoi(value));
    else if (word(d, "crash"))
        end(d, SHUTDOWN_crash, 0);
}

static struct fake_domain *define(const struct scree_manage_run *r)
{
    for (size_t i = 0; i < DOMAINS; i++) {
        struct fake_domain *d = &domains[i];
        if (d->used)
            continue;
        *d = (struct fake_domain){.used = true, .flags = r->flags};
        memcpy(d->cmdline, r->config.cmdline, sizeof(d->cmdline));
        d->state.serial = ++last_serial;
        d->state.restart = r->restart;
        d->state.retries = r->retries;
        d->state.defined_ns = fake_time();
        memcpy(d->state.domain.name, r->config.name, SCREE_NAME_MAX);
        d->state.domain.memory = r->config.memory;
        d->state.domain.weight = r->config.weight;
        d->state.domain.ipv4 = r->config.ipv4;
        memcpy(d->state.image, r->image, sizeof(r->image));
        memcpy(d->state.files, r->files, sizeof(r->files));
        return d;
    }
    return NULL;
}

static bool has_object(const uint8_t digest[SCREE_DIGEST_SIZE])
{
    for (size_t i = 0; i < OBJECTS; i++)
        if (objects[i].used &&
            (objects[i].record.flags & SCREE_OBJECT_SEALED) &&
            !memcmp(objects[i].record.digest, digest, SCREE_DIGEST_SIZE))
            return true;
    return false;
}

/* What a word in the command line makes of the answer; true: none is due. */
static bool misbehave(const struct fake_domain *d, uint32_t tag)
{
    static const char rubbish[] =
        "scrscrescrescre\x01\x02 rubbish scre\xff\xff";

    if (word(d, "noise"))
        fake_put(rubbish, sizeof(rubbish));
    if (word(d, "slander"))
        slander();
    if (word(d, "full")) {
        reply(tag, ENOMEM, "not enough \033[1mmemory", NULL, 0);
        return true;
    }
    if (word(d, "hangup")) {
        fake_hangup();
        return true;
    }
    if (word(d, "rebirth")) {
        fake_rebirth();
        return true;
    }
    return word(d, "silent") != NULL;
}

static void do_run(uint32_t tag, const struct scree_manage_run *r)
{
    struct fake_domain *d = find(r->config.name);

    if (d && (r->flags & SCREE_RUN_ADOPT)) {
        reply(tag, 0, "", &d->state, sizeof(d->state));
        return;
    }
    if (d) {
        reply(tag, EEXIST, "the name is taken", NULL, 0);
        return;
    }
    if (!has_object(r->image)) {
        reply(tag, ENOENT, "no such image", NULL, 0);
        return;
    }
    d = define(r);
    if (!(r->flags & (SCREE_RUN_DEFINE | SCREE_RUN_ADOPT)) &&
        misbehave(d, tag)) {
        d->used = false;
        return;
    }
    if (!(r->flags & SCREE_RUN_DEFINE))
        start(d);
    if (word(d, "early"))
        act(d);
    if (!word(d, "mute"))
        reply(tag, 0, "", &d->state, sizeof(d->state));
    if (!(r->flags & SCREE_RUN_DEFINE) && !word(d, "early"))
        act(d);
}

static void do_list(uint32_t tag, const struct scree_manage_list *l)
{
    struct scree_manage_state found[SCREE_LIST_MAX];
    uint32_t from = l->from;
    size_t n = 0;

    while (n < SCREE_LIST_MAX) {
        const struct fake_domain *next = NULL;
        for (size_t i = 0; i < DOMAINS; i++) {
            const struct fake_domain *d = &domains[i];
            if (!d->used || d->state.serial < from ||
                (l->name[0] && strcmp(l->name, d->state.domain.name) != 0))
                continue;
            if (!next || d->state.serial < next->state.serial)
                next = d;
        }
        if (!next)
            break;
        found[n++] = next->state;
        from = next->state.serial + 1;
    }
    reply(tag, 0, "", found, n * sizeof(found[0]));
}

static void do_name(uint32_t op, uint32_t tag,
                    const struct scree_manage_name *n)
{
    struct fake_domain *d = find(n->name);

    if (!d) {
        reply(tag, ESRCH, "no such domain", NULL, 0);
        return;
    }
    if ((op == SCREE_MANAGE_REMOVE || op == SCREE_MANAGE_START) == d->running) {
        reply(tag, EBUSY, "it is in another state", NULL, 0);
        return;
    }
    if (op == SCREE_MANAGE_START) {
        start(d);
        reply(tag, 0, "", &d->state, sizeof(d->state));
        act(d);
        return;
    }
    reply(tag, 0, "", NULL, 0);
    if (op == SCREE_MANAGE_KILL && word(d, "undying"))
        return;
    if (op == SCREE_MANAGE_KILL)
        end(d, SCREE_END_KILLED, 0);
    else if (op == SCREE_MANAGE_STOP && !word(d, "deaf"))
        end(d, SHUTDOWN_poweroff, 0);
    else if (op == SCREE_MANAGE_PAUSE || op == SCREE_MANAGE_RESUME) {
        bool pause = op == SCREE_MANAGE_PAUSE;
        d->state.phase = pause ? SCREE_PHASE_PAUSED : SCREE_PHASE_READY;
        event(pause ? SCREE_EVENT_PAUSED : SCREE_EVENT_RESUMED, d);
    } else if (op == SCREE_MANAGE_REMOVE) {
        remove_domain(d);
    }
}

/* --------------------------------------------------------------- objects */

static void do_begin(uint32_t tag, struct scree_control_object *r)
{
    for (uint32_t i = 0; i < OBJECTS; i++) {
        if (objects[i].used)
            continue;
        objects[i].used = true;
        objects[i].record = *r;
        objects[i].record.handle = i;
        objects[i].record.flags = 0;
        reply(tag, 0, "", &objects[i].record, sizeof(*r));
        return;
    }
    reply(tag, ENOMEM, "no room for objects", NULL, 0);
}

static void do_get(uint32_t tag, const struct scree_control_object *r)
{
    for (uint32_t i = r->handle; i < OBJECTS; i++) {
        if (!objects[i].used)
            continue;
        reply(tag, 0, "", &objects[i].record, sizeof(*r));
        return;
    }
    reply(tag, ENOENT, "no further object", NULL, 0);
}

static void do_object(uint32_t op, uint32_t tag, const void *record)
{
    struct scree_control_object r;

    memcpy(&r, record, sizeof(r));
    if (op == SCREE_MANAGE_OBJECT_BEGIN) {
        do_begin(tag, &r);
    } else if (op == SCREE_MANAGE_OBJECT_GET) {
        do_get(tag, &r);
    } else if (r.handle >= OBJECTS || !objects[r.handle].used) {
        reply(tag, ENOENT, "no such object", NULL, 0);
    } else {
        if (op == SCREE_MANAGE_OBJECT_SEAL)
            objects[r.handle].record.flags = SCREE_OBJECT_SEALED;
        else
            objects[r.handle].used = false;
        reply(tag, 0, "", &r, sizeof(r));
    }
}

static void do_cell(uint32_t tag)
{
    struct scree_control_cell c = {.cpus = 1,
                                   .domain_limit = DOMAINS,
                                   .now = fake_time(),
                                   .frames_total = 1000,
                                   .frames_free = 900,
                                   .frames_available = 800,
                                   .version = "fake"};

    reply(tag, 0, "", &c, sizeof(c));
}

void fake_take_request(const struct frame *f)
{
    union {
        struct scree_manage_run run;
        struct scree_manage_list list;
        struct scree_manage_name name;
        uint8_t bytes[SCREE_FRAME_PAYLOAD];
    } u;
    uint32_t op;

    memset(&u, 0, sizeof(u));
    memcpy(&op, f->payload, sizeof(op));
    memcpy(u.bytes, f->payload + 8, f->head.length - 8u);
    if (op == SCREE_MANAGE_CELL)
        do_cell(f->head.tag);
    else if (op == SCREE_MANAGE_RUN)
        do_run(f->head.tag, &u.run);
    else if (op == SCREE_MANAGE_LIST)
        do_list(f->head.tag, &u.list);
    else if (op == SCREE_MANAGE_SET || op == SCREE_MANAGE_OBJECT_WRITE)
        reply(f->head.tag, 0, "", NULL, 0);
    else if (op >= SCREE_MANAGE_OBJECT_BEGIN)
        do_object(op, f->head.tag, u.bytes);
    else
        do_name(op, f->head.tag, &u.name);
}

void fake_take_input(const struct frame *f)
{
    char text[SCREE_FRAME_PAYLOAD];

    for (size_t i = 0; i < DOMAINS; i++) {
        if (!domains[i].running || domains[i].state.domain.id != f->head.tag)
            continue;
        snprintf(text, sizeof(text), "<%.*s>", (int)f->head.length,
                 (const char *)f->payload);
        fake_print(f->head.tag, text);
    }
}
