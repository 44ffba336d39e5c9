/* SPDX-License-Identifier: MIT */
/* Keyed hashes: the vectors of SipHash's authors, and what tables rely on. */
#include "siphash.h"

#include <string.h>

#include "unit.h"

static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static void hashes_as_its_authors_do(void)
{
    uint8_t bytes[16];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    CU_ASSERT_EQUAL(siphash_2_4(key, bytes, 0), 0x726fdb47dd0e0e31);
    CU_ASSERT_EQUAL(siphash_2_4(key, bytes, 8), 0x93f5f5799a932462);
    CU_ASSERT_EQUAL(siphash_2_4(key, bytes, 15), 0xa129ca6149be45e5);
}

static void everything_counts(void)
{
    uint64_t other[2] = {key[0], key[1] ^ 1};
    uint64_t hash = siphash_1_3(key, 1, "abcdefghi", 9);

    CU_ASSERT_EQUAL(siphash_1_3(key, 1, "abcdefghi", 9), hash);
    CU_ASSERT_NOT_EQUAL(siphash_1_3(other, 1, "abcdefghi", 9), hash);
    CU_ASSERT_NOT_EQUAL(siphash_1_3(key, 2, "abcdefghi", 9), hash);
    CU_ASSERT_NOT_EQUAL(siphash_1_3(key, 1, "abcdefghi", 8), hash);
    CU_ASSERT_NOT_EQUAL(siphash_1_3(key, 1, "abcdefghi\0", 10), hash);
}

void suite_siphash(void)
{
    static const struct unit_test tests[] = {
        {"hashes as its authors do", hashes_as_its_authors_do},
        {"everything counts", everything_counts},
    };
    UNIT_SUITE("siphash", tests);
}
