/* SPDX-License-Identifier: MIT */
/*
 * Conformance: idle, block, poll, yield, the watchdog and vcpu_op
 * (chapter 13).
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 16384);

static uint32_t port;

static void send(void)
{
    struct evtchn_send s = {.port = port};

    HYPERVISOR_event_channel_op(EVTCHNOP_send, &s);
}

static void waits(void)
{
    uint64_t start = rt_now(), deadline = start + 20 * RT_MS;

    rt_clear_events();
    tap_is(HYPERVISOR_scree_idle(deadline), SCREE_WAKE_TIMER,
           "ABI-IDLE-02 the deadline has passed");
    tap_ok(rt_now() >= deadline, "ABI-IDLE-01 not early");
    tap_is(HYPERVISOR_scree_idle(start), SCREE_WAKE_TIMER,
           "ABI-IDLE-01 a deadline in the past");
    tap_is(HYPERVISOR_scree_idle(0), 0, "ABI-IDLE-03 reports only");
    HYPERVISOR_set_timer_op(rt_now() + 10 * RT_MS);
    tap_is(HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER), SCREE_WAKE_EVENT,
           "ABI-IDLE-04 no deadline: an event wakes");
    tap_is((int64_t)rt_shared()->evtchn_pending[0], 1 << SCREE_PORT_TIMER,
           "ABI-IDLE-06 the event stays pending");
    tap_is(HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER), SCREE_WAKE_EVENT,
           "ABI-IDLE-06 so it does not sleep again");
    tap_is(HYPERVISOR_scree_idle(start), SCREE_WAKE_EVENT | SCREE_WAKE_TIMER,
           "ABI-IDLE-02 both");
    tap_is(HYPERVISOR_scree_idle(0), SCREE_WAKE_EVENT,
           "ABI-IDLE-03 an event is pending");
    tap_is(rt_vcpu()->evtchn_upcall_mask, 1, "ABI-IDLE-05 the mask is left");
    rt_clear_events();
    send();
    tap_is(HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER), SCREE_WAKE_EVENT,
           "ABI-IDLE-01 what came before is not lost");
    rt_clear_events();
}

static void with_upcall(void)
{
    unsigned was = rt_upcalls;

    rt_upcall_on();
    HYPERVISOR_set_timer_op(rt_now() + 10 * RT_MS);
    rt_vcpu()->evtchn_upcall_mask = 0;
    tap_is(HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER), SCREE_WAKE_EVENT,
           "ABI-IDLE-05 returns why it woke");
    tap_is(rt_upcalls - was, 1, "ABI-IDLE-05 after the upcall");
    rt_vcpu()->evtchn_upcall_mask = 1;
}

static void block(void)
{
    unsigned was = rt_upcalls;

    tap_is(HYPERVISOR_sched_op(SCHEDOP_yield, (void *)~0ull), 0,
           "ABI-SCHED-01 yield");
    HYPERVISOR_set_timer_op(rt_now() + 10 * RT_MS);
    tap_is(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0, "ABI-SCHED-02 block");
    tap_is(rt_upcalls - was, 1, "ABI-SCHED-02 the event woke it");
    tap_is(rt_vcpu()->evtchn_upcall_mask, 0, "ABI-SCHED-02 unmasks");
    rt_vcpu()->evtchn_upcall_mask = 1;
    send();
    tap_is(HYPERVISOR_sched_op(SCHEDOP_block, NULL), 0,
           "ABI-SCHED-02 an event that is pending already");
    rt_vcpu()->evtchn_upcall_mask = 1;
    rt_clear_events();
}

static int64_t poll(evtchn_port_t *ports, unsigned n, uint64_t timeout)
{
    struct sched_poll p = {.nr_ports = n, .timeout = timeout};

    set_xen_guest_handle(p.ports, ports);
    return HYPERVISOR_sched_op(SCHEDOP_poll, &p);
}

static void polling(void)
{
    static evtchn_port_t ports[129];
    uint64_t until = rt_now() + 10 * RT_MS;

    ports[0] = port;
    rt_clear_events();
    tap_is(poll(ports, 1, until), 0, "ABI-SCHED-03 poll");
    tap_ok(rt_now() >= until, "ABI-SCHED-03 until the timeout");
    rt_mask_port(port, true);
    send();
    tap_is(poll(ports, 1, 0), 0, "ABI-SCHED-03 pending, though masked");
    tap_ok(rt_take_event(port), "ABI-SCHED-03 stays pending");
    rt_mask_port(port, false);
    ports[1] = SCREE_PORT_TIMER;
    HYPERVISOR_set_timer_op(rt_now() + 10 * RT_MS);
    tap_is(poll(ports, 2, 0), 0, "ABI-SCHED-03 any of them wakes");
    tap_ok(rt_take_event(SCREE_PORT_TIMER), "ABI-SCHED-03 the timer did");
    tap_is(poll(ports, 129, 0), -XEN_EINVAL, "ABI-LIM-04 129 ports");
    ports[0] = SCREE_PORTS;
    tap_is(poll(ports, 1, 0), -XEN_EINVAL, "ABI-SCHED-03 out of range");
    tap_is(poll((void *)0x7000, 1, 0), -XEN_EFAULT, "ABI-SCHED-03 bad pointer");
    rt_clear_events();
}

static int64_t watchdog(uint32_t id, uint32_t seconds)
{
    struct sched_watchdog w = {.id = id, .timeout = seconds};

    return HYPERVISOR_sched_op(SCHEDOP_watchdog, &w);
}

static void watchdogs(void)
{
    struct sched_shutdown wrong = {.reason = SHUTDOWN_MAX + 1};
    int64_t first = watchdog(0, 100), second = watchdog(0, 100);

    tap_ok(first >= 1 && first <= 2 && second >= 1 && second <= 2 &&
               first != second,
           "ABI-SCHED-05 two watchdogs");
    tap_is(watchdog(0, 100), -XEN_ENOSPC, "ABI-LIM-09 no third");
    tap_is(watchdog(1, 200), 0, "ABI-SCHED-05 restart");
    tap_is(watchdog(1, 0), 0, "ABI-SCHED-05 stop");
    tap_is(watchdog(1, 5), -XEN_EINVAL, "ABI-SCHED-05 it is not running");
    tap_is(watchdog(2, 0), 0, "ABI-SCHED-05 stop the other");
    tap_is(watchdog(3, 5), -XEN_EINVAL, "ABI-SCHED-05 no such id");
    tap_is(HYPERVISOR_sched_op(SCHEDOP_shutdown, &wrong), -XEN_EINVAL,
           "ABI-SCHED-04 unknown reason");
    tap_is(HYPERVISOR_sched_op(SCHEDOP_pin_override, &wrong), -XEN_ENOSYS,
           "ABI-SCHED-06 other commands");
}

/* Computes long enough to be preempted; other domains are running. */
static void preempted(void)
{
    uint64_t pattern = 0xfeedface12345678, got, end = rt_now() + 60 * RT_MS;

    __asm__ volatile("movq %0, %%xmm7" : : "r"(pattern));
    while (rt_now() < end)
        ;
    __asm__ volatile("movq %%xmm7, %0" : "=r"(got));
    tap_ok(got == pattern, "ABI-SCHED-07 registers live through preemption");
}

