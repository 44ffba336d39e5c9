/* SPDX-License-Identifier: MIT */
/*
 * Where the hypervisor lives: only in the hole that Xen's 64-bit PV ABI
 * reserves, 0xffff800000000000-0xffff87ffffffffff, top-level slots 256..271,
 * 512 GiB each. For C, assembly and the linker script.
 *
 *   256  kept free (the machine-to-physical table of xenpv guests)
 *   257  the image: its link address is IMAGE_BASE + physical address
 *   258  device registers, uncached
 *   259  stacks, with guard pages
 *   260  direct map of RAM up to the end of the hole; no-execute, and
 *        read-only where the image's text and read-only data are
 */
#ifndef X86_LAYOUT_H
#define X86_LAYOUT_H

#define SLOT_FIRST      256
#define SLOT_IMAGE      257
#define SLOT_DEVICE     258
#define SLOT_STACK      259
#define SLOT_DIRECT     260
#define SLOT_END        272

/* clang-format off */
#ifdef __ASSEMBLER__
#define X86_U64(x) x
#else
#define X86_U64(x) x##ull
#endif

#define IMAGE_BASE  X86_U64(0xffff808000000000)
#define DEVICE_BASE X86_U64(0xffff810000000000)
#define STACK_BASE  X86_U64(0xffff818000000000)
#define DIRECT_BASE X86_U64(0xffff820000000000)
#define DIRECT_END  X86_U64(0xffff880000000000)
/* clang-format on */

#define IMAGE_PHYSICAL  0x100000
#define BOOT_MAPPED     0x100000000 /* bytes the boot tables map */
#define TRAMPOLINE      0x8000      /* real-mode page other CPUs start in */

/* Selectors. SYSRET takes SS = base + 8 and CS = base + 16; what stands at
 * base + 0, a 32-bit code segment elsewhere, is our own data segment. */
#define SEL_CODE        0x08
#define SEL_DATA        0x10
#define SEL_GUEST_DATA  0x1b
#define SEL_GUEST_CODE  0x23
#define SEL_TSS         0x28
#define SEL_SYSRET      0x13

/* Interrupt vectors. 0x20..0x2f: the 8259s, masked; spurious ones only. */
#define VECTOR_IRQ      0x20
#define VECTOR_APIC     0x30 /* from here on an EOI is due */
#define VECTOR_DEVICE   0x40
#define VECTOR_CONSOLE  0x41
#define VECTOR_RETURN   0x82 /* `int` of the return stub */
#define VECTOR_TIMER    0xf0
#define VECTOR_KICK     0xf1
#define VECTOR_SPURIOUS 0xff
#define EXIT_SYSCALL    0x100 /* not a vector: left by SYSCALL */

#endif
