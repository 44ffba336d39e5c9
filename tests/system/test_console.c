/* SPDX-License-Identifier: MIT */
/*
 * The one console of many domains: names in front of lines, nothing in them
 * that drives a terminal, typed bytes for the selected domain only.
 */
#include "tests/system/cell.h"
#include "tests/system/suites.h"

#define SECONDS 15
#define ESCAPE  "\x1d" /* Ctrl-] */

#define TYPED(name)                                                            \
    "[domain " name "]\nimage = $B/guests/typed.elf\naddress = none\n"

static bool start(struct cell *c)
{
    struct cell_options o = {.domains = TYPED("one") TYPED("two")};

    return cell_start(c, &o) &&
           CHECK(qemu_wait(c->qemu, 0, CELL_SAYS("one") ".*other half",
                           SECONDS)) &&
           CHECK(
               qemu_wait(c->qemu, 0, CELL_SAYS("two") ".*other half", SECONDS));
}

static void test_harmless(void)
{
    struct cell c;

    if (start(&c)) {
        CHECK(qemu_wait(c.qemu, 0, CELL_SAYS("one") "escape: .*end", 1));
        CHECK(!qemu_count(c.qemu, 0, "\x1b"));
        CHECK(!qemu_count(c.qemu, 0, "\x07"));
        CHECK(!qemu_count(c.qemu, 0, "^\\[web\\]"));
        CHECK(qemu_count(c.qemu, 0, CELL_SAYS("two") "\\[web\\] not web") == 1);
    }
    cell_stop(&c);
}

static void test_input(void)
{
    struct cell c;
    size_t at;

    if (start(&c)) {
        CHECK(qemu_type(c.qemu, ESCAPE "n"));
        CHECK(qemu_type(c.qemu, "first\r"));
        at = qemu_wait(c.qemu, 0, "^\\[one\\] typed: first", SECONDS);
        CHECK(at);
        CHECK(qemu_type(c.qemu, ESCAPE "n"));
        CHECK(qemu_type(c.qemu, "second\r"));
        CHECK(qemu_wait(c.qemu, at, "^\\[two\\] typed: second", SECONDS));
        CHECK(qemu_type(c.qemu, ESCAPE "p"));
        CHECK(qemu_type(c.qemu, "third\r"));
        CHECK(qemu_wait(c.qemu, at, "^\\[one\\] typed: third", SECONDS));
        CHECK(!qemu_count(c.qemu, 0, "\\[two\\] typed: first"));
        CHECK(!qemu_count(c.qemu, 0, "\\[one\\] typed: second"));
    }
    cell_stop(&c);
}

/* More than any buffer holds: some of it may be lost, nobody falls over. */
static void test_much_input(void)
{
    struct cell c;

    if (start(&c)) {
        CHECK(qemu_type(c.qemu, ESCAPE "n"));
        for (unsigned i = 0; i < 400; i++)
            (void)qemu_type(c.qemu, "0123456789abcdef");
        CHECK(qemu_type(c.qemu, "\r"));
        CHECK(qemu_wait(c.qemu, 0, "typed: 0123456789abcdef", SECONDS));
        CHECK(qemu_type(c.qemu, "after\r"));
        CHECK(qemu_wait(c.qemu, 0, "after", SECONDS));
    }
    cell_stop(&c);
}

void suite_console(void)
{
    CU_pSuite s = CU_add_suite("console", NULL, NULL);

    CU_add_test(s, "guests' lines have a name and no control", test_harmless);
    CU_add_test(s, "typed bytes go to the selected domain", test_input);
    CU_add_test(s, "much typing", test_much_input);
}
