/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs at once, each a thread: frames under contention, mappings that
 * another CPU removes while the guest uses them, and whole loops with guests
 * that send, map and die. Under TSan every missing lock or flush is a report;
 * without it the counts at the end still have to be right.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "scree/calls.h"
#include "system/loop.h"
#include "world.h"

#define CPUS 4

static const struct host_config machine = {.cpus = CPUS - 1, .real_time = true};

/* Runs fn on every CPU below n, CPU 0 being this thread. */
struct job {
    void (*fn)(unsigned cpu, void *argument);
    void *argument;
    unsigned cpu;
};

static void *run_job(void *p)
{
    struct job *j = p;

    host_cpu_set(j->cpu);
    j->fn(j->cpu, j->argument);
    return NULL;
}

static void on_cpus(unsigned n, void (*fn)(unsigned cpu, void *argument),
                    void *argument)
{
    struct job jobs[CPUS];
    pthread_t threads[CPUS];

    for (unsigned i = 0; i < n; i++)
        jobs[i] = (struct job){fn, argument, i};
    for (unsigned i = 1; i < n; i++)
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    run_job(&jobs[0]);
    for (unsigned i = 1; i < n; i++)
        pthread_join(threads[i], NULL);
}

/* --------------------------------------------------------------- frames */

#define HANDS 20 /* frames a CPU holds at most */

struct crowd {
    struct frames *frames;
    mfn_t shared;
    atomic_uint wrong;
};

static void check(struct crowd *x, bool right)
{
    if (!right)
        atomic_fetch_add(&x->wrong, 1);
}

/* Writes its name into a fresh frame; nobody else may change it. */
static mfn_t draw(struct crowd *x, struct quota *q, unsigned cpu)
{
    mfn_t m = frame_alloc_zero(x->frames, q, cpu, FRAME_WRITABLE);

    if (mfn_valid(m))
        memset(machine_frame(m), (int)cpu + 1, 64);
    return m;
}

static void drop(struct crowd *x, struct quota *q, unsigned cpu, mfn_t m)
{
    const char *p = machine_frame(m);

    check(x, p[0] == (char)(cpu + 1) && p[63] == (char)(cpu + 1));
    check(x, frame_info(x->frames, m).owner == cpu);
    frame_put(x->frames, q, m);
}

static void juggle(unsigned cpu, void *argument)
{
    struct crowd *x = argument;
    struct quota q = {0, 0};
    mfn_t held[HANDS];
    uint64_t seed = cpu;
    unsigned n = 0;

    check(x, frame_promise(x->frames, &q, HANDS) == 0);
    for (unsigned i = 0; i < 2000; i++) {
        check(x, frame_get(x->frames, x->shared, FRAME_SHARED) == 0);
        if (n < HANDS && unit_random(&seed) % 2) {
            held[n] = draw(x, &q, cpu);
            check(x, mfn_valid(held[n])); /* within the promise */
            n++;
        } else if (n > 0) {
            drop(x, &q, cpu, held[--n]);
        }
        frame_put(x->frames, NULL, x->shared);
    }
    while (n > 0)
        drop(x, &q, cpu, held[--n]);
    check(x, q.promised == HANDS && q.drawn == 0);
    frame_unpromise(x->frames, &q, HANDS);
}

static void frames_survive_a_crowd(void)
{
    struct world w;
    struct crowd x = {.wrong = 0};

    world_start_frames(&w, &machine);
    x.frames = w.frames;
    x.shared = frame_alloc_cell(w.frames, FRAME_SHARED);
    on_cpus(CPUS, juggle, &x);
    CU_ASSERT_EQUAL(x.wrong, 0);
    CU_ASSERT_EQUAL(frame_info(w.frames, x.shared).refs, 1);
    frame_put(w.frames, NULL, x.shared);
    world_stop_frames(&w);
}

/* -------------------------------------------------- changes from elsewhere */

#define PAGE   0x5000ull
#define OURS   'A'
#define OTHERS 'P'

struct shoot {
    struct world w;
    struct quota quota, other;
    struct lock lock;
    struct space s; /* under lock */
    struct machine_vcpu mv;
    atomic_bool done;
    atomic_uint wrong, seen;
};

/* Looks at the page for a while, as a guest does between two exits. */
static struct vcpu_exit look(struct machine_vcpu *mv, void *argument)
{
    struct shoot *x = argument;
    struct vcpu_exit e = {.kind = EXIT_INTERRUPT};

