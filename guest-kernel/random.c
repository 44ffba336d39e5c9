/* SPDX-License-Identifier: MIT */
/*
 * Unpredictable numbers and keyed hashes from the seed in the info page, by
 * SipHash-2-4 (Aumasson, Bernstein): the hash under one half of the seed, a
 * counter hashed under the other half for numbers.
 */
#include <string.h>

#include "internal.h"
#include "pebble.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t keys[4];
static uint64_t counter;

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(struct sip *s)
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

static void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

static uint64_t siphash(const uint64_t key[2], const void *bytes, size_t size)
{
    struct sip s = {
        .v0 = key[0] ^ 0x736f6d6570736575ull,
        .v1 = key[1] ^ 0x646f72616e646f6dull,
        .v2 = key[0] ^ 0x6c7967656e657261ull,
        .v3 = key[1] ^ 0x7465646279746573ull,
    };
    const uint8_t *at = bytes;
    uint64_t word;
    size_t left;

    for (left = size; left >= 8; left -= 8, at += 8) {
        memcpy(&word, at, 8);
        sip_word(&s, word);
    }
    word = (uint64_t)size << 56;
    for (size_t i = 0; i < left; i++)
        word |= (uint64_t)at[i] << (8 * i);
    sip_word(&s, word);
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void random_seed(const uint64_t seed[4])
{
    memcpy(keys, seed, sizeof(keys));
    counter = 0;
}

uint32_t pebble_random(void)
{
    counter++;
    return (uint32_t)siphash(keys + 2, &counter, sizeof(counter));
}

uint64_t pebble_hash(const void *bytes, size_t size)
{
    return siphash(keys, bytes, size);
}
