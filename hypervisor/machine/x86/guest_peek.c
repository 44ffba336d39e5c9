/* SPDX-License-Identifier: MIT */
/*
 * The few guest bytes the machine itself must look at: the instruction that
 * faulted, and the two words the return stub has just written. Through the
 * leaf tables, as guestmem does; nothing is materialised.
 */
#include "base/string.h"
#include "machine/x86/vcpu_state.h"

bool guest_peek(const struct machine_space *s, uint64_t address, void *to,
                size_t n)
{
    char *out = to;

    while (n > 0) {
        uint64_t offset = address & PAGE_MASK;
        size_t part = min_u64(n, PAGE_SIZE - offset);
        struct mapping m = machine_space_get(s, gva_gfn(gva(address)));

        if (m.rights == MAP_NONE)
            return false;
        memcpy(out, (const char *)machine_frame(m.frame) + offset, part);
        out += part;
        address += part;
        n -= part;
    }
    return true;
}
