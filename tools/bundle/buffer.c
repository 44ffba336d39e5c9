/* SPDX-License-Identifier: MIT */
/* A growing run of bytes; see buffer.h. */
#include "buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "why.h"

size_t buffer_add(struct buffer *b, const void *from, size_t n)
{
    size_t at = b->size;

    if (n > b->room - b->size) {
        b->room = b->size + n + b->room / 2 + 4096;
        b->bytes = must_grow(b->bytes, b->room, 1);
    }
    if (from)
        memcpy(b->bytes + at, from, n);
    else
        memset(b->bytes + at, 0, n);
    b->size += n;
    return at;
}

size_t buffer_align(struct buffer *b, size_t unit)
{
    buffer_add(b, NULL, (unit - b->size % unit) % unit);
    return b->size;
}

void buffer_put(struct buffer *b, size_t offset, const void *from, size_t n)
{
    assert(offset <= b->size && n <= b->size - offset);
    memcpy(b->bytes + offset, from, n);
}

void buffer_free(struct buffer *b)
{
    free(b->bytes);
    *b = (struct buffer){0};
}
