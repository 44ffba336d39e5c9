/* SPDX-License-Identifier: MIT */
/* base/string: bounded strings and numbers. */
#include "base/string.h"
#include "unit.h"

static void lengths(void)
{
    CU_ASSERT_EQUAL(string_length(""), 0);
    CU_ASSERT_EQUAL(string_length("abc"), 3);
    CU_ASSERT_EQUAL(string_length_max("abc", 2), 2);
    CU_ASSERT_EQUAL(string_length_max("abc", 3), 3);
    CU_ASSERT_EQUAL(string_length_max("abc", 9), 3);
}

static void comparisons(void)
{
    CU_ASSERT_TRUE(string_equal("", ""));
    CU_ASSERT_TRUE(string_equal("web", "web"));
    CU_ASSERT_FALSE(string_equal("web", "we"));
    CU_ASSERT_FALSE(string_equal("we", "web"));
    CU_ASSERT_FALSE(string_equal("web", "wet"));
    CU_ASSERT_TRUE(string_starts("cpus=2", "cpus="));
    CU_ASSERT_TRUE(string_starts("x", ""));
    CU_ASSERT_FALSE(string_starts("cp", "cpus="));
    CU_ASSERT_FALSE(string_starts("cpux=2", "cpus="));
}

static void copy_always_ends(void)
{
    char to[4] = {'x', 'x', 'x', 'x'};

    string_copy(to, sizeof(to), "ab");
    CU_ASSERT_STRING_EQUAL(to, "ab");
    string_copy(to, sizeof(to), "abcdef");
    CU_ASSERT_STRING_EQUAL(to, "abc");
    string_copy(to, 1, "abcdef");
    CU_ASSERT_STRING_EQUAL(to, "");
}

static void numbers(void)
{
    static const struct {
        const char *text;
        uint64_t value;
        char next;
    } good[] = {
        {"0", 0, 0},
        {"42,", 42, ','},
        {"0x2aG", 0x2a, 'G'},
        {"0xAbC", 0xabc, 0},
        {"18446744073709551615", UINT64_MAX, 0},
        {"0xffffffffffffffff", UINT64_MAX, 0},
        {"12a", 12, 'a'},
    };
    static const char *const bad[] = {"",
                                      "x",
                                      "-1",
                                      "0x",
                                      "0xg",
                                      "18446744073709551616",
                                      "0x10000000000000000",
                                      "99999999999999999999999"};
    const char *end;
    uint64_t v;

    for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
        CU_ASSERT_TRUE(string_number(good[i].text, &end, &v));
        CU_ASSERT_EQUAL(v, good[i].value);
        CU_ASSERT_EQUAL(*end, good[i].next);
    }
    v = 7;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        CU_ASSERT_FALSE(string_number(bad[i], &end, &v));
    CU_ASSERT_EQUAL(v, 7);
}

void suite_string(void)
{
    static const struct unit_test tests[] = {
        {"lengths", lengths},
        {"comparisons", comparisons},
        {"copy always ends", copy_always_ends},
        {"numbers", numbers},
    };

    UNIT_SUITE("string", tests);
}
