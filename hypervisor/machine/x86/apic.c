/* SPDX-License-Identifier: MIT */
/*
 * Local APIC through its memory-mapped registers. The timer is one-shot,
 * divider 1; clock.c knows its rate. LINT0 (the 8259s) is masked, LINT1 is
 * NMI as the firmware wired it.
 */
#include "machine/x86/apic.h"

#include "machine/machine.h"
#include "machine/x86/asm.h"
#include "machine/x86/layout.h"
#include "machine/x86/percpu.h"
#include "machine/x86/uart.h"

#define REG_ID            0x20
#define REG_TASK_PRIORITY 0x80
#define REG_EOI           0xb0
#define REG_SPURIOUS      0xf0
#define REG_COMMAND_LOW   0x300
#define REG_COMMAND_HIGH  0x310
#define REG_LVT_TIMER     0x320
#define REG_LVT_LINT0     0x350
#define REG_LVT_LINT1     0x360
#define REG_LVT_ERROR     0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE  0x3e0

#define LVT_MASKED        0x10000u
#define LVT_NMI           0x400u
#define SPURIOUS_ENABLE   0x100u
#define DIVIDE_BY_1       0xbu
#define COMMAND_PENDING   0x1000u
#define COMMAND_NMI       0x4400u
#define BASE_ENABLE       0x800u
#define BASE_X2APIC       0x400u

static volatile uint32_t *registers;

static uint32_t get(unsigned reg)
{
    return registers[reg / 4];
}

static void set(unsigned reg, uint32_t value)
{
    registers[reg / 4] = value;
}

void apic_map(void)
{
    uint64_t base = read_msr(MSR_APIC_BASE);

    if (base & BASE_X2APIC)
        panic("the firmware left x2APIC mode on; it is not supported");
    if (!(base & BASE_ENABLE))
        write_msr(MSR_APIC_BASE, base | BASE_ENABLE);
    registers = machine_device_map(maddr(APIC_ADDRESS), PAGE_SIZE);
}

void apic_init(void)
{
    set(REG_TASK_PRIORITY, 0);
    set(REG_LVT_TIMER, LVT_MASKED);
    set(REG_LVT_LINT0, LVT_MASKED);
    set(REG_LVT_LINT1, LVT_NMI);
    set(REG_LVT_ERROR, LVT_MASKED);
    set(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    set(REG_TIMER_DIVIDE, DIVIDE_BY_1);
    set(REG_TIMER_INITIAL, 0);
    set(REG_LVT_TIMER, VECTOR_TIMER);
    set(REG_EOI, 0);
}

uint32_t apic_id(void)
{
    return get(REG_ID) >> 24;
}

void apic_end_of_interrupt(uint32_t vector)
{
    if (vector == VECTOR_CONSOLE)
        uart_interrupted();
    if (vector == VECTOR_TIMER)
        this_cpu()->timer = 0;
    if (vector >= VECTOR_APIC && vector < VECTOR_SPURIOUS)
        set(REG_EOI, 0);
}

void apic_timer_set(uint32_t ticks)
{
    set(REG_TIMER_INITIAL, ticks);
}

uint32_t apic_timer_left(void)
{
    return get(REG_TIMER_CURRENT);
}

static void wait_sent(void)
{
    while (get(REG_COMMAND_LOW) & COMMAND_PENDING)
        machine_relax();
}

void apic_send(uint32_t id, uint32_t command)
{
    wait_sent();
    set(REG_COMMAND_HIGH, id << 24);
    set(REG_COMMAND_LOW, command);
}

void apic_stop_others(void)
{
    /* Only those that have our IDT: NMI elsewhere is a triple fault. */
    for (unsigned i = 0; registers && i < MACHINE_CPUS; i++)
        if (i != machine_cpu() && percpus[i].up)
            apic_send(percpus[i].apic_id, COMMAND_NMI);
}

void machine_kick(unsigned cpu)
{
    apic_send(percpus[cpu].apic_id, APIC_FIXED | VECTOR_KICK);
}

void machine_msi(unsigned cpu, uint64_t *address, uint32_t *data)
{
    *address = APIC_ADDRESS | (uint64_t)percpus[cpu].apic_id << 12;
    *data = VECTOR_DEVICE;
}
