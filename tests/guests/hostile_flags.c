/* SPDX-License-Identifier: MIT */
/*
 * Games with flags and debug registers: TF, AC, NT, IOPL, DF, RF across
 * hypercalls, faults and returns; breakpoints in the hypervisor's range and on
 * what it touches for us; MOV SS before an entry; a pending x87 error while
 * the domain is switched out; return stubs with absurd frames.
 */
#include "rt.h"

SCREE_IMAGE(0x40000, 16384);

#define FLAG_TF        (1ull << 8)
#define FLAG_IF        (1ull << 9)
#define FLAG_DF        (1ull << 10)
#define FLAG_IOPL      (3ull << 12)
#define FLAG_NT        (1ull << 14)
#define FLAG_RF        (1ull << 16)
#define FLAG_VM        (1ull << 17)
#define FLAG_AC        (1ull << 18)
#define FLAG_ID        (1ull << 21)

#define HV_ADDRESS     0xffff800000200000ull
#define NON_CANONICAL  0x0000800000000000ull

#define DR7_EXECUTE(n) (0x400ull | 1ull << (2 * (n)))
#define DR7_ACCESS8(n) (0x400ull | 1ull << (2 * (n)) | 0xbull << (16 + 4 * (n)))
#define DR7_ACCESS2(n) (0x400ull | 1ull << (2 * (n)) | 0x7ull << (16 + 4 * (n)))

static unsigned steps;

static uint64_t read_flags(void)
{
    uint64_t f;

    __asm__ volatile("pushfq; pop %0" : "=r"(f));
    return f;
}

/* Sets `flags`, makes a hypercall, reads the flags, puts them back. */
static int64_t call_with_flags(uint64_t flags, uint64_t *after)
{
    int64_t result = 0x1000 + 32 * __HYPERVISOR_xen_version;
    uint64_t read;

    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "push %[flags]\n\t"
                     "popfq\n\t"
                     "call *%%rax\n\t"
                     "pushfq\n\t"
                     "pop %[read]\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp"
                     : "+a"(result), [read] "=&r"(read)
                     : [flags] "r"(flags), "D"(XENVER_pagesize), "S"(0), "d"(0)
                     : "rcx", "r11", "memory", "cc");
    *after = read;
    return result;
}

static void test_flags_in_calls(void)
{
    static const uint64_t sets[] = {
        FLAG_AC,
        FLAG_NT,
        FLAG_DF,
        FLAG_RF,
        FLAG_ID,
        FLAG_IOPL,
        FLAG_VM,
        FLAG_AC | FLAG_NT | FLAG_DF | FLAG_ID | FLAG_IOPL,
        0x3f7ed7 & ~FLAG_TF,
        0xffffffff & ~FLAG_TF,
        ~0ull & ~FLAG_TF,
        0,
    };
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        uint64_t after = 0;
        int64_t result = call_with_flags(sets[i] | 2, &after);

        if (result != 4096 || (after & FLAG_IOPL) || !(after & FLAG_IF) ||
            (after & FLAG_VM)) {
            wrong++;
            rt_printf("# flags %lx: result %ld, flags after %lx\n", sets[i],
                      result, after);
        }
    }
    tap_ok(wrong == 0, "hypercalls under strange flags: %u wrong", wrong);
}

static void fault_with_flags(void *flags)
{
    __asm__ volatile("push %0\n\tpopfq\n\tud2" : : "r"(flags) : "cc");
}

static void test_flags_in_faults(void)
{
    static const uint64_t sets[] = {FLAG_AC,   FLAG_NT, FLAG_DF,
                                    FLAG_IOPL, FLAG_ID, 0x3f7ed7 & ~FLAG_TF};
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        int v = rt_try(fault_with_flags, (void *)(uintptr_t)sets[i]);
        uint64_t h = rt_fault.handler_flags;

        wrong +=
            v != 6 ||
            (h & (FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC | FLAG_IOPL | FLAG_VM));
    }
    tap_ok(wrong == 0, "faults under strange flags: %u wrong", wrong);
    tap_ok(!(read_flags() & (FLAG_NT | FLAG_AC | FLAG_DF)),
           "flags are clean afterwards");
}

/* --------------------------------------------------- single steps */

static bool count_steps(struct rt_regs *regs)
{
    if (SCREE_FRAME_VECTOR(regs->frame.error) != 1)
        return false;
    steps++;
    return steps < 10000;
}

static void step_through_call(void *arg)
{
    uint64_t after;

    *(int64_t *)arg = call_with_flags(FLAG_TF | FLAG_IF | 2, &after);
}

static void test_single_step(void)
{
    int64_t result = 0;

    steps = 0;
    rt_fault_hook = count_steps;
    tap_is(rt_try(step_through_call, &result), RT_NO_FAULT,
           "a hypercall under TF ends");
    rt_fault_hook = NULL;
    tap_is(result, 4096, "its result is right");
    tap_ok(steps >= 2 && steps < 200, "%u steps were seen", steps);
}

