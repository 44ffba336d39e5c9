/* SPDX-License-Identifier: MIT */
/* See digest.h. */
#include "tools/lib/digest.h"

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sha2.h>

#define PREFIX "sha256:"

_Static_assert(DIGEST_SIZE == SHA256_DIGEST_LENGTH, "SHA-256");

struct digest digest_of(const void *bytes, size_t n)
{
    struct digest d;
    SHA2_CTX context;

    SHA256Init(&context);
    SHA256Update(&context, bytes, n);
    SHA256Final(d.bytes, &context);
    return d;
}

void digest_text(const struct digest *d, char text[DIGEST_ROOM])
{
    snprintf(text, DIGEST_ROOM, PREFIX);
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        snprintf(text + 7 + 2 * i, 3, "%02x", d->bytes[i]);
}

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

bool digest_parse(const char *text, struct digest *d)
{
    struct digest out;

    if (strlen(text) != DIGEST_ROOM - 1 || strncmp(text, PREFIX, 7) != 0)
        return false;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        int high = hex(text[7 + 2 * i]), low = hex(text[8 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        out.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *d = out;
    return true;
}

bool digest_same(const struct digest *a, const struct digest *b)
{
    return !memcmp(a->bytes, b->bytes, DIGEST_SIZE);
}

bool digest_is_none(const struct digest *d)
{
    static const struct digest none;

    return digest_same(d, &none);
}
