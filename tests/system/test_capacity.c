/* SPDX-License-Identifier: MIT */
/*
 * A bundle of 1,000 domains on a machine with room for about 100: those that
 * fit run, the rest is refused by name, web still answers.
 */
#include <stdio.h>

#include "tests/system/cell.h"
#include "tests/system/http.h"
#include "tests/system/suites.h"

#define MANY "1000"

static void test_too_many(void)
{
    struct cell_options o = {
        .memory_mib = 256,
        .cpus = 2,
        .domains = CELL_WEB
        "[domain many]\nimage = $B/guests/crash.elf\nmemory = 2M\n"
        "address = none\ncount = " MANY "\ncmdline = delay=100000000\n",
    };
    struct cell c;
    struct http_reply reply;
    unsigned created, refused;

    if (cell_start(&c, &o)) {
        CHECK(qemu_wait(c.qemu, 0, "domain.*many-" MANY, 60));
        CHECK(cell_web_up(&c));
        created = qemu_count(c.qemu, 0,
                             "domain [0-9]+ \\(many-[0-9]+\\) "
                             "created");
        refused = qemu_count(c.qemu, 0, "domain.*many-[0-9]+.*refused");
        printf(" [%u created, %u refused]", created, refused);
        CHECK(created >= 50 && created <= 250);
        CHECK(created + refused == 1000);
        CHECK(http_concurrent(c.web, "/big.txt", 16) == 16);
        CHECK(http_get(c.web, "/whoami", &reply) == 200);
    }
    cell_stop(&c);
}

static void test_one_too_big(void)
{
    struct cell_options o = {
        .memory_mib = 128,
        .domains = "[domain huge]\nimage = $B/guests/crash.elf\nmemory = 2G\n"
                   "address = none\n" CELL_WEB,
    };
    struct cell c;

    if (cell_start(&c, &o)) {
        CHECK(qemu_wait(c.qemu, 0, "domain.*huge.*refused", 20));
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

/* A hundred that run, end, and give everything back. */
static void test_many_come_and_go(void)
{
    struct cell_options o = {
        .cpus = 2,
        .domains = CELL_WEB
        "[domain many]\nimage = $B/guests/crash.elf\nmemory = 1M\n"
        "address = none\ncount = 80\ncmdline = poweroff delay=2000\n",
    };
    struct cell c;
    uint64_t before = 0, most = 0, f;
    char name[32];

    if (cell_start(&c, &o)) {
        CHECK(cell_web_up(&c));
        CHECK(cell_created(&c, 0, "web", 5, &before));
        for (unsigned i = 1; i <= 80; i++) {
            snprintf(name, sizeof(name), "many-%u", i);
            if (CHECK(cell_gone(&c, 0, name, 20, &f)) && f > most)
                most = f;
        }
        CHECK(most == before);
    }
    cell_stop(&c);
}

void suite_capacity(void)
{
    CU_pSuite s = CU_add_suite("capacity", NULL, NULL);

    CU_add_test(s, MANY " domains where 100 fit", test_too_many);
    CU_add_test(s, "one domain larger than the machine", test_one_too_big);
    CU_add_test(s, "80 domains come, go, and leave nothing",
                test_many_come_and_go);
}
