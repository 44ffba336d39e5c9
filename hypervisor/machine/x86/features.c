/* SPDX-License-Identifier: MIT */
/*
 * CPUID, and the control registers. Required: long mode, no-execute, SSE2 (all
 * x86-64 have it); everything else is used when present.
 */
#include "machine/x86/features.h"

#include "machine/x86/asm.h"

#define XCR0_X87      1u
#define XCR0_SSE      2u
#define XCR0_AVX      4u

#define ARCH_RDCL_NO  1u
#define EBX_GENUINTEL 0x756e6547u /* "Genu" */
#define EBX_AUTHAMD   0x68747541u /* "Auth" */
#define EBX_HYGON     0x6f677948u /* "Hygo" */
#define EBX_TCG       0x54474354u /* "TCGT" */

struct features features;

static bool bit(uint32_t word, unsigned n)
{
    return (word >> n & 1) != 0;
}

static void find_structured(uint32_t max)
{
    uint32_t r[4];

    if (max < 7)
        return;
    cpuid(7, 0, r);
    features.smep = bit(r[1], 7);
    features.smap = bit(r[1], 20);
    features.umip = bit(r[2], 2);
    features.md_clear = bit(r[3], 10);
    features.ibpb = bit(r[3], 26);
    features.meltdown =
        !(bit(r[3], 29) && (read_msr(MSR_ARCH_CAPS) & ARCH_RDCL_NO) != 0);
}

static void find_extended(uint32_t vendor)
{
    uint32_t r[4];
    unsigned bits = 36;
    uint32_t max;
    bool amd = vendor == EBX_AUTHAMD || vendor == EBX_HYGON;

    cpuid(0x80000000u, 0, r);
    max = r[0];
    cpuid(0x80000001u, 0, r);
    features.gib_pages = bit(r[3], 26);
    features.rdtscp = bit(r[3], 27);
    features.fpu_leak = amd;
    if (max >= 0x80000008u) {
        cpuid(0x80000008u, 0, r);
        bits = r[0] & 0xff;
        features.ibpb |= bit(r[1], 12);
        features.fpu_leak = amd && !bit(r[1], 2);
    }
    features.address_mask = (1ull << min_u64(bits, 52)) - 1;
}

void features_find(void)
{
    uint32_t r[4];
    uint32_t max, vendor;

    cpuid(0, 0, r);
    max = r[0];
    vendor = r[1];
    features.meltdown = true;
    find_structured(max);
    find_extended(vendor);
    cpuid(1, 0, r);
    features.pge = bit(r[3], 13);
    features.xsave = bit(r[2], 26);
    features.avx = features.xsave && bit(r[2], 28);
    features.rdrand = bit(r[2], 30);
    if (bit(r[2], 31)) {
        cpuid(0x40000000u, 0, r);
        features.tcg = r[1] == EBX_TCG;
    }
    if (vendor != EBX_GENUINTEL || features.tcg)
        features.meltdown = false;
    if (features.tcg)
        features.fpu_leak = false; /* it keeps no FIP, FDP, FOP */
}

static void set_xcr0(uint32_t value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"(value), "d"(0));
}

void features_enable(void)
{
    uint64_t cr4 = CR4_PAE | CR4_DE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE | EFER_NXE);
    write_cr0(CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
    cr4 |= features.pge ? CR4_PGE : 0;
    cr4 |= features.umip ? CR4_UMIP : 0;
    cr4 |= features.xsave ? CR4_OSXSAVE : 0;
    cr4 |= features.smep ? CR4_SMEP : 0;
    cr4 |= features.smap ? CR4_SMAP : 0;
    write_cr4(cr4);
    if (features.xsave)
        set_xcr0(XCR0_X87 | XCR0_SSE | (features.avx ? XCR0_AVX : 0));
    if (features.rdtscp)
        write_msr(MSR_TSC_AUX, 0);
}