    for (unsigned i = 0; i < 50; i++) {
        char c[8];

        if (!host_load(mv, gva(PAGE + i * 64), c, sizeof(c), &e))
            break;
        atomic_fetch_add(&x->seen, 1);
        if (c[0] != OURS || c[7] != OURS)
            atomic_fetch_add(&x->wrong, 1);
    }
    return e;
}

static void guest_side(struct shoot *x)
{
    host_vcpu_guest(&x->mv, look, x);
    while (!atomic_load(&x->done)) {
        space_enter(&x->s, 0);
        (void)machine_run(&x->mv).kind;
        space_leave(&x->s);
    }
    machine_vcpu_leave(&x->mv);
}

/* Maps a page, takes it away and gives the frame to somebody else at once. */
static void take_away(struct shoot *x)
{
    mfn_t m;

    lock_take(&x->lock);
    m = frame_alloc(x->w.frames, &x->quota, 1, FRAME_WRITABLE);
    memset(machine_frame(m), OURS, PAGE_SIZE);
    if (space_map(&x->s, gfn(5), m, MAP_READ | MAP_WRITE, SOFT_FIXED))
        atomic_fetch_add(&x->wrong, 1);
    lock_release(&x->lock);
    machine_relax();
    lock_take(&x->lock);
    if (space_unmap(&x->s, gfn(5), SOFT_NONE))
        atomic_fetch_add(&x->wrong, 1);
    lock_release(&x->lock);
    m = frame_alloc(x->w.frames, &x->other, 2, FRAME_WRITABLE);
    memset(machine_frame(m), OTHERS, PAGE_SIZE);
    frame_put(x->w.frames, &x->other, m);
}

static void shoot_side(unsigned cpu, void *argument)
{
    struct shoot *x = argument;

    if (cpu == 0) {
        guest_side(x);
        return;
    }
    for (unsigned i = 0; i < 300; i++)
        take_away(x);
    while (atomic_load(&x->seen) == 0)
        take_away(x);
    atomic_store(&x->done, true);
}

static void guest_never_sees_a_frame_that_is_gone(void)
{
    static struct shoot x;

    memset(&x, 0, sizeof(x));
    world_start_frames(&x.w, &machine);
    CU_ASSERT_EQUAL(frame_promise(x.w.frames, &x.quota, 10), 0);
    CU_ASSERT_EQUAL(frame_promise(x.w.frames, &x.other, 1), 0);
    lock_init(&x.lock, RANK_DOMAIN, 1);
    space_init(&x.s, x.w.frames, &x.quota, 1);
    machine_vcpu_init(&x.mv, &x.s.m, gva(0), gva(0), 0);
    on_cpus(2, shoot_side, &x);
    CU_ASSERT_EQUAL(x.wrong, 0);
    CU_ASSERT(x.seen > 0);
    space_destroy(&x.s);
    frame_unpromise(x.w.frames, &x.quota, x.quota.promised);
    frame_unpromise(x.w.frames, &x.other, x.other.promised);
    world_stop_frames(&x.w);
}

/* --------------------------------------------------------- whole loops */

#define LOOPS  (CPUS - 1)
#define GUESTS 8
#define LIVES  400
#define BUFFER (SCREE_IMAGE_BASE + 0x1000ull)

struct traffic {
    struct world w;
    struct domain *d[GUESTS];
    uint64_t seed[GUESTS];
    atomic_uint calls, ended;
    atomic_uint births; /* that are still to come */
};

static bool no_domain_left(struct traffic *t)
{
    return atomic_load(&t->births) == 0 &&
           atomic_load(&t->w.cell->domain_count) == 0;
}

struct busy_guest {
    struct traffic *t;
    unsigned index;
};

static struct vcpu_exit hypercall(struct machine_vcpu *mv, uint64_t nr,
                                  uint64_t a, uint64_t b)
{
    mv->regs.rax = nr;
    mv->regs.rdi = a;
    mv->regs.rsi = b;
    mv->regs.rdx = 0;
    return (struct vcpu_exit){.kind = EXIT_HYPERCALL};
}

static struct vcpu_exit send_event(struct machine_vcpu *mv, uint64_t dice)
{
    struct evtchn_send send = {.port = (uint32_t)(dice % 20)};
    struct vcpu_exit e;

    if (!host_store(mv, gva(BUFFER), &send, sizeof(send), &e))
        return e;
    return hypercall(mv, __HYPERVISOR_event_channel_op, EVTCHNOP_send, BUFFER);
}

