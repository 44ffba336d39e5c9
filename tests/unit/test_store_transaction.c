/* SPDX-License-Identifier: MIT */
/*
 * store: transactions see the store as it was when they started, are done at
 * once, and fail when something that they looked at has changed.
 */
#include <stdio.h>
#include <string.h>

#include "store_world.h"
#include "unit.h"

static struct store_world w;

static void commits_and_aborts(void)
{
    uint32_t t;

    store_world_start(&w, NULL);
    t = store_begin(&w, 0);
    CU_ASSERT(store_put(&w, 0, t, "/a/b", "1"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, t, "/a/b"), "1");
    CU_ASSERT_PTR_NULL(store_get(&w, 0, 0, "/a/b"));
    CU_ASSERT(store_end(&w, 0, t, true));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 1, 0, "/a/b"), "1");
    t = store_begin(&w, 0);
    CU_ASSERT(store_do(&w, 0, XS_RM, t, "/a"));
    CU_ASSERT_PTR_NULL(store_get(&w, 0, t, "/a/b"));
    CU_ASSERT(store_end(&w, 0, t, false));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 1, 0, "/a/b"), "1");
    CU_ASSERT_FALSE(store_end(&w, 0, t, true));
    CU_ASSERT(store_said(&w, 0, "ENOENT"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_READ, t, "/a"));
    CU_ASSERT(store_said(&w, 0, "ENOENT"));
    store_world_stop(&w);
}

static void wrong_uses(void)
{
    uint32_t t;

    store_world_start(&w, NULL);
    t = store_begin(&w, 0);
    CU_ASSERT_FALSE(store_do(&w, 0, XS_TRANSACTION_START, t, ""));
    CU_ASSERT(store_said(&w, 0, "EBUSY"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_TRANSACTION_END, t, "X"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_TRANSACTION_END, 0, "T"));
    CU_ASSERT(store_said(&w, 0, "ENOENT"));
    CU_ASSERT_FALSE(store_do(&w, 1, XS_READ, t, "/"));
    CU_ASSERT(store_said(&w, 1, "ENOENT"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_RM, t, "/"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_READ, t, "/a//b"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT(store_do2(&w, 0, XS_WATCH, 12345, "/", "t"));
    store_world_stop(&w);
}

static void sees_the_store_as_it_was(void)
{
    uint32_t t;

    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 0, 0, "/s/a", "1") &&
              store_put(&w, 0, 0, "/s/b", "1") &&
              store_put(&w, 0, 0, "/s/gone/x", "1"));
    t = store_begin(&w, 1);
    CU_ASSERT(store_put(&w, 0, 0, "/s/a", "2") &&
              store_put(&w, 0, 0, "/s/a", "3") &&
              store_put(&w, 0, 0, "/s/new", "3") &&
              store_do(&w, 0, XS_RM, 0, "/s/gone"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 1, t, "/s/a"), "1");
    CU_ASSERT_STRING_EQUAL(store_get(&w, 1, t, "/s/b"), "1");
    CU_ASSERT_STRING_EQUAL(store_get(&w, 1, t, "/s/gone/x"), "1");
    CU_ASSERT_PTR_NULL(store_get(&w, 1, t, "/s/new"));
    CU_ASSERT(store_do(&w, 1, XS_DIRECTORY, t, "/s"));
    CU_ASSERT(w.clients[1].head.len == 9 &&
              !memcmp(w.clients[1].body, "a\0b\0gone", 9));
    CU_ASSERT(store_do2(&w, 1, XS_DIRECTORY_PART, t, "/s", "2"));
    CU_ASSERT(store_check(w.store));
    CU_ASSERT_FALSE(store_end(&w, 1, t, true));
    CU_ASSERT(store_said(&w, 1, "EAGAIN"));
    CU_ASSERT_EQUAL(w.store->history, 0);
    CU_ASSERT_EQUAL(w.store->nodes.count, w.store->live);
    store_world_stop(&w);
}

