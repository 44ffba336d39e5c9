/* SPDX-License-Identifier: MIT */
/*
 * Conformance: what differs at CPL 3 (chapter 19), one probe per instruction.
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 65536);

#define UD 6
#define GP 13

/* Each is called with rdi = &scratch, rax = rcx = rdx = 0. */
struct probe {
    const char *text;
    uint8_t bytes[12];
    uint8_t vector, or_vector;
};

static uint8_t scratch[64] __attribute__((aligned(64)));

#define GP_PROBE(text_, ...)                                                   \
    {                                                                          \
        text_, {__VA_ARGS__, 0xc3}, GP, GP                                     \
    }
#define UD_PROBE(text_, ...)                                                   \
    {                                                                          \
        text_, {__VA_ARGS__, 0xc3}, UD, UD                                     \
    }
#define XX_PROBE(text_, ...)                                                   \
    {                                                                          \
        text_, {__VA_ARGS__, 0xc3}, UD, GP                                     \
    }

/* Text, so that it can be executed: const alone would be read-only data. */
__attribute__((
    section(".text.probes"))) static const struct probe privileged[] = {
    GP_PROBE("hlt", 0xf4),
    GP_PROBE("cli", 0xfa),
    GP_PROBE("sti", 0xfb),
    GP_PROBE("in al, 0x80", 0xe4, 0x80),
    GP_PROBE("in eax, dx", 0xed),
    GP_PROBE("out 0x80, al", 0xe6, 0x80),
    GP_PROBE("out dx, al", 0xee),
    GP_PROBE("insb", 0x6c),
    GP_PROBE("outsb", 0x6e),
    GP_PROBE("lgdt", 0x0f, 0x01, 0x17),
    GP_PROBE("lidt", 0x0f, 0x01, 0x1f),
    GP_PROBE("lldt", 0x0f, 0x00, 0xd0),
    GP_PROBE("ltr", 0x0f, 0x00, 0xd8),
    GP_PROBE("lmsw", 0x0f, 0x01, 0xf0),
    GP_PROBE("clts", 0x0f, 0x06),
    GP_PROBE("invlpg", 0x0f, 0x01, 0x3f),
    GP_PROBE("invd", 0x0f, 0x08),
    GP_PROBE("wbinvd", 0x0f, 0x09),
    GP_PROBE("rdmsr", 0x0f, 0x32),
    GP_PROBE("wrmsr", 0x0f, 0x30),
    GP_PROBE("rdpmc", 0x0f, 0x33),
    GP_PROBE("mov rax, cr0", 0x0f, 0x20, 0xc0),
    GP_PROBE("mov rax, cr2", 0x0f, 0x20, 0xd0),
    GP_PROBE("mov rax, cr3", 0x0f, 0x20, 0xd8),
    GP_PROBE("mov cr3, rax", 0x0f, 0x22, 0xd8),
    GP_PROBE("mov cr4, rax", 0x0f, 0x22, 0xe0),
    GP_PROBE("mov cr8, rax", 0x44, 0x0f, 0x22, 0xc0),
    GP_PROBE("mov rax, dr7", 0x0f, 0x21, 0xf8),
    GP_PROBE("mov dr7, rax", 0x0f, 0x23, 0xf8),
    GP_PROBE("swapgs", 0x0f, 0x01, 0xf8),
    GP_PROBE("sysret", 0x48, 0x0f, 0x07),
};

__attribute__((
    section(".text.probes"))) static const struct probe undefined[] = {
    UD_PROBE("rdfsbase", 0xf3, 0x48, 0x0f, 0xae, 0xc0),
    UD_PROBE("rdgsbase", 0xf3, 0x48, 0x0f, 0xae, 0xc8),
    UD_PROBE("wrfsbase", 0xf3, 0x48, 0x0f, 0xae, 0xd0),
    UD_PROBE("wrgsbase", 0xf3, 0x48, 0x0f, 0xae, 0xd8),
};

