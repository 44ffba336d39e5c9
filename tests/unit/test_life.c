/* SPDX-License-Identifier: MIT */
/*
 * A domain's life as the whole system gives it: booted from a bundle, ended by
 * itself or by a fault, reaped, with several CPUs, too; and a cell's end. What
 * follows a domain's end: test_restart.c. Guests are scripts of exits.
 */
#include <stdlib.h>

#include "io/switch.h"
#include "life.h"
#include "system/crash.h"
#include "system/hypercall.h"
#include "system/loop.h"
#include "system/options.h"
#include "system/reaper.h"
#include "system/system.h"

#define MS 1000000ull

static struct options options;

static void all_of_the_bundle_runs(void)
{
    struct world w;

    small_bundle_make(&life_bundle);
    life_bundle.domains[1].weight = 0;
    life_bundle.domains[2].ipv4 = 0x0a000005;
    life_boot(&w, NULL);
    CU_ASSERT(life_said("1 CPU"));
    CU_ASSERT(life_said("4 domains to create"));
    CU_ASSERT(life_said("domain 1 (one) created"));
    CU_ASSERT(life_said("domain two refused: its weight is bad"));
    CU_ASSERT(life_said("domain 4 (four) created"));
    CU_ASSERT(life_said("1 refused"));
    CU_ASSERT_PTR_NULL(life_find(&w, 2));
    CU_ASSERT_EQUAL(life_find(&w, 3)->info->ipv4, 0x0a000005);
    CU_ASSERT_EQUAL(life_find(&w, 3)->info->prefix, 24);
    CU_ASSERT(life_find(&w, 3)->info->features & SCREE_FEATURE_NET);
    life_stop(&w);
}

static void no_bundle_no_seed_still_boots(void)
{
    struct world w;

    small_bundle_make(&life_bundle);
    life_bundle.header.magic = 0;
    host_start(&(struct host_config){.module = &life_bundle,
                                     .module_size = sizeof(life_bundle)});
    host_random_present(false);
    w.cell = calloc(1, sizeof(*w.cell));
    options_parse(&options, "domains=5 strange");
    w.cell->options = &options;
    system_boot(w.cell);
    w.frames = w.cell->frames;
    CU_ASSERT(life_said("no bundle"));
    CU_ASSERT(life_said("no source of random numbers"));
    CU_ASSERT(life_said("strange"));
    CU_ASSERT_EQUAL(w.cell->domain_limit, 6);
    life_stop(&w);
}

static void boot_again(void *argument)
{
    system_boot(argument);
}

static void boot_without_memory_panics(void)
{
    struct cell *cell = calloc(1, sizeof(*cell));

    host_start(&(struct host_config){.frames = 8});
    options_parse(&options, "");
    cell->options = &options;
    CU_ASSERT(world_panics(boot_again, cell));
    CU_ASSERT(life_said("panic on CPU 0"));
    host_stop();
    free(cell);
}

/* One exit that ends domain 1 with this text, all frames back. */
static void check_fault(uint32_t vector, uint32_t error, uint64_t address,
                        const char *why)
{
    struct world w;
    uint64_t before, after;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_boot(&w, NULL);
    after = frames_available(w.frames);
    life_faults(&w, 1, vector, error, address);
    CU_ASSERT(life_said(why));
    CU_ASSERT(life_said("rip 0000000000100010 start+0x10"));
    CU_ASSERT(life_said("r15"));
    guest_pass(&w, 3);
    before = frames_available(w.frames);
    CU_ASSERT_PTR_NULL(life_find(&w, 1));
    CU_ASSERT(before > after);
    CU_ASSERT(life_said("domain 1 (one) gone: crashed, frames: "));
    life_stop(&w);
}

static void faults_without_handler_are_explained(void)
{
    check_fault(14, 6, 0x77,
                "page fault (#PF): store at 0x77, which is not mapped");
    check_fault(14, 5, SCREE_GUEST_END, "load at 0x400000000000, which does");
    check_fault(14, 20, 0x108000, "execution at 0x108000, which is not mapped");
    check_fault(6, 0, 0, "invalid opcode (#UD), error code 0x0");
    check_fault(13, 0x12, 0, "general protection fault (#GP), error code 0x12");
    check_fault(9, 0, 0, "exception 9");
}

static void first_touch_is_no_crash(void)
{
    struct world w;

    small_bundle_make(&life_bundle);
    life_boot(&w, NULL);
    life_faults(&w, 1, FAULT_PAGE, FAULT_PAGE_WRITE, 0x108123);
    CU_ASSERT_PTR_NOT_NULL(life_find(&w, 1));
    CU_ASSERT_FALSE(life_said("crashed"));
    life_stop(&w);
}