static void step_through_fault(void *arg)
{
    (void)arg;
    __asm__ volatile("pushfq; orq $0x100, (%rsp); popfq; ud2");
}

static void step_over_popf(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 100; i++)
        __asm__ volatile("pushfq; orq $0x100, (%rsp); popfq; nop;"
                         "pushfq; andq $~0x100, (%rsp); popfq");
}

static void test_step_and_fault(void)
{
    int v = rt_try(step_through_fault, NULL);

    tap_ok(v == 6 || v == 1, "TF and a fault at once: vector %d", v);
    steps = 0;
    rt_fault_hook = count_steps;
    tap_is(rt_try(step_over_popf, NULL), RT_NO_FAULT, "TF switched often");
    rt_fault_hook = NULL;
    tap_ok(steps >= 100, "%u steps in 100 rounds", steps);
}

/* --------------------------------------------------- breakpoints */

static void clear_breakpoints(void)
{
    (void)HYPERVISOR_set_debugreg(7, 0x400);
    for (unsigned i = 0; i < 4; i++)
        (void)HYPERVISOR_set_debugreg(i, 0);
}

static void test_refused_breakpoints(void)
{
    static const uint64_t bad[] = {
        HV_ADDRESS,     0xffff800000000000, 0xffff87fffffffff8, NON_CANONICAL,
        0x7ffffffffff8, 0x400000000000,     0xffffffff80000000, ~0ull,
    };
    unsigned taken = 0;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        for (unsigned r = 0; r < 4; r++)
            taken += HYPERVISOR_set_debugreg(r, bad[i]) == 0;
    tap_ok(taken == 0, "%u breakpoints outside the guest were taken", taken);
    tap_ok(HYPERVISOR_set_debugreg(7, 0x400 | 1 << 13) < 0,
           "general detect is refused");
    taken = 0;
    for (unsigned r = 8; r < 80; r++)
        taken += HYPERVISOR_set_debugreg(r, 0) == 0;
    taken += HYPERVISOR_set_debugreg(UINT32_MAX, 0) == 0;
    tap_ok(taken == 0, "%u debug registers that do not exist", taken);
    for (unsigned i = 0; i < 64; i++) {
        (void)HYPERVISOR_set_debugreg(7, (1ull << i) | 0x400);
        (void)HYPERVISOR_set_debugreg(6, 1ull << i);
        (void)HYPERVISOR_xen_version(XENVER_pagesize, NULL);
    }
    clear_breakpoints();
    tap_ok(true, "every bit of DR6 and DR7 was tried");
}

static void breakpoint_calls(void *result)
{
    *(int64_t *)result = HYPERVISOR_xen_version(XENVER_pagesize, NULL);
}

/* Breakpoints on what the hypervisor or its entry touches for us. */
static void test_breakpoints_on_entry(void)
{
    int64_t result = 0;
    unsigned wrong = 0;

    steps = 0;
    rt_fault_hook = count_steps;
    for (uint64_t a = 0; a < 32; a++) {
        (void)HYPERVISOR_set_debugreg(0, SCREE_HYPERCALL_PAGE + 17 * 32 + a);
        (void)HYPERVISOR_set_debugreg(7, DR7_EXECUTE(0));
        if (rt_try(breakpoint_calls, &result) != RT_NO_FAULT || result != 4096)
            wrong++;
        (void)HYPERVISOR_set_debugreg(7, 0x400);
        if (steps > 5000) {
            /* an execution breakpoint without RF repeats for ever */
            steps = 0;
            wrong--;
        }
    }
    rt_fault_hook = NULL;
    clear_breakpoints();
    tap_ok(wrong == 0, "breakpoints in the hypercall page: %u wrong", wrong);
}

static uint16_t stack_selector __attribute__((aligned(16)));

#define MOV_SS_THEN(name, text)                                                \
    static void name(void *arg)                                                \
    {                                                                          \
        __asm__ volatile("mov (%0), %%ss\n\t" text                             \
                         :                                                     \
                         : "r"(arg), "a"(17)                                   \
                         : "rcx", "r11", "memory", "cc");                      \
    }

MOV_SS_THEN(ss_syscall, "syscall")
MOV_SS_THEN(ss_int3, "int3")
MOV_SS_THEN(ss_int80, "int $0x80")
MOV_SS_THEN(ss_icebp, ".byte 0xf1")
MOV_SS_THEN(ss_ud2, "ud2")
MOV_SS_THEN(ss_sysenter, "sysenter")

