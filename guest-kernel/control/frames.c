/* SPDX-License-Identifier: MIT */
/* See frames.h. */
#include "control/frames.h"

#include <string.h>

#define HEAD sizeof(struct scree_frame_head)

static void drop(struct frame_reader *r, size_t n)
{
    r->size -= n;
    memmove(r->bytes, r->bytes + n, r->size);
}

/* Drops what no frame can begin with. */
static void find_magic(struct frame_reader *r)
{
    static const uint8_t magic[4] = {'s', 'c', 'r', 'e'};
    size_t at = 0;

    for (; at < r->size; at++) {
        size_t n = r->size - at < 4 ? r->size - at : 4;

        if (r->bytes[at] == magic[0] && !memcmp(r->bytes + at, magic, n))
            break;
    }
    if (at) {
        r->dropped += at;
        drop(r, at);
    }
}

enum verdict { MORE, BROKEN, WHOLE };

/* The check is made over a head whose own check reads 0. */
static bool check_holds(uint8_t *frame, size_t size)
{
    uint8_t *at = frame + offsetof(struct scree_frame_head, check);
    uint32_t said, zero = 0, is;

    memcpy(&said, at, sizeof(said));
    memcpy(at, &zero, sizeof(zero));
    is = scree_frame_check(frame, size);
    memcpy(at, &said, sizeof(said));
    return is == said;
}

static enum verdict look(struct frame_reader *r, struct frame *f)
{
    struct scree_frame_head h;

    if (r->size < HEAD)
        return MORE;
    memcpy(&h, r->bytes, HEAD);
    if (h.length > SCREE_FRAME_PAYLOAD || h.type < SCREE_FRAME_SYNC ||
        h.type > SCREE_FRAME_STORE_CLOSE)
        return BROKEN;
    if (r->size < HEAD + h.length)
        return MORE;
    if (!check_holds(r->bytes, HEAD + h.length))
        return BROKEN;
    *f = (struct frame){h.type, h.length, h.tag, r->bytes + HEAD};
    return WHOLE;
}

/* How many bytes the reader wants next: never more than the frame that has
 * begun, so that what follows it need not be moved. */
static size_t wanted(const struct frame_reader *r)
{
    struct scree_frame_head h;

    if (r->size < HEAD)
        return HEAD - r->size;
    memcpy(&h, r->bytes, HEAD);
    return HEAD + h.length - r->size;
}

static void fill(struct frame_reader *r, const uint8_t **from, size_t *n)
{
    size_t part = wanted(r);

    if (part > *n)
        part = *n;
    memcpy(r->bytes + r->size, *from, part);
    r->size += part;
    *from += part;
    *n -= part;
}

bool frame_next(struct frame_reader *r, const uint8_t **from, size_t *n,
                struct frame *f)
{
    if (r->done)
        drop(r, r->done);
    r->done = 0;
    for (;;) {
        enum verdict v;

        find_magic(r);
        v = look(r, f);
        if (v == WHOLE) {
            r->done = HEAD + f->length;
            return true;
        }
        if (v == BROKEN) {
            r->bytes[0] = 0; /* find_magic() drops it */
            continue;
        }
        if (!*n)
            return false;
        fill(r, from, n);
    }
}

uint8_t *frame_begin(struct queue *q, size_t payload)
{
    uint8_t *at = queue_extend(q, HEAD + payload);

    return at ? at + HEAD : NULL;
}

void frame_send(struct queue *q, uint16_t type, uint32_t tag, size_t payload)
{
    uint8_t *at = q->bytes + q->start + q->size;
    struct scree_frame_head h = {
        .magic = SCREE_FRAME_MAGIC,
        .type = type,
        .length = (uint16_t)payload,
        .tag = tag,
    };

    memcpy(at, &h, HEAD);
    h.check = scree_frame_check(at, HEAD + payload);
    memcpy(at, &h, HEAD);
    queue_grow(q, HEAD + payload);
}

bool frame_add(struct queue *q, uint16_t type, uint32_t tag,
               const void *payload, size_t n)
{
    uint8_t *to = frame_begin(q, n);

    if (!to)
        return false;
    if (n)
        memcpy(to, payload, n);
    frame_send(q, type, tag, n);
    return true;
}