static void handled_fault_goes_to_the_guest(void)
{
    struct world w;
    struct domain *d;

    small_bundle_make(&life_bundle);
    life_boot(&w, NULL);
    d = life_find(&w, 1);
    d->vcpu.trap_handlers[6] = 0x100100;
    life_faults(&w, 1, 6, 0, 0);
    CU_ASSERT_EQUAL(d->vcpu.m.regs.rip, 0x100100);
    d->vcpu.m.regs.rsp = 64; /* no room for the next one */
    life_faults(&w, 1, 6, 0, 0);
    CU_ASSERT(life_said("frame does not fit on the stack"));
    life_stop(&w);
}

static void event_frame_that_does_not_fit_crashes(void)
{
    struct world w;
    struct domain *d;

    small_bundle_make(&life_bundle);
    life_boot(&w, NULL);
    d = life_find(&w, 1);
    guest_run(d);
    d->vcpu.event_handler = gva(0x100100);
    d->vcpu.info->evtchn_upcall_mask = 0;
    d->vcpu.m.regs.rsp = BAD;
    event_raise(d, 20);
    guest_pass(&w, 5);
    CU_ASSERT(life_said("crashed: the frame of an event"));
    CU_ASSERT_PTR_NULL(life_find(&w, 1));
    life_stop(&w);
}

static void promised_memory_that_is_gone_crashes(void)
{
    struct world w;

    small_bundle_make(&life_bundle);
    life_boot(&w, NULL);
    frames_fail_at(w.frames, 1);
    life_faults(&w, 1, FAULT_PAGE, FAULT_PAGE_WRITE, 0x108123);
    CU_ASSERT(life_said("no memory for a page"));
    life_stop(&w);
}

static void shutdown_reasons(void)
{
    struct world w;

    small_bundle_make(&life_bundle);
    life_boot(&w, NULL);
    life_shuts_down(&w, 1, SHUTDOWN_poweroff);
    CU_ASSERT(life_said("domain 1 (one) gone: powered off"));
    CU_ASSERT_FALSE(life_said("crashed"));
    life_shuts_down(&w, 2, SHUTDOWN_crash);
    CU_ASSERT(life_said("it said so"));
    CU_ASSERT(life_said("domain 2 (two) gone: crashed"));
    life_shuts_down(&w, 3, SHUTDOWN_watchdog);
    CU_ASSERT(life_said("domain 3 (three) gone: watchdog"));
    life_shuts_down(&w, 4, SHUTDOWN_MAX + 1);
    CU_ASSERT_PTR_NOT_NULL(life_find(&w, 4));
    CU_ASSERT_EQUAL(life_find(&w, 4)->vcpu.m.regs.rax, (uint64_t)-XEN_EINVAL);
    life_stop(&w);
}

/* ------------------------------------------------------- several CPUs */

static void others_must_pass_before_memory_goes(void)
{
    struct world w;
    struct cpu *other;
    struct domain *d;

    small_bundle_make(&life_bundle);
    world_start(&w, &(struct host_config){.cpus = 2});
    life_awake();
    d = guest_make(&w);
    other = &w.cell->cpus[1];
    atomic_store(&other->idle, false); /* in a guest, say */
    CU_ASSERT_EQUAL(d->vcpu.cpu->id, 0);
    domain_end(d, SHUTDOWN_poweroff);
    guest_pass(&w, 5);
    CU_ASSERT_PTR_NULL(atomic_load(&w.cell->domains[1]));
    CU_ASSERT_EQUAL(atomic_load(&w.cell->domain_count), 1);
    CU_ASSERT(host_kicks_of(1) > 0);
    CU_ASSERT(host_deadline_of(0) != UINT64_MAX); /* looks again */
    atomic_fetch_add(&other->passes, 1);
    guest_pass(&w, 2);
    CU_ASSERT_EQUAL(atomic_load(&w.cell->domain_count), 0);
    CU_ASSERT_EQUAL(host_deadline_of(0), UINT64_MAX);
    world_stop(&w);
}

/* Another CPU that looks just before the memory goes must find nothing: it
 * would hold what it found beyond the time that all CPUs were given. */
