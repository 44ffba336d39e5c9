/* SPDX-License-Identifier: MIT */
/*
 * Keyed hashes (SipHash, Aumasson and Bernstein): who does not know the key
 * cannot aim at a result. Pure: host tests link it.
 */
#ifndef SIPHASH_H
#define SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 of n bytes. */
uint64_t siphash_2_4(const uint64_t key[2], const void *bytes, size_t n);

/* SipHash-1-3, faster, for tables: of the word `first`, then n bytes (which
 * alone count as the length). */
uint64_t siphash_1_3(const uint64_t key[2], uint64_t first, const void *bytes,
                     size_t n);

#endif
