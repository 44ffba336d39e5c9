/* SPDX-License-Identifier: MIT */
/*
 * Why something was refused, in words for the user: "file:line: reason; what to
 * do". Every check of the bundle tool that may fail takes one and returns
 * false after filling it, so that parsers never print and never exit.
 */
#ifndef BUNDLE_WHY_H
#define BUNDLE_WHY_H

#include <stdbool.h>
#include <stddef.h>

struct why {
    char text[1024];
};

/* Always false, so that a check can end by `return why_set(...)`. */
bool why_set(struct why *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As malloc, calloc and realloc of count elements; exits if memory is out. */
void *must_alloc(size_t count, size_t size);
void *must_grow(void *old, size_t count, size_t size);
char *must_copy(const char *text, size_t length);

#endif
