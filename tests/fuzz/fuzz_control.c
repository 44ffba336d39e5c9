/* SPDX-License-Identifier: MIT */
/*
 * The control hypercall. Domain 0 of a small cell passes records that are good
 * but for some patches; the domains that it makes live, print, open store
 * rings, sleep, fault and end. It may die itself in between. Afterwards all
 * that was made is killed, collected and dropped, and every frame is back.
 *
 * The first half of the input is domain 0's script, the second the others':
 *   byte 0: what (see enum), then what that needs
 */
#include "scree/store.h"

#include <string.h>

#include "cell.h"
#include "core/domain.h"
#include "core/guestmem.h"
#include "fuzz.h"
#include "scree/control.h"
#include "system/control.h"
#include "system/loop.h"
#include "system/reaper.h"

#define RESTART_MAX 31000000000ull /* ns: a restart is put off for so long */
#define STEPS       96
#define RAM_PAGES   32
#define RECORD      (SCREE_IMAGE_BASE + 0x2000) /* of domain 0 */
#define BUFFER      (SCREE_IMAGE_BASE + 0x4000)
#define FIRST       1 /* handle of the first upload */

enum what { CALL, PUT_OBJECT, OTHER, TIME, DIE, KINDS };

struct script {
    struct fuzz_input in, others;
    struct cell *cell;
    unsigned steps;
};

/* ------------------------------------------------------------- the bundles */

struct small {
    struct scree_bundle head;
    struct scree_bundle_image image;
    struct scree_bundle_module module;
    struct scree_domain_config domains[2];
    struct scree_symbol symbols[2];
    char strings[8];
    uint8_t contents[4096] __attribute__((aligned(4096)));
};

#define AT(field) offsetof(struct small, field)

static const struct small boot = {
    .head = {.magic = SCREE_BUNDLE_MAGIC,
             .version = SCREE_BUNDLE_VERSION,
             .header_size = sizeof(struct scree_bundle),
             .size = sizeof(boot),
             .images = AT(image),
             .domains = AT(domains),
             .image_count = 1,
             .domain_count = 2,
             .network = 0x0a000000,
             .prefix = 24},
    .image = {.name = "image",
              .entry = SCREE_IMAGE_BASE,
              .abi_major = SCREE_ABI_MAJOR,
              .segment_count = 1,
              .symbol_count = 2,
              .symbols = AT(symbols),
              .strings = AT(strings),
              .strings_size = 8,
              .segments = {{.address = SCREE_IMAGE_BASE,
                            .offset = AT(contents),
                            .file_size = 4096,
                            .memory_size = 4096,
                            .flags = SCREE_SEGMENT_EXEC}}},
    .domains = {{.size = sizeof(struct scree_domain_config),
                 .module = SCREE_NO_MODULE,
                 .name = "control",
                 .memory = RAM_PAGES * 4096ull,
                 .weight = 256,
                 .ipv4 = 0x0a000009,
                 .flags = SCREE_CONFIG_CONTROL},
                {.size = sizeof(struct scree_domain_config),
                 .module = SCREE_NO_MODULE,
                 .on_crash = SCREE_ON_CRASH_RESTART,
                 .name = "boot",
                 .memory = RAM_PAGES * 4096ull,
                 .weight = 256}},
    .symbols = {{.address = SCREE_IMAGE_BASE}, {.address = SCREE_IMAGE_BASE}},
};

static void make_object(struct small *o, bool module)
{
    *o = boot;
    o->head.domain_count = 0;
    if (!module)
        return;
    o->head.image_count = 0;
    o->head.module_count = 1;
    o->head.modules = AT(module);
    o->module.offset = AT(contents);
    o->module.size = 1000;
}

/* --------------------------------------------------------------- records */

union any {
    struct scree_control head;
    struct scree_control_create create;
    struct scree_control_shutdown shutdown;
    struct scree_control_set set;
    struct scree_control_object object;
    struct scree_control_transfer transfer;
    uint8_t bytes[1024];
};

