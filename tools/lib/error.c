/* SPDX-License-Identifier: MIT */
/* See error.h. */
#include "tools/lib/error.h"

#include <stdarg.h>
#include <stdio.h>

bool error_set(struct error *e, const char *code, const char *format, ...)
{
    va_list args;

    snprintf(e->code, sizeof(e->code), "%s", code);
    va_start(args, format);
    vsnprintf(e->text, sizeof(e->text), format, args);
    va_end(args);
    return false;
}