static void nobody_finds_the_dying(void)
{
    struct world w;
    struct net_switch *n;
    struct domain *d;

    small_bundle_make(&life_bundle);
    life_bundle.domains[1].ipv4 = 0x0a000005;
    life_boot(&w, NULL);
    n = w.cell->net;
    d = life_find(&w, 2);
    CU_ASSERT_PTR_EQUAL(net_lookup(n, 0x0a000005), d->net);
    CU_ASSERT_PTR_EQUAL(atomic_load(&w.cell->domains[2]), d);
    crash(d, "a test");
    CU_ASSERT_EQUAL(atomic_load(&w.cell->domain_count), SMALL_DOMAINS);
    CU_ASSERT_PTR_NULL(net_lookup(n, 0x0a000005));
    CU_ASSERT_PTR_NULL(atomic_load(&w.cell->domains[2]));
    guest_pass(&w, 4);
    CU_ASSERT_EQUAL(atomic_load(&w.cell->domain_count), SMALL_DOMAINS - 1);
    life_stop(&w);
}

/* The CPU still has the registers of `one` when `two`, which never comes to
 * run, and then `one` end: they must not be saved into freed memory. */
static void registers_of_the_dead_are_forgotten(void)
{
    struct world w;
    struct domain *one, *two;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 2;
    life_boot(&w, NULL);
    one = life_find(&w, 1);
    two = life_find(&w, 2);
    guest_run(one);
    guest_pass(&w, 1);
    CU_ASSERT_EQUAL(life_watchdog(one, 0, 1), 1);
    (void)guest_call(one, __HYPERVISOR_scree_idle, SCREE_IDLE_FOREVER, 0, 0);
    two->vcpu.event_handler = gva(SMALL_ENTRY);
    two->vcpu.m.regs.rsp = 8;
    two->vcpu.info->evtchn_upcall_mask = 0;
    two->vcpu.info->evtchn_upcall_pending = 1;
    guest_pass(&w, 1);
    CU_ASSERT(life_said("does not fit on the stack"));
    guest_pass(&w, 4);
    CU_ASSERT(life_said("domain 2 (two) gone"));
    host_clock_advance(1001 * MS);
    guest_pass(&w, 4);
    CU_ASSERT(life_said("domain 1 (one) gone"));
    life_stop(&w);
}

static void domains_spread_over_cpus(void)
{
    struct world w;
    unsigned on[4] = {0};

    world_start(&w, &(struct host_config){.cpus = 4});
    for (int i = 0; i < 8; i++)
        on[guest_make(&w)->vcpu.cpu->id]++;
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(on[i], 2);
    world_stop(&w);
}

static void barrier_after_one_that_is_gone(void)
{
    struct world w;
    uint64_t before;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 2;
    life_boot(&w, NULL);
    guest_run(life_find(&w, 1));
    guest_pass(&w, 1);
    (void)guest_call(life_find(&w, 2), __HYPERVISOR_scree_idle,
                     SCREE_IDLE_FOREVER, 0, 0);
    life_shuts_down(&w, 1, SHUTDOWN_poweroff);
    CU_ASSERT_PTR_NULL(w.cell->cpus[0].loaded);
    before = host_domain_switches();
    event_raise(life_find(&w, 2), SCREE_PORT_NET);
    guest_pass(&w, 1);
    CU_ASSERT_EQUAL(host_domain_switches(), before + 1);
    life_stop(&w);
}

/* A hypercall that gives way again and again lets no interrupt in. */
static void long_hypercalls_keep_no_device_waiting(void)
{
    const uint64_t arguments[5] = {CONSOLEIO_write, 0xa000, 0x104000};
    struct world w;
    struct domain *d;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_boot(&w, NULL);
    d = life_find(&w, 1);
    guest_run(d);
    host_vcpu_hypercall(&d->vcpu.m, __HYPERVISOR_console_io, arguments);
    guest_pass(&w, 1);
    host_console_type("x");
    cpu_pass(&w.cell->cpus[0]);
    cpu_pass(&w.cell->cpus[0]);
    CU_ASSERT_NOT_EQUAL(d->vcpu.again[0].nr, CONTINUATION_NONE);
    CU_ASSERT(event_pending(d, SCREE_PORT_CONSOLE));
    life_stop(&w);
}

/* ------------------------------------------------------------- the end */

struct ender {
    struct world *w;
};

static void last_one_goes(void *argument)
{
    struct world *w = ((struct ender *)argument)->w;

    for (uint32_t id = 1; id <= SMALL_DOMAINS; id++)
        life_shuts_down(w, id, SHUTDOWN_poweroff);
}

static void cell_ends_with_its_last_domain(void)
{
    struct world w;
    struct ender e = {&w};
    enum machine_stop_kind kind = STOP_HALT;

    small_bundle_make(&life_bundle);
    life_boot(&w, &(struct host_config){.cmdline = "end=poweroff"});
    CU_ASSERT(host_catch_stop(last_one_goes, &e, &kind, NULL));
    CU_ASSERT_EQUAL(kind, STOP_POWEROFF);
    CU_ASSERT(life_said("no domain is left"));
    host_stop();
    free(w.cell);
}

