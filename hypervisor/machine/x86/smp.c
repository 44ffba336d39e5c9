/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs, one at a time: INIT, STARTUP at TRAMPOLINE, then
 * smp_main() on the CPU's own stack. Each measures its TSC against the boot
 * CPU's and sleeps until machine_start_cpus().
 */
#include "machine/x86/smp.h"

#include "base/string.h"
#include "machine/machine.h"
#include "machine/x86/acpi.h"
#include "machine/x86/apic.h"
#include "machine/x86/asm.h"
#include "machine/x86/clock.h"
#include "machine/x86/descriptors.h"
#include "machine/x86/entry.h"
#include "machine/x86/features.h"
#include "machine/x86/layout.h"
#include "machine/x86/paging.h"
#include "machine/x86/percpu.h"
#include "machine/x86/ranges.h"
#include "machine/x86/stacks.h"

#define START_NS  200000000ull /* patience with a CPU */
#define INIT_NS   100000ull
#define REPEAT_NS 1000000ull
#define ROUNDS    64u
#define TSC_APART 20000 /* ticks that still count as the same */

uint64_t smp_stack, smp_root;

static unsigned starting; /* the CPU under way */
static bool arrived;
static bool released;

/* Ping-pong: the other CPU asks, we answer with our TSC. */
static struct {
    uint32_t asked, answered;
    uint64_t tsc;
} __attribute__((aligned(64))) compare;

static bool up(unsigned cpu)
{
    return __atomic_load_n(&percpus[cpu].up, __ATOMIC_ACQUIRE) != 0;
}

static void wait_ns(uint64_t ns)
{
    uint64_t end = machine_clock() + ns;

    while (machine_clock() < end)
        machine_relax();
}

static void answer(void)
{
    uint32_t asked = __atomic_load_n(&compare.asked, __ATOMIC_ACQUIRE);

    if (asked == compare.answered)
        return;
    compare.tsc = read_tsc_ordered();
    __atomic_store_n(&compare.answered, asked, __ATOMIC_RELEASE);
}

/* On the other CPU: what to add to its TSC, from the fastest exchange; the
 * first fast one that shows no difference will do. */
static int64_t tsc_difference(void)
{
    uint64_t width = UINT64_MAX;
    int64_t best = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t ticket = compare.answered + 1;
        uint64_t before = read_tsc_ordered();
        uint64_t after;

        __atomic_store_n(&compare.asked, ticket, __ATOMIC_RELEASE);
        while (__atomic_load_n(&compare.answered, __ATOMIC_ACQUIRE) != ticket)
            machine_relax();
        after = read_tsc_ordered();
        if (after - before < width) {
            width = after - before;
            best = (int64_t)(compare.tsc - (before + width / 2));
        }
        /* Within what the exchange can tell, they are equal. */
        if (best < 0 ? (uint64_t)-best < width : (uint64_t)best < width)
            best = 0;
        if (best == 0 && width < TSC_APART)
            break;
    }
    return best;
}

/* False: it never came; INIT keeps it from coming late. */
static bool wake(uint32_t id)
{
    uint64_t end;

    apic_send(id, APIC_INIT);
    wait_ns(INIT_NS);
    for (unsigned i = 0; i < 2; i++) {
        apic_send(id, APIC_STARTUP | TRAMPOLINE >> PAGE_SHIFT);
        end = machine_clock() + (i ? START_NS : REPEAT_NS);
        while (machine_clock() < end)
            if (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE))
                return true;
    }
    apic_send(id, APIC_INIT);
    return false;
}

static bool start(unsigned cpu, uint32_t id)
{
    stacks_map(cpu);
    smp_root = paging_root();
    smp_stack = stack_top(cpu, STACK_MAIN);
    percpus[cpu].apic_id = id;
    starting = cpu;
    __atomic_store_n(&arrived, false, __ATOMIC_RELEASE);
    if (!wake(id))
        return false;
    while (!up(cpu))
        answer();
    return true;
}

/* The trampoline's page may be the firmware's or the bundle's: its bytes are
 * put back when all CPUs are up. */
static void *map_trampoline(void)
{
    void *saved = machine_frame(ranges_take());
    void *page = machine_frame(maddr_mfn(maddr(TRAMPOLINE)));

    paging_map(DIRECT_BASE + TRAMPOLINE, maddr(TRAMPOLINE), PAGE_SIZE,
               PAGING_WRITE);
    memcpy(saved, page, PAGE_SIZE);
    memcpy(page, trampoline, (size_t)(trampoline_end - trampoline));
    return saved;
}

unsigned smp_boot(void)
{
    unsigned cpus = 1;
    uint32_t own = apic_id();
    void *saved;

    percpus[0].apic_id = own;
    percpus[0].up = 1;
    if (acpi.cpu_count <= 1)
        return 1;
    saved = map_trampoline();
    for (unsigned i = 0; i < acpi.cpu_count; i++)
        if (acpi.cpus[i] != own && start(cpus, acpi.cpus[i]))
            cpus++;
    memcpy(machine_frame(maddr_mfn(maddr(TRAMPOLINE))), saved, PAGE_SIZE);
    return cpus;
}

void machine_start_cpus(void)
{
    __atomic_store_n(&released, true, __ATOMIC_RELEASE);
    for (unsigned i = 1; i < machine_info()->cpus; i++)
        machine_kick(i);
}

void smp_main(void)
{
    unsigned cpu = starting;
    int64_t difference;

    __atomic_store_n(&arrived, true, __ATOMIC_RELEASE);
    percpu_init(cpu);
    features_enable();
    descriptors_init(false);
    paging_load();
    apic_init();
    difference = tsc_difference();
    if (difference > TSC_APART || difference < -TSC_APART)
        clock_distrust_tsc();
    this_cpu()->tsc_offset = (uint64_t)difference;
    __atomic_store_n(&this_cpu()->up, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE))
        machine_idle();
    cpu_main(cpu);
}
