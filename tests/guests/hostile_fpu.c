/* SPDX-License-Identifier: MIT */
/*
 * Looks for another domain's registers: FPU, SSE, AVX, debug registers, FS and
 * GS. Several of these run on few CPUs, each with a pattern of its own in
 * all of them, computing, yielding and idling; each checks that it sees
 * nothing but its own. Every second one has a breakpoint armed on code that the
 * others step through: DR6 must not tell them.
 */
#include "rt.h"

SCREE_IMAGE(0x40000, 16384);

#define XSAVE_BYTES 832 /* x87, SSE, AVX */
#define LEGACY_XMM  160
#define HIGH_YMM    576

static uint8_t image[1024] __attribute__((aligned(64)));
static uint8_t seen[1024] __attribute__((aligned(64)));
static uint32_t xcr0;

static uint32_t usable_xcr0(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (!(c & 1u << 27))
        return 0;
    c = 0;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(c));
    return a;
}

static void save(uint8_t *to)
{
    memset(to, 0, sizeof(image));
    if (xcr0)
        __asm__ volatile("xsave64 (%0)"
                         :
                         : "r"(to), "a"(xcr0), "d"(0)
                         : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(to) : "memory");
}

static void load(const uint8_t *from)
{
    if (xcr0)
        __asm__ volatile("xrstor64 (%0)"
                         :
                         : "r"(from), "a"(xcr0), "d"(0)
                         : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(from) : "memory");
}

static unsigned bytes_set(const uint8_t *p, size_t from, size_t to)
{
    unsigned n = 0;

    for (size_t i = from; i < to; i++)
        n += p[i] != 0;
    return n;
}

/* Start of day: nobody's values. */
static void test_fresh(void)
{
    unsigned wrong;

    save(seen);
    wrong = bytes_set(seen, LEGACY_XMM, 416) + bytes_set(seen, 32, 160);
    if (xcr0 & 4)
        wrong += bytes_set(seen, HIGH_YMM, XSAVE_BYTES);
    tap_ok(wrong == 0, "fresh FPU state holds %u bytes of somebody", wrong);
    wrong = 0;
    for (unsigned i = 0; i < 4; i++)
        wrong += HYPERVISOR_get_debugreg(i) != 0;
    tap_ok(wrong == 0, "%u fresh debug registers are set", wrong);
}

static void make_pattern(uint8_t tag)
{
    save(image);
    for (unsigned i = 32; i < 160; i++)
        if (i % 16 < 10)
            image[i] = (uint8_t)(tag + i);
    for (unsigned i = LEGACY_XMM; i < 416; i++)
        image[i] = (uint8_t)(tag ^ i);
    for (unsigned i = HIGH_YMM; i < XSAVE_BYTES && (xcr0 & 4); i++)
        image[i] = (uint8_t)(tag + 3 * i);
    image[0] = 0x7f; /* FCW: as after fninit, precision by tag */
    image[1] = (uint8_t)(tag & 1 ? 0x03 : 0x02);
    image[4] = 0xff; /* all x87 registers in use */
    *(uint32_t *)(void *)(image + 24) = 0x1f80u | (tag & 3u) << 13;
    *(uint64_t *)(void *)(image + 512) = xcr0;
}

/* Compares what is in the registers with the pattern; x87's last pointers are
 * of no interest. */
static unsigned differences(void)
{
    unsigned n = 0;

    save(seen);
    for (unsigned i = 32; i < 416; i++)
        n += seen[i] != image[i];
    for (unsigned i = HIGH_YMM; i < XSAVE_BYTES && (xcr0 & 4); i++)
        n += seen[i] != image[i];
    n += memcmp(seen, image, 2) != 0;
    n += memcmp(seen + 24, image + 24, 4) != 0;
    return n;
}

static uint64_t read_base(bool gs)
{
    uint64_t n;

    if (gs)
        __asm__ volatile("mov %%gs:0, %0" : "=r"(n));
    else
        __asm__ volatile("mov %%fs:0, %0" : "=r"(n));
    return n;
}

/* Steps over `stepped` and a few instructions more. */
void step_through(void);
extern const char stepped[];
__asm__(".text\n"
        "step_through:\n\t"
        "pushfq\n\t"
        "orq $0x100, (%rsp)\n\t"
        "popfq\n\t"
        "nop\n"
        "stepped:\n\t"
        "nop\n\t"
        "pushfq\n\t"
        "andq $~0x100, (%rsp)\n\t"
        "popfq\n\t"
        "ret");

static unsigned steps, foreign;

static bool count_foreign(struct rt_regs *regs)
{
    if (rt_fault.vector != 1)
        return false;
    steps++;
    foreign += (regs->frame.cr2 & 15) != 0;
    return true;
}

static void test_stepping(bool armed)
{
    if (armed) {
        (void)HYPERVISOR_set_debugreg(0, (uintptr_t)stepped);
        (void)HYPERVISOR_set_debugreg(7, 0x401);
    } else {
        rt_traps_on(false);
        rt_fault_hook = count_foreign;
    }
}

static void rest(unsigned round)
{
    if (round % 3 == 0)
        (void)HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    else if (round % 3 == 1)
        rt_spin(RT_MS);
    else
        rt_sleep(RT_MS / 2);
}

static void test_pair(uint8_t tag, uint64_t ns)
{
    static uint64_t words[2];
    uint64_t end = rt_now() + ns;
    unsigned rounds = 0, fpu = 0, debug = 0, base = 0;
    bool armed = tag & 1;

    words[0] = 0xf5f5f5f500000000ull + tag;
    words[1] = 0x6565656500000000ull + tag;
    (void)HYPERVISOR_set_segment_base(SEGBASE_FS, (uintptr_t)&words[0]);
    (void)HYPERVISOR_set_segment_base(SEGBASE_GS_USER, (uintptr_t)&words[1]);
    for (unsigned i = 0; i < 4; i++)
        (void)HYPERVISOR_set_debugreg(i, 0x200000ull + tag * 64u + i * 8u);
    test_stepping(armed);
    make_pattern(tag);
    load(image);
    for (; rt_now() < end; rounds++) {
        rest(rounds);
        fpu += differences();
        if (!armed)
            step_through();
        for (unsigned i = 1; i < 4; i++)
            debug += HYPERVISOR_get_debugreg(i) !=
                     (int64_t)(0x200000ull + tag * 64u + i * 8u);
        base += read_base(false) != words[0] || read_base(true) != words[1];
    }
    tap_ok(fpu == 0, "FPU in %u rounds: %u bytes were not ours", rounds, fpu);
    tap_ok(debug == 0, "debug registers: %u were not ours", debug);
    tap_ok(base == 0, "FS and GS base: %u times not ours", base);
    tap_ok(foreign == 0 && armed == (steps == 0),
           "in %u steps DR6 showed %u breakpoints", steps, foreign);
}

int guest_main(void)
{
    xcr0 = usable_xcr0();
    test_fresh();
    test_pair((uint8_t)(rt_info()->domain * 37u),
              rt_option("seconds", 3) * RT_SECOND);
    return tap_done();
}
