/* SPDX-License-Identifier: MIT */
/* See queue.h. */
#include "control/queue.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST 256
#define ROOM_KEPT  512 /* an empty queue keeps no more */

void queue_clear(struct queue *q)
{
    free(q->bytes);
    *q = queue_of(q->most);
}

/* The bytes to the start of their room, which is at least n. */
static bool move_to(struct queue *q, size_t n)
{
    uint8_t *bytes;
    size_t room = q->room ? q->room : ROOM_LEAST;

    if (n <= q->room) {
        memmove(q->bytes, q->bytes + q->start, q->size);
        q->start = 0;
        return true;
    }
    while (room < n)
        room *= 2;
    bytes = malloc(room);
    if (!bytes)
        return false;
    if (q->size)
        memcpy(bytes, q->bytes + q->start, q->size);
    free(q->bytes);
    q->bytes = bytes;
    q->start = 0;
    q->room = room;
    return true;
}

/* Moving pays only when as much was dropped as is moved: cheap on average. */
uint8_t *queue_extend(struct queue *q, size_t n)
{
    size_t needed = q->size + n;

    if (n > queue_room(q))
        return NULL;
    if (q->start + needed <= q->room)
        return q->bytes + q->start + q->size;
    if (q->start < q->size && needed <= q->room)
        needed = q->room + 1;
    if (!move_to(q, needed))
        return NULL;
    return q->bytes + q->size;
}

void queue_grow(struct queue *q, size_t n)
{
    q->size += n;
}

bool queue_add(struct queue *q, const void *bytes, size_t n)
{
    uint8_t *to = n ? queue_extend(q, n) : NULL;

    if (!to)
        return n == 0;
    memcpy(to, bytes, n);
    queue_grow(q, n);
    return true;
}

void queue_drop(struct queue *q, size_t n)
{
    q->start += n;
    q->size -= n;
    if (q->size)
        return;
    q->start = 0;
    if (q->room > ROOM_KEPT)
        queue_clear(q);
}
