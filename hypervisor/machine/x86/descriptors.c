/* SPDX-License-Identifier: MIT */
/*
 * Descriptors. The GDT and the TSS are per CPU, the IDT is shared. A guest can
 * load: null, SEL_GUEST_DATA, SEL_GUEST_CODE. There is no 32-bit code segment.
 * #DB, NMI, #DF, #MC and #GP (entry.S says why) have a stack each. Gates are
 * open to `int n` for #BP and the return stub only.
 */
#include "machine/x86/descriptors.h"

#include "machine/x86/asm.h"
#include "machine/x86/entry.h"
#include "machine/x86/layout.h"
#include "machine/x86/percpu.h"
#include "machine/x86/stacks.h"

#define GATE_INTERRUPT 0x8e00u
#define GATE_OPEN      0x6000u /* DPL 3 */

struct gate {
    uint16_t offset0;
    uint16_t selector;
    uint16_t attributes; /* bits 0..2: which IST stack */
    uint16_t offset1;
    uint32_t offset2;
    uint32_t reserved;
};

struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static struct gate idt[256];
static uint8_t boot_trap_stack[4096] __attribute__((aligned(16)));

static unsigned gate_stack(unsigned vector)
{
    switch (vector) {
    case 1:
        return 1 + STACK_DB - STACK_DB;
    case 2:
        return 1 + STACK_NMI - STACK_DB;
    case 8:
        return 1 + STACK_DF - STACK_DB;
    case 13:
        return 1 + STACK_GP - STACK_DB;
    case 18:
        return 1 + STACK_MC - STACK_DB;
    default:
        return 0;
    }
}

static void idt_fill(void)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t door = (uint64_t)(uintptr_t)trap_doors + i * TRAP_DOOR_SIZE;
        unsigned open = i == 3 || i == VECTOR_RETURN ? GATE_OPEN : 0;

        idt[i] = (struct gate){
            .offset0 = (uint16_t)door,
            .selector = SEL_CODE,
            .attributes = (uint16_t)(GATE_INTERRUPT | open | gate_stack(i)),
            .offset1 = (uint16_t)(door >> 16),
            .offset2 = (uint32_t)(door >> 32),
        };
    }
}

static void set_stack(uint32_t slot[2], uint64_t top)
{
    slot[0] = (uint32_t)top;
    slot[1] = (uint32_t)(top >> 32);
}

static void tss_fill(struct percpu *c, bool boot)
{
    uint64_t boot_top =
        (uint64_t)(uintptr_t)boot_trap_stack + sizeof(boot_trap_stack);

    c->tss.io_map = sizeof(struct tss);
    set_stack(c->tss.rsp[0], boot ? boot_top : stack_top(c->id, STACK_ENTRY));
    for (unsigned i = 0; i < STACK_KINDS - STACK_DB; i++)
        set_stack(c->tss.ist[i],
                  boot ? boot_top : stack_top(c->id, STACK_DB + i));
}

static void gdt_fill(struct percpu *c)
{
    uint64_t base = (uint64_t)(uintptr_t)&c->tss;

    c->gdt[0] = 0;
    c->gdt[SEL_CODE / 8] = 0x00af9b000000ffffull;
    c->gdt[SEL_DATA / 8] = 0x00cf93000000ffffull;
    c->gdt[SEL_GUEST_DATA / 8] = 0x00cff3000000ffffull;
    c->gdt[SEL_GUEST_CODE / 8] = 0x00affb000000ffffull;
    c->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | 0x0000890000000000ull |
                          (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    c->gdt[SEL_TSS / 8 + 1] = base >> 32;
}

static void load_tables(const struct percpu *c)
{
    struct pointer gdtr = {(SEL_TSS / 8 + 2) * 8 - 1,
                           (uint64_t)(uintptr_t)c->gdt};
    struct pointer idtr = {sizeof(idt) - 1, (uint64_t)(uintptr_t)idt};

    __asm__ volatile("lgdt %0\n\t"
                     "lidt %1\n\t"
                     "pushq %2\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %3, %%eax\n\t"
                     "movl %%eax, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "movl %4, %%eax\n\t"
                     "ltr %%ax\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "lldt %%ax"
                     :
                     : "m"(gdtr), "m"(idtr), "i"(SEL_CODE), "i"(SEL_DATA),
                       "i"(SEL_TSS)
                     : "rax", "memory");
}

static void set_syscall(void)
{
    write_msr(MSR_STAR, (uint64_t)SEL_SYSRET << 48 | (uint64_t)SEL_CODE << 32);
    write_msr(MSR_LSTAR, (uint64_t)(uintptr_t)syscall_entry);
    write_msr(MSR_CSTAR, (uint64_t)(uintptr_t)syscall_compat_entry);
    write_msr(MSR_SFMASK, FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT |
                              FLAG_RF | FLAG_AC | FLAG_VM);
    write_msr(MSR_SYSENTER_CS, 0); /* SYSENTER faults */
}

void descriptors_init(bool boot)
{
    struct percpu *c = this_cpu();

    if (boot)
        idt_fill();
    gdt_fill(c);
    tss_fill(c, boot);
    load_tables(c);
    set_syscall();
    write_msr(MSR_FS_BASE, 0);
    write_msr(MSR_KERNEL_GS, 0);
}
