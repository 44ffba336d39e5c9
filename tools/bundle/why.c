/* SPDX-License-Identifier: MIT */
/*
 * Reasons, and memory that is either there or the end of the tool: it runs for
 * a moment on a big machine, so nothing is gained by carrying on without.
 */
#define _GNU_SOURCE
#include "why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool why_set(struct why *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->text, sizeof(w->text), format, args);
    va_end(args);
    return false;
}

static void *check(void *p)
{
    if (!p) {
        fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
        exit(1);
    }
    return p;
}

void *must_alloc(size_t count, size_t size)
{
    return check(calloc(count ? count : 1, size));
}

void *must_grow(void *old, size_t count, size_t size)
{
    return check(reallocarray(old, count ? count : 1, size));
}

char *must_copy(const char *text, size_t length)
{
    char *copy = must_alloc(length + 1, 1);

    memcpy(copy, text, length);
    return copy;
}