/* Each transaction keeps its own past of one node. */
static void many_see_many_pasts(void)
{
    uint32_t t[20];
    char value[8];

    store_world_start(&w, NULL);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(value, sizeof(value), "%u", i);
        CU_ASSERT(store_put(&w, 0, 0, "/n/x", value));
        if (i % 5 == 3)
            CU_ASSERT(store_do(&w, 0, XS_RM, 0, "/n"));
        t[i] = store_begin(&w, 1);
    }
    for (unsigned i = 0; i < 20; i++) {
        unsigned k = (i * 7) % 20;
        const char *got = store_get(&w, 1, t[k], "/n/x");

        snprintf(value, sizeof(value), "%u", k);
        CU_ASSERT(k % 5 == 3 ? !got : got && !strcmp(got, value));
        CU_ASSERT(store_check(w.store));
        CU_ASSERT(store_end(&w, 1, t[k], false));
    }
    CU_ASSERT_EQUAL(w.store->history, 0);
    store_world_stop(&w);
}

/* Client 1's transaction does `mine`; client 0 then does `other`. */
struct conflict {
    const char *mine, *other; /* "r/path", "w/path", "d/path" (list), "x/path"
                               * (remove), "p/path" (permit) */
    bool fails;
};

static void act(unsigned i, uint32_t t, const char *what)
{
    const char *path = what + 1;

    switch (what[0]) {
    case 'r':
        store_do(&w, i, XS_READ, t, path);
        break;
    case 'w':
        CU_ASSERT(store_put(&w, i, t, path, i ? "one" : "zero"));
        break;
    case 'd':
        store_do(&w, i, XS_DIRECTORY, t, path);
        break;
    case 'x':
        CU_ASSERT(store_do(&w, i, XS_RM, t, path));
        break;
    case 'p':
        CU_ASSERT(store_do2(&w, i, XS_SET_PERMS, t, path, i ? "r0" : "w0"));
        break;
    default:
        CU_FAIL("unknown");
    }
}

static void what_was_looked_at_must_not_change(void)
{
    static const struct conflict all[] = {
        {"r/c/a", "w/c/a", true},       {"r/c/a", "w/c/b", false},
        {"r/c/a", "p/c/a", true},       {"r/c/a", "x/c/a", true},
        {"r/c/a", "x/c", true},         {"r/c/no", "w/c/no", true},
        {"r/c/no", "w/c/other", false}, {"r/no/way", "w/no/way", true},
        {"r/no/way", "w/no", true},     {"d/c", "w/c/new", true},
        {"d/c", "x/c/a", true},         {"d/c", "w/c/a", false},
        {"d/c", "w/c/a/deep", false},   {"w/c/a", "w/c/a", true},
        {"w/c/a", "w/c/b", false},      {"w/c/new", "w/c/new2", false},
        {"w/c/new", "w/c/new", true},   {"w/c/new", "x/c", true},
        {"x/c", "w/c/a", true},         {"x/c", "w/c/new", true},
        {"x/c", "w/c/a/new", true},     {"x/c", "w/d", false},
        {"x/c/a", "w/c/b", false},      {"p/c/a", "w/c/a", true},
        {"w/c/a/x", "x/c/a", true},     {"r/c", "w/c/a", false},
        {"w/d/x/y", "w/d/x/z", true},   {"x/c", "p/c/b", true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        uint32_t t;
        bool done;

        store_world_start(&w, NULL);
        act(0, 0, "w/c/a");
        act(0, 0, "w/c/b");
        t = store_begin(&w, 1);
        act(1, t, all[i].mine);
        act(0, 0, all[i].other);
        done = store_end(&w, 1, t, true);
        CU_ASSERT_EQUAL(done, !all[i].fails);
        CU_ASSERT(done || store_said(&w, 1, "EAGAIN"));
        if (done == all[i].fails)
            printf("    %s %s\n", all[i].mine, all[i].other);
        store_world_stop(&w);
    }
}

static void two_that_add_below_one_directory_both_do(void)
{
    uint32_t t, u;

    store_world_start(&w, NULL);
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, "/d"));
    t = store_begin(&w, 0);
    u = store_begin(&w, 1);
    CU_ASSERT(store_put(&w, 0, t, "/d/a", "0"));
    CU_ASSERT(store_put(&w, 1, u, "/d/b", "1"));
    CU_ASSERT(store_end(&w, 0, t, true));
    CU_ASSERT(store_end(&w, 1, u, true));
    CU_ASSERT(store_get(&w, 0, 0, "/d/a") && store_get(&w, 0, 0, "/d/b"));
    store_world_stop(&w);
}

