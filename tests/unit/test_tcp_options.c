/* SPDX-License-Identifier: MIT */
/*
 * Which TCP options the guest lets through to lwIP: a segment that changes the
 * size of segments under way once ended it.
 */
#include <stdlib.h>
#include <string.h>

#include "net/tcp_options.h"
#include "unit.h"

/* The value with the options split before byte `split`. */
static int mss_of(const void *bytes, uint16_t size, uint16_t split)
{
    uint8_t *first = malloc(split + 1u), *second = malloc(size - split + 1u);
    struct tcp_options o = {first, second, split, size};
    int mss;

    memcpy(first, bytes, split);
    memcpy(second, (const uint8_t *)bytes + split, size - (size_t)split);
    mss = tcp_options_mss(&o);
    free(first);
    free(second);
    return mss;
}

static void test_the_option_is_found_wherever_it_lies(void)
{
    static const char linux_syn[] = "\2\4\5\xb4\4\2\10\12....,,,,\1\3\3\7";
    static const char behind[] = "\1\1\3\3\7\1\2\4\0\1";

    for (uint16_t split = 0; split <= sizeof(linux_syn) - 1; split++)
        CU_ASSERT_EQUAL(mss_of(linux_syn, sizeof(linux_syn) - 1, split), 1460);
    for (uint16_t split = 0; split <= sizeof(behind) - 1; split++)
        CU_ASSERT_EQUAL(mss_of(behind, sizeof(behind) - 1, split), 1);
    CU_ASSERT_EQUAL(mss_of("\2\4\5", 3, 1), 0x500); /* cut off */
}

static void test_there_is_none(void)
{
    CU_ASSERT_EQUAL(mss_of("", 0, 0), -1);
    CU_ASSERT_EQUAL(mss_of("\1\1\1\1", 4, 2), -1);
    CU_ASSERT_EQUAL(mss_of("\0\2\4\5\xb4", 5, 0), -1); /* behind the end */
    CU_ASSERT_EQUAL(mss_of("\3\0\2\4\5\xb4", 6, 6), -1);
    CU_ASSERT_EQUAL(mss_of("\3\1\2\4\5\xb4", 6, 3), -1);
    CU_ASSERT_EQUAL(mss_of("\3\xff\2\4", 4, 4), -1);
}

static void test_segments_cannot_be_shrunk_under_way(void)
{
    struct tcp_options o = {
        .first = (const uint8_t *)"\2\4\5\xb4", .first_size = 4, .size = 4};

    CU_ASSERT(tcp_options_good(&o, true));
    CU_ASSERT_FALSE(tcp_options_good(&o, false));
    o.first = (const uint8_t *)"\2\4\0\xc8"; /* 200 */
    CU_ASSERT(tcp_options_good(&o, true));
    o.first = (const uint8_t *)"\2\4\0\xc7";
    CU_ASSERT_FALSE(tcp_options_good(&o, true));
    o.first = (const uint8_t *)"\1\1\1\1";
    CU_ASSERT(tcp_options_good(&o, false));
}

void suite_tcp_options(void)
{
    static const struct unit_test tests[] = {
        {"the option is found wherever it lies",
         test_the_option_is_found_wherever_it_lies},
        {"there is none", test_there_is_none},
        {"segments cannot be shrunk under way",
         test_segments_cannot_be_shrunk_under_way},
    };

    UNIT_SUITE("tcp options", tests);
}
