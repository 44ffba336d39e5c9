/* SPDX-License-Identifier: MIT */
/*
 * Appending to a fixed buffer. See text.h.
 */
#include "text.h"

#include <string.h>

void text_bytes(struct text *t, const void *bytes, size_t size)
{
    if (size > t->room - t->size) {
        t->overflow = true;
        return;
    }
    memcpy(t->start + t->size, bytes, size);
    t->size += size;
}

void text_string(struct text *t, const char *string)
{
    text_bytes(t, string, strlen(string));
}

void text_padded(struct text *t, uint64_t value, unsigned digits)
{
    char out[20];
    unsigned at = sizeof(out);

    while (value > 0 || digits > 0) {
        out[--at] = (char)('0' + value % 10);
        value /= 10;
        if (digits > 0)
            digits--;
    }
    text_bytes(t, out + at, sizeof(out) - at);
}

void text_decimal(struct text *t, uint64_t value)
{
    text_padded(t, value, 1);
}

void text_hex(struct text *t, uint64_t value)
{
    char out[16];
    unsigned at = sizeof(out);

    do {
        out[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value > 0);
    text_bytes(t, out + at, sizeof(out) - at);
}

void text_ipv4(struct text *t, uint32_t address)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        text_decimal(t, (address >> shift) & 255);
        if (shift > 0)
            text_string(t, ".");
    }
}

void text_json(struct text *t, const char *string)
{
    text_string(t, "\"");
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;

        if (c == '"' || c == '\\')
            text_string(t, "\\");
        if (c >= ' ')
            text_bytes(t, string, 1);
    }
    text_string(t, "\"");
}
