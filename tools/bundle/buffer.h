/* SPDX-License-Identifier: MIT */
/* A growing run of bytes, addressed by offset: what modules and the bundle
 * are written into. Zero-initialised is empty. */
#ifndef BUNDLE_BUFFER_H
#define BUNDLE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *bytes;
    size_t size;
    size_t room;
};

/* Appends n bytes, zeros if from is NULL; returns their offset. */
size_t buffer_add(struct buffer *b, const void *from, size_t n);

/* Appends zeros until the size is a multiple of unit; returns the size. */
size_t buffer_align(struct buffer *b, size_t unit);

void buffer_put(struct buffer *b, size_t offset, const void *from, size_t n);
void buffer_free(struct buffer *b);

#endif
