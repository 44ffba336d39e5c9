/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum (RFC 1071), alone and together with a copy. Pure
 * functions of bytes: host tests link them.
 *
 * A sum is a ones' complement sum of little-endian 16-bit words, unfolded.
 */
#ifndef NET_CHECKSUM_H
#define NET_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* At most 1 MiB at once. */
uint64_t checksum_add(const void *bytes, size_t size);
/* The same, and copies the bytes. */
uint64_t checksum_copy(void *to, const void *from, size_t size);
/* Folds a sum to 16 bits (in the byte order of the summed bytes). */
uint16_t checksum_fold(uint64_t sum);

/* What lwIP calls: the folded sum of size bytes. */
uint16_t net_checksum(const void *bytes, int size);

#endif
