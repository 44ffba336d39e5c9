/* SPDX-License-Identifier: MIT */
/*
 * The terminal while a console is attached: typed bytes come at once and
 * unechoed, and the former mode is back whatever ends the program but SIGKILL.
 * Signals that ask for an end arrive as bytes of a pipe.
 */
#ifndef SCREE_TERMINAL_H
#define SCREE_TERMINAL_H

#include <stdbool.h>

struct terminal {
    bool raw;       /* stdin is a terminal, and is in raw mode */
    int signals_fd; /* one byte, the signal's number, for each signal */
};

/* At most one at a time. */
bool terminal_begin(struct terminal *t);
void terminal_end(struct terminal *t);

#endif
