/* SPDX-License-Identifier: MIT */
/*
 * Conformance: the timer (chapter 12).
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 16384);

static bool raised(void)
{
    return rt_shared()->evtchn_pending[0] >> SCREE_PORT_TIMER & 1;
}

static void one_shot(void)
{
    uint64_t deadline = rt_now() + 20 * RT_MS;

    tap_is(HYPERVISOR_set_timer_op(deadline), 0, "ABI-TMR-01 returns 0");
    while (!raised())
        HYPERVISOR_scree_idle(rt_now() + RT_MS);
    tap_ok(rt_now() >= deadline, "ABI-TMR-04 not early");
    tap_ok(rt_now() < deadline + RT_SECOND, "ABI-TMR-01 port 1 is raised");
    rt_clear_events();
    rt_sleep(30 * RT_MS);
    tap_ok(!raised(), "ABI-TMR-01 once");
}

static void past(void)
{
    HYPERVISOR_set_timer_op(1);
    tap_ok(raised(), "ABI-TMR-02 a deadline in the past raises at once");
    rt_clear_events();
    HYPERVISOR_set_timer_op(rt_now());
    tap_ok(raised(), "ABI-TMR-02 so does now");
    rt_clear_events();
}

static void replaced(void)
{
    uint64_t start = rt_now();

    HYPERVISOR_set_timer_op(start + 10 * RT_MS);
    HYPERVISOR_set_timer_op(start + 60 * RT_MS);
    HYPERVISOR_scree_idle(start + 40 * RT_MS);
    tap_ok(!raised() || rt_now() > start + 60 * RT_MS,
           "ABI-TMR-03 the later one replaced it");
    HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
    tap_ok(raised() && rt_now() >= start + 60 * RT_MS, "ABI-TMR-03 and came");
    HYPERVISOR_set_timer_op(rt_now() + RT_SECOND);
    tap_ok(raised(), "ABI-TMR-03 what was raised stays");
    rt_clear_events();
    HYPERVISOR_set_timer_op(rt_now() + 10 * RT_MS);
    HYPERVISOR_set_timer_op(0);
    HYPERVISOR_scree_idle(rt_now() + 30 * RT_MS);
    tap_ok(!raised(), "ABI-TMR-03 0 stops it");
}

static void independent(void)
{
    uint64_t start = rt_now();

    HYPERVISOR_set_timer_op(start + 50 * RT_MS);
    tap_is(HYPERVISOR_scree_idle(start + 10 * RT_MS), SCREE_WAKE_TIMER,
           "ABI-TMR-05 idle's deadline is its own");
    while (!raised() && rt_now() < start + RT_SECOND)
        HYPERVISOR_scree_idle(start + RT_SECOND);
    tap_ok(raised(), "ABI-TMR-05 and leaves the timer alone");
    rt_clear_events();
}

/* While the domain computes the timer comes as an upcall. */
static void computing(void)
{
    uint64_t end = rt_now() + 10 * RT_SECOND;

    rt_upcall_on();
    HYPERVISOR_set_timer_op(rt_now() + 10 * RT_MS);
    rt_vcpu()->evtchn_upcall_mask = 0;
    while (rt_upcalls == 0 && rt_now() < end)
        ;
    rt_vcpu()->evtchn_upcall_mask = 1;
    tap_is(rt_upcalls, 1, "ABI-TMR-01 interrupts a computation");
}

int guest_main(void)
{
    one_shot();
    past();
    replaced();
    independent();
    computing();
    return tap_done();
}
