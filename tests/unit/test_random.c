/* SPDX-License-Identifier: MIT */
/*
 * core/random: RFC 8439's test vector, and what seeds the generator.
 */
#include <string.h>

#include "core/random.h"
#include "world.h"

static void block_is_chacha20(void)
{
    /* RFC 8439, 2.3.2 */
    static const uint32_t in[16] = {
        0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504,
        0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
        0x00000001, 0x09000000, 0x4a000000, 0x00000000};
    static const uint32_t expected[16] = {
        0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
        0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
        0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    uint32_t out[16];

    random_block(in, out);
    CU_ASSERT_EQUAL(memcmp(out, expected, sizeof(out)), 0);
}

static void draws_differ(void)
{
    struct world w;
    struct random r;
    uint64_t a[4], b[4];

    world_start_frames(&w, NULL);
    host_random_present(true);
    random_init(&r, NULL);
    CU_ASSERT(r.seeded);
    random_draw(&r, a);
    random_draw(&r, b);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof(a)), 0);
    world_stop_frames(&w);
}

static void seed_counts_when_the_machine_has_none(void)
{
    static const uint64_t none[4], one[4] = {1, 2, 3, 4}, two[4] = {1, 2, 3, 5};
    struct world w;
    struct random r;
    uint64_t a[4], b[4];

    world_start_frames(&w, NULL);
    host_random_present(false);
    random_init(&r, NULL);
    CU_ASSERT_FALSE(r.seeded);
    random_init(&r, none);
    CU_ASSERT_FALSE(r.seeded);
    random_init(&r, one);
    CU_ASSERT(r.seeded);
    random_draw(&r, a);
    random_init(&r, two);
    random_draw(&r, b);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof(a)), 0);
    world_stop_frames(&w);
}

void suite_random(void)
{
    static const struct unit_test tests[] = {
        {"the block function is ChaCha20's", block_is_chacha20},
        {"draws differ", draws_differ},
        {"a seed counts when the machine has none",
         seed_counts_when_the_machine_has_none},
    };

    UNIT_SUITE("random", tests);
}
