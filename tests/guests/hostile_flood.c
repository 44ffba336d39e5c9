/* SPDX-License-Identifier: MIT */
/*
 * Takes all it can get of one thing for some seconds: processor time with
 * events masked, events, console, timers, faults, multicalls, upcalls, memory
 * coming and going. Which one: the command line.
 */
#include "rt_net.h"

SCREE_IMAGE(0x80000, 16384);

static uint64_t end;

static bool more(void)
{
    return rt_now() < end;
}

/* Never calls the hypervisor, never sleeps, takes no events. */
static void flood_spin(void)
{
    rt_vcpu()->evtchn_upcall_mask = 1;
    while (more())
        for (volatile unsigned i = 0; i < 100000; i++)
            ;
    tap_ok(true, "computed all the time");
}

static void flood_events(void)
{
    struct evtchn_bind_ipi ipi[64] = {{0}};
    struct evtchn_send send = {0};
    uint64_t sent = 0;

    for (unsigned i = 0; i < 64; i++)
        (void)HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi[i]);
    while (more())
        for (unsigned i = 0; i < 64; i++) {
            send.port = ipi[i].port;
            sent += HYPERVISOR_event_channel_op(EVTCHNOP_send, &send) == 0;
            if (i % 8 == 0)
                rt_clear_events();
        }
    tap_ok(sent > 0, "sent %lu events", sent);
}

static void flood_upcalls(void)
{
    struct evtchn_bind_ipi ipi = {0};
    struct evtchn_send send;

    (void)HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi);
    send.port = ipi.port;
    (void)rt_upcall_on();
    rt_vcpu()->evtchn_upcall_mask = 0;
    while (more())
        (void)HYPERVISOR_event_channel_op(EVTCHNOP_send, &send);
    rt_vcpu()->evtchn_upcall_mask = 1;
    tap_ok(rt_upcalls > 0, "took %u upcalls", rt_upcalls);
}

static void flood_console(void)
{
    static char text[4096];
    uint64_t lines = 0;

    memset(text, 'x', sizeof(text));
    for (unsigned i = 0; i < sizeof(text); i += 64)
        text[i] = i % 128 ? '\n' : '\x1b';
    while (more()) {
        (void)HYPERVISOR_console_io(CONSOLEIO_write, sizeof(text), text);
        lines += 64;
        if (lines % 4096)
            continue;
        /* all of memory at once, and more than there is */
        (void)HYPERVISOR_console_io(CONSOLEIO_write, UINT32_MAX,
                                    (const char *)rt_info()->image_end);
    }
    rt_sleep(2 * RT_SECOND);
    rt_printf("\n");
    tap_ok(true, "wrote %lu lines", lines);
}

static void flood_timers(void)
{
    uint64_t armed = 0;

    while (more()) {
        uint64_t now = rt_now();

        (void)HYPERVISOR_set_timer_op(now + 1);
        (void)HYPERVISOR_set_timer_op(1);
        (void)HYPERVISOR_set_timer_op(now + 1000);
        (void)HYPERVISOR_set_timer_op(UINT64_MAX);
        rt_clear_events();
        (void)HYPERVISOR_scree_idle(now + 2000);
        armed += 4;
    }
    tap_ok(true, "armed %lu timers", armed);
}

static void flood_faults(void)
{
    unsigned before = rt_fault.count;

    while (more())
        (void)rt_try_read(8);
    tap_ok(rt_fault.count > before, "took %u faults", rt_fault.count - before);
}

/* Full multicalls of calls that leave us alive: good, bad, unknown, nested. */
static void flood_multicall(void)
{
    static const uint8_t ops[] = {__HYPERVISOR_xen_version,
                                  __HYPERVISOR_event_channel_op,
                                  __HYPERVISOR_set_timer_op,
                                  __HYPERVISOR_scree_time,
                                  __HYPERVISOR_get_debugreg,
                                  __HYPERVISOR_multicall,
                                  __HYPERVISOR_set_segment_base,
                                  5,
                                  63,
                                  255};
    static struct multicall_entry m[1024];
    static uint8_t scratch[4096];
    uint64_t calls = 0, seed = 1;

    while (more()) {
        for (unsigned i = 0; i < 1024; i++)
            m[i] = (struct multicall_entry){
                .op = ops[rt_random(&seed) % sizeof(ops)],
                .args = {rt_random(&seed) % 11, (uintptr_t)scratch,
                         rt_random(&seed), 1, 1}};
        (void)HYPERVISOR_multicall(m, 1024);
        calls += 1024;
    }
    tap_ok(calls > 0, "made %lu calls", calls);
}

static void flood_yield(void)
{
    uint64_t yields = 0;

    for (; more(); yields++)
        (void)HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    tap_ok(true, "yielded %lu times", yields);
}

/* Gives all heap pages back and takes them again, 64 at a time. */
static void flood_memory(void)
{
    xen_pfn_t pages[64];
    uint64_t first = rt_info()->image_end / 4096, rounds = 0;
    struct xen_memory_reservation r = {.nr_extents = 64, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, pages);
    for (unsigned i = 0; i < 64; i++)
        pages[i] = first + i;
    for (; more(); rounds++) {
        for (unsigned i = 0; i < 64; i++)
            *(volatile uint8_t *)(pages[i] * 4096) = 1;
        if (HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != 64 ||
            HYPERVISOR_memory_op(XENMEM_populate_physmap, &r) != 64)
            break;
    }
    tap_ok(!more(), "64 pages given and taken %lu times", rounds);
}

/* As many frames as it can to everybody, and to nobody. */
static void flood_net(void)
{
    static uint8_t frame[1514], data[1400];
    uint64_t sent = 0;

    if (!tap_ok(net_open(), "the net device opens"))
        return;
    while (more())
        for (uint32_t to = 0; to < 256 && more(); to++) {
            struct net_headers h = net_honest((rt_info()->ipv4 & ~255u) + to);
            size_t n = net_make_udp(frame, &h, data, sizeof(data));

            sent += net_send(frame, n) == 1;
        }
    tap_ok(sent > 0, "sent %lu frames", sent);
}

static const struct {
    const char *name;
    void (*run)(void);
} floods[] = {
    {"spin", flood_spin},           {"events", flood_events},
    {"upcalls", flood_upcalls},     {"console", flood_console},
    {"timers", flood_timers},       {"faults", flood_faults},
    {"multicall", flood_multicall}, {"yield", flood_yield},
    {"memory", flood_memory},       {"net", flood_net},
};

int guest_main(void)
{
    uint64_t seconds = rt_option("seconds", 3);

    for (unsigned i = 0; i < sizeof(floods) / sizeof(floods[0]); i++)
        if (rt_has_option(floods[i].name)) {
            end = rt_now() + seconds * RT_SECOND;
            floods[i].run();
        }
    rt_sleep(RT_SECOND); /* the console has room again */
    return tap_done();
}
