/* SPDX-License-Identifier: MIT */
/*
 * Single instructions that C has no words for, control-register and MSR
 * names. No policy.
 */
#ifndef X86_ASM_H
#define X86_ASM_H

#include "base/types.h"

#define CR0_PE          (1ull << 0)
#define CR0_MP          (1ull << 1)
#define CR0_ET          (1ull << 4)
#define CR0_NE          (1ull << 5)
#define CR0_WP          (1ull << 16)
#define CR0_AM          (1ull << 18)
#define CR0_PG          (1ull << 31)

#define CR4_DE          (1ull << 3)
#define CR4_PAE         (1ull << 5)
#define CR4_MCE         (1ull << 6)
#define CR4_PGE         (1ull << 7)
#define CR4_OSFXSR      (1ull << 9)
#define CR4_OSXMMEXCPT  (1ull << 10)
#define CR4_UMIP        (1ull << 11)
#define CR4_OSXSAVE     (1ull << 18)
#define CR4_SMEP        (1ull << 20)
#define CR4_SMAP        (1ull << 21)

#define FLAG_FIXED      (1ull << 1)
#define FLAG_TF         (1ull << 8)
#define FLAG_IF         (1ull << 9)
#define FLAG_DF         (1ull << 10)
#define FLAG_IOPL       (3ull << 12)
#define FLAG_NT         (1ull << 14)
#define FLAG_RF         (1ull << 16)
#define FLAG_VM         (1ull << 17)
#define FLAG_AC         (1ull << 18)
/* CF PF AF ZF SF TF DF OF NT RF AC ID: what a guest may have */
#define FLAGS_GUEST     0x254dd5ull

#define EFER_SCE        (1ull << 0)
#define EFER_LME        (1ull << 8)
#define EFER_NXE        (1ull << 11)

#define MSR_APIC_BASE   0x1bu
#define MSR_PRED_CMD    0x49u
#define MSR_ARCH_CAPS   0x10au
#define MSR_SYSENTER_CS 0x174u
#define MSR_MCG_CAP     0x179u
#define MSR_MC0_STATUS  0x401u
#define MSR_EFER        0xc0000080u
#define MSR_STAR        0xc0000081u
#define MSR_LSTAR       0xc0000082u
#define MSR_CSTAR       0xc0000083u
#define MSR_SFMASK      0xc0000084u
#define MSR_FS_BASE     0xc0000100u
#define MSR_GS_BASE     0xc0000101u
#define MSR_KERNEL_GS   0xc0000102u
#define MSR_TSC_AUX     0xc0000103u

static inline uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value),
                       "d"((uint32_t)(value >> 32))
                     : "memory");
}

#define X86_REGISTER(name)                                                     \
    static inline uint64_t read_##name(void)                                   \
    {                                                                          \
        uint64_t v;                                                            \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(v));                     \
        return v;                                                              \
    }                                                                          \
    static inline void write_##name(uint64_t v)                                \
    {                                                                          \
        __asm__ volatile("mov %0, %%" #name : : "r"(v) : "memory");            \
    }
X86_REGISTER(cr0)
X86_REGISTER(cr2)
X86_REGISTER(cr3)
X86_REGISTER(cr4)
X86_REGISTER(dr0)
X86_REGISTER(dr1)
X86_REGISTER(dr2)
X86_REGISTER(dr3)
X86_REGISTER(dr6)
X86_REGISTER(dr7)
#undef X86_REGISTER

#define X86_SELECTOR(name)                                                     \
    static inline uint16_t read_##name(void)                                   \
    {                                                                          \
        uint16_t v;                                                            \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(v));                     \
        return v;                                                              \
    }                                                                          \
    static inline void write_##name(uint16_t v)                                \
    {                                                                          \
        __asm__ volatile("mov %0, %%" #name : : "r"(v) : "memory");            \
    }
X86_SELECTOR(ds)
X86_SELECTOR(es)
X86_SELECTOR(fs)
X86_SELECTOR(gs)
#undef X86_SELECTOR

#define X86_PORT(type, suffix)                                                 \
    static inline type in_##suffix(uint16_t port)                              \
    {                                                                          \
        type v;                                                                \
        __asm__ volatile("in" #suffix " %1, %0" : "=a"(v) : "Nd"(port));       \
        return v;                                                              \
    }                                                                          \
    static inline void out_##suffix(uint16_t port, type v)                     \
    {                                                                          \
        __asm__ volatile("out" #suffix " %0, %1" : : "a"(v), "Nd"(port));      \
    }
X86_PORT(uint8_t, b)
X86_PORT(uint16_t, w)
X86_PORT(uint32_t, l)
#undef X86_PORT

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Not before earlier loads are done. */
static inline uint64_t read_tsc_ordered(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "a"(leaf), "c"(sub));
}

static inline void invlpg(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void swap_gs(void)
{
    __asm__ volatile("swapgs" : : : "memory");
}

__attribute__((noreturn)) static inline void halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt" : : : "memory");
}

#endif
