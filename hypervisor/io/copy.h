/* SPDX-License-Identifier: MIT */
/*
 * Copying frames, eight bytes at a time. Frames are too short for `rep movsb`
 * to start up, and under an emulator each of its bytes counts as an
 * instruction. The empty asm keeps compilers from seeing a memcpy here.
 */
#ifndef IO_COPY_H
#define IO_COPY_H

#include "base/types.h"

static inline void copy_word(void *to, const void *from)
{
    uint64_t w;

    __builtin_memcpy(&w, from, 8);
    __builtin_memcpy(to, &w, 8);
}

/* 64 bytes, or half as many. */
static inline void copy_32(uint8_t *t, const uint8_t *s)
{
    copy_word(t, s);
    copy_word(t + 8, s + 8);
    copy_word(t + 16, s + 16);
    copy_word(t + 24, s + 24);
}

static inline void copy_64(uint8_t *t, const uint8_t *s)
{
    copy_32(t, s);
    copy_32(t + 32, s + 32);
}

/* n < 8 */
static inline void copy_few(uint8_t *t, const uint8_t *s, uint32_t n)
{
    while (n--) {
        *t++ = *s++;
        __asm__ volatile("" ::: "memory");
    }
}

static inline void copy_bytes(void *to, const void *from, uint32_t n)
{
    uint8_t *t = to;
    const uint8_t *s = from;

    if (n < 8) {
        copy_few(t, s, n);
        return;
    }
    for (; n >= 64; n -= 64, t += 64, s += 64) {
        copy_64(t, s);
        __asm__ volatile("" : "+r"(n)::"memory");
    }
    if (n == 0)
        return;
    if (n & 32) {
        copy_32(t, s);
        t += 32;
        s += 32;
    }
    if (n & 16) {
        copy_word(t, s);
        copy_word(t + 8, s + 8);
        t += 16;
        s += 16;
    }
    if (n & 8) {
        copy_word(t, s);
        t += 8;
        s += 8;
    }
    n &= 7;
    if (n) /* the last word once more, partly again */
        copy_word(t + n - 8, s + n - 8);
}

#endif
