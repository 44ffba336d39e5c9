/* SPDX-License-Identifier: MIT */
/*
 * A cell boots on every machine we name, with 1, 2 and 4 CPUs, prints, serves
 * and ends; it says what is wrong with its command line; its panic tells where.
 */
#include <string.h>

#include "tests/system/cell.h"
#include "tests/system/http.h"
#include "tests/system/suites.h"

#define HELLO        "[domain hello]\nimage = $B/guests/hello.elf\n"

#define BOOT_SECONDS 20

/* Boots with web and hello; both must work. */
static void check_boots(const char *machine, const char *cpu, unsigned cpus,
                        unsigned memory_mib)
{
    struct cell_options o = {
        .machine = machine,
        .cpu = cpu,
        .cpus = cpus,
        .memory_mib = memory_mib,
        .domains = CELL_WEB HELLO,
    };
    struct cell c;

    /* QEMU says where its virtio-mmio cards are in ACPI's DSDT only */
    if (!strcmp(machine, "microvm"))
        o.cmdline = "virtio_mmio=0xfeb02e00:47";

    if (cell_start(&c, &o)) {
        CHECK(
            qemu_wait(c.qemu, 0, CELL_SAYS("hello") "[Hh]ello", BOOT_SECONDS));
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

static void test_q35_1(void)
{
    check_boots("q35", NULL, 1, 256);
}

static void test_q35_2(void)
{
    check_boots("q35", NULL, 2, 256);
}

static void test_q35_4(void)
{
    check_boots("q35", NULL, 4, 256);
}

static void test_pc(void)
{
    check_boots("pc", NULL, 2, 256);
}

static void test_microvm(void)
{
    check_boots("microvm", NULL, 1, 256);
}

static void test_microvm_2(void)
{
    check_boots("microvm", NULL, 2, 256);
}

static void test_with_svm(void)
{
    check_boots("q35", "max", 1, 256);
}

static void test_64_mib(void)
{
    check_boots("q35", NULL, 1, 64);
}

static void test_4_gib(void)
{
    check_boots("q35", NULL, 2, 4096);
}

static void test_all_cpus_started(void)
{
    struct cell_options o = {.cpus = 4, .domains = CELL_WEB};
    struct cell c;

    if (cell_start(&c, &o))
        CHECK(qemu_wait(c.qemu, 0, "4 CPUs", BOOT_SECONDS));
    cell_stop(&c);
}

static void test_unknown_option(void)
{
    struct cell_options o = {
        .cmdline = "no-such-option=7",
        .domains = CELL_WEB,
    };
    struct cell c;

    if (cell_start(&c, &o)) {
        CHECK(qemu_wait(c.qemu, 0, "unknown option.*no-such-option",
                        BOOT_SECONDS));
        CHECK(cell_web_up(&c));
    }
    cell_stop(&c);
}

static void test_panic(void)
{
    struct cell_options o = {.cmdline = "test=panic", .domains = HELLO};
    struct cell c;
    size_t at;

    if (cell_start(&c, &o)) {
        at = qemu_wait(c.qemu, 0, "panic", BOOT_SECONDS);
        CHECK(at);
        CHECK(qemu_wait(c.qemu, at, "rip", 5));
        CHECK(qemu_wait(c.qemu, at, "cpu_main\\+0x[0-9a-f]+", 5));
        CHECK(qemu_wait_exit(c.qemu, 10) > 0);
    }
    cell_stop(&c);
}

static void test_panic_option_halt(void)
{
    struct cell_options o = {.cmdline = "test=panic panic=halt",
                             .domains = HELLO};
    struct cell c;

    if (!CHECK(cell_prepare(&c, &o)))
        return;
    c.q.no_debug_exit = true;
    if (CHECK(cell_boot(&c))) {
        CHECK(qemu_wait(c.qemu, 0, "panic", BOOT_SECONDS));
        CHECK(qemu_wait_exit(c.qemu, 2) < 0);
    }
    cell_stop(&c);
}

void suite_boot(void)
{
    CU_pSuite s = CU_add_suite("boot", NULL, NULL);

    CU_add_test(s, "q35 with 1 CPU boots and serves", test_q35_1);
    CU_add_test(s, "q35 with 2 CPUs boots and serves", test_q35_2);
    CU_add_test(s, "q35 with 4 CPUs boots and serves", test_q35_4);
    CU_add_test(s, "pc boots and serves", test_pc);
    CU_add_test(s, "microvm boots and serves", test_microvm);
    CU_add_test(s, "microvm with 2 CPUs, too", test_microvm_2);
    CU_add_test(s, "a CPU with SVM changes nothing", test_with_svm);
    CU_add_test(s, "64 MiB are enough", test_64_mib);
    CU_add_test(s, "4 GiB are used", test_4_gib);
    CU_add_test(s, "all CPUs of the machine are started",
                test_all_cpus_started);
    CU_add_test(s, "an unknown option is reported and ignored",
                test_unknown_option);
    CU_add_test(s, "a panic names itself, shows registers and symbols",
                test_panic);
    CU_add_test(s, "panic=halt stays", test_panic_option_halt);
}
