/* SPDX-License-Identifier: MIT */
/*
 * store: the quotas of domains, reached and given back; none for the
 * privileged.
 */
#include <stdio.h>
#include <string.h>

#include "store_world.h"
#include "unit.h"

static struct store_world w;

static struct store_limits small(void)
{
    struct store_limits l = store_limits_default;

    l.nodes = 10;
    l.node_size = 100;
    l.watches = 3;
    l.transactions = 2;
    l.transaction_nodes = 20;
    l.permissions = 2;
    l.path = 60;
    return l;
}

static void start(const struct store_limits *l)
{
    store_world_start(&w, l);
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, "/all"));
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/all", "b0"));
}

static unsigned fill(unsigned client, uint32_t t, const char *below)
{
    char path[64];
    unsigned n = 0;

    for (; n < 5000; n++) {
        snprintf(path, sizeof(path), "%s/%u", below, n);
        if (!store_put(&w, client, t, path, ""))
            break;
    }
    return n;
}

static void nodes(void)
{
    struct store_limits l = small();

    start(&l);
    CU_ASSERT_EQUAL(fill(2, 0, "x"), 8); /* its home, x and these */
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT_FALSE(store_do(&w, 2, XS_MKDIR, 0, "/all/x"));
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT(store_put(&w, 2, 0, "x/1", "changed"));
    CU_ASSERT(store_do(&w, 2, XS_RM, 0, "x/1"));
    CU_ASSERT(store_do(&w, 2, XS_MKDIR, 0, "/all/x"));
    CU_ASSERT_FALSE(store_do(&w, 2, XS_MKDIR, 0, "/all/y"));
    CU_ASSERT_EQUAL(fill(3, 0, "x"), 8);
    CU_ASSERT_EQUAL(fill(0, 0, "/local/domain/1/by0"), 5000);
    CU_ASSERT(w.store->counts.refused >= 4);
    store_world_stop(&w);
}

/* A node that is given away counts for its new owner. */
static void ownership_moves_the_count(void)
{
    struct store_limits l = small();

    start(&l);
    CU_ASSERT_EQUAL(fill(2, 0, "x"), 8);
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/local/domain/1/x/1", "n0"));
    CU_ASSERT(store_do(&w, 2, XS_MKDIR, 0, "more"));
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/local/domain/1/x/1", "n1"));
    CU_ASSERT_EQUAL(w.clients[2].connection->domain->nodes, 11);
    CU_ASSERT_FALSE(store_do(&w, 2, XS_MKDIR, 0, "again"));
    store_world_stop(&w);
}

static void sizes(void)
{
    struct store_limits l = small();
    char big[102];
    uint32_t t;

    start(&l);
    memset(big, 'x', sizeof(big));
    big[101] = 0;
    CU_ASSERT_FALSE(store_put(&w, 2, 0, "v", big));
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT_PTR_NULL(store_get(&w, 2, 0, "v"));
    CU_ASSERT(store_put(&w, 2, 0, "v", big + 1));
    CU_ASSERT_FALSE(store_put(&w, 2, 0, "v", big));
    t = store_begin(&w, 2);
    CU_ASSERT_FALSE(store_put(&w, 2, t, "v", big));
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT(store_put(&w, 0, 0, "/local/domain/1/v", big));
    memset(big, 'p', 61);
    big[61] = 0;
    CU_ASSERT_FALSE(store_do(&w, 2, XS_READ, 0, big));
    CU_ASSERT(store_said(&w, 2, "EINVAL"));
    big[60] = 0;
    CU_ASSERT(store_do(&w, 2, XS_MKDIR, 0, big));
    store_world_stop(&w);
}

static void watches(void)
{
    struct store_limits l = small();

    start(&l);
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT(store_do2(&w, 2, XS_WATCH, 0, "a", &"abc"[i]));
    CU_ASSERT_FALSE(store_do2(&w, 2, XS_WATCH, 0, "a", "d"));
    CU_ASSERT(store_said(&w, 2, "E2BIG"));
    CU_ASSERT(store_do2(&w, 2, XS_UNWATCH, 0, "a", "c"));
    CU_ASSERT(store_do2(&w, 2, XS_WATCH, 0, "a", "d"));
    for (unsigned i = 0; i < 10; i++)
        CU_ASSERT(store_do2(&w, 0, XS_WATCH, 0, "/", &"0123456789"[i]));
    store_world_stop(&w);
}

static void transactions(void)
{
    struct store_limits l = small();
    uint32_t t;

    start(&l);
    t = store_begin(&w, 2);
    CU_ASSERT(t && store_begin(&w, 2));
    CU_ASSERT_EQUAL(store_begin(&w, 2), 0);
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT(store_end(&w, 2, t, false));
    t = store_begin(&w, 2);
    CU_ASSERT_NOT_EQUAL(t, 0);
    CU_ASSERT_EQUAL(fill(2, t, "x"), 8);
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT(store_end(&w, 2, t, true));
    t = store_begin(&w, 2);
    for (unsigned i = 0; i < 40; i++) {
        char path[16];

        snprintf(path, sizeof(path), "no%u", i);
        CU_ASSERT_PTR_NULL(store_get(&w, 2, t, path));
        CU_ASSERT(store_said(&w, 2, i < 17 ? "ENOENT" : "ENOSPC"));
    }
    CU_ASSERT(store_end(&w, 2, t, true));
    store_world_stop(&w);
}

