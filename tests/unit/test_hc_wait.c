/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls by which a guest waits, for a time or for an event, and what
 * else knows of time: idle, block, poll and the timer.
 */
#include <string.h>

#include "guest.h"
#include "system/hypercall.h"

#define MS     1000000ull
#define REFUSE INT64_MIN /* guest_call(): blocked or ended */

static int64_t idle(struct guest_world *x, uint64_t deadline)
{
    return guest_call(x->d, __HYPERVISOR_scree_idle, deadline, 0, 0);
}

static void idle_says_why_it_returned(void)
{
    struct guest_world x;
    struct vcpu *v;

    guest_world_start(&x);
    v = &x.d->vcpu;
    host_clock_set(10 * MS);
    CU_ASSERT_EQUAL(idle(&x, 0), 0);
    CU_ASSERT_EQUAL(idle(&x, 5 * MS), SCREE_WAKE_TIMER);
    event_raise(x.d, SCREE_PORT_NET);
    CU_ASSERT_EQUAL(idle(&x, 0), SCREE_WAKE_EVENT);
    CU_ASSERT_EQUAL(idle(&x, SCREE_IDLE_FOREVER), SCREE_WAKE_EVENT);
    CU_ASSERT_EQUAL(idle(&x, 5 * MS), SCREE_WAKE_TIMER | SCREE_WAKE_EVENT);
    memset(x.d->shared, 0, 64);
    memset(x.d->shared->evtchn_pending, 0, 8);
    CU_ASSERT_EQUAL(idle(&x, 20 * MS), REFUSE);
    CU_ASSERT_EQUAL(host_deadline_of(0), 20 * MS);
    host_clock_set(20 * MS);
    guest_pass(&x.w, 1);
    CU_ASSERT_EQUAL(v->m.regs.rax, SCREE_WAKE_TIMER);
    CU_ASSERT_EQUAL(idle(&x, SCREE_IDLE_FOREVER), REFUSE);
    event_raise(x.d, SCREE_PORT_NET);
    guest_pass(&x.w, 1);
    CU_ASSERT_EQUAL(v->m.regs.rax, SCREE_WAKE_EVENT);
    world_stop(&x.w);
}

static void block_unmasks(void)
{
    struct guest_world x;

    guest_world_start(&x);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_sched_op, SCHEDOP_block, 0, 0),
                    REFUSE);
    CU_ASSERT_EQUAL(x.d->vcpu.info->evtchn_upcall_mask, 0);
    event_raise(x.d, 33);
    guest_pass(&x.w, 1);
    CU_ASSERT_EQUAL(x.d->vcpu.m.regs.rax, 0);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_sched_op, SCHEDOP_block, 0, 0),
                    0);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0),
                    0);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_sched_op, 77, 0, 0),
                    -XEN_ENOSYS);
    world_stop(&x.w);
}

static int64_t poll_ports(struct guest_world *x, uint32_t port, unsigned n,
                          uint64_t timeout)
{
    struct sched_poll p = {.nr_ports = n, .timeout = timeout};

    guest_put(x->d, HERE + 512, &port, sizeof(port));
    set_xen_guest_handle(p.ports, (void *)(uintptr_t)(HERE + 512));
    return GUEST_OP(x->d, __HYPERVISOR_sched_op, SCHEDOP_poll, &p);
}

