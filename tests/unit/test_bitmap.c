/* SPDX-License-Identifier: MIT */
/* base/bitmap: single bits, searches and counts at every border. */
#include "base/bitmap.h"
#include "unit.h"

#define BITS 200

static void sets_and_clears_one_bit(void)
{
    for (uint64_t b = 0; b < BITS; b++) {
        uint64_t map[BITMAP_WORDS(BITS)] = {0};

        bitmap_set(map, b);
        CU_ASSERT_TRUE(bitmap_test(map, b));
        CU_ASSERT_EQUAL(bitmap_count(map, BITS), 1);
        CU_ASSERT_EQUAL(bitmap_count(map, b), 0);
        CU_ASSERT_EQUAL(bitmap_count(map, b + 1), 1);
        bitmap_clear(map, b);
        CU_ASSERT_FALSE(bitmap_test(map, b));
        CU_ASSERT_EQUAL(bitmap_count(map, BITS), 0);
    }
}

static void finds_the_next_set_bit(void)
{
    for (uint64_t b = 0; b < BITS; b++) {
        uint64_t map[BITMAP_WORDS(BITS)] = {0};

        bitmap_set(map, b);
        CU_ASSERT_EQUAL(bitmap_next(map, BITS, 0), b);
        CU_ASSERT_EQUAL(bitmap_next(map, BITS, b), b);
        CU_ASSERT_EQUAL(bitmap_next(map, BITS, b + 1), BITMAP_NONE);
        CU_ASSERT_EQUAL(bitmap_next(map, b, 0), BITMAP_NONE);
    }
}

static void finds_the_next_clear_bit(void)
{
    for (uint64_t b = 0; b < BITS; b++) {
        uint64_t map[BITMAP_WORDS(BITS)];

        for (unsigned i = 0; i < ARRAY_SIZE(map); i++)
            map[i] = UINT64_MAX;
        CU_ASSERT_EQUAL(bitmap_next_clear(map, BITS, 0), BITMAP_NONE);
        bitmap_clear(map, b);
        CU_ASSERT_EQUAL(bitmap_next_clear(map, BITS, 0), b);
        CU_ASSERT_EQUAL(bitmap_next_clear(map, BITS, b + 1), BITMAP_NONE);
        CU_ASSERT_EQUAL(bitmap_next_clear(map, b, 0), BITMAP_NONE);
    }
}

void suite_bitmap(void)
{
    static const struct unit_test tests[] = {
        {"sets and clears one bit", sets_and_clears_one_bit},
        {"finds the next set bit", finds_the_next_set_bit},
        {"finds the next clear bit", finds_the_next_clear_bit},
    };

    UNIT_SUITE("bitmap", tests);
}
