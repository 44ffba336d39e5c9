/* SPDX-License-Identifier: MIT */
/* See frame.h. */
#include "tools/screed/frame.h"

#include <assert.h>
#include <string.h>

_Static_assert(sizeof(struct frame) == SCREE_FRAME_MAX, "no holes");

#define HEAD sizeof(struct scree_frame_head)

static uint32_t check_of(struct frame *f, size_t size)
{
    uint32_t kept = f->head.check, found;

    f->head.check = 0;
    found = scree_frame_check(f, size);
    f->head.check = kept;
    return found;
}

/* 1: a good frame; 0: what is there may become one; -1: never. */
static int try(const uint8_t *bytes, size_t n, struct frame *out)
{
    static const uint32_t magic = SCREE_FRAME_MAGIC;
    size_t size;

    if (memcmp(bytes, &magic, n < sizeof(magic) ? n : sizeof(magic)) != 0)
        return -1;
    if (n < HEAD)
        return 0;
    memcpy(&out->head, bytes, HEAD);
    size = HEAD + out->head.length;
    if (size > SCREE_FRAME_MAX)
        return -1;
    if (n < size)
        return 0;
    memcpy(out->payload, bytes + HEAD, out->head.length);
    return check_of(out, size) == out->head.check ? 1 : -1;
}

bool frame_take(const uint8_t *bytes, size_t n, struct frame *out, size_t *used)
{
    static const int first = SCREE_FRAME_MAGIC & 0xff;
    size_t at = 0;

    while (at < n) {
        const uint8_t *next = memchr(bytes + at, first, n - at);
        int found;
        if (!next) {
            at = n;
            break;
        }
        at = (size_t)(next - bytes);
        found = try(next, n - at, out);
        if (found >= 0) {
            *used = at + (found ? HEAD + out->head.length : 0);
            return found;
        }
        at++;
    }
    *used = at;
    return false;
}

size_t frame_make(struct frame *f, uint16_t type, uint32_t tag,
                  const void *payload, size_t n)
{
    assert(n <= SCREE_FRAME_PAYLOAD);
    f->head = (struct scree_frame_head){.magic = SCREE_FRAME_MAGIC,
                                        .type = type,
                                        .length = (uint16_t)n,
                                        .tag = tag};
    if (n)
        memcpy(f->payload, payload, n);
    f->head.check = check_of(f, HEAD + n);
    return HEAD + n;
}
