/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a domain that has ended: restarted after a growing delay, or
 * once there is memory, or preserved; and watchdogs, which end one in time.
 */
#include "life.h"
#include "system/loop.h"

#define MS 1000000ull

static void reboot_comes_back_after_a_delay(void)
{
    struct world w;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_boot(&w, NULL);
    life_shuts_down(&w, 1, SHUTDOWN_reboot);
    CU_ASSERT(life_said("gone: rebooting"));
    CU_ASSERT_PTR_NULL(life_find(&w, 1));
    life_later(&w, 99);
    CU_ASSERT_PTR_NULL(life_find(&w, 1));
    life_later(&w, 2);
    CU_ASSERT_PTR_NOT_NULL(life_find(&w, 1));
    life_stop(&w);
}

static void restarts_back_off(void)
{
    static const uint64_t delays[] = {100,  200,   400,   800,   1600, 3200,
                                      6400, 12800, 25600, 30000, 30000};
    struct world w;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_bundle.domains[0].on_crash = SCREE_ON_CRASH_RESTART;
    life_boot(&w, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(delays); i++) {
        life_faults(&w, 1, 6, 0, 0);
        guest_pass(&w, 3);
        CU_ASSERT_PTR_NULL_FATAL(life_find(&w, 1));
        life_later(&w, delays[i] - 1);
        CU_ASSERT_PTR_NULL_FATAL(life_find(&w, 1));
        life_later(&w, 2);
        CU_ASSERT_PTR_NOT_NULL_FATAL(life_find(&w, 1));
    }
    life_later(&w, 61000); /* lived long: starts over */
    life_faults(&w, 1, 6, 0, 0);
    guest_pass(&w, 3);
    life_later(&w, 101);
    CU_ASSERT_PTR_NOT_NULL(life_find(&w, 1));
    life_stop(&w);
}

static void restart_waits_for_memory(void)
{
    struct world w;
    struct quota all = {0, 0};

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_boot(&w, NULL);
    life_shuts_down(&w, 1, SHUTDOWN_reboot);
    CU_ASSERT_EQUAL(frame_promise(w.frames, &all, frames_available(w.frames)),
                    0);
    life_later(&w, 101);
    CU_ASSERT(life_said("domain one refused: not enough memory"));
    CU_ASSERT_EQUAL(atomic_load(&w.cell->restarts_due), 1);
    frame_unpromise(w.frames, &all, all.promised);
    life_later(&w, 201);
    CU_ASSERT_PTR_NOT_NULL(life_find(&w, 1));
    CU_ASSERT_EQUAL(atomic_load(&w.cell->restarts_due), 0);
    life_stop(&w);
}

static void preserved_domain_keeps_its_memory(void)
{
    struct world w;
    struct domain *d;
    uint64_t before;

    small_bundle_make(&life_bundle);
    life_bundle.domains[0].on_crash = SCREE_ON_CRASH_PRESERVE;
    life_boot(&w, NULL);
    before = frames_available(w.frames);
    life_faults(&w, 1, 6, 0, 0);
    guest_pass(&w, 5);
    d = life_find(&w, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_EQUAL(domain_state(d), DOMAIN_CRASHED);
    CU_ASSERT_EQUAL(frames_available(w.frames), before);
    event_raise(d, 20); /* never runs again */
    guest_pass(&w, 5);
    CU_ASSERT_EQUAL(atomic_load(&d->vcpu.sched.state), VCPU_STOPPED);
    life_stop(&w);
}

static void watchdogs_bite(void)
{
    struct world w;
    struct domain *d;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_boot(&w, NULL);
    d = life_find(&w, 1);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(life_watchdog(d, 1, 5), -XEN_EINVAL);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 5), 1);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 9), 2);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 9), -XEN_ENOSPC);
    CU_ASSERT_EQUAL(life_watchdog(d, 3, 9), -XEN_EINVAL);
    CU_ASSERT_EQUAL(life_watchdog(d, 2, 0), 0);
    life_later(&w, 4000);
    CU_ASSERT_EQUAL(life_watchdog(d, 1, 5), 0);
    life_later(&w, 4000);
    CU_ASSERT_PTR_NOT_NULL(life_find(&w, 1));
    life_later(&w, 1001);
    CU_ASSERT(life_said("its watchdog expired"));
    guest_pass(&w, 5);
    CU_ASSERT(life_said("gone: watchdog"));
    life_stop(&w);
}

/* The domain was all there is on its CPU, which must not sleep now. */
static void watchdog_on_a_quiet_cpu_is_reaped(void)
{
    struct world w;
    struct domain *d;

    small_bundle_make(&life_bundle);
    life_bundle.header.domain_count = 1;
    life_boot(&w, NULL);
    d = life_find(&w, 1);
    CU_ASSERT_EQUAL(life_watchdog(d, 0, 1), 1);
    CU_ASSERT_EQUAL(
        guest_call(d, __HYPERVISOR_scree_idle, SCREE_IDLE_FOREVER, 0, 0),
        INT64_MIN);
    host_clock_advance(1001 * MS);
    guest_pass(&w, 1); /* it bites here */
    cpu_pass(&w.cell->cpus[0]);
    cpu_pass(&w.cell->cpus[0]);
    CU_ASSERT_PTR_NULL(atomic_load(&w.cell->domains[1]));
    life_stop(&w);
}
void suite_restart(void)
{
    static const struct unit_test tests[] = {
        {"reboot comes back after a delay", reboot_comes_back_after_a_delay},
        {"restarts back off", restarts_back_off},
        {"restart waits for memory", restart_waits_for_memory},
        {"a preserved domain keeps its memory",
         preserved_domain_keeps_its_memory},
        {"watchdogs bite", watchdogs_bite},
        {"a watchdog on a quiet CPU is reaped",
         watchdog_on_a_quiet_cpu_is_reaped},
    };

    UNIT_SUITE("restart", tests);
}
