/* SPDX-License-Identifier: MIT */
/*
 * Bounded strings. No state; callers everywhere.
 */
#include "base/string.h"

size_t string_length(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

size_t string_length_max(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

bool string_equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

bool string_starts(const char *s, const char *prefix)
{
    while (*prefix) {
        if (*s++ != *prefix++)
            return false;
    }
    return true;
}

void string_copy(char *to, size_t size, const char *from)
{
    size_t n = string_length_max(from, size - 1);

    memcpy(to, from, n);
    to[n] = 0;
}

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

bool string_number(const char *s, const char **end, uint64_t *value)
{
    unsigned base = 10;
    uint64_t n = 0;

    if (s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
    }
    if (digit(*s) >= base)
        return false;
    for (; digit(*s) < base; s++) {
        uint64_t next;

        if (__builtin_mul_overflow(n, (uint64_t)base, &next) ||
            __builtin_add_overflow(next, (uint64_t)digit(*s), &n))
            return false;
    }
    *value = n;
    *end = s;
    return true;
}
