/* SPDX-License-Identifier: MIT */
/*
 * The cell's random numbers: ChaCha20 (RFC 8439's block function) over a key
 * that is replaced after every draw, so earlier output cannot be recomputed.
 * Keyed from the machine, the bundle's seed, and the clock.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include "core/lock.h"

struct random {
    struct lock lock;
    uint32_t key[8];
    uint64_t draws;
    bool seeded; /* from a source worth trusting */
};

/* seed may be NULL. */
void random_init(struct random *r, const uint64_t seed[4]);
/* 32 random bytes. */
void random_draw(struct random *r, uint64_t out[4]);
/* The ChaCha20 block function: 16 words in, 16 words out. */
void random_block(const uint32_t in[16], uint32_t out[16]);

#endif
