/* SPDX-License-Identifier: MIT */
/*
 * Backtraces with symbol names. The table of names is made by symbols.awk
 * from a first link.
 */
#ifndef X86_BACKTRACE_H
#define X86_BACKTRACE_H

#include "base/types.h"

struct symbol {
    uint32_t offset; /* of its first byte from image_text */
    uint32_t name;   /* its text's offset in symbol_names */
};

/* Never through a GOT: there is none. */
#pragma GCC visibility push(hidden)
extern const struct symbol symbols[];
extern const uint32_t symbol_count;
extern const char symbol_names[];
#pragma GCC visibility pop

/* The frames of a trap at `rip` with frame pointer `rbp`. */
void backtrace_from(uint64_t rip, uint64_t rbp, void (*put)(const char *line));

#endif
