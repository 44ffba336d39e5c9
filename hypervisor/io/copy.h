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

static inline void copy_bytes(void *to, const void *from, uint32_t n)
{
    uint8_t *t = to;
    const uint8_t *s = from;

    if (n < 8) {
        while (n--) {
            *t++ = *s++;
            __asm__ volatile("" ::: "memory");
        }
        return;
    }
    for (; n >= 64; n -= 64, t += 64, s += 64) {
        copy_word(t, s);
        copy_word(t + 8, s + 8);
        copy_word(t + 16, s + 16);
        copy_word(t + 24, s + 24);
        copy_word(t + 32, s + 32);
        copy_word(t + 40, s + 40);
        copy_word(t + 48, s + 48);
        copy_word(t + 56, s + 56);
        __asm__ volatile("" ::: "memory");
    }
    for (; n >= 8; n -= 8, t += 8, s += 8) {
        copy_word(t, s);
        __asm__ volatile("" ::: "memory");
    }
    if (n) /* once more, partly again */
        copy_word(t + n - 8, s + n - 8);
}

#endif
