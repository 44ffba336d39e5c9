/* SPDX-License-Identifier: MIT */
/*
 * Stacks: each kind has a 32-page slot of STACK_BASE, filled from its top.
 */
#include "machine/x86/stacks.h"

#include "machine/x86/layout.h"
#include "machine/x86/paging.h"
#include "machine/x86/ranges.h"

#define SLOT_PAGES 32u

static unsigned stack_pages(enum stack_kind kind)
{
    return kind == STACK_MAIN ? 8 : 2;
}

uint64_t stack_top(unsigned cpu, enum stack_kind kind)
{
    return STACK_BASE +
           ((uint64_t)cpu * STACK_KINDS + kind + 1) * SLOT_PAGES * PAGE_SIZE;
}

void stacks_map(unsigned cpu)
{
    for (unsigned kind = 0; kind < STACK_KINDS; kind++)
        for (unsigned i = 1; i <= stack_pages(kind); i++)
            paging_map(stack_top(cpu, kind) - i * PAGE_SIZE,
                       mfn_maddr(ranges_take()), PAGE_SIZE, PAGING_WRITE);
}
