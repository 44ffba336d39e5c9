/* SPDX-License-Identifier: MIT */
/*
 * The cell's one console, shared by all domains and the hypervisor.
 *
 * Output: lines, each with its domain's name in front; bytes that could drive a
 * terminal are shown as \xNN; a token bucket per domain, and one line that
 * says how many bytes it cost. Input goes to the selected domain; Ctrl-] is
 * the escape: `Ctrl-] n` next domain, `p` previous, `?` help, `Ctrl-]` itself.
 *
 * The per-domain part lives in struct domain (console_state), under the
 * console's lock, which has the highest rank: any lock may be held.
 */
#ifndef IO_CONSOLE_H
#define IO_CONSOLE_H

#include "base/types.h"

struct cell;
struct domain;

#define CONSOLE_ESCAPE 0x1d /* Ctrl-] */

/* Makes cell->console. -XEN_ENOMEM. */
must_check int console_create(struct cell *cell);

/* A line of the hypervisor's own; the newline is added. Without a console
 * (early boot) it goes straight to the machine. */
__attribute__((format(printf, 2, 3))) void
console_line(struct cell *cell, const char *format, ...);

/* Bytes that d prints. All are taken; those over its limit are dropped. */
void console_guest_write(struct domain *d, const char *bytes, size_t n);

/* Typed bytes that wait for d, at most n; returns how many. */
size_t console_read(struct domain *d, char *to, size_t n);

/* Typed bytes in, half lines of the selected domain out. Called on every pass
 * of CPU 0. */
void console_poll(struct cell *cell);

/* Start and end of d's console; fini prints what is left of its last line. */
void console_domain_init(struct domain *d);
void console_domain_fini(struct domain *d);

#endif
