/* SPDX-License-Identifier: MIT */
/*
 * The control domain's memory: things of all sizes that come and go never
 * overlap, keep what is in them, and leave nothing behind.
 */
#include <stdlib.h>
#include <string.h>

#include "control/arena.h"
#include "unit.h"

#define SIZE   (8u << 20)
#define THINGS 3000

struct thing {
    uint8_t *bytes;
    size_t size;
    uint8_t mark;
};

static void fill(struct thing *t, uint8_t mark)
{
    t->mark = mark;
    memset(t->bytes, mark, t->size);
}

static bool intact(const struct thing *t)
{
    for (size_t i = 0; i < t->size; i++)
        if (t->bytes[i] != t->mark)
            return false;
    return true;
}

static size_t size_of(uint64_t *seed)
{
    uint64_t n = unit_random(seed);

    if (n % 8)
        return (size_t)(n / 8 % 400);
    return n / 8 % 16 ? (size_t)(n / 128 % 5000) : (size_t)(n / 128 % 100000);
}

static void test_random(void)
{
    static struct thing things[THINGS];
    void *memory = malloc(SIZE);
    struct arena a;
    uint64_t seed = 5;
    unsigned refused = 0;

    memset(things, 0, sizeof(things));
    arena_open(&a, (uint8_t *)memory + 8, SIZE - 8);
    for (unsigned round = 0; round < 200000; round++) {
        struct thing *t = &things[unit_random(&seed) % THINGS];

        if (t->bytes) {
            CU_ASSERT(intact(t));
            arena_give(&a, t->bytes);
            t->bytes = NULL;
            continue;
        }
        t->size = size_of(&seed);
        t->bytes = arena_take(&a, t->size);
        refused += !t->bytes;
        if (!t->bytes)
            continue;
        CU_ASSERT_EQUAL((uintptr_t)t->bytes % 16, 0);
        CU_ASSERT(arena_room(&a, t->bytes) >= t->size);
        fill(t, (uint8_t)round);
    }
    CU_ASSERT(refused < 2000);
    for (unsigned i = 0; i < THINGS; i++)
        if (things[i].bytes)
            arena_give(&a, things[i].bytes);
    CU_ASSERT_EQUAL(a.used, 0);
    free(memory);
}

/* Runs find back together, however they were taken. */
static void test_runs_join(void)
{
    void *memory = malloc(SIZE), *p[64];
    struct arena a;

    arena_open(&a, memory, SIZE);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 64; i++)
            p[i] = arena_take(&a, 5000 + i * 700);
        for (unsigned i = 0; i < 64; i++)
            arena_give(&a, p[(i * 37) % 64]);
    }
    p[0] = arena_take(&a, SIZE / 4);
    CU_ASSERT(p[0] != NULL);
    CU_ASSERT(arena_take(&a, SIZE) == NULL);
    CU_ASSERT(arena_take(&a, SIZE_MAX) == NULL);
    free(memory);
}

static void test_rooms(void)
{
    void *memory = malloc(SIZE);
    struct arena a;

    arena_open(&a, memory, SIZE);
    for (size_t n = 0; n <= 9000; n++) {
        void *p = arena_take(&a, n);

        CU_ASSERT_FATAL(p != NULL);
        CU_ASSERT(arena_room(&a, p) >= n);
        CU_ASSERT(n > 2048 || n < 16 || arena_room(&a, p) <= n + n / 4 + 16);
        arena_give(&a, p);
    }
    CU_ASSERT_EQUAL(a.used, 0);
    free(memory);
}

/* All of it, then nothing, then all again; and one that is too small. */
static void test_full(void)
{
    void *memory = malloc(SIZE), *first = NULL;
    unsigned n[2] = {0, 0};
    struct arena a;

    arena_open(&a, memory, SIZE);
    for (unsigned i = 0; i < 2; i++) {
        void **p;

        for (; (p = arena_take(&a, 100)); n[i]++) {
            *p = first;
            first = p;
        }
        while ((p = first)) {
            first = *p;
            arena_give(&a, p);
        }
    }
    CU_ASSERT(n[0] > SIZE / 112 - 1500);
    CU_ASSERT_EQUAL(n[0], n[1]);
    arena_open(&a, memory, 5000);
    CU_ASSERT(arena_take(&a, 1) == NULL);
    free(memory);
}

/* How much of it can be had in things of this size; all is given back. */
static size_t fill_all(struct arena *a, size_t size)
{
    void *first = NULL, **p;
    size_t all = 0;

    for (; (p = arena_take(a, size)); all += size) {
        *p = first;
        first = p;
    }
    while ((p = first)) {
        first = *p;
        arena_give(a, p);
    }
    return all;
}

/* What was full of one size has room for another, for runs, and again. */
static void test_sizes_change(void)
{
    static const size_t sizes[] = {16, 100, 1100, 2048, 640, 3000, 64 << 10};
    void *memory = malloc(SIZE);
    struct arena a;

    arena_open(&a, memory, SIZE);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
            CU_ASSERT(fill_all(&a, sizes[i]) > SIZE / 10 * 7);
    }
    CU_ASSERT_EQUAL(a.used, 0);
    free(memory);
}

void suite_arena(void)
{
    static const struct unit_test tests[] = {
        {"things come and go", test_random},
        {"runs find back together", test_runs_join},
        {"there is room for what was asked", test_rooms},
        {"full, empty, full", test_full},
        {"sizes change", test_sizes_change},
    };

    UNIT_SUITE("arena", tests);
}
