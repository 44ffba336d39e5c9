/* SPDX-License-Identifier: MIT */
/*
 * Unpredictable numbers and keyed hashes from the seed in the info page: the
 * hash under one half of the seed, a counter hashed under the other half for
 * numbers.
 */
#include <string.h>

#include "internal.h"
#include "pebble.h"
#include "siphash.h"

static uint64_t keys[4];
static uint64_t counter;

void random_seed(const uint64_t seed[4])
{
    memcpy(keys, seed, sizeof(keys));
    counter = 0;
}

uint32_t pebble_random(void)
{
    counter++;
    return (uint32_t)siphash_2_4(keys + 2, &counter, sizeof(counter));
}

uint64_t pebble_hash(const void *bytes, size_t size)
{
    return siphash_2_4(keys, bytes, size);
}
