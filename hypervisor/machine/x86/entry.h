/* SPDX-License-Identifier: MIT */
/*
 * What assembly offers to C (entry.S, trap_entry.S, hypercall_page.S,
 * trampoline.S), and the C it calls.
 */
#ifndef X86_ENTRY_H
#define X86_ENTRY_H

#include "machine/machine.h"

#define TRAP_DOOR_SIZE 16

/* Never through a GOT: there is none. */
#pragma GCC visibility push(hidden)

extern const uint8_t trap_doors[];
extern const uint8_t syscall_entry[], syscall_compat_entry[];
extern const uint8_t hypercall_page[];
extern const uint8_t hypercall_return_open[], hypercall_return_popped[],
    hypercall_return_end[];
extern const uint8_t hypercall_keep_open[], hypercall_keep_popped[],
    hypercall_keep_end[];
extern const uint8_t trampoline[], trampoline_end[];

/* The linker script's marks. */
extern const uint8_t image_text[], image_rodata[], image_data[], image_limit[];

#pragma GCC visibility pop

void enter_guest(struct machine_regs *regs, bool sysret);
__attribute__((noreturn)) void boot_jump(unsigned cpu, uint64_t stack);

/* As trap_entry.S pushes it. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* A fault, #DB, NMI or #MC inside the hypervisor. */
void trap_inside(struct trap_frame *f);

__attribute__((noreturn)) void boot_main(uint32_t magic, uint32_t info);
__attribute__((noreturn)) void smp_main(void);
extern uint64_t smp_stack, smp_root; /* for the CPU being started */

#endif