static void lists_what_it_made(void)
{
    const struct store_client *c = &w.clients[0];
    uint32_t t;

    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 0, 0, "/l/a/x", "1") &&
              store_put(&w, 0, 0, "/l/b", "1"));
    t = store_begin(&w, 0);
    CU_ASSERT(store_put(&w, 0, t, "/l/c", "1") &&
              store_do(&w, 0, XS_RM, t, "/l/a") &&
              store_put(&w, 0, t, "/l/b", "2"));
    CU_ASSERT(store_do(&w, 0, XS_DIRECTORY, t, "/l"));
    CU_ASSERT(c->head.len == 4 && !memcmp(c->body, "b\0c", 4));
    CU_ASSERT(store_put(&w, 0, t, "/l/a", "again"));
    CU_ASSERT(store_do(&w, 0, XS_DIRECTORY, t, "/l/a"));
    CU_ASSERT_EQUAL(c->head.len, 0);
    CU_ASSERT(store_do(&w, 0, XS_DIRECTORY, t, "/l"));
    CU_ASSERT_EQUAL(c->head.len, 6);
    CU_ASSERT(store_end(&w, 0, t, true));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, 0, "/l/a"), "again");
    CU_ASSERT_PTR_NULL(store_get(&w, 0, 0, "/l/a/x"));
    store_world_stop(&w);
}

static void watches_fire_at_the_end_once_a_path(void)
{
    uint32_t t;

    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 0, 0, "/e/old/deep", "1"));
    CU_ASSERT(store_do2(&w, 1, XS_WATCH, 0, "/e", "t"));
    CU_ASSERT(store_do2(&w, 1, XS_WATCH, 0, "/e/old/deep", "deep"));
    store_forget(&w);
    t = store_begin(&w, 0);
    CU_ASSERT(store_put(&w, 0, t, "/e/x/y", "1") &&
              store_put(&w, 0, t, "/e/x/y", "2") &&
              store_put(&w, 0, t, "/e/brief", "1") &&
              store_do(&w, 0, XS_RM, t, "/e/brief") &&
              store_do(&w, 0, XS_RM, t, "/e/old"));
    CU_ASSERT_EQUAL(w.clients[1].event_count, 0);
    CU_ASSERT(store_end(&w, 0, t, true));
    CU_ASSERT_EQUAL(store_heard(&w, 1, "/e/x/y", "t"), 1);
    CU_ASSERT_EQUAL(store_heard(&w, 1, "/e/old", "t"), 1);
    CU_ASSERT_EQUAL(store_heard(&w, 1, "/e/old/deep", "deep"), 1);
    CU_ASSERT_EQUAL(w.clients[1].event_count, 3);
    store_forget(&w);
    t = store_begin(&w, 0);
    CU_ASSERT(store_put(&w, 0, t, "/e/x/y", "3"));
    CU_ASSERT(store_end(&w, 0, t, false));
    CU_ASSERT_EQUAL(w.clients[1].event_count, 0);
    store_world_stop(&w);
}

static void a_client_that_goes_aborts(void)
{
    uint32_t t;

    store_world_start(&w, NULL);
    t = store_begin(&w, 2);
    CU_ASSERT(store_put(&w, 2, t, "x/y", "1"));
    CU_ASSERT(store_put(&w, 0, 0, "/local/domain/1", "changed"));
    store_disconnect(w.clients[2].connection);
    CU_ASSERT_PTR_NULL(store_get(&w, 0, 0, "/local/domain/1/x"));
    CU_ASSERT_EQUAL(w.store->open, 0);
    CU_ASSERT_EQUAL(w.store->history, 0);
    store_world_stop(&w);
}

