/* SPDX-License-Identifier: MIT */
/*
 * Bitmaps over arrays of 64-bit words. Plain, not atomic: the caller holds
 * the lock that guards the words. Bit n is bit n % 64 of word n / 64.
 */
#ifndef BASE_BITMAP_H
#define BASE_BITMAP_H

#include "base/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)
#define BITMAP_NONE        UINT64_MAX

static inline bool bitmap_test(const uint64_t *map, uint64_t bit)
{
    return map[bit / 64] >> (bit % 64) & 1;
}

static inline void bitmap_set(uint64_t *map, uint64_t bit)
{
    map[bit / 64] |= 1ull << (bit % 64);
}

static inline void bitmap_clear(uint64_t *map, uint64_t bit)
{
    map[bit / 64] &= ~(1ull << (bit % 64));
}

/* First set bit in [from, bits), or BITMAP_NONE. */
static inline uint64_t bitmap_next(const uint64_t *map, uint64_t bits,
                                   uint64_t from)
{
    while (from < bits) {
        uint64_t word = map[from / 64] >> (from % 64);

        if (word) {
            from += (uint64_t)__builtin_ctzll(word);
            return from < bits ? from : BITMAP_NONE;
        }
        from = (from | 63) + 1;
    }
    return BITMAP_NONE;
}

/* First clear bit in [from, bits), or BITMAP_NONE. */
static inline uint64_t bitmap_next_clear(const uint64_t *map, uint64_t bits,
                                         uint64_t from)
{
    while (from < bits) {
        uint64_t word = ~map[from / 64] >> (from % 64);

        if (word) {
            from += (uint64_t)__builtin_ctzll(word);
            return from < bits ? from : BITMAP_NONE;
        }
        from = (from | 63) + 1;
    }
    return BITMAP_NONE;
}

/* How many of the first `bits` are set. */
static inline uint64_t bitmap_count(const uint64_t *map, uint64_t bits)
{
    uint64_t n = 0;

    for (uint64_t i = 0; i < bits / 64; i++)
        n += (uint64_t)__builtin_popcountll(map[i]);
    if (bits % 64)
        n += (uint64_t)__builtin_popcountll(map[bits / 64] &
                                            ((1ull << (bits % 64)) - 1));
    return n;
}

#endif
