/* SPDX-License-Identifier: MIT */
/*
 * The guest's Internet checksum against the definition, at every length and
 * alignment, alone and with a copy.
 */
#include <stdlib.h>
#include <string.h>

#include "net/checksum.h"
#include "unit.h"

#define LENGTH_MAX 100

/* RFC 1071, word by word. */
static uint16_t by_definition(const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += i & 1 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void test_sums_are_those_of_the_definition(void)
{
    uint64_t seed = 3;

    for (size_t size = 0; size <= LENGTH_MAX; size++) {
        uint8_t *bytes = malloc(size + 1), *copy = malloc(size + 1);

        for (size_t i = 0; i < size; i++)
            bytes[i + 1] = (uint8_t)unit_random(&seed);
        CU_ASSERT_EQUAL(net_checksum(bytes + 1, (int)size),
                        by_definition(bytes + 1, size));
        CU_ASSERT_EQUAL(checksum_fold(checksum_copy(copy + 1, bytes + 1, size)),
                        by_definition(bytes + 1, size));
        CU_ASSERT(!memcmp(copy + 1, bytes + 1, size));
        free(bytes);
        free(copy);
    }
}

static void test_carries_are_folded(void)
{
    static uint8_t ones[65536];

    memset(ones, 0xff, sizeof(ones));
    CU_ASSERT_EQUAL(net_checksum(ones, sizeof(ones)), 0xffff);
    CU_ASSERT_EQUAL(checksum_fold(UINT64_MAX), 0xffff);
    CU_ASSERT_EQUAL(checksum_fold(0x1fffe), 0xffff);
    CU_ASSERT_EQUAL(net_checksum(ones, -1), 0);
}

void suite_checksum(void)
{
    static const struct unit_test tests[] = {
        {"sums are those of the definition",
         test_sums_are_those_of_the_definition},
        {"carries are folded", test_carries_are_folded},
    };

    UNIT_SUITE("checksum", tests);
}
