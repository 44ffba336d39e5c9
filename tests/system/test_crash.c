/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a domain that crashes, and of its frames: one console block
 * says why, where and with which registers; on_crash is done; nobody else
 * notices. The guest is tests/guests/crash.c.
 */
#include <stdio.h>
#include <unistd.h>

#include "tests/system/cell.h"
#include "tests/system/http.h"
#include "tests/system/suites.h"

#define SECONDS 20

#define SIZED_VICTIM(memory, how, policy)                                      \
    "[domain victim]\nimage = $B/guests/crash.elf\naddress = none\n"           \
    "memory = " memory "\ncmdline = " how "\non_crash = " policy "\n"
#define VICTIM(how, policy) SIZED_VICTIM("2M", how, policy)

static void check_block(struct cell *c, const char *why, const char *where)
{
    size_t at = qemu_wait(c->qemu, 0, why, SECONDS);

    CHECK(at);
    CHECK(qemu_wait(c->qemu, 0, where, 5));
    CHECK(qemu_wait(c->qemu, 0, "rip[ =:]*[0-9a-f]", 5));
    CHECK(qemu_wait(c->qemu, 0, "r15[ =:]*[0-9a-f]", 5));
}

static void check_frames_back(struct cell *c)
{
    uint64_t before = 0, during = 0, after = 1;

    CHECK(cell_created(c, 0, "web", SECONDS, &before));
    CHECK(cell_created(c, 0, "victim", SECONDS, &during));
    CHECK(cell_gone(c, 0, "victim", SECONDS, &after));
    CHECK(during < before);
    CHECK(after == before);
}

static void check_destroyed(const char *domains, const char *why,
                            const char *where)
{
    struct cell_options o = {.domains = domains};
    struct cell c;

    if (cell_start(&c, &o)) {
        check_block(&c, why, where);
        check_frames_back(&c);
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

static void test_null_pointer(void)
{
    check_destroyed(CELL_WEB VICTIM("null", "destroy"), "page fault",
                    "crash_null\\+0x");
}

static void test_undefined(void)
{
    check_destroyed(CELL_WEB VICTIM("undefined", "destroy"),
                    "[Ii]nvalid opcode|undefined instruction|#UD",
                    "crash_undefined\\+0x");
}

static void test_bad_stack(void)
{
    check_destroyed(CELL_WEB VICTIM("stack", "destroy"), "victim.*crash",
                    "crash_stack\\+0x");
}

static void test_clean_end(void)
{
    struct cell_options o = {.domains = CELL_WEB VICTIM("poweroff", "destroy")};
    struct cell c;

    if (cell_start(&c, &o)) {
        check_frames_back(&c);
        CHECK(cell_web_up(&c));
        CHECK(!qemu_count(c.qemu, 0, "r15[ =:]*[0-9a-f]"));
    }
    cell_stop(&c);
}

static void test_restart(void)
{
    struct cell_options o = {.domains = CELL_WEB VICTIM("null", "restart")};
    struct cell c;
    size_t at = 0;

    if (cell_start(&c, &o)) {
        for (unsigned i = 0; i < 4; i++) {
            at = qemu_wait(c.qemu, at, CELL_SAYS("victim") "crash: begin",
                           SECONDS);
            CHECK(at);
        }
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

/* 0.1, 0.2, 0.4, 0.8, 1.6 ... s: hardly more than 6 begins in 5 s. */
static void test_restart_backs_off(void)
{
    struct cell_options o = {.domains = CELL_WEB VICTIM("null", "restart")};
    struct cell c;
    size_t at;

    if (cell_start(&c, &o)) {
        at = qemu_wait(c.qemu, 0, CELL_SAYS("victim") "crash: begin", SECONDS);
        CHECK(at);
        sleep(5);
        CHECK(qemu_count(c.qemu, at, CELL_SAYS("victim") "crash: begin") <= 7);
    }
    cell_stop(&c);
}

static void test_preserve(void)
{
    struct cell_options o = {.domains = CELL_WEB VICTIM("null", "preserve")};
    struct cell c;
    uint64_t frames;

    if (cell_start(&c, &o)) {
        check_block(&c, "page fault", "crash_null\\+0x");
        CHECK(!cell_gone(&c, 0, "victim", 2, &frames));
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

/* A domain that used all its memory, ports, rings and grants gives all back. */
static void test_everything_used(void)
{
    struct cell_options o = {.domains =
                                 CELL_WEB VICTIM("everything", "destroy")};
    struct cell c;

    if (cell_start(&c, &o)) {
        CHECK(qemu_wait(c.qemu, 0, CELL_SAYS("victim") "crash: used", SECONDS));
        check_frames_back(&c);
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

/* Taking apart a large one is no reason for others to wait. */
static void test_large(void)
{
    struct cell_options o = {
        .memory_mib = 192,
        .domains = CELL_WEB SIZED_VICTIM("96M", "everything", "destroy")};
    struct cell c;

    if (cell_start(&c, &o)) {
        CHECK(qemu_wait(c.qemu, 0, CELL_SAYS("victim") "crash: used", SECONDS));
        CHECK(cell_web_up(&c));
        check_frames_back(&c);
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

void suite_crash(void)
{
    CU_pSuite s = CU_add_suite("crash", NULL, NULL);

    CU_add_test(s, "null pointer: block with symbol, frames back",
                test_null_pointer);
    CU_add_test(s, "undefined instruction: the same", test_undefined);
    CU_add_test(s, "fault frame does not fit: the same", test_bad_stack);
    CU_add_test(s, "a domain that ends by itself: no block, frames back",
                test_clean_end);
    CU_add_test(s, "on_crash = restart starts it again", test_restart);
    CU_add_test(s, "restarts back off", test_restart_backs_off);
    CU_add_test(s, "on_crash = preserve keeps it", test_preserve);
    CU_add_test(s, "a domain that used everything gives everything back",
                test_everything_used);
    CU_add_test(s, "so does a large one, and others go on", test_large);
}