static uint32_t record_size(uint32_t op)
{
#define SIZE(number, name, record) [number] = sizeof(struct record),
    static const uint32_t sizes[] = {SCREE_CONTROL_LIST(SIZE)};
#undef SIZE

    return op < sizeof(sizes) / sizeof(sizes[0]) && sizes[op] ? sizes[op] : 16;
}

static void fill_create(struct scree_control_create *r, struct fuzz_input *in)
{
    r->config = boot.domains[1];
    r->config.on_crash = SCREE_ON_CRASH_DESTROY;
    r->config.image = fuzz_byte(in) % 4;
    if (fuzz_byte(in) % 4 == 0)
        r->config.module = fuzz_byte(in) % 8;
    if (fuzz_byte(in) % 4 == 0)
        r->config.ipv4 = boot.head.network + fuzz_byte(in);
    r->head.domain = 0;
}

static void fill_object(struct scree_control_object *r, uint32_t op,
                        struct fuzz_input *in)
{
    r->head.domain = 0;
    if (op == SCREE_CONTROL_object_begin)
        r->size = sizeof(boot);
    else
        r->handle = fuzz_byte(in) % 8;
}

static void fill_transfer(struct scree_control_transfer *r, uint32_t op)
{
    r->address = BUFFER;
    r->length = 4096;
    if (op == SCREE_CONTROL_object_write)
        r->length = sizeof(boot);
    if (op >= SCREE_CONTROL_channel_take || op == SCREE_CONTROL_console_take)
        r->head.domain = 0;
}

/* What a good one has, as far as that can be said in general. */
static void fill(union any *r, uint32_t op, struct fuzz_input *in)
{
    r->head = (struct scree_control){SCREE_CONTROL_VERSION, op, record_size(op),
                                     fuzz_byte(in) % 8};
    switch (op) {
    case SCREE_CONTROL_create:
        fill_create(&r->create, in);
        break;
    case SCREE_CONTROL_set:
        r->set.what = fuzz_byte(in) % 4;
        r->set.weight = fuzz_byte(in);
        r->set.net_rate = fuzz_u16(in);
        break;
    case SCREE_CONTROL_shutdown:
        r->shutdown.reason = fuzz_byte(in) % 3;
        break;
    case SCREE_CONTROL_cell:
    case SCREE_CONTROL_next:
        r->head.domain = 0;
        break;
    default:
        if (record_size(op) == sizeof(r->object))
            fill_object(&r->object, op, in);
        else if (record_size(op) == sizeof(r->transfer))
            fill_transfer(&r->transfer, op);
    }
}

static void patch(union any *r, struct fuzz_input *in)
{
    static const uint64_t odd[] = {0,
                                   1,
                                   4095,
                                   4096,
                                   4097,
                                   ~0u,
                                   ~0ull,
                                   1ull << 32,
                                   1u << 28,
                                   BUFFER + 4090,
                                   SCREE_GUEST_END - 8,
                                   SCREE_IMAGE_BASE + RAM_PAGES * 4096ull - 8};
    unsigned n = fuzz_byte(in) % 4;

    for (unsigned i = 0; i < n; i++) {
        uint16_t at = fuzz_u16(in) % record_size(r->head.op);
        uint8_t kind = fuzz_byte(in);
        uint64_t value =
            kind < 128 ? fuzz_u64(in) : odd[kind % (sizeof(odd) / 8)];

        memcpy(r->bytes + at, &value, kind % 2 ? 8 : 4);
    }
}

static void put(struct domain *d, uint64_t at, const void *bytes, size_t n)
{
    lock_take(&d->lock);
    FUZZ_CHECK(guestmem_write(d, gva(at), bytes, n) == 0);
    lock_release(&d->lock);
}

/* -------------------------------------------------------------- players */

