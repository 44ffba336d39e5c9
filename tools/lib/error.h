/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, for programs and for people: a code of docs/api.md and a
 * text that says what to do. Whatever may fail takes one and returns false
 * after filling it; nothing here prints or exits.
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <stdbool.h>

struct error {
    char code[24];
    char text[1000];
};

/* Always false, so that a check can end by `return error_set(...)`. */
bool error_set(struct error *e, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
