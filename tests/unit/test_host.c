/* SPDX-License-Identifier: MIT */
/*
 * machine/host: that the machine under all other tests obeys machine.h: time,
 * CPUs, devices, the end. Its guests: test_host_guest.c.
 */
#include <string.h>

#include "machine/host/host.h"
#include "scree/calls.h"
#include "world.h"

static const struct host_config defaults;

/* -------------------------------------------------------- time and CPUs */

static void clock_moves_when_told(void)
{
    host_start(&defaults);
    CU_ASSERT_EQUAL(machine_clock(), 0);
    host_clock_set(100);
    host_clock_advance(5);
    CU_ASSERT_EQUAL(machine_clock(), 105);
    host_clock_step(10);
    CU_ASSERT_EQUAL(machine_clock(), 105);
    CU_ASSERT_EQUAL(machine_clock(), 115);
    host_stop();
}

static void kick_from_the_hook(void *argument)
{
    ++*(unsigned *)argument;
    machine_kick(0);
}

static void idle_ends_at_the_deadline_or_a_kick(void)
{
    unsigned n = 0;

    host_start(&defaults);
    machine_idle(); /* nothing is due ever: comes back */
    machine_deadline(1000);
    machine_idle();
    CU_ASSERT_EQUAL(machine_clock(), 1000);
    CU_ASSERT_EQUAL(host_deadline_of(0), UINT64_MAX);
    machine_kick(0);
    machine_deadline(2000);
    machine_idle();
    CU_ASSERT_EQUAL(machine_clock(), 1000);
    host_on_idle(kick_from_the_hook, &n);
    machine_idle();
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(machine_clock(), 1000);
    CU_ASSERT_EQUAL(host_kicks_of(0), 2);
    host_stop();
}

static void real_time_idle_sleeps(void)
{
    uint64_t before;

    host_start(&(struct host_config){.real_time = true});
    before = machine_clock();
    machine_deadline(before + 2000000);
    machine_idle();
    CU_ASSERT(machine_clock() >= before + 2000000);
    machine_kick(0);
    machine_idle();
    host_stop();
}

/* ------------------------------------------------------------- the rest */

static void machine_tells_what_it_is(void)
{
    static const char module[5000] = "module";
    const struct machine_info *mi = machine_info();
    static const struct host_config c = {.frames = 100,
                                         .hole = 20,
                                         .cpus = 3,
                                         .module = module,
                                         .module_size = sizeof(module),
                                         .cmdline = "a=b"};

    host_start(&c);
    CU_ASSERT_EQUAL(mi->ram_count, 2);
    CU_ASSERT_EQUAL(mi->ram[0].count + mi->ram[1].count, 100);
    CU_ASSERT_EQUAL(mi->ram[1].first.n,
                    mi->ram[0].first.n + mi->ram[0].count + 20);
    CU_ASSERT_EQUAL(mi->cpus, 3);
    CU_ASSERT_EQUAL(mi->module.count, 2);
    CU_ASSERT_EQUAL(mi->module_size, 5000);
    CU_ASSERT_EQUAL(memcmp(machine_frame(mi->module.first), module, 5000), 0);
    CU_ASSERT_STRING_EQUAL(mi->cmdline, "a=b");
    host_stop();
}

static void dma_reaches_ram_only(void)
{
    static const struct host_config c = {.frames = 4};
    uint64_t start = HOST_FIRST_MFN * PAGE_SIZE;

    host_start(&c);
    CU_ASSERT_PTR_EQUAL(host_dma(maddr(start), 4 * PAGE_SIZE),
                        machine_frame(mfn(HOST_FIRST_MFN)));
    CU_ASSERT_PTR_NULL(host_dma(maddr(start), 4 * PAGE_SIZE + 1));
    CU_ASSERT_PTR_NULL(host_dma(maddr(start - 1), 1));
    CU_ASSERT_PTR_NULL(host_dma(maddr(UINT64_MAX), 8));
    host_stop();
}

static void random_numbers_come_or_not(void)
{
    uint64_t a = 0, b = 0;

    host_start(&defaults);
    CU_ASSERT_TRUE(machine_random(&a));
    CU_ASSERT_TRUE(machine_random(&b));
    CU_ASSERT_NOT_EQUAL(a, b);
    host_random_present(false);
    CU_ASSERT_FALSE(machine_random(&a));
    host_stop();
}

static void console_remembers(void)
{
    host_start(&defaults);
    CU_ASSERT_STRING_EQUAL(host_console_text(), "");
    machine_console_write("ab", 2);
    machine_console_write("cd", 1);
    CU_ASSERT_STRING_EQUAL(host_console_text(), "abc");
    host_console_clear();
    CU_ASSERT_STRING_EQUAL(host_console_text(), "");
    CU_ASSERT_EQUAL(machine_console_read(), -1);
    host_console_type("x\xff");
    CU_ASSERT_EQUAL(machine_console_read(), 'x');
    CU_ASSERT_EQUAL(machine_console_read(), 255);
    CU_ASSERT_EQUAL(machine_console_read(), -1);
    host_stop();
}

