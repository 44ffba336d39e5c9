/* SPDX-License-Identifier: MIT */
/*
 * core/lock_plain, the locks of the product. The host build links the checked
 * ones, so this file takes the source in under other names.
 */
#define lock_init    plain_init
#define lock_take    plain_take
#define lock_try     plain_try
#define lock_release plain_release
#define lock_is_held plain_is_held
#define lock_is_mine plain_is_mine
#define lock_abandon plain_abandon
#include "core/lock_plain.c"
#undef lock_init
#undef lock_take
#undef lock_try
#undef lock_release
#undef lock_is_held
#undef lock_is_mine
#undef lock_abandon

#include <pthread.h>

#include "machine/host/host.h"
#include "unit.h"

#define THREADS 4
#define ROUNDS  2000

struct counter {
    struct lock lock;
    uint64_t n; /* under lock */
    atomic_uint cpu;
};

static void *count(void *argument)
{
    struct counter *c = argument;

    host_cpu_set(atomic_fetch_add(&c->cpu, 1));
    for (unsigned i = 0; i < ROUNDS; i++) {
        plain_take(&c->lock);
        c->n++;
        plain_release(&c->lock);
    }
    return NULL;
}

static void one_thread_at_a_time(void)
{
    struct counter c = {.n = 0};
    pthread_t t[THREADS];

    host_start(&(struct host_config){.cpus = THREADS});
    plain_init(&c.lock, RANK_DOMAIN, 1);
    for (unsigned i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL(pthread_create(&t[i], NULL, count, &c), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    CU_ASSERT_EQUAL(c.n, THREADS * ROUNDS);
    host_stop();
}

static void says_who_holds_it(void)
{
    struct lock l;

    host_start(&(struct host_config){.cpus = 2});
    plain_init(&l, RANK_CELL, 0);
    CU_ASSERT_FALSE(plain_is_held(&l));
    CU_ASSERT_TRUE(plain_try(&l));
    CU_ASSERT_FALSE(plain_try(&l));
    CU_ASSERT_TRUE(plain_is_mine(&l));
    host_cpu_set(1);
    CU_ASSERT_TRUE(plain_is_held(&l));
    CU_ASSERT_FALSE(plain_is_mine(&l));
    host_cpu_set(0);
    plain_abandon();
    plain_release(&l);
    CU_ASSERT_FALSE(plain_is_held(&l));
    host_stop();
}

void suite_lock_plain(void)
{
    static const struct unit_test tests[] = {
        {"one thread at a time", one_thread_at_a_time},
        {"says who holds it", says_who_holds_it},
    };

    UNIT_SUITE("lock_plain", tests);
}
