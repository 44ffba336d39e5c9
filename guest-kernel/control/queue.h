/* SPDX-License-Identifier: MIT */
/*
 * Bytes on their way out: a queue that grows up to a limit and gives its
 * memory back when it is empty. The front is contiguous.
 */
#ifndef CONTROL_QUEUE_H
#define CONTROL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue {
    uint8_t *bytes; /* [start, start + size) of room */
    size_t start, size, room;
    size_t most; /* that it may hold */
};

static inline struct queue queue_of(size_t most)
{
    return (struct queue){.most = most};
}

/* Frees what it holds; it may be used again. */
void queue_clear(struct queue *q);
static inline size_t queue_room(const struct queue *q)
{
    return q->most - q->size;
}
/* Room for n more bytes at its end, to be filled and then queue_grow()n; NULL:
 * over the limit, or no memory. */
uint8_t *queue_extend(struct queue *q, size_t n);
void queue_grow(struct queue *q, size_t n);
/* false: nothing was added. */
bool queue_add(struct queue *q, const void *bytes, size_t n);
static inline const uint8_t *queue_front(const struct queue *q)
{
    return q->bytes + q->start;
}
/* Drops n bytes of the front, n <= q->size. */
void queue_drop(struct queue *q, size_t n);

#endif
