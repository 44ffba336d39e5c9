/* SPDX-License-Identifier: MIT */
/* See base64.h. */
#include "tools/lib/base64.h"

#include <stdint.h>
#include <string.h>

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *bytes, size_t n, char *text)
{
    const uint8_t *from = bytes;

    for (; n; from += 3) {
        size_t part = n < 3 ? n : 3;
        uint32_t word = (uint32_t)from[0] << 16;
        if (part > 1)
            word |= (uint32_t)from[1] << 8;
        if (part > 2)
            word |= from[2];
        *text++ = letters[word >> 18];
        *text++ = letters[word >> 12 & 63];
        *text++ = part > 1 ? letters[word >> 6 & 63] : '=';
        *text++ = part > 2 ? letters[word & 63] : '=';
        n -= part;
    }
    *text = '\0';
}

/* Four letters, of which the last `pad` are '='. */
static bool take_four(const char *text, size_t pad, uint32_t *word)
{
    *word = 0;
    for (size_t i = 0; i < 4; i++) {
        const char *at =
            i < 4 - pad && text[i] ? strchr(letters, text[i]) : NULL;
        if (!at && i < 4 - pad)
            return false;
        *word = *word << 6 | (at ? (uint32_t)(at - letters) : 0);
    }
    return !(*word & ((1u << 8 * pad) - 1));
}

bool base64_decode(const char *text, void *bytes, size_t *n)
{
    size_t length = strlen(text), done = 0;
    uint8_t *to = bytes;

    if (length % 4)
        return false;
    for (size_t i = 0; i < length; i += 4) {
        bool last = i + 4 == length;
        size_t pad = !last || text[i + 3] != '=' ? 0
                     : text[i + 2] == '='        ? 2
                                                 : 1;
        uint32_t word;
        if (!take_four(text + i, pad, &word) || done + 3 - pad > *n)
            return false;
        for (size_t k = 0; k < 3 - pad; k++)
            to[done++] = (uint8_t)(word >> (16 - 8 * k));
    }
    *n = done;
    return true;
}
