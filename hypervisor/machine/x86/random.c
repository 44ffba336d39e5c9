/* SPDX-License-Identifier: MIT */
/* Randomness: RDRAND, or none. */
#include "machine/machine.h"

#include "machine/x86/features.h"

#define TRIES 16

bool machine_random(uint64_t *value)
{
    bool ok = false;

    for (unsigned i = 0; features.rdrand && !ok && i < TRIES; i++)
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
    return ok;
}
