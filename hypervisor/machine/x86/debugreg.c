/* SPDX-License-Identifier: MIT */
/*
 * Debug registers of a vcpu. Breakpoints lie in the guest range, and the
 * hypervisor touches nothing there (it uses the direct map), so none of them
 * fires inside it. Loaded only for a vcpu that has one enabled.
 */
#include "machine/x86/vcpu_state.h"

#include "scree/xen.h"

#include "machine/x86/asm.h"
#include "machine/x86/percpu.h"

#define DR6_FIXED    0xffff0ff0ull
#define DR6_STATUS   0xe00full /* B0-B3, BD, BS, BT */
#define DR7_FIXED    0x400ull  /* always 1 */
#define DR7_ALLOWED  0xffff07ffull
#define DR7_IO       2u /* R/W field: break on port access */
#define BREAK_LENGTH 8u /* longest */

void debug_init(struct debug_state *d)
{
    *d = (struct debug_state){.dr6 = DR6_FIXED, .dr7 = DR7_FIXED};
}

/* The addresses go, too: DR6 tells of those that match, enabled or not. */
void debug_disarm(void)
{
    write_dr7(DR7_FIXED);
    write_dr0(0);
    write_dr1(0);
    write_dr2(0);
    write_dr3(0);
}

void debug_arm(const struct debug_state *d)
{
    write_dr0(d->address[0]);
    write_dr1(d->address[1]);
    write_dr2(d->address[2]);
    write_dr3(d->address[3]);
    write_dr7(d->dr7);
}

uint64_t debug_take_status(struct debug_state *d)
{
    d->dr6 = read_dr6();
    write_dr6(DR6_FIXED);
    return d->dr6;
}

static bool control_allowed(uint64_t value)
{
    if (value & ~DR7_ALLOWED)
        return false;
    for (unsigned i = 0; i < 4; i++)
        if ((value >> (16 + 4 * i) & 3) == DR7_IO)
            return false;
    return true;
}

static int set_value(struct debug_state *d, unsigned reg, uint64_t value)
{
    switch (reg) {
    case 0:
    case 1:
    case 2:
    case 3:
        if (value > SCREE_GUEST_END - BREAK_LENGTH)
            return -XEN_EINVAL;
        d->address[reg] = value;
        return 0;
    case 6:
        d->dr6 = (value & DR6_STATUS) | DR6_FIXED;
        return 0;
    case 7:
        if (!control_allowed(value))
            return -XEN_EINVAL;
        d->dr7 = value | DR7_FIXED;
        return 0;
    default:
        return -XEN_EINVAL;
    }
}

int machine_set_debugreg(struct machine_vcpu *mv, unsigned reg, uint64_t value)
{
    struct debug_state *d = &vcpu_private(mv)->debug;
    struct debug_state before = *d;
    int error = set_value(d, reg, value);

    if (!error && this_cpu()->loaded == mv) {
        debug_unload(&before);
        debug_load(d);
    }
    return error;
}

int machine_get_debugreg(struct machine_vcpu *mv, unsigned reg, uint64_t *value)
{
    const struct debug_state *d = &vcpu_private(mv)->debug;

    if (reg < 4)
        *value = d->address[reg];
    else if (reg == 6)
        *value = d->dr6;
    else if (reg == 7)
        *value = d->dr7;
    else
        return -XEN_EINVAL;
    return 0;
}
