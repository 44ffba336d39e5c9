/* SPDX-License-Identifier: MIT */
/*
 * Follows frame pointers while they stay on one of our stacks and go up.
 */
#include "machine/x86/backtrace.h"

#include "base/format.h"
#include "machine/machine.h"
#include "machine/x86/entry.h"
#include "machine/x86/layout.h"

#define DEPTH_MAX 24

static const struct symbol *find(uint64_t offset)
{
    uint32_t low = 0, high = symbol_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (symbols[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &symbols[low - 1] : NULL;
}

static void put_frame(uint64_t rip, void (*put)(const char *line))
{
    uint64_t text = (uint64_t)(uintptr_t)image_text;
    const struct symbol *s = NULL;
    char line[128];

    if (rip >= text && rip < (uint64_t)(uintptr_t)image_rodata)
        s = find(rip - text);
    if (s)
        format_text(line, sizeof(line), "  %016llx %s+0x%llx",
                    (unsigned long long)rip, symbol_names + s->name,
                    (unsigned long long)(rip - text - s->offset));
    else
        format_text(line, sizeof(line), "  %016llx", (unsigned long long)rip);
    put(line);
}

/* The boot stack is part of the image. */
static bool on_stack(uint64_t a)
{
    return a % 8 == 0 && ((a >= STACK_BASE && a < DIRECT_BASE) ||
                          (a >= (uint64_t)(uintptr_t)image_data &&
                           a < (uint64_t)(uintptr_t)image_limit));
}

void backtrace_from(uint64_t rip, uint64_t rbp, void (*put)(const char *line))
{
    put_frame(rip, put);
    for (unsigned i = 0; i < DEPTH_MAX && on_stack(rbp); i++) {
        const uint64_t *frame = (const uint64_t *)(uintptr_t)rbp;

        if (frame[1] == 0)
            return;
        put_frame(frame[1], put);
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
}

void machine_backtrace(void (*put)(const char *line))
{
    const uint64_t *frame = __builtin_frame_address(0);

    backtrace_from(frame[1], frame[0], put);
}
