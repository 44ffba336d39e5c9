/* SPDX-License-Identifier: MIT */
/* See control_world.h. */
#include "control_world.h"

#include <string.h>

#include "base/bitmap.h"
#include "core/image.h"

void control_prepare(void)
{
    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_bundle.domains[0].flags = SCREE_CONFIG_CONTROL;
    life_bundle.domains[0].memory = CONTROL_PAGES * PAGE_SIZE;
    life_bundle.domains[0].ipv4 = 0x0a000002; /* the switch has its table */
}

void control_find(struct control_world *x)
{
    char byte = 0;

    x->d0 = life_find(&x->w, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x->d0);
    /* draw the pages that the tests use, so that counts are the same later */
    for (uint64_t at = CONTROL_RECORD; at < x->d0->info->memory_end;
         at += PAGE_SIZE)
        guest_put(x->d0, at, &byte, 1);
    x->free = frames_free(x->w.frames);
}

void control_start(struct control_world *x)
{
    static const struct host_config config = {.frames = 3000,
                                              .cmdline = "domains=60"};

    life_boot(&x->w, &config);
    control_find(x);
}

static void drop_objects(struct control_world *x)
{
    struct scree_control_object o = {.handle = 0};

    while (CONTROL(x, object_get, &o) == 0) {
        if (!(o.flags & SCREE_OBJECT_BOOT))
            CU_ASSERT_EQUAL(control_drop(x, o.handle), 0);
        o.handle++;
        o.head.domain = 0;
    }
}

void control_stop(struct control_world *x)
{
    struct scree_control_get g = {.head = {.domain = 1}};

    while (CONTROL(x, get, &g) == 0) {
        if (!(g.state.flags & SCREE_DOMAIN_BOOT))
            control_remove(x, g.state.id);
        g.head.domain = g.state.id + 1;
    }
    drop_objects(x);
    CU_ASSERT_EQUAL(frames_free(x->w.frames), x->free);
    frames_audit(x->w.frames);
    x->w.cell->control = false; /* nobody is kept any more */
    domain_end(x->d0, SHUTDOWN_poweroff);
    life_stop(&x->w);
}

int64_t control_call_at(struct control_world *x, uint64_t at, void *record,
                        uint32_t size)
{
    int64_t result;

    guest_put(x->d0, at, record, size);
    result = guest_call(x->d0, __HYPERVISOR_scree_control, at, 0, 0);
    guest_get(x->d0, at, record, size);
    return result;
}

/* -------------------------------------------------------------- domains */

struct scree_control_create control_new(uint32_t image, const char *name)
{
    struct scree_control_create r = {
        .config = {.size = sizeof(r.config),
                   .image = image,
                   .module = SCREE_NO_MODULE,
                   .memory = SMALL_MEMORY,
                   .weight = 300,
                   .group = 7},
    };

    strncpy(r.config.name, name, sizeof(r.config.name) - 1);
    strcpy(r.config.cmdline, "some words");
    strcpy((char *)r.tag, "a tag");
    return r;
}

uint32_t control_make(struct control_world *x, const char *name)
{
    struct scree_control_create r = control_new(0, name);

    CU_ASSERT_EQUAL_FATAL(CONTROL(x, create, &r), 0);
    return r.head.domain;
}

struct scree_domain_state control_state(struct control_world *x, uint32_t id)
{
    struct scree_control_get g = {.head = {.domain = id}};

    CU_ASSERT_EQUAL_FATAL(CONTROL(x, get, &g), 0);
    CU_ASSERT_EQUAL_FATAL(g.state.id, id);
    return g.state;
}

void control_settle(struct control_world *x)
{
    guest_pass(&x->w, 6);
}

void control_remove(struct control_world *x, uint32_t id)
{
    (void)CONTROL_DOMAIN(x, kill, id);
    control_settle(x);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(x, collect, id), 0);
}

/* -------------------------------------------------------------- objects */

uint32_t control_upload(struct control_world *x, const void *bytes, size_t n)
{
    struct scree_control_object o = {.size = n};
    struct scree_control_transfer t = {.address = CONTROL_BUFFER};

    memset(o.digest, 0xd1, sizeof(o.digest));
    CU_ASSERT_EQUAL_FATAL(CONTROL(x, object_begin, &o), 0);
    t.head.domain = o.handle;
    for (size_t at = 0; at < n; at += t.done) {
        t.length = (uint32_t)min_u64(n - at, SCREE_TRANSFER_MAX);
        t.offset = at;
        guest_put(x->d0, CONTROL_BUFFER, (const char *)bytes + at, t.length);
        CU_ASSERT_EQUAL_FATAL(CONTROL(x, object_write, &t), 0);
        CU_ASSERT_EQUAL_FATAL(t.done, t.length);
    }
    return o.handle;
}

int64_t control_seal(struct control_world *x, uint32_t handle)
{
    struct scree_control_object o = {.handle = handle};

    return CONTROL(x, object_seal, &o);
}

int64_t control_drop(struct control_world *x, uint32_t handle)
{
    struct scree_control_object o = {.handle = handle};

    return CONTROL(x, object_drop, &o);
}

void control_object_image(struct small_bundle *b)
{
    small_bundle_make(b);
    b->header.domain_count = 0;
    b->header.module_count = 0;
}

void control_object_module(struct small_bundle *b)
{
    small_bundle_make(b);
    b->header.domain_count = 0;
    b->header.image_count = 0;
}

/* -------------------------------------------------------------- pictures */

static void mix(struct control_picture *p, uint64_t value)
{
    p->hash = (p->hash ^ value) * 0x9e3779b97f4a7c15ull;
    p->hash ^= p->hash >> 29;
}

static void mix_domain(struct control_picture *p, const struct domain *d)
{
    mix(p, d->id);
    mix(p, domain_state(d));
    mix(p, atomic_load(&d->vcpu.sched.state));
    mix(p, d->vcpu.sched.weight);
    mix(p, d->quota.drawn);
    mix(p, d->quota.promised);
    mix(p, d->info->shutdown);
    mix(p, d->net_rate);
    mix(p, event_pending(d, SCREE_PORT_CONTROL));
    mix(p, d->image ? d->image->users : 0);
}

static void mix_objects(struct control_world *x, struct control_picture *p)
{
    struct scree_control_object o = {.handle = 0};

    while (CONTROL(x, object_get, &o) == 0) {
        mix(p, o.handle);
        mix(p, o.kind);
        mix(p, o.flags);
        mix(p, o.users);
        o.handle++;
    }
}

struct control_picture control_look(struct control_world *x)
{
    const struct cell *cell = x->w.cell;
    struct control_picture p = {0};

    mix_objects(x, &p); /* first: then the caller is the one that runs */
    mix(&p, frames_free(x->w.frames));
    mix(&p, frames_available(x->w.frames));
    mix(&p, atomic_load(&cell->domain_count));
    mix(&p, atomic_load(&cell->ended_count));
    for (unsigned i = 0; i < BITMAP_WORDS(cell->domain_limit); i++)
        mix(&p, cell->taken[i]);
    for (uint32_t id = 0; id < cell->domain_limit; id++) {
        if (cell->records[id])
            mix_domain(&p, cell->records[id]);
    }
    return p;
}

bool control_same(struct control_world *x, const struct control_picture *p)
{
    struct control_picture now = control_look(x);

    return now.hash == p->hash;
}
