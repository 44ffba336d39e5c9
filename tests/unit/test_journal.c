/* SPDX-License-Identifier: MIT */
/*
 * The journal: its ring of records, and the console that feeds it.
 */
#include <stdio.h>
#include <string.h>

#include "world.h"

#include "core/log.h"
#include "io/console.h"
#include "io/journal.h"
#include "scree/control.h"

static struct world w;
static struct domain *web;
static char taken[2 * JOURNAL_BYTES] __attribute__((aligned(8)));

static void start_journal(void)
{
    world_start(&w, NULL);
    CU_ASSERT_EQUAL(console_create(w.cell), 0);
    CU_ASSERT_EQUAL(journal_create(w.cell), 0);
    w.free = frames_free(w.frames);
    journal_attach(w.cell, true);
}

static void start(void)
{
    start_journal();
    web = world_domain(&w, 16);
    strcpy(web->info->name, "web");
    console_domain_init(web);
    domain_start(web);
    host_console_clear();
}

static void stop(void)
{
    world_stop(&w);
}

static void put(uint32_t domain, const char *text)
{
    journal_put(w.cell, domain, text, strlen(text));
}

static void say(const char *text)
{
    console_guest_write(web, text, strlen(text));
}

/* Takes everything; it must read "id:text|id:text|...". */
static void holds(const char *expected)
{
    char text[4096] = "";
    size_t n = journal_take(w.cell, taken, sizeof(taken)), at = 0, used = 0;

    while (at < n) {
        struct scree_console_record head;

        memcpy(&head, taken + at, sizeof(head));
        CU_ASSERT_FATAL(head.length > 0 && head.length <= 1024);
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%d:%.*s|",
                                 (int)head.domain, (int)head.length,
                                 taken + at + sizeof(head));
        at += sizeof(head) + (head.length + 7) / 8 * 8;
    }
    CU_ASSERT_EQUAL(at, n);
    CU_ASSERT_STRING_EQUAL(text, expected);
    if (strcmp(text, expected) != 0)
        printf("held: %s\n", text);
}

/* --------------------------------------------------------------- the ring */

static void keeps_records_in_order(void)
{
    start_journal();
    host_clock_set(12345);
    put(1, "one");
    put(SCREE_CONSOLE_HYPERVISOR, "longer than eight\n");
    put(7, "12345678");
    journal_put(w.cell, 7, NULL, 0);
    holds("1:one|-1:longer than eight\n|7:12345678|");
    holds("");
    put(2, "x");
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, sizeof(taken)), 24);
    CU_ASSERT_EQUAL(((struct scree_console_record *)(void *)taken)->time,
                    12345);
    CU_ASSERT_EQUAL(memcmp(taken + 16, "x\0\0\0\0\0\0", 8), 0);
    stop();
}

static void gives_whole_records_only(void)
{
    start_journal();
    put(1, "12345678");
    put(2, "9");
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, 0), 0);
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, 23), 0);
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, 47), 24);
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, 24), 24);
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, 24), 0);
    stop();
}

static void long_texts_are_several_records(void)
{
    static char text[2500];
    struct scree_console_record head;
    size_t at = 0;

    start_journal();
    memset(text, 'a', sizeof(text));
    journal_put(w.cell, 3, text, sizeof(text));
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, sizeof(taken)),
                    3 * 16 + 1024 + 1024 + 456);
    for (size_t left = sizeof(text); left; left -= head.length) {
        memcpy(&head, taken + at, sizeof(head));
        CU_ASSERT_EQUAL(head.length, left < 1024 ? left : 1024);
        at += sizeof(head) + head.length;
    }
    stop();
}

static void what_does_not_fit_is_counted(void)
{
    static char text[900];
    uint64_t put_in = 0;

    start_journal();
    while (journal_lost(w.cell) == 0) {
        journal_put(w.cell, 1, text, sizeof(text));
        put_in++;
    }
    CU_ASSERT_EQUAL(put_in - 1, JOURNAL_BYTES / 920);
    CU_ASSERT_EQUAL(journal_lost(w.cell), 900);
    put(2, "a short one still fits");
    CU_ASSERT_EQUAL(journal_lost(w.cell), 900);
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, sizeof(taken)),
                    (put_in - 1) * 920 + 40);
    CU_ASSERT_EQUAL(journal_lost(w.cell), 900);
    stop();
}

