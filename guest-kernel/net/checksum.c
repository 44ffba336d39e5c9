/* SPDX-License-Identifier: MIT */
/*
 * Sums 32-bit halves of 64-bit words into two 64-bit accumulators: no carries
 * to look after, and four plain operations for eight bytes.
 */
#include "net/checksum.h"

#include <stdbool.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

static uint64_t tail_word(const uint8_t *bytes, size_t size)
{
    uint64_t word = 0;

    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

static uint64_t halves(uint64_t word)
{
    return (uint32_t)word + (word >> 32);
}

/* Sums, and copies to `out` if `copy`: that is a constant, each caller has code
 * of its own without the tests. */
static inline __attribute__((always_inline)) uint64_t
sum(const uint8_t *at, uint8_t *out, size_t size, bool copy)
{
    uint64_t low = 0, high = 0;

    for (; size >= 16; size -= 16, at += 16) {
        uint64_t a = *(const word_t *)at;
        uint64_t b = *(const word_t *)(at + 8);

        if (copy) {
            *(word_t *)out = a;
            *(word_t *)(out + 8) = b;
            out += 16;
        }
        low += (uint32_t)a;
        high += a >> 32;
        low += (uint32_t)b;
        high += b >> 32;
    }
    if (size >= 8) {
        uint64_t a = *(const word_t *)at;

        if (copy) {
            *(word_t *)out = a;
            out += 8;
        }
        low += halves(a);
        at += 8;
        size -= 8;
    }
    for (size_t i = 0; copy && i < size; i++)
        out[i] = at[i];
    return low + high + halves(tail_word(at, size));
}

uint64_t checksum_add(const void *bytes, size_t size)
{
    return sum(bytes, NULL, size, false);
}

uint64_t checksum_copy(void *to, const void *from, size_t size)
{
    return sum(from, to, size, true);
}

uint16_t checksum_fold(uint64_t sum)
{
    sum = (uint32_t)sum + (sum >> 32);
    sum = (uint32_t)sum + (sum >> 32);
    sum = (uint16_t)sum + (sum >> 16);
    sum = (uint16_t)sum + (sum >> 16);
    return (uint16_t)sum;
}

uint16_t net_checksum(const void *bytes, int size)
{
    return checksum_fold(checksum_add(bytes, size > 0 ? (size_t)size : 0));
}
