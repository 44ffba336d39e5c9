/* SPDX-License-Identifier: MIT */
/*
 * The conformance guests of pv-abi/conformance in one real cell: every one
 * ends with its plan kept and no "not ok", those that must crash do, and all
 * frames come back.
 */
#include <stdio.h>
#include <string.h>

#include "tests/system/cell.h"
#include "tests/system/suites.h"

#define SECONDS 90

static const char *const reports[] = {
    "peer-1",       "peer-2",     "start-of-day", "version",    "calls",
    "multicall",    "events",     "upcalls",      "faults",     "threads",
    "timer",        "clock",      "idle",         "memory",     "console",
    "vio",          "vio-bare",   "vio-limited",  "grants",     "limits",
    "instructions", "frozen-1-0", "store-bare",   "store-bare",
};

static const char *const crashes[] = {
    "crash-event", "crash-fault", "crash-bare", "crash-watchdog", "crash-said"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* With a control domain: see pv-abi/conformance/control.conf. */
static const char *const control_reports[] = {"store"};

static bool start(struct cell *c, const char *bundle, unsigned cpus,
                  const char *machine)
{
    struct cell_options o = {.cpus = cpus, .machine = machine};

    if (!CHECK(cell_prepare(c, &o)))
        return false;
    snprintf(c->bundle, sizeof(c->bundle), "%s/cells/%s.bundle", cell_build(),
             bundle);
    c->q.initrd = c->bundle;
    return CHECK(cell_boot(c));
}

static void check_report(struct cell *c, size_t from, const char *name)
{
    struct tap t;

    if (!cell_tap(c, from, name, SECONDS, &t)) {
        printf("\n    %s: no end of its report", name);
        CHECK(false);
        return;
    }
    CHECK(t.failed == 0);
    if (!CHECK(t.ok == t.points))
        printf("\n    %s: %u of %u points seen", name, t.ok, t.points);
}

static void check_crash(struct cell *c, const char *name)
{
    char regex[96];

    snprintf(regex, sizeof(regex), "domain [0-9]+ \\(%s\\) crashed", name);
    CHECK(qemu_wait(c->qemu, 0, regex, SECONDS));
    snprintf(regex, sizeof(regex), "^\\[%s\\] not ok", name);
    CHECK(qemu_count(c->qemu, 0, regex) == 0);
}

/* The last one that goes leaves as many frames as there were. */
static void check_frames(struct cell *c)
{
    char before[24], regex[64];

    if (!CHECK(qemu_match(c->qemu, 0, "to create, frames: ([0-9]+) available",
                          SECONDS, before, sizeof(before))))
        return;
    snprintf(regex, sizeof(regex), "gone.* frames: %s available", before);
    CHECK(qemu_wait(c->qemu, 0, regex, SECONDS));
}

static void run_all(unsigned cpus, const char *machine)
{
    struct cell c;

    if (start(&c, "conformance", cpus, machine)) {
        for (unsigned i = 0; i < COUNT(reports); i++)
            check_report(&c, 0, reports[i]);
        /* Its first life has no report. */
        check_report(&c, qemu_wait(c.qemu, 0, "gone: rebooting", SECONDS),
                     "reboot");
        for (unsigned i = 0; i < COUNT(crashes); i++)
            check_crash(&c, crashes[i]);
        check_frames(&c);
    }
    cell_stop(&c);
}

/* Its second life reports: the first ends on purpose. */
static void run_control(unsigned cpus)
{
    struct cell c;

    if (start(&c, "control", cpus, NULL)) {
        for (unsigned i = 0; i < COUNT(control_reports); i++)
            check_report(&c, 0, control_reports[i]);
        check_report(&c,
                     qemu_wait(c.qemu, 0, "control\\) gone: crashed", SECONDS),
                     "control");
        check_frames(&c);
    }
    cell_stop(&c);
}

static void test_control(void)
{
    run_control(1);
    run_control(2);
}

static void test_one_cpu(void)
{
    run_all(1, NULL);
}

static void test_two_cpus(void)
{
    run_all(2, NULL);
}

/* A person types: port 2 is raised and the bytes arrive. */
static void test_typing(void)
{
    struct cell_options o = {
        .domains = "[domain console]\nimage = $B/guests/conf-console.elf\n"
                   "address = none\ncmdline = type=30\n"};
    struct tap t = {0, 0, 0};
    struct cell c;
    size_t at;

    if (cell_start(&c, &o)) {
        at = qemu_wait(c.qemu, 0, "# type: hello!", SECONDS);
        CHECK(at && qemu_type(c.qemu, "hello!"));
        at = qemu_wait(c.qemu, 0, "# type: again!", SECONDS);
        CHECK(at && qemu_type(c.qemu, "again!"));
        CHECK(cell_tap(&c, 0, "console", SECONDS, &t));
        CHECK(t.failed == 0 && t.points > 0);
        CHECK(qemu_wait(c.qemu, 0, "ABI-CON-04 port 2 is raised", 5));
        CHECK(qemu_wait(c.qemu, 0, "ABI-VIO-15 typed bytes complete", 5));
    }
    cell_stop(&c);
}

/* With a control domain: one that only answers the store's requests. */
static void test_store(void)
{
    struct cell_options o = {
        .cpus = 2,
        .domains = "[domain control]\nimage = $B/guests/store_answer.elf\n"
                   "address = none\ncontrol = yes\nmemory = 4M\n"
                   "[domain store]\nimage = $B/guests/conf-store.elf\n"
                   "address = none\n"};
    struct cell c;

    if (cell_start(&c, &o))
        check_report(&c, 0, "store");
    cell_stop(&c);
}

void suite_conformance(void)
{
    CU_pSuite s = CU_add_suite("conformance", NULL, NULL);

    CU_add_test(s, "every row of the ABI reference", test_one_cpu);
    CU_add_test(s, "the same on two CPUs", test_two_cpus);
    CU_add_test(s, "rows of a control domain", test_control);
    CU_add_test(s, "typed bytes reach a guest", test_typing);
    CU_add_test(s, "the store's ring", test_store);
}
