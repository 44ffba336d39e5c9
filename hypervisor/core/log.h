/* SPDX-License-Identifier: MIT */
/*
 * Lines for the operator: lifecycle, refusals, warnings. The cell's `log` hook
 * takes them (the console multiplexer in the product); without one they go to
 * the machine's console with "scree: " before them.
 *
 * format() below is base's; no floating point.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdarg.h>

#include "base/types.h"

struct cell;

#define LOG_LINE_MAX 256 /* longer lines are cut */

__attribute__((format(printf, 2, 3))) void log_line(struct cell *cell,
                                                    const char *format, ...);

#endif