static void cell_stays_without_domains(void)
{
    struct world w;
    struct ender e = {&w};

    small_bundle_make(&life_bundle);
    life_boot(&w, NULL);
    CU_ASSERT_FALSE(host_catch_stop(last_one_goes, &e, NULL, NULL));
    life_stop(&w);
}

/* One short life: touches memory, opens its console ring, takes ports, ends. */
static void live(struct world *w, unsigned n)
{
    struct evtchn_alloc_unbound port = {.dom = DOMID_SELF,
                                        .remote_dom = DOMID_SELF};
    struct domain *d = life_find(w, 1);

    guest_put(d, 0x108000, &n, sizeof(n));
    (void)guest_call(d, __HYPERVISOR_scree_vio, SCREE_VIO_OPEN,
                     SCREE_VIO_CONSOLE, 0);
    guest_put(d, 0x109000, &port, sizeof(port));
    (void)guest_call(d, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
                     0x109000, 0);
    if (n % 2)
        life_shuts_down(w, 1, SHUTDOWN_poweroff);
    else
        life_faults(w, 1, 6, 0, 0);
    host_console_clear(); /* ten thousand times is too much text */
    while (life_find(w, 1))
        guest_pass(w, 1);
    guest_pass(w, 6);
}

static void ten_thousand_lives_leave_nothing(void)
{
    uint64_t available;
    struct world w;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_boot(&w, NULL);
    live(&w, 1);
    available = frames_available(w.frames);
    for (unsigned n = 0; n < 10000; n++) {
        CU_ASSERT_EQUAL_FATAL(domain_launch(w.cell, 0), 0);
        live(&w, n);
        CU_ASSERT_EQUAL_FATAL(frames_available(w.frames), available);
    }
    life_stop(&w);
}

static void refused_creations(void)
{
    struct world w;
    struct domain_shape s = {.id = 0,
                             .weight = 256,
                             .memory = 4,
                             .end = gfn((SCREE_IMAGE_BASE >> 12) + 4)};

    world_start(&w, NULL);
    CU_ASSERT_PTR_NULL(world_domain_shaped(&w, &s));
    s.id = WORLD_DOMAINS;
    CU_ASSERT_PTR_NULL(world_domain_shaped(&w, &s));
    s.id = 1;
    s.shared = 5;
    CU_ASSERT_PTR_NULL(world_domain_shaped(&w, &s));
    s.shared = 0;
    s.end = gfn(SCREE_GUEST_END);
    CU_ASSERT_PTR_NULL(world_domain_shaped(&w, &s));
    s.end = gfn((SCREE_IMAGE_BASE >> 12) + 4);
    s.weight = 0; /* counts as 1 */
    CU_ASSERT_PTR_NOT_NULL(world_domain_shaped(&w, &s));
    CU_ASSERT_PTR_NULL(world_domain_shaped(&w, &s));
    world_stop(&w);
}

void suite_life(void)
{
    static const struct unit_test tests[] = {
        {"all of the bundle runs", all_of_the_bundle_runs},
        {"no bundle, no seed: still boots", no_bundle_no_seed_still_boots},
        {"boot without memory panics", boot_without_memory_panics},
        {"faults without handler are explained",
         faults_without_handler_are_explained},
        {"first touch is no crash", first_touch_is_no_crash},
        {"a handled fault goes to the guest", handled_fault_goes_to_the_guest},
        {"an event frame that does not fit crashes",
         event_frame_that_does_not_fit_crashes},
        {"promised memory that is gone crashes",
         promised_memory_that_is_gone_crashes},
        {"shutdown reasons", shutdown_reasons},
        {"others must pass before memory goes",
         others_must_pass_before_memory_goes},
        {"nobody finds the dying", nobody_finds_the_dying},
        {"registers of the dead are forgotten",
         registers_of_the_dead_are_forgotten},
        {"domains spread over CPUs", domains_spread_over_cpus},
        {"a barrier after one that is gone", barrier_after_one_that_is_gone},
        {"long hypercalls keep no device waiting",
         long_hypercalls_keep_no_device_waiting},
        {"a cell ends with its last domain", cell_ends_with_its_last_domain},
        {"a cell stays without domains", cell_stays_without_domains},
        {"refused creations", refused_creations},
        {"ten thousand lives leave nothing", ten_thousand_lives_leave_nothing},
    };

    UNIT_SUITE("life", tests);
}
