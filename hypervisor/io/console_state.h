/* SPDX-License-Identifier: MIT */
/*
 * What console.c and console_input.c share: the cell's console and the part of
 * it that stands in each domain. Nobody else includes this.
 */
#ifndef IO_CONSOLE_STATE_H
#define IO_CONSOLE_STATE_H

#include <stdatomic.h>

#include "core/domain.h"
#include "io/console.h"
#include "io/ratelimit.h"

#define CONSOLE_LINE 256 /* longer lines are broken */
#define CONSOLE_NONE UINT32_MAX

struct console {
    struct cell *cell;
    atomic_uint selected; /* domain id or CONSOLE_NONE; set by CPU 0 */
    bool escaped;         /* CPU 0's own: the escape was typed */
    /* under lock, RANK_CONSOLE */
    struct lock lock;
    uint32_t open; /* whose half line is on the screen, or CONSOLE_NONE */
};

/* In domain.console_state, under the console's lock. */
struct console_domain {
    struct ratelimit limit;
    uint64_t silent_until; /* dropping */
    uint64_t dropped;      /* bytes, since the last line said so */
    uint64_t lost;         /* bytes, all that were dropped */
    uint32_t used;         /* of line */
    uint32_t input_used;
    bool half; /* what the journal has ends without a line end */
    char line[CONSOLE_LINE];
    char input[CONSOLE_INPUT];
};

_Static_assert(sizeof(struct console_domain) <= DOMAIN_CONSOLE_STATE, "fits");

#endif
