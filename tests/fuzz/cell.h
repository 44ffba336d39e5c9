/* SPDX-License-Identifier: MIT */
/*
 * A whole cell on machine/host for fuzz targets: everything that start-up makes
 * but the domains. One CPU, one at a time.
 */
#ifndef FUZZ_CELL_H
#define FUZZ_CELL_H

#include "core/cell.h"
#include "machine/host/host.h"

#define FUZZ_CELL_DOMAINS 64

/* Starts the machine with `module` (or none) as boot bundle. NULL: the bundle
 * has been refused; fuzz_cell_stop() is due all the same. */
struct cell *fuzz_cell_start(const void *module, size_t size);
/* Ends every domain, restarts included, and checks that nothing leaked. */
void fuzz_cell_stop(void);
/* The same for one whose drivers took memory for good: does not count it. */
void fuzz_cell_forget(void);

#endif
