/* SPDX-License-Identifier: MIT */
/*
 * The console multiplexer and its vio device.
 */
#include <stdio.h>
#include <string.h>

#include "world.h"

#include "core/guestmem.h"
#include "core/log.h"
#include "io/console.h"
#include "io/console_text.h"
#include "io/vio.h"

static struct world w;
static struct domain *web, *dns;

static struct domain *add(const char *name)
{
    struct domain *d = world_domain(&w, 64);

    strcpy(d->info->name, name);
    console_domain_init(d);
    domain_start(d);
    return d;
}

static void start(void)
{
    world_start(&w, NULL);
    CU_ASSERT_EQUAL(console_create(w.cell), 0);
    w.free = frames_free(w.frames);
    web = add("web");
    dns = add("dns");
    host_console_clear();
}

static void stop(void)
{
    console_domain_fini(web);
    console_domain_fini(dns);
    world_stop(&w);
}

static void say(struct domain *d, const char *text)
{
    console_guest_write(d, text, strlen(text));
}

static void shows(const char *text)
{
    CU_ASSERT_STRING_EQUAL(host_console_text(), text);
    if (strcmp(host_console_text(), text) != 0)
        printf("shown: %s\n", host_console_text());
    host_console_clear();
}

static void puts_names_in_front(void)
{
    start();
    say(web, "hel");
    say(dns, "ready\nand ");
    say(web, "lo\r\n");
    shows("[dns] ready\n[web] hello\n");
    log_line(w.cell, "%s %d", "number", 7);
    shows("scree: number 7\n");
    console_domain_fini(dns);
    shows("[dns] and \n");
    stop();
}

static void breaks_long_lines(void)
{
    char text[601];

    start();
    memset(text, 'x', 600);
    text[600] = 0;
    say(web, text);
    say(web, "\n");
    CU_ASSERT_EQUAL(strlen(host_console_text()), 600 + 3 * 7);
    stop();
}

static void text_is(const char *from, const char *to)
{
    char out[256];
    size_t n = console_text(out, from, strlen(from));

    CU_ASSERT_EQUAL(n, strlen(to));
    CU_ASSERT_EQUAL(memcmp(out, to, n), 0);
}

