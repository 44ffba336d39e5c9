/* SPDX-License-Identifier: MIT */
/*
 * The control domain on one CPU, those it manages on all: it makes, pauses,
 * resumes, kills, collects and looks at them as fast as it can, while they
 * sleep, print, open store rings, set watchdogs, end and crash. Under TSan
 * every missing lock is a report; without it nothing may be lost at the end.
 */
#include "scree/store.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "small_bundle.h"
#include "world.h"

#include "base/bitmap.h"
#include "core/changes.h"
#include "io/console.h"
#include "io/journal.h"
#include "io/switch.h"
#include "scree/control.h"
#include "system/bundle.h"
#include "system/control.h"
#include "system/loop.h"
#include "system/reaper.h"

#define LOOPS  3
#define LIVING 12 /* domains at a time, at most */
#define CALLS  15000
#define RECORD (SCREE_IMAGE_BASE + 0x2000)
#define BUFFER (SCREE_IMAGE_BASE + 0x8000)

union any {
    struct scree_control head;
    struct scree_control_create create;
    struct scree_control_shutdown shutdown;
    struct scree_control_get get;
    struct scree_control_set set;
    struct scree_control_next next;
    struct scree_control_transfer transfer;
};

struct play {
    struct world w;
    uint64_t seed;          /* of the control domain */
    atomic_ulong seeds;     /* of all others, together */
    unsigned calls, living; /* of the control domain alone */
    atomic_uint ended;
    bool over; /* only killing and collecting from now on */
};

static struct small_bundle bundle;

static struct vcpu_exit hypercall(struct machine_vcpu *mv, uint64_t nr,
                                  uint64_t a, uint64_t b)
{
    mv->regs.rax = nr;
    mv->regs.rdi = a;
    mv->regs.rsi = b;
    mv->regs.rdx = 0;
    return (struct vcpu_exit){.kind = EXIT_HYPERCALL};
}

/* ---------------------------------------------------------------- others */

static uint64_t next_dice(struct play *p)
{
    uint64_t seed = atomic_fetch_add(&p->seeds, 0x9e3779b97f4a7c15ull);

    return unit_random(&seed) ^ unit_random(&seed) << 31;
}

static struct vcpu_exit with_argument(struct machine_vcpu *mv, uint64_t nr,
                                      uint64_t cmd, const void *argument,
                                      size_t n)
{
    struct vcpu_exit e;

    if (!host_store(mv, gva(RECORD), argument, n, &e))
        return e;
    return hypercall(mv, nr, cmd, RECORD);
}

static struct vcpu_exit end_somehow(struct machine_vcpu *mv, uint64_t dice)
{
    struct sched_shutdown s = {
        SCREE_SHUTDOWN((uint32_t)(dice % 5), (uint32_t)(dice >> 8) & 255)};

    if (dice % 8 == 7)
        return (struct vcpu_exit){.kind = EXIT_FAULT, .vector = 6};
    return with_argument(mv, __HYPERVISOR_sched_op, SCHEDOP_shutdown, &s,
                         sizeof(s));
}

static struct vcpu_exit live(struct machine_vcpu *mv, void *argument)
{
    uint64_t dice = next_dice(argument);
    const struct sched_watchdog w = {.timeout = 1 + (dice >> 20) % 2};
    const struct evtchn_send s = {SCREE_PORT_STORE};

    switch (dice % 16) {
    case 0:
    case 1:
        return hypercall(mv, __HYPERVISOR_set_timer_op,
                         machine_clock() + (dice >> 8) % 200000, 0);
    case 2:
        return hypercall(mv, __HYPERVISOR_scree_vio, (dice >> 8) % 2,
                         SCREE_VIO_STORE);
    case 3:
        return with_argument(mv, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
                             &s, sizeof(s));
    case 4:
        return with_argument(mv, __HYPERVISOR_sched_op, SCHEDOP_watchdog, &w,
                             sizeof(w));
    case 5:
        if ((dice >> 8) % 40 == 0)
            return end_somehow(mv, dice >> 16);
        return hypercall(mv, __HYPERVISOR_xen_version, 0, 0);
    case 6:
        return hypercall(mv, __HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    default:
        return hypercall(mv, __HYPERVISOR_scree_idle,
                         machine_clock() + (dice >> 8) % 300000, 0);
    }
}

/* --------------------------------------------------- the control domain */

static void fill_create(struct play *p, union any *r)
{
    r->create.config = bundle.domains[1]; /* no record: a pattern */
    r->create.config.on_crash =
        p->seed >> 40 & 1 ? SCREE_ON_CRASH_PRESERVE : SCREE_ON_CRASH_DESTROY;
}

/* A record with size and op; everything else by chance. */
static void fill(struct play *p, union any *r, uint64_t dice)
{
    static const uint32_t ops[] = {
        SCREE_CONTROL_create,     SCREE_CONTROL_resume,
        SCREE_CONTROL_resume,     SCREE_CONTROL_resume,
        SCREE_CONTROL_pause,      SCREE_CONTROL_pause,
        SCREE_CONTROL_kill,       SCREE_CONTROL_collect,
        SCREE_CONTROL_collect,    SCREE_CONTROL_get,
        SCREE_CONTROL_get,        SCREE_CONTROL_next,
        SCREE_CONTROL_set,        SCREE_CONTROL_shutdown,
        SCREE_CONTROL_store_take, SCREE_CONTROL_store_reset,
        SCREE_CONTROL_config,     SCREE_CONTROL_console_take};
#define SIZE(number, name, record) [number] = sizeof(struct record),
    static const uint32_t sizes[] = {SCREE_CONTROL_LIST(SIZE)};
#undef SIZE
    uint32_t op = ops[dice % ARRAY_SIZE(ops)];

    if (op == SCREE_CONTROL_create && p->living >= LIVING)
        op = SCREE_CONTROL_get;
    if (p->over)
        op = dice % 2 ? SCREE_CONTROL_kill : SCREE_CONTROL_collect;
    memset(r, 0, sizeof(*r));
    r->head = (struct scree_control){SCREE_CONTROL_VERSION, op, sizes[op],
                                     2 + (uint32_t)(dice >> 16) % 62};
    if (op == SCREE_CONTROL_create || op == SCREE_CONTROL_next ||
        op == SCREE_CONTROL_console_take)
        r->head.domain = 0;
    if (op == SCREE_CONTROL_create)
        fill_create(p, r);
    if (op == SCREE_CONTROL_set) {
        r->set.what = SCREE_SET_WEIGHT;
        r->set.weight = 1 + (uint32_t)(dice >> 32) % 500;
    }
    if (sizes[op] == sizeof(r->transfer)) {
        r->transfer.address = BUFFER;
        r->transfer.length = 3000;
    }
}

/* What the last call did: a new domain gets its player while it is paused. */
static void look_back(struct play *p, struct machine_vcpu *mv)
{
    struct vcpu *v = container_of(mv, struct vcpu, m);
    struct scree_control head;
    struct domain *d;

    memcpy(&head,
           (const char *)machine_space_bytes(&v->domain->space.m,
                                             gva_gfn(gva(RECORD)), false),
           sizeof(head));
    if (mv->regs.rax != 0)
        return;
    if (head.op == SCREE_CONTROL_collect)
        p->living--;
    if (head.op != SCREE_CONTROL_create)
        return;
    p->living++;
    d = domain_find(p->w.cell, head.domain);
    if (d)
        host_vcpu_guest(&d->vcpu.m, live, p);
}

static struct vcpu_exit manage(struct machine_vcpu *mv, void *argument)
{
    struct play *p = argument;
    struct sched_shutdown bye = {SHUTDOWN_poweroff};
    struct vcpu_exit e;
    union any r;

