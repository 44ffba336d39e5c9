/* SPDX-License-Identifier: MIT */
/*
 * What the freestanding C library leaves out of mem*: bounded strings. The
 * machine provides memcpy, memset, memmove and memcmp.
 */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#include "base/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* A freestanding compiler copies small constant sizes in line only when told
 * that this is the memcpy it knows. */
#define memcpy(to, from, n) __builtin_memcpy(to, from, n)

/* Bytes before the 0. */
size_t string_length(const char *s);
/* The same, but looks at no more than max bytes. */
size_t string_length_max(const char *s, size_t max);
bool string_equal(const char *a, const char *b);
/* True when s begins with prefix. */
bool string_starts(const char *s, const char *prefix);
/* Copies as much as fits in size - 1 bytes and ends with 0; size > 0. */
void string_copy(char *to, size_t size, const char *from);
/* Reads an unsigned number, decimal or 0x..., to the first other character,
 * which *end tells. false: no digit or too large; *value is unchanged. */
must_check bool string_number(const char *s, const char **end, uint64_t *value);

#endif