/* Takes some records: they are those from `next` on. */
static uint64_t check_some(uint64_t next)
{
    size_t n = journal_take(w.cell, taken, 3000), at = 0;

    CU_ASSERT_FATAL(n > 0);
    while (at < n) {
        struct scree_console_record head;
        char fill = (char)(next & 0x7f);

        memcpy(&head, taken + at, sizeof(head));
        at += sizeof(head);
        CU_ASSERT_EQUAL(head.domain, next++);
        CU_ASSERT_EQUAL(taken[at], fill);
        CU_ASSERT_EQUAL(taken[at + head.length - 1], fill);
        at += (head.length + 7) / 8 * 8;
    }
    return next;
}

/* Records of all lengths, so that the ring's end falls into every part. */
static void wraps_around(void)
{
    uint64_t seed = 5, in = 0, out = 0;
    char text[1024];

    start_journal();
    while (in < 5000) {
        size_t n = unit_random(&seed) % sizeof(text) + 1;

        memset(text, (int)(in & 0x7f), n);
        journal_put(w.cell, (uint32_t)in++, text, n);
        while (in - out > 200)
            out = check_some(out);
    }
    while (out < in)
        out = check_some(out);
    CU_ASSERT_EQUAL(journal_lost(w.cell), 0);
    stop();
}

static void keeps_nothing_while_nobody_is_there(void)
{
    start_journal();
    put(1, "before");
    journal_attach(w.cell, false);
    CU_ASSERT_FALSE(journal_attached(w.cell));
    put(1, "between");
    journal_attach(w.cell, true);
    put(1, "after");
    holds("1:before|1:after|");
    CU_ASSERT_EQUAL(journal_lost(w.cell), 0);
    stop();
}

static void a_cell_without_one_prints_as_ever(void)
{
    world_start(&w, NULL);
    journal_attach(w.cell, true);
    CU_ASSERT_FALSE(journal_attached(w.cell));
    put(1, "text");
    CU_ASSERT_EQUAL(journal_lost(w.cell), 0);
    stop();
}

static void the_control_domain_is_told_once_for_each_look(void)
{
    start_journal();
    (void)world_control(&w);
    put(1, "a");
    CU_ASSERT(world_told(&w));
    put(1, "b");
    CU_ASSERT_FALSE(world_told(&w));
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, 24), 24);
    put(1, "c"); /* it may have looked away before b */
    CU_ASSERT(world_told(&w));
    CU_ASSERT_EQUAL(journal_take(w.cell, taken, 8), 0);
    put(1, "d");
    CU_ASSERT(world_told(&w));
    holds("1:b|1:c|1:d|");
    CU_ASSERT_FALSE(world_told(&w));
    put(1, "e");
    CU_ASSERT(world_told(&w));
    stop();
}

static void making_it_may_lack_memory(void)
{
    for (unsigned site = 1; site < 3; site++) {
        world_start(&w, NULL);
        frames_fail_at(w.frames, site);
        CU_ASSERT_EQUAL(journal_create(w.cell), -XEN_ENOMEM);
        CU_ASSERT_PTR_NULL(w.cell->journal);
        frames_fail_at(w.frames, 0);
        w.free = frames_free(w.frames);
        stop();
    }
}

/* ------------------------------------------------------------- the console */

static void takes_the_bytes_as_they_are(void)
{
    start();
    say("half \x1b[31m");
    say("line\r\n");
    log_line(w.cell, "ours %d", 1);
    holds("1:half \x1b[31m|1:line\r\n|-1:ours 1\n|");
    CU_ASSERT_STRING_EQUAL(host_console_text(), "scree: ours 1\n");
    stop();
}

static void the_screen_is_left_tidy_and_taken_back(void)
{
    start();
    journal_attach(w.cell, false);
    say("on the ");
    journal_attach(w.cell, true);
    say("kept\n");
    CU_ASSERT_STRING_EQUAL(host_console_text(), "[web] on the \n");
    holds("1:kept\n|");
    journal_attach(w.cell, false);
    say("screen\n");
    CU_ASSERT_STRING_EQUAL(host_console_text(),
                           "[web] on the \n[web] screen\n");
    holds("");
    stop();
}

/* Domain 0's own lines go to the screen: to tell of them would be one more. */
static void the_control_domain_prints_on_the_screen(void)
{
    struct domain *control;

    start();
    control = world_control(&w);
    strcpy(control->info->name, "control");
    console_domain_init(control);
    console_guest_write(control, "ready\n", 6);
    CU_ASSERT_NOT_EQUAL(strstr(host_console_text(), "] ready\n"), NULL);
    say("hello\n");
    CU_ASSERT_EQUAL(strstr(host_console_text(), "hello"), NULL);
    holds("1:hello\n|");
    console_domain_fini(control);
    CU_ASSERT_FALSE(journal_attached(w.cell));
    say("alone\n");
    CU_ASSERT_NOT_EQUAL(strstr(host_console_text(), "] alone\n"), NULL);
    stop();
}