    if (p->calls > 0)
        look_back(p, mv);
    p->calls++;
    p->over = p->calls > CALLS;
    if (p->over && p->living == 0)
        return with_argument(mv, __HYPERVISOR_sched_op, SCHEDOP_shutdown, &bye,
                             sizeof(bye));
    fill(p, &r, unit_random(&p->seed) ^ unit_random(&p->seed) << 31);
    if (!host_store(mv, gva(RECORD), &r, r.head.size, &e)) {
        p->calls = 0; /* nothing to look back at: a page is made first */
        return e;
    }
    return hypercall(mv, __HYPERVISOR_scree_control, RECORD, 0);
}

/* ------------------------------------------------------------ the machine */

static bool none_left(struct play *p)
{
    return atomic_load(&p->w.cell->domain_count) == 0;
}

struct side {
    struct play *p;
    unsigned cpu;
};

/* As in test_threads: a thread that is no CPU wakes who sleeps at the end. */
static void *loop_side(void *argument)
{
    const struct side *side = argument;
    struct play *p = side->p;
    struct cpu *c = &p->w.cell->cpus[side->cpu];

    host_cpu_set(side->cpu);
    c->now = machine_clock();
    c->interrupted = true;
    while (!none_left(p))
        cpu_pass(c);
    atomic_fetch_add(&p->ended, 1);
    return NULL;
}

static void run_loops(struct play *p)
{
    struct side sides[LOOPS];
    pthread_t threads[LOOPS];

    for (unsigned i = 0; i < LOOPS; i++) {
        sides[i] = (struct side){p, i};
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, loop_side, &sides[i]), 0);
    }
    host_cpu_set(LOOPS);
    while (atomic_load(&p->ended) < LOOPS) {
        usleep(1000);
        for (unsigned i = 0; i < LOOPS && none_left(p); i++)
            machine_kick(i);
    }
    for (unsigned i = 0; i < LOOPS; i++)
        pthread_join(threads[i], NULL);
    host_cpu_set(0);
}

static void start(struct play *p)
{
    static struct host_config machine = {.cpus = LOOPS,
                                         .frames = 4000,
                                         .real_time = true,
                                         .module = &bundle,
                                         .module_size = sizeof(bundle)};
    struct domain *d0;

    small_bundle_make(&bundle);
    bundle.header.domain_count = 1;
    bundle.domains[0].flags = SCREE_CONFIG_CONTROL;
    world_start_bare(&p->w, &machine);
    CU_ASSERT_EQUAL_FATAL(console_create(p->w.cell), 0);
    CU_ASSERT_EQUAL_FATAL(bundle_open(p->w.cell), 0);
    CU_ASSERT_EQUAL_FATAL(control_init(p->w.cell), 0);
    CU_ASSERT_EQUAL_FATAL(restart_init(p->w.cell), 0);
    p->w.free = frames_free(p->w.frames);
    CU_ASSERT_EQUAL_FATAL(domain_launch(p->w.cell, 0), 0);
    d0 = domain_find(p->w.cell, 0);
    host_vcpu_guest(&d0->vcpu.m, manage, p);
}

static void a_manager_and_its_domains(void)
{
    static struct play p;

    memset(&p, 0, sizeof(p));
    p.seed = 11;
    start(&p);
    run_loops(&p);
    CU_ASSERT(p.calls > CALLS);
    CU_ASSERT_EQUAL(atomic_load(&p.w.cell->ended_count), 0);
    world_stop(&p.w);
}

void suite_control_threads(void)
{
    static const struct unit_test tests[] = {
        {"a manager and its domains", a_manager_and_its_domains},
    };

    UNIT_SUITE("control_threads", tests);
}
