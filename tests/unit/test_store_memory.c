/* SPDX-License-Identifier: MIT */
/*
 * store: every allocation of every operation fails once; the store is as it
 * was, nothing is lost, and the same operation works afterwards.
 */
#include <stdio.h>
#include <string.h>

#include "store_world.h"
#include "unit.h"

static struct store_world w;
static uint32_t t; /* of client 2, if the operation is in one */

static void add(uint64_t *hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++)
        *hash = (*hash ^ p[i]) * 0x100000001b3ull;
}

/* Of all that can be read: paths, values, permissions, watches. */
static uint64_t fingerprint(void)
{
    uint64_t hash = 0xcbf29ce484222325ull;
    char path[STORE_PATH_MAX + 1];

    for (const struct node *n = node_leaf(w.store->root); n;
         n = node_after((struct node *)n, w.store->root)) {
        add(&hash, path, node_path(n, path));
        add(&hash, n->content.value, n->content.size);
        for (uint32_t i = 0; i < n->content.perms->count; i++)
            add(&hash, &n->content.perms->entry[i].id, 8);
    }
    add(&hash, &w.store->watches.count, sizeof(uint32_t));
    add(&hash, &w.store->live, sizeof(uint64_t));
    return hash;
}

struct failing {
    const char *name;
    uint32_t type;
    bool within; /* a transaction */
    const char *body;
    size_t size;
};

#define FAILING(type, within, body)                                            \
    {                                                                          \
#type " " body, type, within, body, sizeof(body) - 1                   \
    }

static const struct failing all[] = {
    FAILING(XS_WRITE, false, "/local/domain/1/a/b/c\0value"),
    FAILING(XS_WRITE, false, "old\0another value"),
    FAILING(XS_MKDIR, false, "m/n/o\0"),
    FAILING(XS_RM, false, "old\0"),
    FAILING(XS_SET_PERMS, false, "old\0n1\0r2\0b3\0"),
    FAILING(XS_WATCH, false, "old/x\0token\0"),
    FAILING(XS_TRANSACTION_START, false, "\0"),
    FAILING(XS_WRITE, true, "a/b/c\0value"),
    FAILING(XS_WRITE, true, "old\0another value"),
    FAILING(XS_READ, true, "old/x\0"),
    FAILING(XS_DIRECTORY, true, "old\0"),
    FAILING(XS_RM, true, "old\0"),
    FAILING(XS_SET_PERMS, true, "old/x\0n1\0r2\0b3\0"),
    FAILING(XS_TRANSACTION_END, true, "T\0"),
};

static void start(const struct failing *f)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 2, 0, "old", "value") &&
              store_put(&w, 2, 0, "old/x", "value") &&
              store_put(&w, 2, 0, "old/y", ""));
    CU_ASSERT(store_do2(&w, 0, XS_WATCH, 0, "/", "t"));
    CU_ASSERT(store_begin(&w, 0) != 0); /* so that the past is kept */
    t = f->within ? store_begin(&w, 2) : 0;
    if (f->type != XS_TRANSACTION_END)
        return;
    CU_ASSERT(store_put(&w, 2, t, "new/one", "1") &&
              store_do(&w, 2, XS_RM, t, "old") &&
              store_put(&w, 2, t, "old/z", "2") &&
              store_put(&w, 2, t, "/local/domain/1", "home"));
}

/* The nth allocation fails; false: there are not so many. What the operation
 * can do without (a larger table) may fail unseen. */
static bool try(const struct failing *f, unsigned long n, unsigned *failures)
{
    uint64_t before;
    bool good, reached;

    start(f);
    before = fingerprint();
    w.store->pool.fail = n;
    good = store_ask(&w, 2, f->type, t, f->body, f->size);
    reached = w.store->pool.fail == 0;
    w.store->pool.fail = 0;
    CU_ASSERT(store_check(w.store));
    CU_ASSERT(good || (reached && store_said(&w, 2, "ENOMEM")));
    if (!good) {
        ++*failures;
        CU_ASSERT_EQUAL(fingerprint(), before);
        if (f->type != XS_TRANSACTION_END)
            CU_ASSERT(store_ask(&w, 2, f->type, t, f->body, f->size));
    }
    store_world_stop(&w);
    return reached;
}

static void every_operation_survives_every_failure(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        unsigned long n = 1;
        unsigned failures = 0;

        while (n < 200 && try(&all[i], n, &failures))
            n++;
        CU_ASSERT(n < 200 && failures > 0);
    }
}

static void creation_survives_every_failure(void)
{
    static const struct store_calls calls = {0};

    /* A store of its own cannot fail before its pool is there; connections
     * can. */
    struct store *s = store_create(NULL, &calls, NULL, 1);
    struct store_connection *c;

    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    for (unsigned long n = 1; n < 3; n++) {
        s->pool.fail = n;
        CU_ASSERT_PTR_NULL(store_connect(s, 5, false, NULL));
        s->pool.fail = 0;
        CU_ASSERT(store_check(s));
    }
    c = store_connect(s, 5, false, NULL);
    CU_ASSERT_PTR_NOT_NULL(c);
    s->pool.fail = 1;
    CU_ASSERT_FALSE(store_input(c, "part", 4));
    store_destroy(s);
}

/* Removing what a domain leaves must work when there is no memory at all. */
static void a_release_needs_no_memory(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 2, 0, "a/b/c", "v"));
    CU_ASSERT(store_begin(&w, 0) != 0);
    store_disconnect(w.clients[2].connection);
    w.store->pool.fail = 1;
    store_domain_released(w.store, 1);
    w.store->pool.fail = 0;
    CU_ASSERT_PTR_NULL(store_get(&w, 0, 0, "/local/domain/1"));
    store_world_stop(&w);
}

void suite_store_memory(void)
{
    static const struct unit_test tests[] = {
        {"every operation survives every failure",
         every_operation_survives_every_failure},
        {"creation survives every failure", creation_survives_every_failure},
        {"a release needs no memory", a_release_needs_no_memory},
    };

    UNIT_SUITE("store_memory", tests);
}
