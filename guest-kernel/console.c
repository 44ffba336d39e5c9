/* SPDX-License-Identifier: MIT */
/*
 * Lines for people. Each line is one write, so that lines of several domains
 * do not mix on the cell's console.
 */
#include <stdarg.h>
#include <stdio.h>

#include "drivers-generic/serial.h"
#include "pebble.h"

#define LINE_MAX 256

static void log_line(const char *format, va_list args)
{
    char line[LINE_MAX];
    int n = vsniprintf(line, sizeof(line), format, args);

    if (n < 0)
        return;
    if (n > LINE_MAX - 1)
        n = LINE_MAX - 1;
    line[n] = '\n';
    serial_write(line, (size_t)n + 1);
}

void pebble_log(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(format, args);
    va_end(args);
}

_Noreturn void pebble_panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(format, args);
    va_end(args);
    env_stop(true);
}
