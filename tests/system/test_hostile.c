/* SPDX-License-Identifier: MIT */
/*
 * Hostile guests beside `web`: while they do their worst, web keeps answering;
 * what they can see themselves they report in TAP; at the end as many frames
 * are available as before they were made. The guests: tests/guests/hostile_*.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/cell.h"
#include "tests/system/http.h"
#include "tests/system/suites.h"

#define BOOT_SECONDS 20

struct attack {
    const char *guest;   /* image */
    const char *cmdline; /* of all copies */
    const char *extra;   /* more lines of their section, or "" */
    unsigned copies, cpus;
    unsigned seconds; /* until all have reported */
};

/* The names of the copies: bad, or bad-1, bad-2, ... */
static void copy_name(const struct attack *a, unsigned i, char name[32])
{
    if (a->copies == 1)
        snprintf(name, 32, "bad");
    else
        snprintf(name, 32, "bad-%u", i + 1);
}

/* Two polls a second at the least, and hardly one without an answer. */
static void check_answers(unsigned good, unsigned bad)
{
    printf(" [web: %u good, %u bad]", good, bad);
    CHECK(good >= 3);
    CHECK(bad <= good / 20);
}

static void check_report(struct cell *c, const char *name, unsigned seconds)
{
    struct tap t;

    if (!CHECK(cell_tap(c, 0, name, seconds, &t)))
        return;
    CHECK(t.failed == 0);
    CHECK(t.points > 0 && t.ok + t.failed == t.points);
}

static unsigned seconds_until(time_t end)
{
    time_t now = time(NULL);

    return end > now ? (unsigned)(end - now) : 1;
}

/* Of each that ended `kept` frames may stay. */
static void run_attack(struct cell *c, const struct attack *a, unsigned kept)
{
    struct http_poller *p;
    unsigned good, bad;
    uint64_t before = 0, after = 1, f;
    time_t end = time(NULL) + a->seconds;
    char name[32];

    if (!CHECK(cell_web_up(c)))
        return;
    p = http_poll_start(c->web, "/hello.txt");
    for (unsigned i = 0; i < a->copies; i++) {
        copy_name(a, i, name);
        check_report(c, name, seconds_until(end));
    }
    sleep(1);
    http_poll_stop(p, &good, &bad);
    check_answers(good, bad);
    CHECK(cell_created(c, 0, "web", 1, &before));
    for (unsigned i = 0; i < a->copies; i++) {
        copy_name(a, i, name);
        if (CHECK(cell_gone(c, 0, name, 5, &f)) && (i == 0 || f > after))
            after = f;
    }
    CHECK(after <= before && before - after <= kept * a->copies);
    CHECK(cell_web_up(c));
}

/* After the sections `first`. */
static void attack_after(const char *first, const struct attack *a,
                         unsigned kept)
{
    char domains[2048];
    struct cell_options o = {.cpus = a->cpus, .domains = domains};
    struct cell c;

    snprintf(domains, sizeof(domains),
             "%s" CELL_WEB
             "[domain bad]\nimage = $B/guests/%s.elf\nmemory = 4M\n"
             "cmdline = %s\non_crash = destroy\ncount = %u\n%s",
             first, a->guest, a->cmdline, a->copies, a->extra);
    if (cell_start(&c, &o))
        run_attack(&c, a, kept);
    cell_stop(&c);
}

static void attack(const struct attack *a)
{
    attack_after("", a, 0);
}

static void test_memory(void)
{
    attack(&(struct attack){"hostile_memory", "", "", 2, 2, 40});
}

static void test_instructions(void)
{
    attack(&(struct attack){"hostile_insn", "", "", 1, 1, 30});
}

static void test_flags(void)
{
    attack(&(struct attack){"hostile_flags", "", "", 1, 1, 30});
}

static void test_flags_on_two_cpus(void)
{
    attack(&(struct attack){"hostile_flags", "", "", 4, 2, 40});
}

static void test_registers(void)
{
    attack(&(struct attack){"hostile_fpu", "seconds=4", "", 4, 1, 40});
}

