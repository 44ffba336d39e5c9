/* SPDX-License-Identifier: MIT */
/*
 * The root: the one cell that a machine boots. Only cpu_main(), which the
 * machine calls with nothing but a CPU's number, and panic_at() need it; all
 * others get their cell, CPU, domain or vcpu as a parameter.
 */
#ifndef SYSTEM_SYSTEM_H
#define SYSTEM_SYSTEM_H

#include "base/types.h"

struct cell;

/* The booted cell, or NULL before that. */
struct cell *system_cell(void);
/* True from the second call on. */
bool system_panicking(void);
/* For tests, which come back from a panic. */
void system_panic_over(void);
/* Makes a cell of the machine and launches the bundle's domains. *cell is
 * zeroed storage. Boot CPU. */
void system_boot(struct cell *cell);

#endif