__attribute__((section(".text.probes"))) static const struct probe either[] = {
    XX_PROBE("sysexit", 0x48, 0x0f, 0x35),
    XX_PROBE("xsetbv", 0x0f, 0x01, 0xd1),
    XX_PROBE("clac", 0x0f, 0x01, 0xca),
    XX_PROBE("stac", 0x0f, 0x01, 0xcb),
    XX_PROBE("monitor", 0x0f, 0x01, 0xc8),
    XX_PROBE("mwait", 0x0f, 0x01, 0xc9),
    XX_PROBE("vmcall", 0x0f, 0x01, 0xc1),
    XX_PROBE("vmmcall", 0x0f, 0x01, 0xd9),
    XX_PROBE("vmrun", 0x0f, 0x01, 0xd8),
};

static void run_bytes(void *code)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tcall *%1\n\t"
                     "lea 128(%%rsp), %%rsp"
                     :
                     : "D"(scratch), "b"(code), "a"(0), "c"(0), "d"(0)
                     : "memory");
}

static void probes(const struct probe *p, size_t n, const char *row)
{
    for (size_t i = 0; i < n; i++) {
        int v = rt_try(run_bytes, (void *)(uintptr_t)p[i].bytes);
        bool good = v == p[i].vector || v == p[i].or_vector;

        tap_ok(good && rt_fault.error == 0, "%s %s: vector %d", row, p[i].text,
               v);
    }
}

/* One probe given in place. */
#define CODE(name, text)                                                       \
    void name(void *unused);                                                   \
    __asm__(".text\n" #name ": " text "\n ret\n")

CODE(do_syscall, "xor %eax, %eax\n syscall");
CODE(do_sysenter, "sysenter");
CODE(do_int80, "int $0x80");
CODE(do_int32, "int $32");
CODE(do_int82, "int $0x82");
CODE(do_int255, "int $255");
CODE(do_int14, "int $14");
CODE(do_int3, "int3");
CODE(do_int_3, ".byte 0xcd, 3");
CODE(do_icebp, ".byte 0xf1");
CODE(do_sgdt, "sgdt scratch_room");
CODE(do_sidt, "sidt scratch_room");
CODE(do_sldt, "sldt %ax");
CODE(do_str, "str %ax");
CODE(do_smsw, "smsw %ax");
CODE(do_rdpkru, "xor %ecx, %ecx\n .byte 0x0f, 0x01, 0xee");
CODE(do_wrpkru, "xor %ecx, %ecx\n .byte 0x0f, 0x01, 0xef");
CODE(do_xsaves, "xor %edx, %edx\n mov $7, %eax\n mov $scratch_room, %edi\n"
                " .byte 0x48, 0x0f, 0xc7, 0x2f");
CODE(do_xrstors, "xor %edx, %edx\n mov $7, %eax\n mov $scratch_room, %edi\n"
                 " .byte 0x48, 0x0f, 0xc7, 0x1f");
CODE(do_bad_ds, "mov $8, %eax\n mov %eax, %ds");
CODE(do_bad_fs, "mov $0xfff8, %eax\n mov %eax, %fs");
CODE(do_far, "push $0x23\n pushq $0\n .byte 0x48\n lretl");
CODE(do_wild, "mov $0x900000000000, %rax\n jmp *%rax");
CODE(do_wilder, "mov $0x800000000000, %rax\n jmp *%rax");
CODE(do_x87, "fninit\n push $0x37b\n fldcw (%rsp)\n pop %rax\n fldz\n fld1\n"
             " fdivp\n fwait");
CODE(do_sse, "push $0x1d80\n ldmxcsr (%rsp)\n pop %rax\n xorps %xmm0, %xmm0\n"
             " mov $0x3f800000, %eax\n movd %eax, %xmm1\n divss %xmm0, %xmm1");
CODE(do_step, "lea -128(%rsp), %rsp\n pushfq\n orl $0x100, (%rsp)\n popfq\n"
              " nop\n do_stepped: nop\n lea 128(%rsp), %rsp");
CODE(do_align, "lea -128(%rsp), %rsp\n pushfq\n orl $0x40000, (%rsp)\n popfq\n"
               " mov scratch_room+1, %eax\n"
               " pushfq\n andl $~0x40000, (%rsp)\n popfq\n"
               " lea 128(%rsp), %rsp");
extern char do_stepped[];

uint8_t scratch_room[1024] __attribute__((aligned(64)));

static void entering(void)
{
    static void (*const ints[])(void *) = {do_int80, do_int32, do_int82,
                                           do_int255, do_int14};
    static const uint8_t numbers[] = {0x80, 32, 0x82, 255, 14};
    int v;

    tap_is(rt_try(do_syscall, NULL), UD, "ABI-CPU-02 syscall");
    tap_is(rt_try(do_sysenter, NULL), UD, "ABI-CPU-03 sysenter");
    for (unsigned i = 0; i < 5; i++) {
        v = rt_try(ints[i], NULL);
        tap_ok(v == GP && rt_fault.error == numbers[i] * 8u + 2,
               "ABI-CPU-04 int %u: vector %d, error 0x%x", numbers[i], v,
               rt_fault.error);
    }
    tap_is(rt_try(do_int3, NULL), 3, "ABI-CPU-05 int3");
    tap_is(rt_try(do_int_3, NULL), 3, "ABI-CPU-04 int 3");
    v = rt_try(do_icebp, NULL);
    tap_ok(v == 1 || v == UD, "ABI-CPU-06 icebp: vector %d", v);
}

static uint64_t flags(uint64_t set)
{
    uint64_t seen;

    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "push %1\n\tpopfq\n\tpushfq\n\tpop %0\n\t"
                     "push $0x202\n\tpopfq\n\t"
                     "lea 128(%%rsp), %%rsp"
                     : "=&r"(seen)
                     : "r"(set)
                     : "cc", "memory");
    return seen;
}

