/* SPDX-License-Identifier: MIT */
/*
 * Stopping. The other CPUs are halted by NMI first. Then every way out that
 * the machine may have, in turn: QEMU's isa-debug-exit (code reaches the
 * harness as code * 2 + 1), ACPI power-off, reset, and at last a halt.
 */
#include "machine/x86/stop.h"

#include "machine/machine.h"
#include "machine/x86/acpi.h"
#include "machine/x86/apic.h"
#include "machine/x86/asm.h"

#define DEBUG_EXIT_PORT 0xf4
#define QEMU_PM_CONTROL 0x604
#define SLEEP_ENABLE    0x2000
#define RESET_PORT      0xcf9
#define KEYBOARD_PORT   0x64
#define SLEEP_S5        5u
#define SLEEP_REG_GO    0x20u

static bool stopping;

void stop_if_asked(void)
{
    if (__atomic_load_n(&stopping, __ATOMIC_ACQUIRE))
        halt_forever();
}

static void power_off(void)
{
    if (acpi.sleep_control)
        machine_device_write(acpi.sleep_control, 1,
                             SLEEP_S5 << 2 | SLEEP_REG_GO);
    if (acpi.pm_control)
        out_w(acpi.pm_control, SLEEP_ENABLE); /* QEMU: S5 is type 0 */
    out_w(QEMU_PM_CONTROL, SLEEP_ENABLE);
}

static void reboot(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0};

    out_b(RESET_PORT, 0x06);
    out_b(KEYBOARD_PORT, 0xfe);
    __asm__ volatile("lidt %0\n\tint3" : : "m"(nothing));
}

void machine_stop(enum machine_stop_kind kind, int code)
{
    __asm__ volatile("cli" : : : "memory");
    if (__atomic_exchange_n(&stopping, true, __ATOMIC_ACQ_REL))
        halt_forever(); /* another CPU is at it */
    apic_stop_others();
    out_l(DEBUG_EXIT_PORT, (uint32_t)code);
    if (kind == STOP_POWEROFF)
        power_off();
    if (kind == STOP_REBOOT)
        reboot();
    halt_forever();
}
