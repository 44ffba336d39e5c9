/* SPDX-License-Identifier: MIT */
/*
 * Harmless text: see console_text.h. Decodes UTF-8 by the rules of RFC 3629.
 */
#include "io/console_text.h"

/* Bytes that a sequence with this first byte has; 0: none begins so. */
static size_t expected(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if ((lead & 0xf0) == 0xe0)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

static bool harmless(uint32_t c)
{
    if (c < 0x20)
        return c == '\t';
    if (c >= 0x7f && c < 0xa0)
        return false;
    if (c >= 0x2028 && c <= 0x202e) /* separators, embeddings, overrides */
        return false;
    if (c == 0x061c || c == 0x200e || c == 0x200f)
        return false;
    if (c >= 0x2066 && c <= 0x2069) /* isolates */
        return false;
    return !(c >= 0xd800 && c <= 0xdfff) && c <= 0x10ffff;
}

/* Length of the harmless character at s, or 0. */
static size_t character(const uint8_t *s, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = expected(s[0]);
    uint32_t c;

    if (length == 0 || length > n)
        return 0;
    c = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    return c >= least[length] && harmless(c) ? length : 0;
}

static size_t escape(char *to, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    to[0] = '\\';
    to[1] = 'x';
    to[2] = digits[byte >> 4];
    to[3] = digits[byte & 15];
    return CONSOLE_TEXT_GROWTH;
}

size_t console_text(char *to, const char *from, size_t n)
{
    const uint8_t *s = (const uint8_t *)from;
    size_t out = 0;

    for (size_t i = 0; i < n;) {
        size_t length = character(s + i, n - i);

        if (length == 0) {
            out += escape(to + out, s[i++]);
            continue;
        }
        while (length--)
            to[out++] = (char)s[i++];
    }
    return out;
}

size_t console_text_unfinished(const char *from, size_t n)
{
    const uint8_t *s = (const uint8_t *)from;

    for (size_t back = 1; back <= 3 && back <= n; back++) {
        uint8_t byte = s[n - back];

        if ((byte & 0xc0) == 0x80)
            continue;
        return expected(byte) > back ? back : 0;
    }
    return 0;
}