static void poll_waits_for_masked_ports_too(void)
{
    struct guest_world x;

    guest_world_start(&x);
    x.d->shared->evtchn_mask[0] = 1 << 20;
    host_clock_set(MS);
    CU_ASSERT_EQUAL(poll_ports(&x, 20, 1, MS / 2), 0); /* too late already */
    event_raise(x.d, 21); /* a stale event does not end the wait */
    CU_ASSERT_EQUAL(poll_ports(&x, 20, 1, 5 * MS), REFUSE);
    event_raise(x.d, 20);
    guest_pass(&x.w, 1);
    CU_ASSERT_EQUAL(x.d->vcpu.m.regs.rax, 0);
    CU_ASSERT_EQUAL(poll_ports(&x, 20, 1, 0), 0); /* pending */
    CU_ASSERT_EQUAL(poll_ports(&x, 22, 1, 3 * MS), REFUSE);
    host_clock_set(3 * MS);
    guest_pass(&x.w, 1);
    CU_ASSERT_EQUAL(x.d->vcpu.m.regs.rax, 0);
    CU_ASSERT_EQUAL(poll_ports(&x, SCREE_PORTS, 1, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(poll_ports(&x, 20, 129, 0), -XEN_EINVAL);
    world_stop(&x.w);
}

static void timer_raises_its_port(void)
{
    struct guest_world x;
    int64_t fast = 1;

    guest_world_start(&x);
    host_clock_set(MS);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_timer_op, 2 * MS, 0, 0),
                    0);
    CU_ASSERT(guest_fast(x.d, __HYPERVISOR_set_timer_op, 3 * MS, 0, &fast));
    CU_ASSERT_EQUAL(fast, 0);
    host_clock_set(2 * MS);
    guest_pass(&x.w, 1);
    CU_ASSERT_FALSE(event_pending(x.d, SCREE_PORT_TIMER));
    host_clock_set(3 * MS);
    guest_pass(&x.w, 1);
    CU_ASSERT(event_pending(x.d, SCREE_PORT_TIMER));
    memset(x.d->shared->evtchn_pending, 0, 8);
    CU_ASSERT_FALSE(guest_fast(x.d, __HYPERVISOR_set_timer_op, 1, 0, &fast));
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_timer_op, 1, 0, 0), 0);
    CU_ASSERT(event_pending(x.d, SCREE_PORT_TIMER));
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_timer_op, 9 * MS, 0, 0),
                    0);
    CU_ASSERT(guest_fast(x.d, __HYPERVISOR_set_timer_op, 0, 0, &fast));
    CU_ASSERT_EQUAL(x.d->vcpu.timer.deadline, UINT64_MAX);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_scree_time, 0, 0, 0), 3 * MS);
    CU_ASSERT(guest_fast(x.d, __HYPERVISOR_scree_time, 0, 0, &fast));
    CU_ASSERT_EQUAL(fast, 3 * MS);
    world_stop(&x.w);
}

static void somebody_who_waits_is_seen(void)
{
    struct guest_world x;
    int64_t fast;

    guest_world_start(&x);
    guest_run(x.d);
    atomic_store(&x.d->vcpu.cpu->resched, true);
    CU_ASSERT_FALSE(guest_fast(x.d, __HYPERVISOR_set_timer_op, 0, 0, &fast));
    CU_ASSERT(x.d->vcpu.completed);
    x.d->vcpu.completed = false;
    atomic_store(&x.d->vcpu.cpu->resched, false);
    event_raise(x.d, 20);
    x.d->vcpu.info->evtchn_upcall_mask = 0;
    CU_ASSERT_FALSE(
        guest_fast(x.d, __HYPERVISOR_xen_version, XENVER_version, 0, &fast));
    CU_ASSERT_FALSE(x.d->vcpu.completed);
    world_stop(&x.w);
}

/* Another CPU may end a domain in the midst of any call. */
static void poll_of_one_that_was_stopped(void)
{
    const struct sched_poll p = {.nr_ports = 0};
    struct hypercall h = {.a = {SCHEDOP_poll, HERE}};
    struct guest_world x;

    guest_world_start(&x);
    guest_put(x.d, HERE, &p, sizeof(p));
    guest_run(x.d);
    sched_stop(&x.d->vcpu);
    CU_ASSERT_EQUAL(hc_sched_op(&x.d->vcpu, &h), 0);
    CU_ASSERT_EQUAL(atomic_load(&x.d->vcpu.wait), WAIT_NONE);
    world_stop(&x.w);
}
void suite_hc_wait(void)
{
    static const struct unit_test tests[] = {
        {"idle says why it returned", idle_says_why_it_returned},
        {"block unmasks", block_unmasks},
        {"poll of one that was stopped", poll_of_one_that_was_stopped},
        {"poll waits for masked ports, too", poll_waits_for_masked_ports_too},
        {"the timer raises its port", timer_raises_its_port},
        {"somebody who waits is seen", somebody_who_waits_is_seen},
    };

    UNIT_SUITE("hc_wait", tests);
}