static void makes_text_harmless(void)
{
    text_is("plain\ttext ~", "plain\ttext ~");
    text_is("\x1b[31mred", "\\x1b[31mred");
    text_is("\a\b\x7f", "\\x07\\x08\\x7f");
    text_is("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
    text_is("\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80");
    text_is("\xc2\x9b", "\\xc2\\x9b");          /* C1 */
    text_is("\x9b", "\\x9b");                   /* alone */
    text_is("\xc0\xaf", "\\xc0\\xaf");          /* overlong */
    text_is("\xe0\x80\xaf", "\\xe0\\x80\\xaf"); /* overlong */
    text_is("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* surrogate */
    text_is("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    text_is("\xe2\x80\xae", "\\xe2\\x80\\xae"); /* override */
    text_is("\xe2\x82", "\\xe2\\x82");          /* cut */
    text_is("\xc3(", "\\xc3(");
    CU_ASSERT_EQUAL(console_text_unfinished("ab\xe2\x82", 4), 2);
    CU_ASSERT_EQUAL(console_text_unfinished("ab\xe2\x82\xac", 5), 0);
    CU_ASSERT_EQUAL(console_text_unfinished("\xf0\x9f\x98", 3), 3);
    CU_ASSERT_EQUAL(console_text_unfinished("\xac\xac\xac\xac", 4), 0);
    CU_ASSERT_EQUAL(console_text_unfinished("", 0), 0);
}

static void names_and_lines_are_harmless(void)
{
    start();
    strcpy(web->info->name, "w\x1b");
    say(web, "a\x1b]0;x\n");
    shows("[w\\x1b] a\\x1b]0;x\n");
    stop();
}

static void a_character_across_writes_stays_whole(void)
{
    char text[300];

    start();
    memset(text, 'x', 255);
    memcpy(text + 255, "\xe2\x82\xac\n", 5);
    say(web, text);
    CU_ASSERT_PTR_NOT_NULL(strstr(host_console_text(), "[web] \xe2\x82\xac\n"));
    stop();
}

static void limits_floods(void)
{
    char line[65];
    size_t shown;

    start();
    memset(line, 'f', 63);
    strcpy(line + 63, "\n");
    for (unsigned i = 0; i < 10000; i++)
        say(web, line);
    shown = strlen(host_console_text());
    CU_ASSERT(shown > CONSOLE_BURST && shown < CONSOLE_BURST * 5 / 4);
    say(dns, "still here\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(host_console_text(), "[dns] still here\n"));
    host_console_clear();
    host_clock_advance(5000000000ull);
    say(web, "calm\n");
    CU_ASSERT_EQUAL(strncmp(host_console_text(), "[web] (", 7), 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(host_console_text(), " bytes dropped)\n[web] calm\n"));
    stop();
}

static void takes_input(void)
{
    char text[CONSOLE_INPUT + 8];

    start();
    host_console_type("hi");
    console_poll(w.cell);
    shows("scree: console: input goes to web (id 1)\n");
    CU_ASSERT_EQUAL(console_read(web, text, 1), 1);
    CU_ASSERT_EQUAL(text[0], 'h');
    CU_ASSERT_EQUAL(console_read(web, text, sizeof(text)), 1);
    CU_ASSERT_EQUAL(text[0], 'i');
    CU_ASSERT_EQUAL(console_read(web, text, sizeof(text)), 0);
    host_console_type("\x1dn!\x1d\x1d\x1dp?");
    console_poll(w.cell);
    CU_ASSERT_EQUAL(console_read(dns, text, sizeof(text)), 2);
    CU_ASSERT_EQUAL(memcmp(text, "!\x1d", 2), 0);
    CU_ASSERT_EQUAL(console_read(web, text, sizeof(text)), 1);
    shows("scree: console: input goes to dns (id 2)\n"
          "scree: console: input goes to web (id 1)\n");
    host_console_type("\x1d?");
    console_poll(w.cell);
    CU_ASSERT_PTR_NOT_NULL(strstr(host_console_text(), "* 1 web\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(host_console_text(), "  2 dns\n"));
    stop();
}

static void input_is_bounded(void)
{
    char text[200];

    start();
    memset(text, 'k', 199);
    text[199] = 0;
    host_console_type(text);
    for (unsigned i = 0; i < 5; i++)
        console_poll(w.cell);
    CU_ASSERT_EQUAL(console_read(web, text, sizeof(text)), CONSOLE_INPUT);
    stop();
}

static void nobody_to_talk_to(void)
{
    start();
    console_domain_fini(web);
    console_domain_fini(dns);
    host_console_type("x");
    console_poll(w.cell);
    shows("scree: console: no domain to talk to\n");
    say(web, "gone\n");
    shows("");
    stop();
}

static void the_selected_one_prompts(void)
{
    start();
    host_console_type("x");
    console_poll(w.cell);
    host_console_clear();
    say(web, "> ");
    shows("[web] > ");
    say(web, "li");
    shows("li");
    say(dns, "note\n");
    shows("\n[dns] note\n");
    say(web, "ne\n");
    shows("[web] ne\n");
    stop();
}

/* ----------------------------------------------------------------- vio */

static void poke(uint64_t at, const char *text)
{
    lock_take(&web->lock);
    CU_ASSERT_EQUAL(guestmem_write(web, gva(at), text, strlen(text)), 0);
    lock_release(&web->lock);
}

static int64_t kick(void)
{
    return vio_op(web, SCREE_VIO_KICK, SCREE_VIO_CONSOLE, 0);
}

static struct scree_vio_ring *open_ring(void)
{
    CU_ASSERT_EQUAL(vio_op(web, SCREE_VIO_OPEN, SCREE_VIO_CONSOLE, 0),
                    SCREE_VIO_RING);
    return web->vio[SCREE_VIO_CONSOLE].ring;
}

static void vio_prints(void)
{
    struct scree_vio_ring *r;

    start();
    r = open_ring();
    poke(0x101ffc, "one\ntwo\n");
    r->tx[0] = (struct scree_vio_desc){0x101ffc, 4, 0};
    r->tx[1] = (struct scree_vio_desc){0, 4, 0};
    r->tx[2] = (struct scree_vio_desc){0x102000, 4, 0};
    r->tx[3] = (struct scree_vio_desc){0x102000, 4097, 0};
    r->tx_produced = 4;
    CU_ASSERT_EQUAL(kick(), 4);
    shows("[web] one\n[web] two\n");
    CU_ASSERT_EQUAL(r->tx_errors, 2);
    r->tx_produced = 80;
    CU_ASSERT_EQUAL(kick(), -XEN_EINVAL);
    stop();
}

static void vio_gives_way(void)
{
    struct scree_vio_ring *r;

    start();
    r = open_ring();
    for (unsigned i = 0; i < 10; i++)
        r->tx[i] = (struct scree_vio_desc){0x102000, 4096, 0};
    r->tx_produced = 10;
    CU_ASSERT_EQUAL(kick(), 2);
    CU_ASSERT(web->shared->evtchn_pending[0] & 1u << SCREE_PORT_CONSOLE);
    CU_ASSERT_EQUAL(kick(), 2);
    stop();
}

static void vio_takes_input(void)
{
    struct scree_vio_ring *r;
    char text[4];

    start();
    r = open_ring();
    r->rx[0] = (struct scree_vio_desc){0x103000, 3, 5};
    r->rx[1] = (struct scree_vio_desc){0, 3, 6};
    r->rx[2] = (struct scree_vio_desc){0x103010, 3, 7};
    r->rx_produced = 3;
    host_console_type("ab");
    console_poll(w.cell);
    CU_ASSERT_EQUAL(r->done_produced, 3);
    CU_ASSERT_EQUAL(r->done[0].id, 5);
    CU_ASSERT_EQUAL(r->done[0].length, 1);
    CU_ASSERT_EQUAL(r->done[1].length, 0);
    CU_ASSERT_EQUAL(r->done[2].id, 7);
    lock_take(&web->lock);
    CU_ASSERT_EQUAL(guestmem_read(web, text, gva(0x103010), 1), 0);
    lock_release(&web->lock);
    CU_ASSERT_EQUAL(text[0], 'b');
    host_console_type("cde");
    console_poll(w.cell);
    CU_ASSERT_EQUAL(r->done_produced, 3);
    r->rx[3] = (struct scree_vio_desc){0x103020, 64, 8};
    r->rx_produced = 4;
    CU_ASSERT_EQUAL(kick(), 0); /* what was typed before it was posted */
    CU_ASSERT_EQUAL(r->done[3].length, 3);
    host_console_type("f");
    console_poll(w.cell);
    CU_ASSERT_EQUAL(console_read(web, text, 4), 0);
    CU_ASSERT_EQUAL(vio_op(web, SCREE_VIO_CLOSE, SCREE_VIO_CONSOLE, 0), 0);
    CU_ASSERT_EQUAL(console_read(web, text, 4), 1);
    stop();
}

void suite_console(void)
{
    static const struct unit_test tests[] = {
        {"puts names in front", puts_names_in_front},
        {"breaks long lines", breaks_long_lines},
        {"makes text harmless", makes_text_harmless},
        {"names and lines are harmless", names_and_lines_are_harmless},
        {"a character across writes stays whole",
         a_character_across_writes_stays_whole},
        {"limits floods", limits_floods},
        {"takes input", takes_input},
        {"input is bounded", input_is_bounded},
        {"nobody to talk to", nobody_to_talk_to},
        {"the selected one prompts", the_selected_one_prompts},
        {"vio prints", vio_prints},
        {"vio gives way", vio_gives_way},
        {"vio takes input", vio_takes_input},
    };
    UNIT_SUITE("console", tests);
}
