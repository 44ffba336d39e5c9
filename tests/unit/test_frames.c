/* SPDX-License-Identifier: MIT */
/*
 * Frames of the control channel, whole, in pieces and broken; the queue they
 * wait in.
 */
#include <stdlib.h>
#include <string.h>

#include "control/frames.h"
#include "unit.h"

#define TYPE SCREE_FRAME_REQUEST

/* Feeds all of it, `step` bytes at a time; counts good frames. */
static unsigned feed(struct frame_reader *r, const uint8_t *bytes, size_t n,
                     size_t step)
{
    unsigned frames = 0;
    struct frame f;

    for (size_t at = 0; at < n; at += step) {
        const uint8_t *from = bytes + at;
        size_t left = n - at < step ? n - at : step;

        while (frame_next(r, &from, &left, &f)) {
            CU_ASSERT_EQUAL(f.tag, f.length);
            for (unsigned i = 0; i < f.length; i++)
                CU_ASSERT_EQUAL(f.payload[i], (uint8_t)(i + f.tag));
            CU_ASSERT_EQUAL((uintptr_t)f.payload % 8, 0);
            frames++;
        }
        CU_ASSERT_EQUAL(left, 0);
    }
    return frames;
}

/* Frames of these lengths; tag is the length. */
static void add(struct queue *q, uint16_t length)
{
    uint8_t payload[SCREE_FRAME_PAYLOAD];

    for (unsigned i = 0; i < length; i++)
        payload[i] = (uint8_t)(i + length);
    CU_ASSERT_FATAL(frame_add(q, TYPE, length, payload, length));
}

static void test_pieces(void)
{
    static const uint16_t lengths[] = {0, 1, 8, 100, SCREE_FRAME_PAYLOAD, 3};
    static const size_t steps[] = {1, 2, 7, 16, 4096, 65536};

    for (unsigned s = 0; s < ARRAY_SIZE(steps); s++) {
        struct frame_reader r = {.size = 0};
        struct queue q = queue_of(65536);

        for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++)
            add(&q, lengths[i]);
        CU_ASSERT_EQUAL(feed(&r, queue_front(&q), q.size, steps[s]), 6);
        CU_ASSERT_EQUAL(r.dropped, 0);
        queue_clear(&q);
    }
}

/* However much of a frame came before: the zeros and what follows are found. */
static void test_resync(void)
{
    static const uint8_t zeros[SCREE_FRAME_MAX];

    for (size_t cut = 0; cut < SCREE_FRAME_MAX; cut += 37) {
        struct frame_reader r = {.size = 0};
        struct queue q = queue_of(65536), all = queue_of(65536);

        add(&q, SCREE_FRAME_PAYLOAD);
        CU_ASSERT_FATAL(queue_add(&all, queue_front(&q), cut));
        CU_ASSERT_FATAL(queue_add(&all, zeros, sizeof(zeros)));
        add(&all, 48);
        CU_ASSERT_EQUAL(feed(&r, queue_front(&all), all.size, 1000), 1);
        CU_ASSERT_EQUAL(r.dropped, cut + sizeof(zeros));
        queue_clear(&q);
        queue_clear(&all);
    }
}

/* Every byte of a frame that is changed costs that frame only. */
static void test_broken(void)
{
    for (size_t at = 0; at < 16 + 40; at++) {
        struct frame_reader r = {.size = 0};
        struct queue q = queue_of(65536);
        unsigned frames;

        add(&q, 40);
        for (unsigned i = 0; i < 120; i++)
            add(&q, 40);
        q.bytes[q.start + at] ^= 0x5a;
        frames = feed(&r, queue_front(&q), q.size, 500);
        CU_ASSERT(frames == 120);
        CU_ASSERT_EQUAL(r.dropped, 56);
        queue_clear(&q);
    }
}

/* A frame inside a frame that was never finished. */
static void test_inside(void)
{
    struct frame_reader r = {.size = 0};
    struct queue q = queue_of(65536);
    struct scree_frame_head h = {
        .magic = SCREE_FRAME_MAGIC,
        .type = TYPE,
        .length = SCREE_FRAME_PAYLOAD,
    };

    CU_ASSERT_FATAL(queue_add(&q, &h, sizeof(h)));
    for (unsigned i = 0; i < 100; i++)
        add(&q, 30);
    CU_ASSERT_EQUAL(feed(&r, queue_front(&q), q.size, 11), 100);
    queue_clear(&q);
}

static void test_noise(void)
{
    uint8_t noise[2000];
    uint64_t seed = 1;

    for (unsigned round = 0; round < 300; round++) {
        struct frame_reader r = {.size = 0};
        struct queue q = queue_of(65536);
        unsigned n = (unsigned)(unit_random(&seed) % sizeof(noise));

        for (unsigned i = 0; i < n; i++)
            noise[i] = (uint8_t) "scre\3\0\20\0"[unit_random(&seed) % 8];
        CU_ASSERT_FATAL(queue_add(&q, noise, n));
        for (unsigned i = 0; i < 8; i++)
            add(&q, 2000);
        CU_ASSERT_EQUAL(feed(&r, queue_front(&q), q.size, 333), 8);
        queue_clear(&q);
    }
}

static void test_queue_is_bounded(void)
{
    struct queue q = queue_of(1000);
    uint8_t bytes[1000] = {0};

    CU_ASSERT(queue_add(&q, bytes, 1000));
    CU_ASSERT_FALSE(queue_add(&q, bytes, 1));
    CU_ASSERT_EQUAL(q.size, 1000);
    CU_ASSERT_FALSE(frame_add(&q, TYPE, 0, NULL, 0));
    queue_drop(&q, 16);
    CU_ASSERT(frame_add(&q, TYPE, 0, NULL, 0));
    queue_clear(&q);
    CU_ASSERT(queue_add(&q, NULL, 0));
    CU_ASSERT(q.bytes == NULL);
}

/* Bytes come out as they went in, whatever is moved inside. */
static void test_queue_order(void)
{
    struct queue q = queue_of(5000);
    uint64_t seed = 9;
    uint8_t in = 0, out = 0;

    for (unsigned round = 0; round < 20000; round++) {
        size_t n = unit_random(&seed) % 300;

        if (unit_random(&seed) & 1) {
            uint8_t part[300];

            for (size_t i = 0; i < n; i++)
                part[i] = (uint8_t)(in + i);
            if (queue_add(&q, part, n))
                in = (uint8_t)(in + n);
        } else if (n <= q.size && n) {
            for (size_t i = 0; i < n; i++)
                CU_ASSERT_EQUAL(queue_front(&q)[i], (uint8_t)(out + i));
            queue_drop(&q, n);
            out = (uint8_t)(out + n);
        }
    }
    CU_ASSERT(q.room <= 16384);
    queue_clear(&q);
}

void suite_frames(void)
{
    static const struct unit_test tests[] = {
        {"whole frames in any pieces", test_pieces},
        {"begins anew after half a frame", test_resync},
        {"a changed byte costs one frame", test_broken},
        {"frames behind a head without its frame", test_inside},
        {"noise", test_noise},
        {"the queue is bounded", test_queue_is_bounded},
        {"the queue keeps the order", test_queue_order},
    };

    UNIT_SUITE("frames", tests);
}