static int64_t register_info(uint64_t address)
{
    struct vcpu_register_vcpu_info r = {
        .mfn = address / SCREE_PAGE_SIZE,
        .offset = address % SCREE_PAGE_SIZE,
    };

    return HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &r);
}

static void vcpus(void)
{
    struct vcpu_runstate_info state;

    tap_is(HYPERVISOR_vcpu_op(VCPUOP_is_up, 0, NULL), 1, "ABI-VCPU-01 is_up");
    tap_is(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), -XEN_ENOENT,
           "ABI-VCPU-01 vcpu 1");
    tap_is(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), -XEN_ENOENT,
           "ABI-LIM-01 there is one vcpu");
    tap_is(HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &state), 0,
           "ABI-VCPU-03 runstate");
    tap_ok(state.state == RUNSTATE_running && state.time[0] > 0,
           "ABI-VCPU-03 it runs");
    tap_is(HYPERVISOR_vcpu_op(VCPUOP_initialise, 0, &state), -XEN_ENOSYS,
           "ABI-VCPU-04 others");
}

static void registration(void)
{
    tap_is(register_info(SCREE_SHARED_PAGE), 0,
           "ABI-VCPU-02 the place where it is");
    tap_is(register_info(rt_info()->image_end), -XEN_EINVAL,
           "ABI-VCPU-02 no other");
    tap_is(register_info(SCREE_INFO_PAGE), -XEN_EINVAL,
           "ABI-VCPU-02 least of all the info page");
}

int guest_main(void)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};

    HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind);
    port = bind.port;
    waits();
    with_upcall();
    block();
    polling();
    watchdogs();
    preempted();
    vcpus();
    registration();
    return tap_done();
}
