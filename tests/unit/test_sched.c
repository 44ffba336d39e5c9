/* SPDX-License-Identifier: MIT */
/*
 * core/sched and core/timer: shares, slices, wake-ups, and when the machine's
 * one-shot is programmed.
 */
#include <string.h>

#include "guest.h"

#define MS 1000000ull

/* Runs the CPU for a while in steps of 1 ms, as guests that only compute. */
static void compute(struct cpu *c, unsigned ms)
{
    while (ms-- > 0) {
        c->now = machine_clock();
        c->current = sched_pick(c);
        host_clock_advance(MS);
    }
    c->now = machine_clock();
    c->current = sched_pick(c);
}

static struct domain *weighted(struct world *w, uint32_t id, uint32_t weight)
{
    struct domain_shape s = {.id = id,
                             .weight = weight,
                             .memory = 16,
                             .end = gfn((SCREE_IMAGE_BASE >> 12) + 16)};
    struct domain *d = world_domain_shaped(w, &s);

    domain_start(d);
    return d;
}

/* Two domains that share CPU 0. */
struct pair {
    struct world w;
    struct domain *a, *b;
    struct cpu *c;
};

static void start(struct pair *x, uint32_t weight_a, uint32_t weight_b)
{
    world_start(&x->w, NULL);
    x->c = &x->w.cell->cpus[0];
    x->a = weighted(&x->w, 1, weight_a);
    x->b = weighted(&x->w, 2, weight_b);
}

static void weights_are_shares(void)
{
    struct world w;
    struct domain *a, *b, *c;
    uint64_t ra, rb, rc;

    world_start(&w, NULL);
    a = weighted(&w, 1, 256);
    b = weighted(&w, 2, 512);
    c = weighted(&w, 3, 1024);
    compute(&w.cell->cpus[0], 7000);
    ra = a->vcpu.sched.run_ns / MS;
    rb = b->vcpu.sched.run_ns / MS;
    rc = c->vcpu.sched.run_ns / MS;
    CU_ASSERT_EQUAL(ra + rb + rc, 7000);
    CU_ASSERT(ra > 980 && ra < 1020);
    CU_ASSERT(rb > 1980 && rb < 2020);
    CU_ASSERT(rc > 3960 && rc < 4040);
    world_stop(&w);
}

static void alone_it_just_goes_on(void)
{
    struct world w;
    struct domain *a;
    struct cpu *c;

    world_start(&w, NULL);
    c = &w.cell->cpus[0];
    a = weighted(&w, 1, 256);
    compute(c, 100);
    CU_ASSERT_PTR_EQUAL(c->current, &a->vcpu);
    sched_give_way(c); /* nobody else */
    CU_ASSERT_PTR_EQUAL(c->current, &a->vcpu);
    CU_ASSERT_EQUAL(a->vcpu.sched.run_ns, 100 * MS);
    CU_ASSERT_EQUAL(host_deadline_of(0), UINT64_MAX); /* no slice needed */
    world_stop(&w);
}

static void slice_ends_when_others_wait(void)
{
    struct pair x;

    start(&x, 256, 256);
    compute(x.c, 0);
    CU_ASSERT_PTR_EQUAL(x.c->current, &x.a->vcpu);
    CU_ASSERT(host_deadline_of(0) <= SCHED_SLICE_NS);
    compute(x.c, 6);
    CU_ASSERT_PTR_EQUAL(x.c->current, &x.b->vcpu);
    world_stop(&x.w);
}

static void yield_lets_the_other_run(void)
{
    struct pair x;

    start(&x, 256, 1);
    compute(x.c, 0);
    CU_ASSERT_PTR_EQUAL(x.c->current, &x.a->vcpu);
    sched_give_way(x.c);
    CU_ASSERT_PTR_EQUAL(sched_pick(x.c), &x.b->vcpu);
    x.c->current = &x.b->vcpu;
    sched_give_way(x.c);
    CU_ASSERT_PTR_EQUAL(sched_pick(x.c), &x.a->vcpu);
    world_stop(&x.w);
}

