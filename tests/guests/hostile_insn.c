/* SPDX-License-Identifier: MIT */
/*
 * Executes what CPL 3 must not: privileged and sensitive instructions, ports,
 * MSRs, SYSCALL and SYSENTER outside the page, software interrupts, far
 * transfers, non-canonical jumps, bad selectors. The table says which vectors
 * the architecture allows; anything else, and any survival where none is
 * listed, fails the point.
 */
#include "rt.h"

SCREE_IMAGE(0x40000, 16384);

#define NONE   (1ull << 63) /* no fault */
#define V(n)   (1ull << (n))
#define DB     V(1)
#define BP     V(3)
#define UD     V(6)
#define NP     V(11)
#define SS     V(12)
#define GP     V(13)
#define PF     V(14)

#define HV     "0xffff800000200000"
#define NONCAN "0x0000800000000000"

struct insn {
    const char *name;
    void (*run)(void *scratch);
    uint64_t vectors;
};

/* Each body starts with rdi = 4096 writable bytes and may return. */
#define BODY(name, text)                                                       \
    __asm__(".pushsection .text\n.type insn_" #name ", @function\n"            \
            "insn_" #name ":\n" text "\n\tret\n.popsection");                  \
    void insn_##name(void *scratch);

/* clang-format off */
#define INSNS(X)                                                               \
    X(hlt, "hlt", GP)                                                          \
    X(cli, "cli", GP)                                                          \
    X(sti, "sti", GP)                                                          \
    X(in_imm, "inb $0x70, %al", GP)                                            \
    X(in_dx, "mov $0x3f8, %edx; inb %dx, %al", GP)                             \
    X(in_word, "mov $0xcf8, %edx; inl %dx, %eax", GP)                          \
    X(out_imm, "outb %al, $0xf4", GP)                                          \
    X(out_dx, "mov $0x604, %edx; mov $0x2000, %eax; outw %ax, %dx", GP)        \
    X(ins, "mov $0x60, %edx; insb", GP)                                        \
    X(outs, "mov $0xf4, %edx; mov %rdi, %rsi; outsb", GP)                      \
    X(rep_outs, "mov $0xf4, %edx; mov %rdi, %rsi; mov $9, %ecx; rep outsb",GP) \
    X(lgdt, "lgdt (%rdi)", GP)                                                 \
    X(lidt, "lidt (%rdi)", GP)                                                 \
    X(lldt, "xor %eax, %eax; lldt %ax", GP)                                    \
    X(ltr, "mov $0x40, %eax; ltr %ax", GP)                                     \
    X(lmsw, "xor %eax, %eax; lmsw %ax", GP)                                    \
    X(clts, "clts", GP)                                                        \
    X(invlpg, "invlpg (%rdi)", GP)                                             \
    X(invd, "invd", GP)                                                        \
    X(wbinvd, "wbinvd", GP)                                                    \
    X(invpcid, "xor %eax, %eax; invpcid (%rdi), %rax", GP | UD)                \
    X(rdmsr_efer, "mov $0xc0000080, %ecx; rdmsr", GP)                          \
    X(wrmsr_efer, "mov $0xc0000080, %ecx; wrmsr", GP)                          \
    X(wrmsr_lstar, "mov $0xc0000082, %ecx; wrmsr", GP)                         \
    X(wrmsr_gs, "mov $0xc0000101, %ecx; wrmsr", GP)                            \
    X(rdmsr_apic, "mov $0x1b, %ecx; rdmsr", GP)                                \
    X(rdpmc, "xor %ecx, %ecx; rdpmc", GP)                                      \
    X(read_cr0, "mov %cr0, %rax", GP)                                          \
    X(read_cr2, "mov %cr2, %rax", GP)                                          \
    X(read_cr3, "mov %cr3, %rax", GP)                                          \
    X(read_cr4, "mov %cr4, %rax", GP)                                          \
    X(read_cr8, "mov %cr8, %rax", GP)                                          \
    X(write_cr0, "xor %eax, %eax; mov %rax, %cr0", GP)                         \
    X(write_cr3, "xor %eax, %eax; mov %rax, %cr3", GP)                         \
    X(write_cr4, "xor %eax, %eax; mov %rax, %cr4", GP)                         \
    X(write_cr8, "xor %eax, %eax; mov %rax, %cr8", GP)                         \
    X(read_dr0, "mov %dr0, %rax", GP)                                          \
    X(read_dr7, "mov %dr7, %rax", GP)                                          \
    X(write_dr0, "mov %rdi, %dr0", GP)                                         \
    X(write_dr7, "mov %rdi, %dr7", GP)                                         \
    X(swapgs, "swapgs", GP)                                                    \
    X(sysretq, "lea 1f(%rip), %rcx; mov $0x202, %r11d; sysretq; 1:", GP)       \
    X(sysretl, "lea 1f(%rip), %rcx; mov $0x202, %r11d; sysretl; 1:", GP)       \
    X(sysexit, "sysexitl", GP | UD)                                             \
    X(xsetbv, "xor %ecx, %ecx; mov $7, %eax; xor %edx, %edx; xsetbv", GP | UD) \
    X(vmcall, "vmcall", UD | GP)                                               \
    X(vmmcall, "vmmcall", UD | GP)                                             \
    X(vmrun, "mov %rdi, %rax; vmrun %rax", UD | GP)                            \
    X(vmload, "mov %rdi, %rax; vmload %rax", UD | GP)                          \
    X(vmsave, "mov %rdi, %rax; vmsave %rax", UD | GP)                          \
    X(stgi, "stgi", UD | GP)                                                   \
    X(clgi, "clgi", UD | GP)                                                   \
    X(skinit, "skinit", UD | GP)                                               \
    X(vmxon, "vmxon (%rdi)", UD | GP)                                          \
    X(monitor, "xor %eax,%eax; xor %ecx,%ecx; xor %edx,%edx; monitor", UD|GP)  \
    X(mwait, "xor %eax, %eax; xor %ecx, %ecx; mwait", UD | GP)                 \
    X(clac, "clac", UD | GP)                                                   \
    X(stac, "stac", UD | GP)                                                   \
    X(rsm, "rsm", UD | GP)                                                     \
    X(getsec, "xor %eax, %eax; .byte 0x0f, 0x37", UD | GP)                     \
    X(rdfsbase, "rdfsbase %rax", UD)                                           \
    X(wrfsbase, "xor %eax, %eax; wrfsbase %rax", UD)                           \
    X(wrgsbase, "mov $" HV ", %rax; wrgsbase %rax", UD)                        \
    X(rdpkru, "xor %ecx, %ecx; rdpkru", UD)                                    \
    X(wrpkru, "xor %eax,%eax; xor %ecx,%ecx; xor %edx,%edx; wrpkru", UD)       \
    X(sgdt, "sgdt (%rdi)", GP | NONE)                                          \
    X(sidt, "sidt (%rdi)", GP | NONE)                                          \
    X(sldt, "sldt %ax", GP | NONE)                                             \
    X(str, "str %ax", GP | NONE)                                               \
    X(smsw, "smsw %ax", GP | NONE)                                             \
    X(verr, "mov $8, %eax; verr %ax", NONE)                                    \
    X(lar, "mov $8, %eax; lar %eax, %ecx", NONE)                               \
    X(syscall, "mov $17, %eax; syscall", UD)                                   \
    X(syscall_tf, "pushfq; orq $0x100, (%rsp); popfq; syscall", UD | DB)       \
    X(sysenter, "mov %rsp, %rcx; sysenter", GP | UD)                           \
    X(int_0, "int $0", GP)                                                     \
    X(int_2, "int $2", GP)                                                     \
    X(int_8, "int $8", GP)                                                     \
    X(int_13, "int $13", GP)                                                   \
    X(int_14, "int $14", GP)                                                   \
    X(int_18, "int $18", GP)                                                   \
    X(int_32, "int $32", GP)                                                   \
    X(int_80, "int $0x80", GP)                                                 \
    X(int_f3, "int $0xf3", GP)                                                 \
    X(int_ff, "int $0xff", GP)                                                 \
    X(int3, "int3", BP)                                                        \
    X(int_3_long, ".byte 0xcd, 3", BP | GP)                                    \
    X(icebp, ".byte 0xf1", DB | UD)                                              \
    X(into, ".byte 0xce", UD)                                                  \
    X(bound, ".byte 0x62, 0x07", UD)                                           \
    X(ud2, "ud2", UD)                                                          \
    X(lock_nop, ".byte 0xf0, 0x90", UD)                                        \
    X(long_insn, ".fill 16, 1, 0x66; nop", GP)                                 \
    X(jump_noncanonical, "movabs $" NONCAN ", %rax; jmp *%rax", GP)            \
    X(jump_noncanonical_high, "movabs $0xffff7fffffffffff, %rax; jmp *%rax",GP)\
    X(jump_hypervisor, "movabs $" HV ", %rax; jmp *%rax", PF)                  \
    X(jump_last_low, "movabs $0x7ffffffffffe, %rax; jmp *%rax", PF | GP)       \
    X(return_noncanonical, "movabs $" NONCAN ", %rax; push %rax", GP)          \
    X(call_noncanonical, "movabs $" NONCAN ", %rax; call *%rax", GP)           \
    X(stack_noncanonical, "movabs $" NONCAN ", %rsp; push %rax", SS | GP | PF) \
    X(stack_hypervisor, "movabs $" HV ", %rsp; push %rax", PF)                 \
    X(hypercall_bad_stack, "movabs $" NONCAN ", %rsp; mov $0x1220, %eax;"      \
      "jmp *%rax", SS | GP | PF)                                                \
    X(hypercall_hv_stack, "movabs $" HV ", %rsp; mov $0x1220, %eax;"           \
      "jmp *%rax", PF)                                                         \
    X(hypercall_null_stack, "xor %esp, %esp; mov $0x1220, %eax; jmp *%rax", PF)\
    X(lgdt_hv, "movabs $" HV ", %rax; lgdt (%rax)", GP)                        \
    X(fxrstor_bad_mxcsr, "fxsave64 (%rdi); movl $-1, 24(%rdi);"                \
      "fxrstor64 (%rdi)", GP | NONE)                                                \
    X(ldmxcsr_bad, "movl $-1, (%rdi); ldmxcsr (%rdi)", GP | NONE)                   \
    X(fxsave_unaligned, "fxsave64 8(%rdi)", GP)                                \
    X(fxrstor_hv, "movabs $" HV ", %rax; fxrstor64 (%rax)", PF)                \
    X(xrstor_bad, "mov $-1, %eax; mov $-1, %edx; movq $-1, 512(%rdi);"         \
      "movq $-1, 520(%rdi); xrstor64 (%rdi)", GP | UD)                         \
    X(xsaves, "mov $-1, %eax; mov $-1, %edx; xsaves64 (%rdi)", GP | UD)        \
    X(clflush_hv, "movabs $" HV ", %rax; clflush (%rax)", PF | NONE)           \
    X(prefetch_hv, "movabs $" HV ", %rax; prefetcht0 (%rax)", NONE)            \
    X(lcall_gdt, "movq $0x100000, (%rdi); movw $8, 8(%rdi); .byte 0x48;"            \
      "lcall *(%rdi)", GP | NP)                                                \
    X(iret_kernel_cs, "mov %rsp, %rax; push $0x10; push %rax; pushfq;"         \
      "push $0x8; lea 1f(%rip), %rax; push %rax; iretq; 1:", GP | PF)          \
    X(iret_noncanonical, "mov %rsp, %rax; mov %ss, %ecx; push %rcx;"           \
      "push %rax; pushfq; mov %cs, %ecx; push %rcx; movabs $" NONCAN ", %rax;" \
      "push %rax; iretq", GP | PF)                                             \
    X(iret_null, "push $0; push $0; push $0; push $0; push $0; iretq", GP | PF)\
    X(lret_kernel, "push $0x8; lea 1f(%rip), %rax; push %rax; lretq; 1:",      \
      GP | PF)
/* clang-format on */

#define MAKE_BODY(name, text, vectors) BODY(name, text)
#define MAKE_ROW(name, text, vectors)  {#name, insn_##name, vectors},

INSNS(MAKE_BODY)

static const struct insn insns[] = {INSNS(MAKE_ROW)};

static uint8_t scratch[8192] __attribute__((aligned(4096)));

static uint64_t vector_bit(int vector)
{
    return vector == RT_NO_FAULT ? NONE : V(vector);
}

static void test_instructions(void)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
        int got = rt_try(insns[i].run, scratch);

        if (vector_bit(got) & insns[i].vectors)
            continue;
        wrong++;
        rt_printf("# %s: vector %d, allowed %lx\n", insns[i].name, got,
                  insns[i].vectors);
    }
    tap_ok(wrong == 0, "%lu instructions, %u with a wrong end",
           sizeof(insns) / sizeof(insns[0]), wrong);
}