static struct vcpu_exit bind_port(struct machine_vcpu *mv, uint64_t dice)
{
    struct evtchn_alloc_unbound a = {
        .dom = DOMID_SELF, .remote_dom = (domid_t)(1 + dice % GUESTS)};
    struct evtchn_bind_interdomain b = {
        .remote_dom = (domid_t)(1 + dice % GUESTS),
        .remote_port = (uint32_t)(16 + dice % 5)};
    struct vcpu_exit e;
    bool alloc = dice & 64;

    if (!host_store(mv, gva(BUFFER), alloc ? (void *)&a : (void *)&b,
                    alloc ? sizeof(a) : sizeof(b), &e))
        return e;
    return hypercall(mv, __HYPERVISOR_event_channel_op,
                     alloc ? EVTCHNOP_alloc_unbound : EVTCHNOP_bind_interdomain,
                     BUFFER);
}

static struct vcpu_exit close_port(struct machine_vcpu *mv, uint64_t dice)
{
    struct evtchn_close c = {.port = (uint32_t)(16 + dice % 5)};
    struct vcpu_exit e;

    if (!host_store(mv, gva(BUFFER), &c, sizeof(c), &e))
        return e;
    return hypercall(mv, __HYPERVISOR_event_channel_op, EVTCHNOP_close, BUFFER);
}

static struct vcpu_exit touch(struct machine_vcpu *mv, uint64_t dice)
{
    struct vcpu_exit e = {.kind = EXIT_INTERRUPT};
    /* not where balloon() makes holes */
    gva_t a = gva(SCREE_IMAGE_BASE + dice % 16 * PAGE_SIZE + 8);

    (void)!host_store(mv, a, &dice, sizeof(dice), &e);
    return e;
}

static struct vcpu_exit balloon(struct machine_vcpu *mv, uint64_t dice)
{
    xen_pfn_t at = (SCREE_IMAGE_BASE >> PAGE_SHIFT) + 16 + dice % 8;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
    struct vcpu_exit e;

    set_xen_guest_handle(r.extent_start,
                         (xen_pfn_t *)(uintptr_t)(BUFFER + sizeof(r)));
    if (!host_store(mv, gva(BUFFER), &r, sizeof(r), &e) ||
        !host_store(mv, gva(BUFFER + sizeof(r)), &at, sizeof(at), &e))
        return e;
    return hypercall(mv, __HYPERVISOR_memory_op,
                     dice & 64 ? XENMEM_decrease_reservation
                               : XENMEM_populate_physmap,
                     BUFFER);
}

/* From whoever has the id, which grants nothing, but is looked at. */
static struct vcpu_exit copy_grant(struct machine_vcpu *mv, uint64_t dice)
{
    struct gnttab_copy c = {
        .source = {.u.ref = 8, .domid = (domid_t)(1 + dice % GUESTS)},
        .dest = {.u.gmfn = BUFFER >> PAGE_SHIFT, .domid = DOMID_SELF},
        .len = 16,
        .flags = GNTCOPY_source_gref,
    };
    struct vcpu_exit e;

    if (!host_store(mv, gva(BUFFER), &c, sizeof(c), &e))
        return e;
    (void)hypercall(mv, __HYPERVISOR_grant_table_op, GNTTABOP_copy, BUFFER);
    mv->regs.rdx = 1;
    return (struct vcpu_exit){.kind = EXIT_HYPERCALL};
}

static struct vcpu_exit say_bye(struct machine_vcpu *mv)
{
    struct sched_shutdown bye = {.reason = SHUTDOWN_poweroff};
    struct vcpu_exit e;

    if (!host_store(mv, gva(BUFFER), &bye, sizeof(bye), &e))
        return e;
    return hypercall(mv, __HYPERVISOR_sched_op, SCHEDOP_shutdown, BUFFER);
}

static struct vcpu_exit act(struct machine_vcpu *mv, uint64_t dice)
{
    switch (dice % 11) {
    case 0:
        return hypercall(mv, __HYPERVISOR_scree_idle,
                         machine_clock() + dice % 20000, 0);
    case 1:
        return hypercall(mv, __HYPERVISOR_set_timer_op,
                         machine_clock() + dice % 20000, 0);
    case 2:
        return hypercall(mv, __HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    case 3:
    case 4:
        return touch(mv, dice / 10);
    case 5:
        return balloon(mv, dice / 10);
    case 6:
        return bind_port(mv, dice / 10);
    case 7:
        return close_port(mv, dice / 10);
    case 8:
        return copy_grant(mv, dice / 10);
    default:
        return send_event(mv, dice / 10);
    }
}

/* Something new each time; at the end the guest shuts itself down. */
static struct vcpu_exit live(struct machine_vcpu *mv, void *argument)
{
    struct busy_guest *g = argument;
    uint64_t dice = unit_random(&g->t->seed[g->index]);