static struct vcpu_exit call(struct machine_vcpu *mv, uint64_t nr, uint64_t a,
                             uint64_t b)
{
    mv->regs.rax = nr;
    mv->regs.rdi = a;
    mv->regs.rsi = b;
    mv->regs.rdx = 0;
    return (struct vcpu_exit){.kind = EXIT_HYPERCALL};
}

/* A store ring's indices, and a send. */
static struct vcpu_exit ring(struct machine_vcpu *mv, struct domain *d,
                             struct fuzz_input *in)
{
    const uint32_t port = SCREE_PORT_STORE;

    if (d->store.page)
        __atomic_store_n(&d->store.page->req_prod, fuzz_u16(in) % 1100,
                         __ATOMIC_RELEASE);
    put(d, RECORD, &port, sizeof(port));
    return call(mv, __HYPERVISOR_event_channel_op, EVTCHNOP_send, RECORD);
}

/* What another domain does in its turn. */
static struct vcpu_exit other(struct machine_vcpu *mv, void *arg)
{
    struct vcpu *v = container_of(mv, struct vcpu, m);
    struct script *s = arg;
    struct fuzz_input *in = &s->others;
    uint32_t word = fuzz_u16(in);

    switch (fuzz_byte(in) % 8) {
    case 0:
        put(v->domain, RECORD, &word, sizeof(word));
        return call(mv, __HYPERVISOR_sched_op, SCHEDOP_shutdown, RECORD);
    case 1:
        return (struct vcpu_exit){.kind = EXIT_FAULT, .vector = 6};
    case 2:
        return call(mv, __HYPERVISOR_scree_vio, fuzz_byte(in) % 3,
                    SCREE_VIO_STORE);
    case 3:
        return ring(mv, v->domain, in);
    case 4:
        return call(mv, __HYPERVISOR_console_io, CONSOLEIO_write, 64);
    case 5:
        return call(mv, __HYPERVISOR_scree_control, RECORD, 0);
    default:
        return call(mv, __HYPERVISOR_scree_idle,
                    machine_clock() + (1ull << fuzz_byte(in) % 40), 0);
    }
}

/* Whoever was made has a player, too. */
static void give_players(struct script *s);

static struct vcpu_exit control(struct machine_vcpu *mv, void *arg)
{
    struct vcpu *v = container_of(mv, struct vcpu, m);
    struct script *s = arg;
    struct fuzz_input *in = &s->in;
    struct small object;
    union any r;

