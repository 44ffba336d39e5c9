/* SPDX-License-Identifier: MIT */
/*
 * Hostile guests on the network: forged and malformed frames seen by a
 * witness, rings rewritten under the hypervisor's hands while packets come in
 * from a twin and from outside, floods, groups.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/cell.h"
#include "tests/system/http.h"
#include "tests/system/net.h"
#include "tests/system/suites.h"

#define REPORT_SECONDS 40

#define FRAMES(name, address, cmdline)                                         \
    "[domain " name "]\nimage = $B/guests/hostile_frames.elf\nmemory = 2M\n"   \
    "address = " address "\ncmdline = " cmdline "\n"

#define RINGS(name, address)                                                   \
    "[domain " name "]\nimage = $B/guests/hostile_vio.elf\nmemory = 2M\n"      \
    "address = " address "\ncmdline = seconds=4\n"

#define FLOOD(name, address, more)                                             \
    "[domain " name "]\nimage = $B/guests/hostile_flood.elf\nmemory = 2M\n"    \
    "address = " address "\ncmdline = net seconds=4\n" more

static void check_report(struct cell *c, const char *name)
{
    struct tap t;

    if (!CHECK(cell_tap(c, 0, name, REPORT_SECONDS, &t)))
        return;
    CHECK(t.failed == 0);
    CHECK(t.points > 0 && t.ok + t.failed == t.points);
}

static void check_frames_back(struct cell *c, const char *last,
                              const char *other)
{
    uint64_t before = 0, a = 0, b = 0;

    CHECK(cell_created(c, 0, "web", 1, &before));
    CHECK(cell_gone(c, 0, last, 5, &a));
    CHECK(cell_gone(c, 0, other, 5, &b));
    CHECK((a > b ? a : b) == before);
}

/* Boots, polls web until both have reported. */
static void pair_beside_web(struct cell_options *o, const char *one,
                            const char *two)
{
    struct cell c;
    struct http_poller *p;
    unsigned good, bad;

    if (cell_start(&c, o) && CHECK(cell_web_up(&c))) {
        p = http_poll_start(c.web, "/hello.txt");
        check_report(&c, one);
        check_report(&c, two);
        sleep(1);
        http_poll_stop(p, &good, &bad);
        printf(" [web: %u good, %u bad]", good, bad);
        CHECK(good >= 3 && bad <= good / 20);
        check_frames_back(&c, one, two);
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

/* Ids are given in the order of the sections: web 1, forger 2, witness 3. */
static void test_forged_frames(void)
{
    struct cell_options o = {
        .cpus = 2,
        .domains = CELL_WEB FRAMES("forger", "10.0.0.20",
                                   "peer=3 address=167772181 seconds=2")
            FRAMES("witness", "10.0.0.21", "witness seconds=10"),
    };

    pair_beside_web(&o, "forger", "witness");
}

/* ------------------------------------------------ rings rewritten */

struct outside {
    uint16_t ports[2];
    atomic_bool stop;
};

/* Datagrams from outside, for as long as it takes. */
static void *send_from_outside(void *arg)
{
    struct outside *o = arg;
    char data[1200], reply[8];

    memset(data, 'o', sizeof(data));
    while (!o->stop)
        for (unsigned i = 0; i < 2; i++)
            (void)udp_exchange(o->ports[i], data, sizeof(data), reply,
                               sizeof(reply), 1);
    return NULL;
}

static void test_rings(unsigned cpus)
{
    struct cell_options o = {
        .cpus = cpus,
        .domains =
            CELL_WEB RINGS("ring-a", "10.0.0.20") RINGS("ring-b", "10.0.0.21"),
        .forwards = {{.udp = true, .guest = "10.0.0.20", .port = 9},
                     {.udp = true, .guest = "10.0.0.21", .port = 9}},
        .forward_count = 2,
    };
    struct outside out = {.stop = false};
    pthread_t thread;

    for (unsigned i = 0; i < 2; i++)
        out.ports[i] = o.forwards[i].host = net_free_port(true);
    if (pthread_create(&thread, NULL, send_from_outside, &out))
        return;
    pair_beside_web(&o, "ring-a", "ring-b");
    out.stop = true;
    pthread_join(thread, NULL);
}

static void test_rings_1(void)
{
    test_rings(1);
}

static void test_rings_2(void)
{
    test_rings(2);
}

/* ---------------------------------------------------------- floods */

static void test_net_flood(void)
{
    struct cell_options o = {
        .cpus = 2,
        .domains = CELL_WEB FLOOD("flood-a", "10.0.0.20", "")
            FLOOD("flood-b", "10.0.0.21", "net-rate = 100K\n"),
    };

    pair_beside_web(&o, "flood-a", "flood-b");
}

/* Half a group cannot be reached: the witness of another group sees nothing,
 * so that its points about honest frames fail and no other. */
static void test_groups(void)
{
    struct cell_options o = {
        .domains = CELL_WEB FRAMES("forger", "10.0.0.20",
                                   "peer=3 address=167772181 seconds=1")
            FRAMES("witness", "10.0.0.21", "witness seconds=8") "group = 7\n",
    };
    struct cell c;
    struct tap t;

    if (cell_start(&c, &o)) {
        CHECK(cell_tap(&c, 0, "witness", REPORT_SECONDS, &t));
        CHECK(t.failed == 1);
        CHECK(qemu_wait(c.qemu, 0,
                        CELL_SAYS("witness") "not ok 2 - honest frames "
                                             "arrived: expected 20, got 0",
                        1));
    }
    cell_stop(&c);
}

void suite_hostile_net(void)
{
    CU_pSuite s = CU_add_suite("hostile_net", NULL, NULL);

    CU_add_test(s, "forged and malformed frames", test_forged_frames);
    CU_add_test(s, "rings rewritten during calls, 1 CPU", test_rings_1);
    CU_add_test(s, "rings rewritten during calls, 2 CPUs", test_rings_2);
    CU_add_test(s, "packet floods", test_net_flood);
    CU_add_test(s, "groups do not see each other", test_groups);
}