    if (atomic_fetch_add(&g->t->calls, 1) > 6000)
        return say_bye(mv);
    return act(mv, dice);
}

/* Not for long. */
static struct vcpu_exit live_shortly(struct machine_vcpu *mv, void *argument)
{
    struct busy_guest *g = argument;
    uint64_t dice = unit_random(&g->t->seed[g->index]);

    if (dice >> 32 & 63)
        return act(mv, dice);
    return say_bye(mv);
}

/* A domain for each id that nobody has. */
static void give_birth(struct traffic *t)
{
    static struct busy_guest g[GUESTS];
    struct domain_shape shape = {
        .weight = 256,
        .memory = 64,
        .devices = 4,
        .end = gfn((SCREE_IMAGE_BASE >> PAGE_SHIFT) + 64),
    };

    for (unsigned i = 0; i < GUESTS && atomic_load(&t->births); i++) {
        struct domain *d;

        shape.id = i + 1;
        if (domain_create(t->w.cell, &shape, &d))
            continue;
        g[i] = (struct busy_guest){t, i};
        strcpy(d->info->name, "crowd");
        machine_vcpu_init(&d->vcpu.m, &d->space.m, gva(SCREE_IMAGE_BASE),
                          gva(SCREE_IMAGE_BASE + 64 * PAGE_SIZE), 0);
        host_vcpu_guest(&d->vcpu.m, live_shortly, &g[i]);
        domain_start(d);
        atomic_fetch_sub(&t->births, 1);
    }
    machine_kick(0); /* no long sleep while more are to come */
}

/* A CPU's loop until no domain is left; one thread more, which is no CPU of
 * the cell, wakes those that sleep then. */
static void loop_side(unsigned cpu, void *argument)
{
    struct traffic *t = argument;
    struct cpu *c = &t->w.cell->cpus[cpu];

    if (cpu == LOOPS) {
        while (atomic_load(&t->ended) < LOOPS) {
            usleep(1000);
            for (unsigned i = 0; i < LOOPS && no_domain_left(t); i++)
                machine_kick(i);
        }
        return;
    }
    c->now = machine_clock();
    c->interrupted = true;
    while (!no_domain_left(t)) {
        if (cpu == 0 && atomic_load(&t->births))
            give_birth(t);
        cpu_pass(c);
    }
    atomic_fetch_add(&t->ended, 1);
}

static void whole_loops_run_side_by_side(void)
{
    static struct traffic t;
    static struct busy_guest g[GUESTS];

    memset(&t, 0, sizeof(t));
    world_start(&t.w, &machine);
    for (unsigned i = 0; i < GUESTS; i++) {
        struct domain *d = world_domain(&t.w, 64);

        strcpy(d->info->name, "crowd");
        g[i] = (struct busy_guest){&t, i};
        t.seed[i] = i + 1;
        machine_vcpu_init(&d->vcpu.m, &d->space.m, gva(SCREE_IMAGE_BASE),
                          gva(SCREE_IMAGE_BASE + 64 * PAGE_SIZE), 0);
        host_vcpu_guest(&d->vcpu.m, live, &g[i]);
    }
    for (unsigned i = 0; i < GUESTS; i++)
        domain_start(atomic_load(&t.w.cell->domains[i + 1]));
    on_cpus(CPUS, loop_side, &t);
    host_cpu_set(0);
    CU_ASSERT(t.calls > 6000);
    world_stop(&t.w);
}

/* Others look for them all the time, by id, port and grant. */
static void domains_come_and_go_side_by_side(void)
{
    static struct traffic t;

    memset(&t, 0, sizeof(t));
    world_start(&t.w, &machine);
    atomic_store(&t.births, LIVES);
    for (unsigned i = 0; i < GUESTS; i++)
        t.seed[i] = i + 1;
    on_cpus(CPUS, loop_side, &t);
    host_cpu_set(0);
    world_stop(&t.w);
}

void suite_threads(void)
{
    static const struct unit_test tests[] = {
        {"frames survive a crowd", frames_survive_a_crowd},
        {"guest never sees a frame that is gone",
         guest_never_sees_a_frame_that_is_gone},
        {"domains come and go side by side", domains_come_and_go_side_by_side},
        {"whole loops run side by side", whole_loops_run_side_by_side},
    };

    UNIT_SUITE("threads", tests);
}