    s->steps++;
    give_players(s);
    if (!in->left)
        return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
    switch (fuzz_byte(in) % KINDS) {
    case CALL:
        memset(&r, 0, sizeof(r));
        fill(&r, fuzz_byte(in) % 25, in);
        patch(&r, in);
        put(v->domain, RECORD, &r, sizeof(r));
        return call(mv, __HYPERVISOR_scree_control, RECORD, 0);
    case PUT_OBJECT:
        make_object(&object, fuzz_byte(in) % 4 == 0);
        ((uint8_t *)&object)[fuzz_u16(in) % sizeof(object)] ^= fuzz_byte(in);
        put(v->domain, BUFFER, &object, sizeof(object));
        return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
    case OTHER: /* the others' turn */
        return call(mv, __HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    case DIE:
        if (fuzz_byte(in) % 8 == 0)
            return (struct vcpu_exit){.kind = EXIT_FAULT, .vector = 6};
        return call(mv, __HYPERVISOR_scree_idle, machine_clock() + 1000, 0);
    default:
        host_clock_advance(1ull << (fuzz_byte(in) % 36));
        return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
    }
}

static void give_players(struct script *s)
{
    struct cell *cell = s->cell;

    for (uint32_t id = 0; id < cell->domain_limit; id++) {
        struct domain *d = domain_find(cell, id);

        if (d)
            host_vcpu_guest(&d->vcpu.m, id ? other : control, s);
    }
}

/* --------------------------------------------------------------- the end */

static int64_t ask(struct domain *d0, void *record, uint32_t op)
{
    struct scree_control *head = record;
    struct vcpu *v = &d0->vcpu;

    head->version = SCREE_CONTROL_VERSION;
    head->op = op;
    head->size = record_size(op);
    put(d0, RECORD, record, head->size);
    v->m.regs.rax = __HYPERVISOR_scree_control;
    v->m.regs.rdi = RECORD;
    do
        hypercall_dispatch(v);
    while (v->again[0].nr != CONTINUATION_NONE);
    lock_take(&d0->lock);
    FUZZ_CHECK(guestmem_read(d0, record, gva(RECORD), head->size) == 0);
    lock_release(&d0->lock);
    return (int64_t)v->m.regs.rax;
}

/* The control domain, whether or not it has just died. */
static struct domain *alive(struct script *s)
{
    for (unsigned i = 0; i < 200; i++) {
        struct domain *d0 = domain_find(s->cell, 0);

        give_players(s);
        if (d0 && d0->vcpu.again[0].nr == CONTINUATION_NONE)
            return d0;
        host_clock_advance(100000000);
        cpu_pass(&s->cell->cpus[0]);
    }
    return NULL;
}

static struct domain *kill_all(struct script *s, struct domain *d0)
{
    for (uint32_t id = 1; id < s->cell->domain_limit; id++) {
        struct scree_control r = {.domain = id};

        (void)ask(d0, &r, SCREE_CONTROL_kill);
    }
    for (unsigned i = 0; i < 300; i++)
        cpu_pass(&s->cell->cpus[0]);
    return alive(s);
}

/* Those of the boot bundle that come back do so first, and stay away then. */
static void collect_all(struct script *s, struct domain *d0)
{
    d0 = kill_all(s, d0);
    host_clock_advance(RESTART_MAX);
    for (unsigned i = 0; i < 300; i++)
        cpu_pass(&s->cell->cpus[0]);
    d0 = kill_all(s, alive(s));
    for (uint32_t id = 1; id < s->cell->domain_limit; id++) {
        struct scree_control r = {.domain = id};
        int64_t result = ask(d0, &r, SCREE_CONTROL_collect);

        FUZZ_CHECK(result == 0 || result == -XEN_ESRCH);
    }
}

static void drop_all(struct domain *d0)
{
    struct scree_control_object o = {.handle = FIRST};

    while (ask(d0, &o, SCREE_CONTROL_object_get) == 0) {
        uint32_t handle = o.handle;

        FUZZ_CHECK(o.users == 0);
        o = (struct scree_control_object){.handle = handle};
        FUZZ_CHECK(ask(d0, &o, SCREE_CONTROL_object_drop) == 0);
        o = (struct scree_control_object){.handle = handle + 1};
    }
}

static void end(struct script *s)
{
    struct domain *d0;

    s->in.left = s->others.left = 0;
    d0 = alive(s);
    if (!d0)
        return; /* it has powered off: fuzz_cell_stop() forgets the cell */
    collect_all(s, d0);
    d0 = alive(s);
    FUZZ_CHECK(d0 != NULL);
    drop_all(d0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script s = {.in = {data, size / 2},
                       .others = {data + size / 2, size - size / 2}};

    s.cell = fuzz_cell_start(&boot, sizeof(boot));
    FUZZ_CHECK(s.cell != NULL);
    FUZZ_CHECK(domain_launch(s.cell, 0) == 0);
    FUZZ_CHECK(domain_launch(s.cell, 1) == 0);
    give_players(&s);
    for (unsigned i = 0; i < 4 * STEPS && s.steps < STEPS; i++)
        cpu_pass(&s.cell->cpus[0]);
    end(&s);
    s.cell->control = false; /* nobody is kept any more */
    fuzz_cell_stop();
    return 0;
}
