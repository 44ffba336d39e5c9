/* SPDX-License-Identifier: MIT */
/*
 * The cell's one console, shared by all domains and the hypervisor.
 *
 * Output: lines, each with its domain's name in front; bytes that could drive a
 * terminal are shown as \xNN. A domain that prints faster than its limit loses
 * a second's worth of output, and one line says how many bytes. Input goes to
 * the selected domain (the first one, once something is typed). Ctrl-] is the
 * escape: `Ctrl-] n` next domain, `p` previous, `s` network counters, `Ctrl-]`
 * itself, anything else: help.
 *
 * What a domain prints is shown line by line; the selected one's half lines
 * (prompts) at once.
 *
 * While the journal is attached (io/journal.h) domains' bytes go there as they
 * are, under the same limit, and not to the screen; the hypervisor's lines go
 * to both. The control domain's own always go to the screen alone: it would
 * have to print about what it prints.
 */
#ifndef IO_CONSOLE_H
#define IO_CONSOLE_H

#include "base/types.h"

struct cell;
struct domain;

#define CONSOLE_ESCAPE 0x1d        /* Ctrl-] */
#define CONSOLE_RATE   (32 * 1024) /* bytes per second and domain */
#define CONSOLE_BURST  (64 * 1024)
#define CONSOLE_INPUT  64 /* typed bytes that wait for a domain */

/* Makes cell->console and takes over the cell's log lines. -XEN_ENOMEM. */
must_check int console_create(struct cell *cell);

/* A line of the hypervisor's own, without line end (cell->log). */
void console_log(struct cell *cell, const char *line, size_t n);

/* Bytes that d prints. All are taken; those over its limit are dropped. No lock
 * from RANK_CPU on may be held; so in console_log(). No effect before
 * console_domain_init. */
void console_guest_write(struct domain *d, const char *bytes, size_t n);

/* Typed bytes that wait for d, at most n; returns how many: none while d's vio
 * console is open, which gets them instead. Any lock may be held. */
size_t console_read(struct domain *d, char *to, size_t n);
/* The same for the vio console itself. */
size_t console_take(struct domain *d, char *to, size_t n);

/* n bytes typed for d; how many there is room for. The selection on the screen
 * does not matter. */
size_t console_type(struct domain *d, const char *bytes, size_t n);
/* Bytes of d's that were dropped by its limit; also after its end. */
uint64_t console_lost(struct domain *d);

/* Takes what was typed. Called on every pass of CPU 0. */
void console_poll(struct cell *cell);

/* Start of d's console: d->console is set. */
void console_domain_init(struct domain *d);
/* Its end: prints what is left of the last line; d->console is NULL. */
void console_domain_fini(struct domain *d);

#endif
