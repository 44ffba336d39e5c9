/* SPDX-License-Identifier: MIT */
/*
 * #GP whose report differs between processors, brought to one form:
 *
 *  - `int n` through a closed gate: the error code is n * 8 + 2. QEMU's TCG
 *    (7.2) pushes n * 16 + 2 in 64-bit mode.
 *  - SYSENTER: #GP(0) on Intel, #UD on AMD: the ABI says #UD.
 */
#include "machine/x86/vcpu_state.h"

#define VECTOR_UD    6u
#define ERROR_IDT    2u
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
