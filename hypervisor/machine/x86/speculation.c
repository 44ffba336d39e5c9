/* SPDX-License-Identifier: MIT */
/*
 * Policy (docs/security.md): between two domains a branch-predictor barrier
 * (IBPB) and a buffer flush (VERW) where the processor has them, unless
 * spec=off. Our own tables are mapped while guests run, so a processor that
 * speculates past the U bit is refused.
 */
#include "machine/x86/speculation.h"

#include "machine/machine.h"
#include "machine/x86/asm.h"
#include "machine/x86/boot.h"
#include "machine/x86/features.h"
#include "machine/x86/layout.h"

#define IBPB 1u

void speculation_init(void)
{
    if (boot_option_is("spec", "off"))
        features.ibpb = features.md_clear = false;
    if (features.meltdown && !boot_option_is("unsafe", "meltdown"))
        panic("this processor has the Meltdown flaw: guests could read all "
              "memory; boot with unsafe=meltdown to run all the same");
}

void machine_domain_switch(void)
{
    static const uint16_t selector = SEL_DATA;

    if (features.ibpb)
        write_msr(MSR_PRED_CMD, IBPB);
    if (features.md_clear)
        __asm__ volatile("verw %0" : : "m"(selector) : "cc", "memory");
}
