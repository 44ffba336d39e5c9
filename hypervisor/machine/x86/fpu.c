/* SPDX-License-Identifier: MIT */
/*
 * x87, SSE and AVX state: saved and loaded as a whole whenever a CPU changes
 * its vcpu, never lazily, so no register of one domain is there when another
 * runs. The hypervisor itself uses none.
 */
#include "machine/x86/vcpu_state.h"

#include "base/string.h"
#include "machine/x86/features.h"

#define AREA_FCW   0
#define AREA_MXCSR 24

void fpu_init(uint8_t area[FPU_AREA_SIZE])
{
    const uint16_t fcw = 0x37f;
    const uint32_t mxcsr = 0x1f80;

    memset(area, 0, FPU_AREA_SIZE);
    memcpy(area + AREA_FCW, &fcw, sizeof(fcw));
    memcpy(area + AREA_MXCSR, &mxcsr, sizeof(mxcsr));
}

void fpu_save(uint8_t area[FPU_AREA_SIZE])
{
    if (features.xsave)
        __asm__ volatile("xsave64 (%0)"
                         :
                         : "r"(area), "a"(-1), "d"(-1)
                         : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

/* AMD restores FIP, FDP and FOP only with an exception pending: give them a
 * value of our own first (AMD APM 2, 11.4.4). */
static void hide_last_fpu_instruction(void)
{
    static const uint32_t zero;

    __asm__ volatile("fnclex\n\t"
                     "emms\n\t"
                     "fildl %0"
                     :
                     : "m"(zero));
}

void fpu_load(uint8_t area[FPU_AREA_SIZE])
{
    if (features.fpu_leak)
        hide_last_fpu_instruction();
    if (features.xsave)
        __asm__ volatile("xrstor64 (%0)"
                         :
                         : "r"(area), "a"(-1), "d"(-1)
                         : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}