static void flag_games(void)
{
    tap_is((int64_t)flags(2), 0x202, "ABI-CPU-07 IF cannot be cleared");
    tap_is((int64_t)flags(0x3202), 0x202, "ABI-CPU-07 IOPL cannot be set");
    tap_is((int64_t)flags(0x200ad7), 0x200ad7, "ABI-CPU-07 others can");
    tap_is(rt_try(do_step, NULL), 1, "ABI-CPU-18 single step");
    tap_is((int64_t)rt_fault.frame.rip, (int64_t)do_stepped,
           "ABI-CPU-18 after the next instruction");
    int v = rt_try(do_align, NULL);

    tap_ok(v == RT_NO_FAULT || v == 17, "ABI-CPU-17 AC: vector %d", v);
}

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "a"(leaf), "c"(0));
}

static void umip(void)
{
    static void (*const stores[])(void *) = {do_sgdt, do_sidt, do_sldt, do_str,
                                             do_smsw};
    uint32_t r[4] = {0};
    int wanted;

    cpuid(7, r);
    wanted = r[2] & 4 ? GP : RT_NO_FAULT;
    for (unsigned i = 0; i < 5; i++)
        tap_is(rt_try(stores[i], NULL), wanted,
               "ABI-CPU-08 sgdt sidt sldt str smsw");
    cpuid(1, r);
    tap_ok(r[3] & 1, "ABI-CPU-15 cpuid works");
}

static void clocks(void)
{
    uint32_t low, high, aux = 77, r[4];

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    tap_ok((low | high) != 0, "ABI-CPU-14 rdtsc");
    cpuid(0x80000001, r);
    if (!(r[3] & 1u << 27)) {
        tap_skip("ABI-CPU-14 no rdtscp");
        return;
    }
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
    tap_is(aux, 0, "ABI-CPU-14 TSC_AUX is 0");
}

static uint64_t words[2] = {0x11, 0x22};