static void no_device_reads_ones(void)
{
    host_start(&defaults);
    CU_ASSERT_EQUAL(machine_pci_read(0, 0, 1), 0xff);
    CU_ASSERT_EQUAL(machine_pci_read(0, 0, 2), 0xffff);
    CU_ASSERT_EQUAL(machine_pci_read(0, 0, 4), 0xffffffff);
    machine_pci_write(0, 0, 4, 1);
    CU_ASSERT_PTR_NULL((void *)(uintptr_t)machine_device_map(maddr(0), 8));
    CU_ASSERT_EQUAL(machine_irq_line(5, 0), -XEN_EINVAL);
    host_stop();
}

static void plain_registers_have_widths(void)
{
    uint64_t reg = 0, address;
    uint32_t data;

    host_start(&defaults);
    for (unsigned width = 1; width <= 8; width *= 2) {
        reg = 0;
        machine_device_write(&reg, width, 0x1122334455667788);
        CU_ASSERT_EQUAL(reg,
                        0x1122334455667788 & (UINT64_MAX >> (64 - 8 * width)));
        CU_ASSERT_EQUAL(machine_device_read(&reg, width), reg);
    }
    machine_msi(3, &address, &data);
    CU_ASSERT_EQUAL(address, HOST_MSI_ADDRESS(3));
    CU_ASSERT_EQUAL(data, HOST_MSI_DATA);
    host_stop();
}

/* A fake device that remembers its last access. */
struct fake {
    uint64_t where, value;
};

static uint32_t fake_pci_read(void *p, uint32_t bdf, unsigned o, unsigned w)
{
    (void)p;
    return bdf * 1000 + o * 10 + w;
}

static void fake_pci_write(void *p, uint32_t bdf, unsigned o, unsigned w,
                           uint32_t v)
{
    *(struct fake *)p = (struct fake){bdf * 1000 + o * 10 + w, v};
}

static volatile void *fake_map(void *p, maddr_t a, uint64_t size)
{
    return (char *)p + a.a + size;
}

static uint64_t fake_read(void *p, const volatile void *reg, unsigned w)
{
    return (uint64_t)((const volatile char *)reg - (char *)p) + w;
}

static void fake_write(void *p, volatile void *reg, unsigned w, uint64_t v)
{
    uint64_t where = (uint64_t)((volatile char *)reg - (char *)p) + w;

    *(struct fake *)p = (struct fake){where, v};
}

static int fake_irq(void *p, unsigned gsi, unsigned cpu)
{
    (void)p;
    return (int)(gsi + cpu);
}

static void fake_devices_are_asked(void)
{
    struct fake f = {0, 0};
    char *base = (char *)&f;
    const struct host_devices d = {&f,       fake_pci_read, fake_pci_write,
                                   fake_map, fake_read,     fake_write,
                                   fake_irq};

    host_start(&defaults);
    host_devices_set(&d);
    CU_ASSERT_EQUAL(machine_pci_read(8, 4, 2), 8042);
    machine_pci_write(8, 4, 2, 99);
    CU_ASSERT_EQUAL(f.where, 8042);
    CU_ASSERT_EQUAL(f.value, 99);
    CU_ASSERT_PTR_EQUAL((char *)(uintptr_t)machine_device_map(maddr(3), 4),
                        base + 7);
    CU_ASSERT_EQUAL(machine_device_read(base + 3, 4), 7);
    machine_device_write(base + 5, 2, 66);
    CU_ASSERT_EQUAL(f.where, 7);
    CU_ASSERT_EQUAL(f.value, 66);
    CU_ASSERT_EQUAL(machine_irq_line(5, 2), 7);
    host_stop();
}

static void stop_now(void *argument)
{
    machine_stop(STOP_REBOOT, *(int *)argument);
}

static void do_nothing(void *argument)
{
    (void)argument;
}

static void bad_frame(void *argument)
{
    (void)argument;
    (void)machine_frame(MFN_NONE);
}

static void the_end_can_be_caught(void)
{
    enum machine_stop_kind kind = STOP_HALT;
    int code = 0, want = 17;

    host_start(&defaults);
    CU_ASSERT_FALSE(host_catch_stop(do_nothing, NULL, &kind, &code));
    CU_ASSERT_TRUE(host_catch_stop(stop_now, &want, &kind, &code));
    CU_ASSERT_EQUAL(kind, STOP_REBOOT);
    CU_ASSERT_EQUAL(code, 17);
    CU_ASSERT_TRUE(world_panics(bad_frame, NULL));
    host_stop();
}

void suite_host(void)
{
    static const struct unit_test tests[] = {
        {"clock moves when told", clock_moves_when_told},
        {"idle ends at the deadline or a kick",
         idle_ends_at_the_deadline_or_a_kick},
        {"real-time idle sleeps", real_time_idle_sleeps},
        {"machine tells what it is", machine_tells_what_it_is},
        {"DMA reaches RAM only", dma_reaches_ram_only},
        {"random numbers come or not", random_numbers_come_or_not},
        {"console remembers", console_remembers},
        {"no device reads ones", no_device_reads_ones},
        {"plain registers have widths", plain_registers_have_widths},
        {"fake devices are asked", fake_devices_are_asked},
        {"the end can be caught", the_end_can_be_caught},
    };

    UNIT_SUITE("host", tests);
}
