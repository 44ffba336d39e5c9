/* SPDX-License-Identifier: MIT */
/* The two differ in the rounds for each word and at the end. See siphash.h. */
#include "siphash.h"

#include <string.h>

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void turn(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static struct sip begin(const uint64_t key[2])
{
    return (struct sip){
        .v0 = key[0] ^ 0x736f6d6570736575ull,
        .v1 = key[1] ^ 0x646f72616e646f6dull,
        .v2 = key[0] ^ 0x6c7967656e657261ull,
        .v3 = key[1] ^ 0x7465646279746573ull,
    };
}

static inline void take_word(struct sip *s, uint64_t word, int rounds)
{
    s->v3 ^= word;
    for (int i = 0; i < rounds; i++)
        turn(s);
    s->v0 ^= word;
}

/* All bytes; what is left of the last word stands below their number. */
static inline void take_bytes(struct sip *s, const uint8_t *at, size_t n,
                              int rounds)
{
    uint64_t word;
    size_t left;

    for (left = n; left >= 8; left -= 8, at += 8) {
        memcpy(&word, at, 8);
        take_word(s, word, rounds);
    }
    word = (uint64_t)n << 56;
    for (size_t i = 0; i < left; i++)
        word |= (uint64_t)at[i] << (8 * i);
    take_word(s, word, rounds);
}

static inline uint64_t finish(struct sip *s, int rounds)
{
    s->v2 ^= 0xff;
    for (int i = 0; i < rounds; i++)
        turn(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash_2_4(const uint64_t key[2], const void *bytes, size_t n)
{
    struct sip s = begin(key);

    take_bytes(&s, bytes, n, 2);
    return finish(&s, 4);
}

uint64_t siphash_1_3(const uint64_t key[2], uint64_t first, const void *bytes,
                     size_t n)
{
    struct sip s = begin(key);

    take_word(&s, first, 1);
    take_bytes(&s, bytes, n, 1);
    return finish(&s, 3);
}