/* ---------------------------------------------------- selectors */

struct far_pointer {
    uint64_t offset;
    uint16_t selector;
} __attribute__((packed));

/* Lands in 64-bit code: rax = 1. In 32-bit code the bytes 48 ff c0 would be
 * dec eax, inc eax: rax = 0. */
BODY(far_jump, "lea 1f(%rip), %rax; mov %rax, (%rdi); xor %eax, %eax;"
               ".byte 0x48; ljmp *(%rdi); 1: .byte 0x48, 0xff, 0xc0;"
               "mov %rax, 64(%rdi)")
BODY(load_ds, "mov (%rdi), %eax; mov %eax, %ds")
BODY(load_es, "mov (%rdi), %eax; mov %eax, %es")
BODY(load_fs, "mov (%rdi), %eax; mov %eax, %fs; xor %eax, %eax; mov %eax, %fs")
BODY(load_gs, "mov (%rdi), %eax; mov %eax, %gs; xor %eax, %eax; mov %eax, %gs")
BODY(load_ss, "mov %ss, %ecx; mov (%rdi), %eax; mov %eax, %ss; mov %ecx, %ss")

#define SELECTORS 0x400

static void test_far_jumps(void)
{
    struct far_pointer *far = (void *)scratch;
    unsigned landed = 0, compatible = 0, strange = 0;

    for (unsigned s = 0; s < SELECTORS; s++) {
        int got;

        far->selector = (uint16_t)s;
        *(uint64_t *)(void *)(scratch + 64) = 77;
        got = rt_try(insn_far_jump, scratch);
        if (got == RT_NO_FAULT && *(uint64_t *)(void *)(scratch + 64) == 1)
            landed++;
        else if (got == RT_NO_FAULT)
            compatible++;
        else if (got != 13 && got != 11)
            strange++;
    }
    tap_ok(compatible == 0 && strange == 0,
           "far jumps by %d selectors: %u to 64-bit code, %u to 32-bit code, "
           "%u strange faults",
           SELECTORS, landed, compatible, strange);
}

