/* SPDX-License-Identifier: MIT */
/*
 * Conformance of what ends a domain: it has to be gone after its first line.
 * Whoever runs it looks for the cell's report; a "not ok" means that it went
 * on. Command line: how=1 to 5.
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 16384);

/* A stack that is not there. */
#define NOWHERE 0x9000

static void event(void)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    static struct evtchn_send send;

    rt_upcall_on();
    HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind);
    send.port = bind.port;
    HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
    rt_vcpu()->evtchn_upcall_mask = 0;
    __asm__ volatile("mov %0, %%rsp\n"
                     "1: mov $50, %%eax\n\tjmp 1b"
                     :
                     : "r"((uint64_t)NOWHERE));
}

static void fault(void)
{
    rt_traps_on(false);
    __asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"((uint64_t)NOWHERE));
}

static void unhandled(void)
{
    rt_traps_off();
    __asm__ volatile("ud2");
}

static void watchdog(void)
{
    struct sched_watchdog w = {.id = 0, .timeout = 1};

    HYPERVISOR_sched_op(SCHEDOP_watchdog, &w);
    rt_sleep(5 * RT_SECOND);
}

int guest_main(void)
{
    switch (rt_option("how", 0)) {
    case 1:
        rt_printf("# an event upcall without a stack\n");
        event();
        tap_ok(false, "ABI-UP-10 the frame cannot be written");
        break;
    case 2:
        rt_printf("# a fault without a stack\n");
        fault();
        tap_ok(false, "ABI-FLT-10 the frame cannot be written");
        break;
    case 3:
        rt_printf("# a fault without a handler\n");
        unhandled();
        tap_ok(false, "ABI-LIFE-01 a fault without a handler");
        break;
    case 4:
        rt_printf("# a watchdog that nobody feeds\n");
        watchdog();
        tap_ok(false, "ABI-SCHED-05 it expires");
        break;
    default:
        rt_printf("# says that it crashed\n");
        rt_shutdown(SHUTDOWN_crash);
    }
    return tap_done();
}