static void say_much(size_t n)
{
    static char text[4096];

    memset(text, 'x', sizeof(text));
    while (n) {
        size_t part = n < sizeof(text) ? n : sizeof(text);

        console_guest_write(web, text, part);
        n -= part;
    }
}

static void the_limit_holds_and_the_loss_is_told(void)
{
    size_t n;

    start();
    say_much(2 * CONSOLE_BURST);
    n = journal_take(w.cell, taken, sizeof(taken));
    CU_ASSERT(n >= CONSOLE_BURST && n < CONSOLE_BURST + 9000);
    CU_ASSERT(console_lost(web) > CONSOLE_BURST - 9000);
    CU_ASSERT(console_lost(web) <= CONSOLE_BURST);
    host_clock_advance(10000000000ull);
    say("more\n");
    journal_take(w.cell, taken, sizeof(taken));
    CU_ASSERT_NOT_EQUAL(strstr(taken + 16, "\n("), NULL);
    CU_ASSERT_NOT_EQUAL(strstr(taken + 16, " bytes dropped)\n"), NULL);
    CU_ASSERT_STRING_EQUAL(host_console_text(), "");
    n = console_lost(web);
    host_clock_advance(10000000000ull);
    say("and\n");
    holds("1:and\n|");
    CU_ASSERT_EQUAL(console_lost(web), n);
    stop();
}

static void a_loss_at_the_end_is_told(void)
{
    char *dropped;

    start();
    say_much(2 * CONSOLE_BURST);
    journal_take(w.cell, taken, sizeof(taken));
    console_domain_fini(web);
    CU_ASSERT(journal_take(w.cell, taken, sizeof(taken)) > 0);
    dropped = strstr(taken + 16, " bytes dropped)\n");
    CU_ASSERT_PTR_NOT_NULL(dropped);
    CU_ASSERT_NOT_EQUAL(console_lost(web), 0);
    CU_ASSERT_STRING_EQUAL(host_console_text(), "");
    stop();
}

static void typing_reaches_the_domain_that_is_named(void)
{
    char in[2 * CONSOLE_INPUT];

    start();
    CU_ASSERT_EQUAL(console_type(web, "hello", 5), 5);
    CU_ASSERT(event_pending(web, SCREE_PORT_CONSOLE));
    memset(in, 'y', sizeof(in));
    CU_ASSERT_EQUAL(console_type(web, in, sizeof(in)), CONSOLE_INPUT - 5);
    CU_ASSERT_EQUAL(console_type(web, in, sizeof(in)), 0);
    CU_ASSERT_EQUAL(console_read(web, in, sizeof(in)), CONSOLE_INPUT);
    CU_ASSERT_EQUAL(memcmp(in, "helloyyy", 8), 0);
    console_domain_fini(web);
    CU_ASSERT_EQUAL(console_type(web, in, 1), 0);
    stop();
}

void suite_journal(void)
{
    static const struct unit_test tests[] = {
        {"keeps records in order", keeps_records_in_order},
        {"gives whole records only", gives_whole_records_only},
        {"long texts are several records", long_texts_are_several_records},
        {"what does not fit is counted", what_does_not_fit_is_counted},
        {"wraps around", wraps_around},
        {"keeps nothing while nobody is there",
         keeps_nothing_while_nobody_is_there},
        {"a cell without one prints as ever",
         a_cell_without_one_prints_as_ever},
        {"the control domain is told once for each look",
         the_control_domain_is_told_once_for_each_look},
        {"making it may lack memory", making_it_may_lack_memory},
        {"takes the bytes as they are", takes_the_bytes_as_they_are},
        {"the screen is left tidy and taken back",
         the_screen_is_left_tidy_and_taken_back},
        {"the control domain prints on the screen",
         the_control_domain_prints_on_the_screen},
        {"the limit holds and the loss is told",
         the_limit_holds_and_the_loss_is_told},
        {"a loss at the end is told", a_loss_at_the_end_is_told},
        {"typing reaches the domain that is named",
         typing_reaches_the_domain_that_is_named},
    };
    UNIT_SUITE("journal", tests);
}
