/* SPDX-License-Identifier: MIT */
/*
 * Lines for the operator: see log.h.
 */
#include "core/log.h"

#include "base/format.h"
#include "base/string.h"
#include "core/cell.h"

void log_line(struct cell *cell, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    va_start(args, format);
    format_text_v(line, sizeof(line), format, args);
    va_end(args);
    if (cell->log) {
        cell->log(cell, line, string_length(line));
        return;
    }
    machine_console_write("scree: ", 7);
    machine_console_write(line, string_length(line));
    machine_console_write("\n", 1);
}