/* Beyond its bound history costs the oldest transaction its snapshot; nothing
 * wrong is read or done then. */
static void history_is_bounded(void)
{
    struct store_limits limits = store_limits_default;
    uint32_t old, young;
    char path[32];

    limits.history = 20000;
    store_world_start(&w, &limits);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/h/%u", i);
        CU_ASSERT(store_put(&w, 0, 0, path, "1"));
    }
    old = store_begin(&w, 1);
    CU_ASSERT(store_put(&w, 1, old, "/mine", "1"));
    for (unsigned i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/h/%u", i);
        CU_ASSERT(store_put(&w, 0, 0, path, "2"));
        CU_ASSERT(w.store->history <= limits.history);
    }
    young = store_begin(&w, 1);
    CU_ASSERT_FALSE(store_do(&w, 1, XS_READ, old, "/h/1"));
    CU_ASSERT(store_said(&w, 1, "EAGAIN"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 1, young, "/h/1"), "2");
    CU_ASSERT_FALSE(store_end(&w, 1, old, true));
    CU_ASSERT(store_said(&w, 1, "EAGAIN"));
    CU_ASSERT_PTR_NULL(store_get(&w, 1, 0, "/mine"));
    CU_ASSERT(store_end(&w, 1, young, true));
    store_world_stop(&w);
}

/* A domain that holds snapshots pays for what they keep; others do not. */
static void who_sees_the_past_pays_for_it(void)
{
    struct store_limits limits = store_limits_default;
    uint32_t privileged, other, greedy;
    char path[32];

    limits.memory = 15000;
    store_world_start(&w, &limits);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "/h/%u", i);
        CU_ASSERT(store_put(&w, 0, 0, path, "1"));
    }
    privileged = store_begin(&w, 1);
    other = store_begin(&w, 3);
    greedy = store_begin(&w, 2);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "/h/%u", i);
        CU_ASSERT(store_put(&w, 0, 0, path, "2"));
        CU_ASSERT(w.clients[2].connection->domain->history <= limits.memory);
        CU_ASSERT(w.clients[3].connection->domain->history <= limits.memory);
    }
    CU_ASSERT(store_check(w.store));
    CU_ASSERT_FALSE(store_end(&w, 2, greedy, true));
    CU_ASSERT(store_said(&w, 2, "EAGAIN"));
    CU_ASSERT_FALSE(store_end(&w, 3, other, true));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 1, privileged, "/h/99"), "1");
    CU_ASSERT(store_end(&w, 1, privileged, false));
    store_world_stop(&w);
}

static void numbers_are_not_used_twice_at_once(void)
{
    uint32_t t;

    store_world_start(&w, NULL);
    CU_ASSERT_EQUAL(store_begin(&w, 0), 1);
    w.clients[0].connection->next_transaction = UINT32_MAX;
    CU_ASSERT_EQUAL(store_begin(&w, 0), UINT32_MAX);
    t = store_begin(&w, 0);
    CU_ASSERT_EQUAL(t, 2);
    store_world_stop(&w);
}

void suite_store_transaction(void)
{
    static const struct unit_test tests[] = {
        {"commits and aborts", commits_and_aborts},
        {"wrong uses", wrong_uses},
        {"sees the store as it was", sees_the_store_as_it_was},
        {"many see many pasts", many_see_many_pasts},
        {"what was looked at must not change",
         what_was_looked_at_must_not_change},
        {"two that add below one directory both do",
         two_that_add_below_one_directory_both_do},
        {"lists what it made", lists_what_it_made},
        {"watches fire at the end, once a path",
         watches_fire_at_the_end_once_a_path},
        {"a client that goes aborts", a_client_that_goes_aborts},
        {"history is bounded", history_is_bounded},
        {"who sees the past pays for it", who_sees_the_past_pays_for_it},
        {"numbers are not used twice at once",
         numbers_are_not_used_twice_at_once},
    };

    UNIT_SUITE("store_transaction", tests);
}
