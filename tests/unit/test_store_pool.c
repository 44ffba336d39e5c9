/* SPDX-License-Identifier: MIT */
/*
 * store: the pool and the growing hash table, against what is obvious; and
 * what a store of many nodes costs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/hash.h"
#include "store/pool.h"
#include "store_world.h"
#include "unit.h"

#define BLOCKS 2000u

static void blocks_are_whole_and_come_back(void)
{
    static unsigned char *block[BLOCKS];
    static size_t size[BLOCKS];
    uint64_t r = 1;
    struct pool p;

    pool_init(&p);
    memset(block, 0, sizeof(block));
    for (unsigned round = 0; round < 60000; round++) {
        unsigned i = (unsigned)unit_random(&r) % BLOCKS;

        if (block[i]) {
            for (size_t k = 0; k < size[i]; k++)
                CU_ASSERT_FATAL(block[i][k] == (unsigned char)i);
            pool_free(&p, block[i], size[i]);
            block[i] = NULL;
            continue;
        }
        size[i] = unit_random(&r) % (unit_random(&r) % 8 ? 200 : 5000);
        block[i] = pool_alloc(&p, size[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(block[i]);
        CU_ASSERT_EQUAL((uintptr_t)block[i] % 16, 0);
        memset(block[i], (int)i, size[i]);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        pool_free(&p, block[i], size[i]);
    CU_ASSERT(p.bytes == 0 && p.blocks == 0);
    CU_ASSERT(p.held < 131072);
    pool_end(&p);
    CU_ASSERT_EQUAL(p.held, 0);
}

static void the_nth_allocation_fails_when_asked(void)
{
    struct pool p;
    void *a, *b;

    pool_init(&p);
    p.fail = 2;
    a = pool_alloc(&p, 10);
    CU_ASSERT_PTR_NOT_NULL(a);
    CU_ASSERT_PTR_NULL(pool_alloc(&p, 10));
    b = pool_alloc(&p, 10);
    CU_ASSERT_PTR_NOT_NULL(b);
    pool_free(&p, a, 10);
    pool_free(&p, b, 10);
    pool_free(&p, NULL, 10);
    pool_end(&p);
}

#define LINKS 5000u

static bool has(const struct hash *h, const struct hash_link *l)
{
    const struct hash_link *at = hash_first(h, l->hash);

    while (at && at != l)
        at = hash_next(at);
    return at == l;
}

static void tables_keep_what_is_in_them(void)
{
    static struct hash_link links[LINKS];
    static bool in[LINKS];
    uint64_t r = 7;
    unsigned count = 0;
    struct hash h;
    struct pool p;

    pool_init(&p);
    CU_ASSERT_FATAL(hash_init(&h, &p));
    memset(in, 0, sizeof(in));
    for (unsigned round = 0; round < 100000; round++) {
        unsigned i = (unsigned)unit_random(&r) % LINKS;
        bool filling = round % 40000 < 20000;

        p.fail = unit_random(&r) % 4 ? 0 : 1; /* growing fails now and then */
        if (!in[i] && (filling || unit_random(&r) % 8 == 0))
            hash_add(&h, &links[i], (uint32_t)unit_random(&r) % 3000);
        else if (in[i] && (!filling || unit_random(&r) % 8 == 0))
            hash_remove(&h, &links[i]);
        else
            continue;
        in[i] = !in[i];
        count += in[i] ? 1 : -1u;
        CU_ASSERT(h.count == count && (!in[i] || has(&h, &links[i])));
    }
    for (unsigned i = 0; i < LINKS; i++)
        CU_ASSERT(!in[i] || has(&h, &links[i]));
    for (struct hash_link *l = hash_any(&h); l; l = hash_after(&h, l))
        count--;
    CU_ASSERT_EQUAL(count, 0);
    for (unsigned i = 0; i < LINKS; i++) {
        if (in[i])
            hash_remove(&h, &links[i]);
    }
    hash_end(&h);
    CU_ASSERT_EQUAL(p.blocks, 0);
    pool_end(&p);
}

/* 20,000 siblings: added, listed and removed, and what each costs. */
static void a_small_node_is_small(void)
{
    static struct store_world w;
    char path[32];
    size_t before, idle;

    store_world_start(&w, NULL);
    CU_ASSERT_EQUAL(store_write(w.store, "/n", "", 0), 0);
    before = w.store->pool.bytes;
    idle = w.store->pool.held;
    CU_ASSERT(idle < 140000);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(path, sizeof(path), "/n/%u", i);
        CU_ASSERT_EQUAL(store_write(w.store, path, "value", 5), 0);
    }
    CU_ASSERT(w.store->pool.bytes - before < 200 * 20000);
    CU_ASSERT(w.store->pool.held - idle < 210 * 20000);
    CU_ASSERT_EQUAL(store_remove(w.store, "/n"), 0);
    CU_ASSERT(w.store->pool.held <= 2 * idle);
    store_world_stop(&w);
}

void suite_store_pool(void)
{
    static const struct unit_test tests[] = {
        {"blocks are whole and come back", blocks_are_whole_and_come_back},
        {"the nth allocation fails when asked",
         the_nth_allocation_fails_when_asked},
        {"tables keep what is in them", tables_keep_what_is_in_them},
        {"a small node is small", a_small_node_is_small},
    };

    UNIT_SUITE("store_pool", tests);
}