static void sleeper_goes_first_when_it_wakes(void)
{
    struct pair x;

    start(&x, 256, 256);
    guest_run(x.b);
    CU_ASSERT(sched_block(x.c, &x.b->vcpu, true));
    compute(x.c, 1000);
    CU_ASSERT_PTR_EQUAL(x.c->current, &x.a->vcpu);
    sched_wake(&x.b->vcpu);
    CU_ASSERT(atomic_load(&x.c->resched));
    compute(x.c, 0);
    CU_ASSERT_PTR_EQUAL(x.c->current, &x.b->vcpu);
    /* but what it slept is not saved up: a slice of lag at most */
    compute(x.c, 60);
    CU_ASSERT(x.b->vcpu.sched.run_ns < 40 * MS);
    world_stop(&x.w);
}

static void pending_event_prevents_blocking(void)
{
    struct world w;
    struct domain *a;
    struct cpu *c;

    world_start(&w, NULL);
    c = &w.cell->cpus[0];
    a = weighted(&w, 1, 256);
    compute(c, 0);
    event_raise(a, 20);
    CU_ASSERT_FALSE(sched_block(c, &a->vcpu, true));
    CU_ASSERT_PTR_EQUAL(c->current, &a->vcpu);
    CU_ASSERT(sched_block(c, &a->vcpu, false));
    CU_ASSERT_PTR_NULL(c->current);
    event_raise(a, 21); /* sets no selector anew: nobody is told */
    a->vcpu.info->evtchn_pending_sel = 0;
    event_raise(a, 22);
    compute(c, 0);
    CU_ASSERT_PTR_EQUAL(c->current, &a->vcpu);
    world_stop(&w);
}

static void stopped_vcpu_does_not_run(void)
{
    struct pair x;

    start(&x, 256, 256);
    compute(x.c, 1);
    sched_stop(&x.a->vcpu);
    sched_stop(&x.b->vcpu);
    compute(x.c, 1);
    CU_ASSERT_PTR_NULL(x.c->current);
    sched_wake(&x.a->vcpu); /* no effect */
    compute(x.c, 1);
    CU_ASSERT_PTR_NULL(x.c->current);
    sched_start(&x.a->vcpu);
    sched_start(&x.a->vcpu);
    compute(x.c, 1);
    CU_ASSERT_PTR_EQUAL(x.c->current, &x.a->vcpu);
    world_stop(&x.w);
}

/* Whoever starts it may find that another CPU has paused it meanwhile. */
static void paused_domain_is_not_started(void)
{
    struct pair x;

    start(&x, 256, 256);
    sched_stop(&x.b->vcpu);
    CU_ASSERT_EQUAL(domain_pause(x.a), 0);
    sched_start(&x.a->vcpu);
    compute(x.c, 1);
    CU_ASSERT_PTR_NULL(x.c->current);
    CU_ASSERT_EQUAL(domain_resume(x.a), 0);
    compute(x.c, 1);
    CU_ASSERT_PTR_EQUAL(x.c->current, &x.a->vcpu);
    world_stop(&x.w);
}

static void other_cpu_is_kicked(void)
{
    static const struct host_config two = {.cpus = 2};
    struct world w;
    struct domain *b;
    struct cpu *c;
    uint64_t kicks;

    world_start(&w, &two);
    weighted(&w, 1, 256);
    b = weighted(&w, 2, 256);
    c = b->vcpu.cpu;
    CU_ASSERT_EQUAL(c->id, 1);
    host_cpu_set(1);
    compute(c, 0);
    CU_ASSERT_PTR_EQUAL(c->current, &b->vcpu);
    host_cpu_set(0);
    kicks = host_kicks_of(1);
    b->vcpu.info->evtchn_upcall_mask = 0;
    event_raise(b, 20); /* runs there and takes upcalls */
    CU_ASSERT_EQUAL(host_kicks_of(1), kicks + 1);
    b->vcpu.info->evtchn_upcall_mask = 1;
    event_raise(b, 90); /* polls: will see it itself */
    CU_ASSERT_EQUAL(host_kicks_of(1), kicks + 1);
    timer_set(c, &b->vcpu.timer, 1 * MS); /* the first there */
    CU_ASSERT_EQUAL(host_kicks_of(1), kicks + 2);
    timer_set(c, &b->vcpu.timer, 2 * MS); /* later: it will find out */
    CU_ASSERT_EQUAL(host_kicks_of(1), kicks + 2);
    world_stop(&w);
}

