/* SPDX-License-Identifier: MIT */
/*
 * The clock: ns = (TSC - base) * mul >> CLOCK_SHIFT, the same formula that
 * guests use. When the CPUs' TSCs disagree each CPU corrects its own by an
 * offset and a common maximum keeps the result monotonic; guests then have to
 * ask.
 */
#include "machine/x86/clock.h"

#include "machine/x86/apic.h"
#include "machine/x86/asm.h"
#include "machine/x86/percpu.h"

#define CLOCK_SHIFT 32
#define NS          1000000000ull
#define MEASURE_MS  20u
#define SAMPLES     8u
#define TICKS_MAX   UINT32_MAX

static uint64_t tsc_base, tsc_hz, tsc_mul;
static uint64_t apic_mul; /* ticks = ns * apic_mul >> CLOCK_SHIFT */
static bool tsc_same = true;
static uint64_t latest;

/* One moment as three counters see it. */
struct moment {
    uint64_t tsc;
    uint32_t reference, apic;
};

/* The tightest of a few tries: emulators and SMIs interrupt some. */
static struct moment sample(const struct reference *r)
{
    struct moment best = {0, 0, 0};
    uint64_t width = UINT64_MAX;

    for (unsigned i = 0; i < SAMPLES; i++) {
        uint64_t before = read_tsc_ordered();
        uint32_t count = r->read();
        uint32_t left = apic_timer_left();
        uint64_t after = read_tsc_ordered();

        if (after - before < width) {
            width = after - before;
            best = (struct moment){before + width / 2, count, left};
        }
    }
    return best;
}

static void measure(void)
{
    struct reference r = reference_start();
    uint32_t want = r.hz / 1000 * MEASURE_MS;
    struct moment a, b;
    uint32_t ticks;

    apic_timer_set(TICKS_MAX);
    a = sample(&r);
    while (((r.read() - a.reference) & r.mask) < want)
        machine_relax();
    b = sample(&r);
    ticks = (b.reference - a.reference) & r.mask;
    apic_timer_set(0);
    reference_stop();

    tsc_hz = (b.tsc - a.tsc) * r.hz / ticks;
    apic_mul = ((uint64_t)(a.apic - b.apic) * r.hz / ticks << CLOCK_SHIFT) / NS;
}

static uint64_t scale(uint64_t value, uint64_t mul)
{
    return (uint64_t)((unsigned __int128)value * mul >> CLOCK_SHIFT);
}

void clock_init(void)
{
    measure();
    if (tsc_hz < 1000000 || apic_mul == 0)
        panic("timers do not run: TSC %llu Hz", (unsigned long long)tsc_hz);
    tsc_mul = (uint64_t)(((unsigned __int128)NS << CLOCK_SHIFT) / tsc_hz);
    tsc_base = read_tsc();
}

void clock_distrust_tsc(void)
{
    __atomic_store_n(&tsc_same, false, __ATOMIC_RELEASE);
}

void clock_describe(struct machine_info *info)
{
    info->tsc_usable = tsc_same;
    info->clock_shift = CLOCK_SHIFT;
    info->clock_base = tsc_base;
    info->clock_mul = tsc_mul;
    info->clock_hz = tsc_hz;
}

static uint64_t clock_corrected(void)
{
    int64_t delta = (int64_t)(read_tsc() + this_cpu()->tsc_offset - tsc_base);
    uint64_t now = delta < 0 ? 0 : scale((uint64_t)delta, tsc_mul);
    uint64_t before = __atomic_load_n(&latest, __ATOMIC_RELAXED);

    while (now > before &&
           !__atomic_compare_exchange_n(&latest, &before, now, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        ;
    return max_u64(now, before);
}

uint64_t machine_clock(void)
{
    if (!tsc_same)
        return clock_corrected();
    return scale(read_tsc() - tsc_base, tsc_mul);
}

void machine_deadline(uint64_t ns)
{
    struct percpu *c = this_cpu();
    uint64_t now, wait;

    /* One that comes too early finds nothing due and costs less than telling
     * the APIC, which is a device access. */
    if (ns == UINT64_MAX || (c->timer && ns >= c->timer))
        return;
    now = machine_clock();
    c->timer = max_u64(ns, 1);
    wait = ns > now ? scale(ns - now, apic_mul) + 1 : 1;
    /* Too far for the counter: early again. */
    apic_timer_set((uint32_t)min_u64(wait, TICKS_MAX));
}