static void test_registers_on_two_cpus(void)
{
    attack(&(struct attack){"hostile_fpu", "seconds=3", "", 5, 2, 40});
}

static void test_pointers(void)
{
    attack(&(struct attack){"hostile_pointers", "", "", 1, 1, 60});
}

static void test_exhaustion(void)
{
    attack(&(struct attack){"hostile_exhaust", "", "", 2, 1, 30});
}

static void flood(const char *which, unsigned copies, unsigned cpus)
{
    attack(&(struct attack){"hostile_flood", which, "", copies, cpus, 40});
}

static void test_spin(void)
{
    flood("spin seconds=4", 2, 1);
}

static void test_events(void)
{
    flood("events upcalls seconds=3", 2, 1);
}

static void test_console(void)
{
    flood("console seconds=3", 2, 1);
}

static void test_timers(void)
{
    flood("timers yield seconds=3", 2, 1);
}

static void test_faults(void)
{
    flood("faults multicall seconds=3", 2, 1);
}

static void test_memory_turnover(void)
{
    flood("memory seconds=3", 2, 2);
}

static void test_all_floods(void)
{
    flood("events upcalls timers faults multicall yield memory seconds=1", 6,
          2);
}

/* ------------------------------------------------------- the store ring */

#define CONTROL(cmdline)                                                       \
    "[domain control]\nimage = $B/guests/store_answer.elf\nmemory = 4M\n"      \
    "address = none\ncontrol = yes\ncmdline = " cmdline "\n"

/* Until the control domain has looked, two frames stay of each. */
static void store(const char *control, const char *cmdline)
{
    attack_after(control,
                 &(struct attack){"hostile_store", cmdline, "address = none\n",
                                  3, 2, 40},
                 2);
}

static void test_store_ring(void)
{
    store(CONTROL("answers"), "seconds=1");
}

static void test_store_ring_of_nobody(void)
{
    store(CONTROL("mute"), "mute seconds=1");
}

/* -------------------------------------------------- to each other */

#define PAIR(name, cmdline)                                                    \
    "[domain " name "]\nimage = $B/guests/hostile_pair.elf\nmemory = 1M\n"     \
    "address = none\ncmdline = " cmdline "\n"

/* Ids in the order of the sections: web 1, pair 2 and 3, dying pair 4 and 5.
 * Those that die come back and go on until the cell ends. */