static void test_selector_loads(void)
{
    static const struct insn loads[] = {
        {"ds", insn_load_ds, 0}, {"es", insn_load_es, 0},
        {"fs", insn_load_fs, 0}, {"gs", insn_load_gs, 0},
        {"ss", insn_load_ss, 0},
    };
    unsigned strange = 0, taken = 0;

    for (unsigned i = 0; i < 5; i++)
        for (uint32_t s = 0; s < SELECTORS; s++) {
            int got;

            *(volatile uint32_t *)(void *)scratch = s;
            got = rt_try(loads[i].run, scratch);
            taken += got == RT_NO_FAULT;
            strange +=
                got != RT_NO_FAULT && got != 13 && got != 11 && got != 12;
            /* a selector of the hypervisor's, DPL 0, must not load */
            strange += got == RT_NO_FAULT && s > 3 && (s & 3) == 0 && i == 4;
        }
    tap_ok(strange == 0, "selector loads: %u taken, %u strange", taken,
           strange);
    tap_is(HYPERVISOR_xen_version(XENVER_pagesize, NULL), 4096,
           "hypercalls work after them");
}

/* Hypercalls with every selector that CPL 3 may have loaded. */
BODY(call_with_selectors,
     "mov %ss, %eax; mov %eax, %ds; mov %eax, %es; mov %eax, %fs;"
     "mov %eax, %gs; mov $0x1220, %eax; xor %esi, %esi; push %rdi;"
     "mov $7, %edi; call *%rax; pop %rdi; mov %rax, 64(%rdi);"
     "xor %eax, %eax; mov %eax, %ds; mov %eax, %es; mov %eax, %fs;"
     "mov %eax, %gs")

static void test_selectors_in_calls(void)
{
    *(uint64_t *)(void *)(scratch + 64) = 0;
    tap_is(rt_try(insn_call_with_selectors, scratch), RT_NO_FAULT,
           "hypercall with data selectors loaded");
    tap_is(*(int64_t *)(void *)(scratch + 64), 4096, "its result is right");
}

static void test_call_page_entries(void)
{
    unsigned strange = 0;

    /* into the middle of stubs: anything may happen, to us alone */
    for (unsigned i = 0; i < 2048; i += 3) {
        int got;

        rt_vcpu()->evtchn_upcall_pending = 1;
        got = rt_try_exec(SCREE_HYPERCALL_PAGE + i);
        strange += got != RT_NO_FAULT && got != 6 && got != 13 && got != 14 &&
                   got != 12 && got != 3 && got != 1;
    }
    rt_traps_on(true);
    tap_ok(strange == 0, "jumps into the middle of the page: %u strange",
           strange);
}

int guest_main(void)
{
    test_instructions();
    test_far_jumps();
    test_selector_loads();
    test_selectors_in_calls();
    if (rt_has_option("page"))
        test_call_page_entries();
    return tap_done();
}