static void bases(void)
{
    uint64_t fs, gs, zero = 0;

    tap_is(HYPERVISOR_set_segment_base(SEGBASE_FS, (uint64_t)&words[0]), 0,
           "ABI-CPU-10 FS");
    tap_is(HYPERVISOR_set_segment_base(SEGBASE_GS_USER, (uint64_t)&words[1]), 0,
           "ABI-CPU-10 GS");
    HYPERVISOR_scree_idle(rt_now() + 5 * RT_MS);
    __asm__ volatile("mov %%fs:(%2), %0\n\tmov %%gs:(%2), %1"
                     : "=&r"(fs), "=&r"(gs)
                     : "r"(zero));
    tap_ok(fs == 0x11 && gs == 0x22, "ABI-CPU-10 both are kept");
    tap_ok(fs == 0x11 && gs == 0x22, "ABI-CPU-22 others do not change them");
    tap_is(HYPERVISOR_set_segment_base(SEGBASE_FS, 0x400000000000), -XEN_EINVAL,
           "ABI-CPU-10 not a guest address");
    tap_is(HYPERVISOR_set_segment_base(SEGBASE_GS_KERNEL, 0), -XEN_EINVAL,
           "ABI-CPU-10 the kernel's GS");
    tap_is(HYPERVISOR_set_segment_base(SEGBASE_GS_USER_SEL, 0), -XEN_EINVAL,
           "ABI-CPU-10 selectors");
    HYPERVISOR_set_segment_base(SEGBASE_FS, 0);
    HYPERVISOR_set_segment_base(SEGBASE_GS_USER, 0);
}

static void selectors(void)
{
    bool only_64 = true;

    __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%fs\n\t"
                     "mov %0, %%gs"
                     :
                     : "r"(0));
    tap_ok(true, "ABI-CPU-11 null selectors");
    tap_is(rt_try(do_bad_ds, NULL), GP, "ABI-CPU-11 a privileged one");
    tap_is(rt_try(do_bad_fs, NULL), GP, "ABI-CPU-11 one that is not there");
    for (uint32_t s = 3; s < 0x10000; s += 4) {
        uint32_t rights = 0;
        bool ok;

        __asm__ volatile("lar %2, %0" : "=r"(rights), "=@ccz"(ok) : "r"(s));
        /* A code segment of CPL 3 is 64-bit. */
        if (ok && (rights & 0x1800) == 0x1800 && (rights & 0x6000) == 0x6000)
            only_64 = only_64 && (rights & 0x200000) != 0;
    }
    tap_ok(only_64, "ABI-CPU-12 there is no 32-bit code segment");
    tap_ok(rt_try(do_far, NULL) != RT_NO_FAULT, "ABI-CPU-12 far return");
}

static void others(void)
{
    int v = rt_try(do_xsaves, NULL);

    tap_ok(v == GP || v == UD, "ABI-CPU-21 xsaves: vector %d", v);
    v = rt_try(do_xrstors, NULL);
    tap_ok(v == GP || v == UD, "ABI-CPU-21 xrstors: vector %d", v);
    tap_is(rt_try(do_rdpkru, NULL), UD, "ABI-CPU-16 rdpkru");
    tap_is(rt_try(do_wrpkru, NULL), UD, "ABI-CPU-16 wrpkru");
    tap_is(rt_try(do_wild, NULL), GP, "ABI-CPU-19 a non-canonical jump");
    tap_is(rt_try(do_wilder, NULL), GP, "ABI-CPU-19 just out of the half");
    tap_is(rt_try(do_x87, NULL), 16, "ABI-CPU-20 #MF");
    v = rt_try(do_sse, NULL);
    tap_ok(v == 19 || v == RT_NO_FAULT, "ABI-CPU-20 #XM: vector %d", v);
}

int guest_main(void)
{
    probes(privileged, sizeof(privileged) / sizeof(privileged[0]),
           "ABI-CPU-01");
    probes(undefined, sizeof(undefined) / sizeof(undefined[0]), "ABI-CPU-09");
    probes(either, sizeof(either) / sizeof(either[0]), "ABI-CPU-13");
    entering();
    flag_games();
    umip();
    clocks();
    bases();
    selectors();
    others();
    return tap_done();
}
