/* SPDX-License-Identifier: MIT */
/*
 * core/lock as debug builds have it: exclusion between threads, and a panic
 * for every order that could deadlock.
 */
#include <pthread.h>
#include <string.h>

#include "core/lock.h"
#include "world.h"

static void taken_and_released(void)
{
    struct lock l;

    host_start(&(struct host_config){0});
    lock_init(&l, RANK_DOMAIN, 7);
    CU_ASSERT_FALSE(lock_is_held(&l));
    lock_take(&l);
    CU_ASSERT_TRUE(lock_is_held(&l));
    CU_ASSERT_TRUE(lock_is_mine(&l));
    CU_ASSERT_FALSE(lock_try(&l));
    host_cpu_set(1);
    CU_ASSERT_TRUE(lock_is_held(&l));
    CU_ASSERT_FALSE(lock_is_mine(&l));
    CU_ASSERT_FALSE(lock_try(&l));
    host_cpu_set(0);
    lock_release(&l);
    CU_ASSERT_FALSE(lock_is_held(&l));
    CU_ASSERT_TRUE(lock_try(&l));
    lock_release(&l);
    host_stop();
}

struct order {
    enum lock_rank first_rank, second_rank;
    uint32_t first, second;
    bool allowed;
};

static void take_both(void *argument)
{
    const struct order *o = argument;
    struct lock a, b;

    lock_init(&a, o->first_rank, o->first);
    lock_init(&b, o->second_rank, o->second);
    lock_take(&a);
    lock_take(&b);
    lock_release(&a); /* not the last one first: allowed */
    lock_release(&b);
}

static void wrong_order_panics(void)
{
    static struct order orders[] = {
        {RANK_CELL, RANK_DOMAIN, 0, 1, true},
        {RANK_CELL, RANK_CONSOLE, 0, 0, true},
        {RANK_DOMAIN, RANK_DOMAIN, 1, 2, true},
        {RANK_DOMAIN, RANK_FRAMES, 9, 0, true},
        {RANK_DOMAIN, RANK_DOMAIN, 2, 1, false},
        {RANK_DOMAIN, RANK_DOMAIN, 2, 2, false},
        {RANK_DOMAIN, RANK_CELL, 1, 0, false},
        {RANK_FRAMES, RANK_CPU, 0, 0, false},
        {RANK_CPU, RANK_CPU, 1, 0, false},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(orders); i++) {
        host_start(&(struct host_config){0});
        CU_ASSERT_EQUAL(world_panics(take_both, &orders[i]),
                        !orders[i].allowed);
        CU_ASSERT_EQUAL(strstr(host_console_text(), "taken after rank") != NULL,
                        !orders[i].allowed);
        host_stop();
    }
}

static void take_twice(void *argument)
{
    lock_take(argument);
    lock_take(argument);
}

static void release_only(void *argument)
{
    lock_release(argument);
}

static void take_too_many(void *argument)
{
    static struct lock many[20];

    (void)argument;
    for (uint32_t i = 0; i < ARRAY_SIZE(many); i++) {
        lock_init(&many[i], RANK_DOMAIN, i);
        lock_take(&many[i]);
    }
}

static void misuse_panics(void)
{
    static void (*const bugs[])(void *) = {take_twice, release_only,
                                           take_too_many};

    for (unsigned i = 0; i < ARRAY_SIZE(bugs); i++) {
        struct lock l;

        host_start(&(struct host_config){0});
        lock_init(&l, RANK_CELL, 0);
        CU_ASSERT_TRUE(world_panics(bugs[i], &l));
        host_stop();
    }
}

static void lock_without_rank_panics(void)
{
    struct lock l = {0};

    host_start(&(struct host_config){0});
    CU_ASSERT_TRUE(world_panics(take_twice, &l));
    host_stop();
}

static void trying_may_break_the_order(void)
{
    struct lock a, b;

    host_start(&(struct host_config){0});
    lock_init(&a, RANK_CPU, 0);
    lock_init(&b, RANK_CELL, 0);
    lock_take(&a);
    CU_ASSERT_TRUE(lock_try(&b));
    lock_release(&b);
    lock_release(&a);
    host_stop();
}

#define THREADS 4
#define ROUNDS  2000

struct counter {
    struct lock lock;
    uint64_t n; /* under lock */
};

struct worker {
    struct counter *counter;
    unsigned cpu;
};

static void *count(void *argument)
{
    struct worker *w = argument;

    host_cpu_set(w->cpu);
    for (unsigned i = 0; i < ROUNDS; i++) {
        lock_take(&w->counter->lock);
        w->counter->n++;
        lock_release(&w->counter->lock);
    }
    return NULL;
}

static void one_thread_at_a_time(void)
{
    struct counter c = {.n = 0};
    struct worker w[THREADS];
    pthread_t t[THREADS];

    host_start(&(struct host_config){.cpus = THREADS});
    lock_init(&c.lock, RANK_DOMAIN, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (struct worker){&c, i};
        CU_ASSERT_EQUAL(pthread_create(&t[i], NULL, count, &w[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    CU_ASSERT_EQUAL(c.n, THREADS * ROUNDS);
    host_stop();
}

void suite_lock(void)
{
    static const struct unit_test tests[] = {
        {"taken and released", taken_and_released},
        {"wrong order panics", wrong_order_panics},
        {"misuse panics", misuse_panics},
        {"lock without rank panics", lock_without_rank_panics},
        {"trying may break the order", trying_may_break_the_order},
        {"one thread at a time", one_thread_at_a_time},
    };

    UNIT_SUITE("lock", tests);
}
