/* SPDX-License-Identifier: MIT */
/*
 * base/format against the C library's snprintf, which is right by definition,
 * and the bounds of its buffer.
 */
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "unit.h"

#define SAME(...)                                                              \
    do {                                                                       \
        char ours[200], theirs[200];                                           \
        int n = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                 \
        CU_ASSERT_EQUAL(format_text(ours, sizeof(ours), __VA_ARGS__),          \
                        (size_t)n);                                            \
        CU_ASSERT_STRING_EQUAL(ours, theirs);                                  \
    } while (0)

static void numbers_as_the_c_library(void)
{
    static const long values[] = {0,  1,  -1, 9,   10,        255,
                                  -7, 42, 99, 100, INT32_MAX, INT32_MIN};

    for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
        int v = (int)values[i];
        unsigned u = (unsigned)v;

        SAME("%d|%i|%5d|%-5d|%05d|%1d", v, v, v, v, v, v);
        SAME("%u|%x|%X|%8x|%08x|%-8x|", u, u, u, u, u, u);
        SAME("%*d|%-*d|%0*d", 7, v, 7, v, 7, v);
    }
    SAME("%ld %ld", INT64_MAX, INT64_MIN);
    SAME("%lu %lx %016lx", UINT64_MAX, UINT64_MAX, 0x1234ul);
    SAME("%llu %lld", 1ull << 63, -5ll);
    SAME("%zu %zx", (size_t)77, SIZE_MAX);
    SAME("%hhu %hu", (unsigned char)200, (unsigned short)60000);
}

static void text_as_the_c_library(void)
{
    SAME("plain");
    SAME("100%%");
    SAME("%s|%8s|%-8s|%.2s|%8.2s|%.0s|", "abc", "abc", "abc", "abc", "abc",
         "abc");
    SAME("%.*s|%.*s", 2, "xyz", 9, "xyz");
    SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
    SAME("%p", (void *)0x1234abcd);
    SAME("%s", "");
}

/* A format the compiler cannot see: it would refuse to build this file. */
static size_t unchecked(char *to, size_t size, const char *format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n = format_text_v(to, size, format, args);
#pragma GCC diagnostic pop
    va_end(args);
    return n;
}

static void unknown_conversions_stand_as_they_are(void)
{
    char b[64];

    unchecked(b, sizeof(b), "a%qb %d", 5);
    CU_ASSERT_STRING_EQUAL(b, "a%qb 5");
    unchecked(b, sizeof(b), "end%");
    CU_ASSERT_STRING_EQUAL(b, "end%");
    unchecked(b, sizeof(b), "end%-05");
    CU_ASSERT_STRING_EQUAL(b, "end%-05");
    unchecked(b, sizeof(b), "%s", (char *)NULL);
    CU_ASSERT_STRING_EQUAL(b, "(null)");
}

static void never_writes_beyond_the_buffer(void)
{
    for (size_t size = 0; size < 12; size++) {
        char b[16];

        memset(b, '#', sizeof(b));
        CU_ASSERT_EQUAL(format_text(b, size, "%s-%d", "abcd", 1234), 9);
        for (size_t i = size; i < sizeof(b); i++)
            CU_ASSERT_EQUAL(b[i], '#');
        if (size > 0) {
            size_t kept = min_u64(size - 1, 9);

            CU_ASSERT_EQUAL(strlen(b), kept);
            CU_ASSERT_EQUAL(memcmp(b, "abcd-1234", kept), 0);
        }
    }
}

static void huge_width_is_bounded(void)
{
    char b[8];

    CU_ASSERT_EQUAL(unchecked(b, sizeof(b), "%99999999999d", 1), 99999);
    CU_ASSERT_STRING_EQUAL(b, "       ");
}

static void addresses(void)
{
    char ip[FORMAT_IPV4_MAX], mac[FORMAT_MAC_MAX];
    static const uint8_t m[6] = {2, 0, 0xab, 0, 0, 0xff};

    CU_ASSERT_STRING_EQUAL(format_ipv4(ip, 0x0a000002), "10.0.0.2");
    CU_ASSERT_STRING_EQUAL(format_ipv4(ip, UINT32_MAX), "255.255.255.255");
    CU_ASSERT_STRING_EQUAL(format_ipv4(ip, 0), "0.0.0.0");
    CU_ASSERT_STRING_EQUAL(format_mac(mac, m), "02:00:ab:00:00:ff");
}

void suite_format(void)
{
    static const struct unit_test tests[] = {
        {"numbers as the C library", numbers_as_the_c_library},
        {"text as the C library", text_as_the_c_library},
        {"unknown conversions stand as they are",
         unknown_conversions_stand_as_they_are},
        {"never writes beyond the buffer", never_writes_beyond_the_buffer},
        {"huge width is bounded", huge_width_is_bounded},
        {"addresses", addresses},
    };

    UNIT_SUITE("format", tests);
}
