/* SPDX-License-Identifier: MIT */
/*
 * A timer of known rate to measure others by: the 8254's channel 0 (every PC
 * has it, microvm too), else the ACPI timer. Channel 0 counts down from 65536
 * over and over; its interrupt is masked everywhere.
 */
#include "machine/x86/clock.h"

#include "machine/x86/acpi.h"
#include "machine/x86/asm.h"

#define PIT_DATA    0x40
#define PIT_MODE    0x43
#define PIT_RATE    0x34 /* channel 0, low and high byte, mode 2 */
#define PIT_ONCE    0x30 /* the same, mode 0 */
#define PIT_LATCH   0x00
#define PIT_HZ      1193182u
#define ACPI_HZ     3579545u
#define ACPI_MASK   0xffffffu /* 24 bits are always there */
#define PROBE_READS 1000u

static uint32_t pit_read(void)
{
    uint32_t low, high;

    out_b(PIT_MODE, PIT_LATCH);
    low = in_b(PIT_DATA);
    high = in_b(PIT_DATA);
    return 0u - (high << 8 | low); /* counts up */
}

static uint32_t pm_read(void)
{
    return in_l(acpi.pm_timer);
}

static bool moves(const struct reference *r)
{
    uint32_t first = r->read() & r->mask;

    for (unsigned i = 0; i < PROBE_READS; i++)
        if ((r->read() & r->mask) != first)
            return true;
    return false;
}

struct reference reference_start(void)
{
    struct reference pit = {PIT_HZ, 0xffff, pit_read};
    struct reference pm = {ACPI_HZ, ACPI_MASK, pm_read};

    out_b(PIT_MODE, PIT_RATE);
    out_b(PIT_DATA, 0);
    out_b(PIT_DATA, 0);
    if (moves(&pit))
        return pit;
    if (acpi.pm_timer && moves(&pm))
        return pm;
    panic("no timer of known rate: neither an 8254 nor an ACPI timer");
}

void reference_stop(void)
{
    out_b(PIT_MODE, PIT_ONCE); /* one last, masked, interrupt */
    out_b(PIT_DATA, 1);
    out_b(PIT_DATA, 0);
}
