/* SPDX-License-Identifier: MIT */
/*
 * #GP and #PF whose report differs between processors, brought to one form:
 *
 *  - `int n` through a closed gate: the error code is n * 8 + 2. QEMU's TCG
 *    (7.2) pushes n * 16 + 2 in 64-bit mode.
 *  - `iretq` and far returns: TCG (7.2) with SMAP reads their stack as if it
 *    were the supervisor, which faults on a page that is there. No access of a
 *    guest's own is a supervisor's: #GP(0), or it would be tried for ever.
 *  - SYSENTER: #GP(0) on Intel, #UD on AMD: the ABI says #UD.
 */
#include "machine/x86/vcpu_state.h"

#define VECTOR_UD    6u
#define VECTOR_GP    13u
#define ERROR_IDT    2u
#define ERROR_USER   4u
#define PREFIXES_MAX 4u

static bool is_prefix(uint8_t b)
{
    return b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x64 ||
           b == 0x65 || b == 0x66 || b == 0x67 || b == 0xf2 || b == 0xf3 ||
           (b & 0xf0) == 0x40;
}

void fault_normalise(struct machine_vcpu *mv, struct vcpu_exit *e)
{
    uint64_t at = mv->regs.rip;
    uint8_t op[2] = {0};

    if (e->vector == FAULT_PAGE) {
        if ((e->error_code & (FAULT_PAGE_PRESENT | ERROR_USER)) ==
            FAULT_PAGE_PRESENT)
            *e = (struct vcpu_exit){EXIT_FAULT, VECTOR_GP, 0, 0};
        return;
    }
    for (unsigned i = 0; i <= PREFIXES_MAX; i++, at++)
        if (!guest_peek(mv->space, at, op, 1) || !is_prefix(op[0]))
            break;
    if (!guest_peek(mv->space, at, op, 2))
        return;
    if (op[0] == 0xcd && (e->error_code & 7) == ERROR_IDT)
        e->error_code = op[1] * 8u + ERROR_IDT;
    if (op[0] == 0x0f && op[1] == 0x34 && e->error_code == 0)
        e->vector = VECTOR_UD;
}