static void test_pairs(void)
{
    struct cell_options o = {
        .cpus = 4,
        .domains = CELL_WEB PAIR("left", "peer=3 seconds=5")
            PAIR("right", "peer=2 seconds=5")
                PAIR("mortal", "peer=5 seconds=60 die=80")
                    PAIR("witness", "peer=4 seconds=5"),
    };
    struct cell c;
    struct http_poller *p;
    unsigned good, bad;

    if (cell_start(&c, &o) && CHECK(cell_web_up(&c))) {
        p = http_poll_start(c.web, "/hello.txt");
        check_report(&c, "left", 30);
        check_report(&c, "right", 30);
        check_report(&c, "witness", 30);
        http_poll_stop(p, &good, &bad);
        check_answers(good, bad);
        CHECK(qemu_count(c.qemu, 0, "\\(mortal\\) gone") >= 3);
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

/* --------------------------------------------------- crash loops */

/* Domains that crash in different ways as fast as they may, and one that
 * faults without end. */
#define LOOP(name, how)                                                        \
    "[domain " name "]\nimage = $B/guests/crash.elf\nmemory = 1M\n"            \
    "address = none\non_crash = restart\ncmdline = " how "\n"

static void test_crash_loops(void)
{
    struct cell_options o = {
        .cpus = 2,
        .domains = CELL_WEB LOOP("loop-a", "null") LOOP("loop-b", "undefined")
            LOOP("loop-c", "stack") LOOP("loop-d", "handler")
                LOOP("loop-e", "shutdown") LOOP("loop-f", "reboot")
                    LOOP("loop-g", "endless"),
    };
    struct cell c;
    struct http_poller *p;
    unsigned good, bad;
    size_t at = 0;
    bool more = true;

    if (cell_start(&c, &o) && CHECK(cell_web_up(&c))) {
        p = http_poll_start(c.web, "/hello.txt");
        for (unsigned i = 0; i < 5 && more; i++) {
            at = qemu_wait(c.qemu, at, CELL_SAYS("loop-d") "crash: begin",
                           BOOT_SECONDS);
            more = CHECK(at);
        }
        http_poll_stop(p, &good, &bad);
        check_answers(good, bad);
        CHECK(qemu_count(c.qemu, 0, CELL_SAYS("loop-a") "crash: begin") >= 3);
        CHECK(qemu_count(c.qemu, 0, CELL_SAYS("loop-f") "crash: begin") >= 3);
    }
    cell_stop(&c);
}

/* Made again and again, a domain costs the same each time. */
static void test_restarts_leak_nothing(void)
{
    struct cell_options o = {.domains = CELL_WEB LOOP("loop", "everything")
                                 LOOP("crash", "handler")};
    struct cell c;
    uint64_t first = 0, last = 1;
    size_t at = 0;

    if (cell_start(&c, &o)) {
        CHECK(cell_gone(&c, 0, "crash", BOOT_SECONDS, &first));
        for (unsigned i = 0; i < 5; i++) {
            at = qemu_wait(c.qemu, at, "\\(crash\\) gone", BOOT_SECONDS);
            CHECK(at);
        }
        CHECK(cell_gone(&c, at, "crash", BOOT_SECONDS, &last));
        CHECK(last >= first);
    }
    cell_stop(&c);
}

/* Ids follow the order of the sections: web 1, the two 2 and 3, victims from 4
 * on. */
#define REACH(name)                                                            \
    "[domain " name "]\nimage = $B/guests/hostile_churn.elf\nmemory = 1M\n"    \
    "cmdline = first=4 count=16 seconds=5\n"

static void test_churn(void)
{
    struct cell_options o = {
        .cpus = 2,
        .domains = CELL_WEB REACH("reach-a") REACH(
            "reach-b") "[domain victim]\nimage = $B/guests/hostile_churn.elf\n"
                       "memory = 1M\naddress = 10.0.0.104\ncount = 16\n"
                       "cmdline = victim\n",
    };
    struct cell c;

    if (cell_start(&c, &o) && CHECK(cell_web_up(&c))) {
        check_report(&c, "reach-a", 30);
        check_report(&c, "reach-b", 30);
        CHECK(qemu_count(c.qemu, 0, "\\(victim-[0-9]+\\) gone") >= 48);
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

void suite_hostile(void)
{
    CU_pSuite s = CU_add_suite("hostile", NULL, NULL);

    CU_add_test(s, "memory of others, execution of data", test_memory);
    CU_add_test(s, "privileged and sensitive instructions", test_instructions);
    CU_add_test(s, "flags, breakpoints, return frames", test_flags);
    CU_add_test(s, "the same four times on two CPUs", test_flags_on_two_cpus);
    CU_add_test(s, "registers of others on one CPU", test_registers);
    CU_add_test(s, "registers of others on two CPUs",
                test_registers_on_two_cpus);
    CU_add_test(s, "every hypercall with every bad pointer", test_pointers);
    CU_add_test(s, "memory, ports, grants, watchdogs used up", test_exhaustion);
    CU_add_test(s, "never yielding, events masked", test_spin);
    CU_add_test(s, "event and upcall flood", test_events);
    CU_add_test(s, "console flood", test_console);
    CU_add_test(s, "timer and yield flood", test_timers);
    CU_add_test(s, "fault and multicall flood", test_faults);
    CU_add_test(s, "memory given and taken", test_memory_turnover);
    CU_add_test(s, "six of all floods", test_all_floods);
    CU_add_test(s, "the store's ring, flooded and rewritten", test_store_ring);
    CU_add_test(s, "the same when nobody answers", test_store_ring_of_nobody);
    CU_add_test(s, "ports and grants between two, one of them dying",
                test_pairs);
    CU_add_test(s, "domains that come and go are reached for", test_churn);
    CU_add_test(s, "crash loops", test_crash_loops);
    CU_add_test(s, "restarts leak nothing", test_restarts_leak_nothing);
}
