/* SPDX-License-Identifier: MIT */
/*
 * Text put together in a fixed buffer, without printf: a response head is
 * written for every request. What does not fit is left out and remembered.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *start;
    size_t size;
    size_t room;
    bool overflow;
};

static inline struct text text_in(char *buffer, size_t room)
{
    return (struct text){.start = buffer, .room = room};
}

void text_bytes(struct text *t, const void *bytes, size_t size);
void text_string(struct text *t, const char *string);
void text_decimal(struct text *t, uint64_t value);
/* With exactly `digits` digits, leading zeros included. */
void text_padded(struct text *t, uint64_t value, unsigned digits);
void text_hex(struct text *t, uint64_t value);
/* Dotted quad; 10.0.0.2 is 0x0a000002. */
void text_ipv4(struct text *t, uint32_t address);
/* A string in JSON quotes. */
void text_json(struct text *t, const char *string);

#endif