/* What a transaction removes it may make anew; the sum is taken at its end. */
static void transactions_count_at_their_end(void)
{
    struct store_limits l = small();
    uint32_t t;

    start(&l);
    CU_ASSERT_EQUAL(fill(2, 0, "x"), 8);
    t = store_begin(&w, 2);
    CU_ASSERT_FALSE(store_put(&w, 2, t, "y", ""));
    CU_ASSERT(store_do(&w, 2, XS_RM, t, "x"));
    CU_ASSERT_EQUAL(fill(2, t, "y"), 9);
    CU_ASSERT_FALSE(store_end(&w, 2, t, true));
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 2, 0, "x/7"));
    t = store_begin(&w, 2);
    CU_ASSERT(store_do(&w, 2, XS_RM, t, "x"));
    CU_ASSERT(store_put(&w, 2, t, "y/z", ""));
    CU_ASSERT(store_end(&w, 2, t, true));
    CU_ASSERT_EQUAL(w.clients[2].connection->domain->nodes, 3);
    store_world_stop(&w);
}

static void permissions(void)
{
    struct store_limits l = small();

    start(&l);
    CU_ASSERT(store_put(&w, 2, 0, "x", ""));
    CU_ASSERT(store_ask(&w, 2, XS_SET_PERMS, 0, "x\0n1\0r2", 8));
    CU_ASSERT_FALSE(store_ask(&w, 2, XS_SET_PERMS, 0, "x\0n1\0r2\0r3", 11));
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT(store_ask(&w, 0, XS_SET_PERMS, 0,
                        "/local/domain/1/x\0n1\0r2\0r3\0r4", 30));
    store_world_stop(&w);
}

static void memory(void)
{
    struct store_limits l = store_limits_default;
    char value[1001], path[16];
    unsigned n = 0;
    uint32_t t;

    l.memory = 20000;
    l.memory_all = 30000;
    start(&l);
    memset(value, 'v', 1000);
    value[1000] = 0;
    for (; n < 100; n++) {
        snprintf(path, sizeof(path), "%u", n);
        if (!store_put(&w, 2, 0, path, value))
            break;
    }
    CU_ASSERT(n > 10 && n < 20);
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    CU_ASSERT(w.clients[2].connection->domain->bytes <= 20000);
    CU_ASSERT_FALSE(store_do2(&w, 2, XS_WATCH, 0, "x", value));
    CU_ASSERT(store_said(&w, 2, "ENOSPC"));
    t = store_begin(&w, 2);
    CU_ASSERT(!t || !store_put(&w, 2, t, "0", value));
    for (n = 0; n < 100; n++) {
        snprintf(path, sizeof(path), "%u", n);
        if (!store_put(&w, 3, 0, path, value))
            break;
    }
    CU_ASSERT(n > 3 && n < 12);
    CU_ASSERT(w.store->charged <= 30000);
    CU_ASSERT(store_do(&w, 0, XS_RM, 0, "/local/domain/1/3"));
    CU_ASSERT(store_put(&w, 3, 0, "again", value));
    CU_ASSERT(store_put(&w, 0, 0, "/local/domain/1/big", value));
    store_world_stop(&w);
}

static void limits_can_be_set(void)
{
    struct store_limits l = small();

    start(&l);
    CU_ASSERT_EQUAL(fill(2, 0, "x"), 8);
    l.nodes = 20;
    store_set_limits(w.store, &l);
    CU_ASSERT_EQUAL(fill(2, 0, "y"), 9);
    CU_ASSERT(store_do2(&w, 0, XS_CONTROL, 0, "quota", "nodes"));
    CU_ASSERT_STRING_EQUAL(w.clients[0].body, "20");
    CU_ASSERT(store_ask(&w, 0, XS_CONTROL, 0, "quota\0set\0nodes\00030", 19));
    CU_ASSERT_EQUAL(fill(2, 0, "z"), 9);
    CU_ASSERT(store_do(&w, 0, XS_CONTROL, 0, "quota"));
    CU_ASSERT_PTR_NOT_NULL(strstr(w.clients[0].body, "nodes"));
    CU_ASSERT_FALSE(store_do2(&w, 0, XS_CONTROL, 0, "quota", "nonsense"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT_FALSE(
        store_ask(&w, 0, XS_CONTROL, 0, "quota\0set\0nodes\0x", 18));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_CONTROL, 0, "nonsense"));
    store_world_stop(&w);
}

void suite_store_quota(void)
{
    static const struct unit_test tests[] = {
        {"nodes", nodes},
        {"ownership moves the count", ownership_moves_the_count},
        {"sizes", sizes},
        {"watches", watches},
        {"transactions", transactions},
        {"transactions count at their end", transactions_count_at_their_end},
        {"permissions", permissions},
        {"memory", memory},
        {"limits can be set", limits_can_be_set},
    };

    UNIT_SUITE("store_quota", tests);
}
