/* SPDX-License-Identifier: MIT */
/*
 * system/options: every option, good and bad values, and what is reported.
 */
#include <string.h>

#include "system/options.h"
#include "world.h"

static struct options parse(const char *text)
{
    struct options o;

    options_parse(&o, text);
    return o;
}

static void defaults(void)
{
    struct options o = parse("");

    CU_ASSERT_EQUAL(o.panic, STOP_REBOOT);
    CU_ASSERT_FALSE(o.poweroff_at_end || o.test_panic);
    CU_ASSERT_EQUAL(o.domains, 0);
    CU_ASSERT_EQUAL(o.unknown_count, 0);
    CU_ASSERT_EQUAL(parse("   ").unknown_count, 0);
}

static void every_option(void)
{
    struct options o = parse("panic=halt end=poweroff  domains=77 test=panic "
                             "unsafe=meltdown virtio_mmio=0xfeb00e00:12 "
                             "virtio_mmio.device=512@0xfeb02e00:5");

    CU_ASSERT_EQUAL(o.unknown_count, 0);
    CU_ASSERT_EQUAL(o.panic, STOP_HALT);
    CU_ASSERT(o.poweroff_at_end && o.test_panic);
    CU_ASSERT_EQUAL(o.domains, 77);
    CU_ASSERT_EQUAL(o.uplink.mmio_count, 2);
    CU_ASSERT_EQUAL(o.uplink.mmio[0].address, 0xfeb00e00);
    CU_ASSERT_EQUAL(o.uplink.mmio[0].gsi, 12);
    CU_ASSERT_EQUAL(o.uplink.mmio[1].address, 0xfeb02e00);
    CU_ASSERT_EQUAL(o.uplink.mmio[1].gsi, 5);
    CU_ASSERT_EQUAL(parse("panic=reboot").panic, STOP_REBOOT);
    CU_ASSERT_EQUAL(parse("panic=poweroff").panic, STOP_POWEROFF);
    CU_ASSERT_FALSE(parse("end=stay").poweroff_at_end);
}

static void bad_values_are_unknown(void)
{
    static const char *const bad[] = {
        "panic=",
        "panic=now",
        "end=",
        "domains=",
        "domains=0",
        "domains=x",
        "domains=5x",
        "domains=99999999999",
        "test=all",
        "unsafe=everything",
        "virtio_mmio=",
        "virtio_mmio=0x1",
        "nonsense",
        "virtio_mmio=0x1:",
        "=",
        "virtio_mmio=0x1:99999999999",
        "panic",
        "virtio_mmio.device=512",
        "domains=-1",
        "virtio_mmio.device=512@x:1",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        CU_ASSERT_EQUAL(parse(bad[i]).unknown_count, 1);
}

static void there_is_an_end_to_windows(void)
{
    char text[400] = "";

    for (int i = 0; i < 9; i++)
        strcat(text, "virtio_mmio=0xfeb00e00:12 ");
    CU_ASSERT_EQUAL(parse(text).uplink.mmio_count, UPLINK_MMIO_MAX);
    CU_ASSERT_EQUAL(parse(text).unknown_count, 1);
}

static void unknown_ones_are_named(void)
{
    char text[600] = "first=1 second ";
    struct options o;
    struct world w;

    memset(text + 15, 'x', 300);
    strcat(text, " four five six");
    world_start(&w, NULL);
    o = parse(text);
    options_report(&o, w.cell);
    CU_ASSERT_EQUAL(o.unknown_count, 6);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(host_console_text(), "unknown option or value: first=1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(host_console_text(), "and 2 more"));
    world_stop(&w);
}

void suite_options(void)
{
    static const struct unit_test tests[] = {
        {"defaults", defaults},
        {"every option", every_option},
        {"bad values are unknown", bad_values_are_unknown},
        {"there is an end to windows", there_is_an_end_to_windows},
        {"unknown ones are named", unknown_ones_are_named},
    };

    UNIT_SUITE("options", tests);
}