static void test_mov_ss(void)
{
    static void (*const runs[])(void *) = {ss_syscall, ss_int3, ss_int80,
                                           ss_icebp,   ss_ud2,  ss_sysenter};
    unsigned wrong = 0;

    __asm__ volatile("mov %%ss, %0" : "=m"(stack_selector));
    (void)HYPERVISOR_set_debugreg(1, (uintptr_t)&stack_selector);
    for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        int v;

        (void)HYPERVISOR_set_debugreg(7, DR7_ACCESS2(1));
        v = rt_try(runs[i], &stack_selector);
        wrong += v != 1 && v != 3 && v != 6 && v != 13;
        (void)HYPERVISOR_set_debugreg(7, 0x400);
    }
    clear_breakpoints();
    tap_ok(wrong == 0, "MOV SS with a watchpoint, then an entry: %u wrong",
           wrong);
}

static void test_watched_stack(void)
{
    uint64_t result[8] = {0};

    /* the frame of a fault is written over a watched address */
    (void)HYPERVISOR_set_debugreg(2, (uintptr_t)rt_fault.handler_stack & ~7ull);
    (void)HYPERVISOR_set_debugreg(7, DR7_ACCESS8(2));
    (void)rt_try_read(8);
    (void)HYPERVISOR_set_debugreg(2, (uintptr_t)result);
    (void)rt_try(breakpoint_calls, result);
    clear_breakpoints();
    tap_ok(true, "watchpoints on frames and results");
}

/* ------------------------------------------------------------ x87 */

static void pending_x87(void *arg)
{
    uint16_t control = 0x0340; /* everything unmasked */

    (void)arg;
    __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m"(control));
    for (unsigned i = 0; i < 50; i++) {
        (void)HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        rt_spin(RT_MS / 4);
    }
    __asm__ volatile("fwait");
}

static void test_pending_x87(void)
{
    tap_is(rt_try(pending_x87, NULL), 16,
           "a pending x87 error lives through switches and is ours");
}

/* --------------------------------------------------- return stubs */

static void return_through(void *frame)
{
    __asm__ volatile("mov %0, %%rsp\n\tjmp *%1"
                     :
                     : "r"(frame), "r"((uint64_t)SCREE_RETURN_KEEP)
                     : "memory");
}

static void return_unmasking(void *frame)
{
    __asm__ volatile("mov %0, %%rsp\n\tjmp *%1"
                     :
                     : "r"(frame), "r"((uint64_t)SCREE_RETURN)
                     : "memory");
}

/* The stubs write to the frame and below it. */
static struct {
    uint64_t below[8];
    struct scree_frame frame;
} area;

static void try_return(const struct scree_frame *f, unsigned *wrong)
{
    area.frame = *f;
    *wrong += rt_try(return_through, &area.frame) == RT_NO_FAULT;
    area.frame = *f;
    *wrong += rt_try(return_unmasking, &area.frame) == RT_NO_FAULT;
    rt_vcpu()->evtchn_upcall_mask = 1;
}

static uint8_t spare_stack[4096] __attribute__((aligned(16)));

static void flags_target(void)
{
    __asm__ volatile("ud2");
}

static void test_return_frames(void)
{
    static const uint64_t bad[] = {0,
                                   8,
                                   HV_ADDRESS,
                                   NON_CANONICAL,
                                   0x7ffffffffffe,
                                   0xffff7ffffffffff8,
                                   ~0ull,
                                   SCREE_INFO_PAGE + 512};
    struct scree_frame f = {0};
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        f = (struct scree_frame){.rip = bad[i],
                                 .rsp = (uintptr_t)spare_stack + 4096,
                                 .rflags = 0x202};
        try_return(&f, &wrong);
        f.rip = (uintptr_t)flags_target;
        f.rsp = bad[i];
        try_return(&f, &wrong);
    }
    tap_ok(wrong == 0, "returns to absurd places: %u without a fault", wrong);
    wrong = 0;
    f = (struct scree_frame){.rip = (uintptr_t)flags_target,
                             .rsp = (uintptr_t)spare_stack + 4096,
                             .rflags = 0x3f7ed7 & ~FLAG_TF};
    try_return(&f, &wrong);
    tap_ok(rt_fault.vector == 6 && !(rt_fault.frame.rflags & FLAG_IOPL) &&
               (rt_fault.frame.rflags & FLAG_IF),
           "a frame cannot set IOPL or clear IF: vector %u at %lx, flags %lx",
           rt_fault.vector, rt_fault.frame.rip, rt_fault.frame.rflags);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        wrong += rt_try(return_through, (void *)bad[i]) == RT_NO_FAULT &&
                 bad[i] != SCREE_INFO_PAGE + 512;
    tap_ok(wrong == 0, "frames at absurd places: %u without a fault", wrong);
}

int guest_main(void)
{
    test_flags_in_calls();
    test_flags_in_faults();
    test_single_step();
    test_step_and_fault();
    test_refused_breakpoints();
    test_breakpoints_on_entry();
    test_mov_ss();
    test_watched_stack();
    test_pending_x87();
    test_return_frames();
    return tap_done();
}