static void run_time_has_three_parts(void)
{
    struct pair x;
    struct vcpu_runstate_info r;

    start(&x, 256, 256);
    guest_run(x.a);
    host_clock_advance(3 * MS);
    x.c->now = machine_clock();
    CU_ASSERT(sched_block(x.c, &x.a->vcpu, true));
    compute(x.c, 2);
    sched_wake(&x.a->vcpu);
    compute(x.c, 1);
    guest_run(x.a);
    vcpu_runstate(&x.a->vcpu, machine_clock(), &r);
    CU_ASSERT_EQUAL(r.time[RUNSTATE_blocked], 2 * MS);
    CU_ASSERT_EQUAL(r.time[RUNSTATE_running] + r.time[RUNSTATE_runnable],
                    4 * MS);
    CU_ASSERT_EQUAL(r.time[RUNSTATE_offline], 0);
    world_stop(&x.w);
}

/* --------------------------------------------------------------- timers */

struct test_timer {
    struct timer t;
    uint64_t fired;
};

static void note(struct timer *t, uint64_t now)
{
    container_of(t, struct test_timer, t)->fired = now;
}

static void timers_fire_in_time(void)
{
    static struct test_timer t[100];
    struct world w;
    struct cpu *c;
    unsigned fired = 0;

    memset(t, 0, sizeof(t));
    world_start(&w, NULL);
    c = &w.cell->cpus[0];
    for (unsigned i = 0; i < 100; i++) {
        timer_init(&t[i].t, note);
        timer_set(c, &t[i].t, 1000 + (i * 37 % 100) * 10);
    }
    CU_ASSERT_EQUAL(host_deadline_of(0), 1000);
    timer_run(c, 999);
    CU_ASSERT_EQUAL(t[0].fired, 0);
    timer_run(c, 1490);
    for (unsigned i = 0; i < 100; i++)
        fired += t[i].fired != 0;
    CU_ASSERT_EQUAL(fired, 50);
    timer_rearm(c);
    CU_ASSERT_EQUAL(host_deadline_of(0), 1500);
    timer_run(c, 5000);
    timer_rearm(c);
    CU_ASSERT_EQUAL(host_deadline_of(0), UINT64_MAX);
    CU_ASSERT_EQUAL(c->timers.count, 0);
    world_stop(&w);
}

static void later_deadline_needs_no_programming(void)
{
    struct test_timer t = {.fired = 0};
    struct world w;
    struct cpu *c;

    world_start(&w, NULL);
    c = &w.cell->cpus[0];
    timer_init(&t.t, note);
    timer_set(c, &t.t, 1000);
    timer_set(c, &t.t, 9000);
    CU_ASSERT_EQUAL(host_deadline_of(0), 1000);
    CU_ASSERT(timer_due(c, 1000));
    timer_run(c, 1000);
    timer_rearm(c);
    CU_ASSERT_EQUAL(t.fired, 0);
    CU_ASSERT_EQUAL(host_deadline_of(0), 9000);
    timer_set(c, &t.t, UINT64_MAX);
    timer_stop(c, &t.t);
    timer_run(c, 10000);
    CU_ASSERT_EQUAL(t.fired, 0);
    world_stop(&w);
}

void suite_sched(void)
{
    static const struct unit_test tests[] = {
        {"weights are shares", weights_are_shares},
        {"alone it just goes on", alone_it_just_goes_on},
        {"a slice ends when others wait", slice_ends_when_others_wait},
        {"yield lets the other run", yield_lets_the_other_run},
        {"a sleeper goes first when it wakes",
         sleeper_goes_first_when_it_wakes},
        {"a pending event prevents blocking", pending_event_prevents_blocking},
        {"a stopped vcpu does not run", stopped_vcpu_does_not_run},
        {"paused domain is not started", paused_domain_is_not_started},
        {"the other CPU is kicked", other_cpu_is_kicked},
        {"run time has three parts", run_time_has_three_parts},
        {"timers fire in time", timers_fire_in_time},
        {"a later deadline needs no programming",
         later_deadline_needs_no_programming},
    };

    UNIT_SUITE("sched", tests);
}
