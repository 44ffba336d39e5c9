/* SPDX-License-Identifier: MIT */
/*
 * store: watches, who hears of what, and connections that take nothing.
 */
#include <stdio.h>
#include <string.h>

#include "store_world.h"
#include "unit.h"

static struct store_world w;

static bool watch(unsigned i, const char *path, const char *token)
{
    return store_do2(&w, i, XS_WATCH, 0, path, token);
}

static void fires_once_when_set(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(watch(0, "/a/b", "t"));
    CU_ASSERT_EQUAL(store_heard(&w, 0, "/a/b", "t"), 1);
    CU_ASSERT_FALSE(watch(0, "/a/b", "t"));
    CU_ASSERT(store_said(&w, 0, "EEXIST"));
    CU_ASSERT(watch(0, "/a/b", "u"));
    CU_ASSERT(watch(1, "/a/b", "t"));
    CU_ASSERT_EQUAL(w.clients[0].event_count, 2);
    CU_ASSERT(store_do2(&w, 0, XS_UNWATCH, 0, "/a/b", "t"));
    CU_ASSERT_FALSE(store_do2(&w, 0, XS_UNWATCH, 0, "/a/b", "t"));
    CU_ASSERT(store_said(&w, 0, "ENOENT"));
    CU_ASSERT_FALSE(watch(0, "/a//b", "t"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_WATCH, 0, "/a"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT_FALSE(store_ask(&w, 0, XS_WATCH, 0, "/a\0t\0more", 10));
    store_world_stop(&w);
}

static void hears_of_itself_and_below(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(watch(0, "/", "root") && watch(0, "/a", "a"));
    CU_ASSERT(watch(0, "/a/b", "ab") && watch(0, "/ab", "other"));
    store_forget(&w);
    CU_ASSERT(store_put(&w, 1, 0, "/a/b/c", "v"));
    CU_ASSERT_EQUAL(store_heard(&w, 0, "/a/b/c", "root"), 1);
    CU_ASSERT_EQUAL(store_heard(&w, 0, "/a/b/c", "a"), 1);
    CU_ASSERT_EQUAL(store_heard(&w, 0, "/a/b/c", "ab"), 1);
    CU_ASSERT_EQUAL(w.clients[0].event_count, 3);
    store_forget(&w);
    CU_ASSERT(store_do2(&w, 1, XS_SET_PERMS, 0, "/a", "r0"));
    CU_ASSERT_EQUAL(store_heard(&w, 0, "/a", "a"), 1);
    CU_ASSERT_EQUAL(w.clients[0].event_count, 2);
    store_forget(&w);
    CU_ASSERT(store_do(&w, 1, XS_MKDIR, 0, "/a"));
    CU_ASSERT(store_do(&w, 1, XS_RM, 0, "/a/nothing"));
    CU_ASSERT_EQUAL(w.clients[0].event_count, 0);
    store_world_stop(&w);
}

static void hears_when_it_goes_with_its_parents(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 0, 0, "/a/b/c/d", "v"));
    CU_ASSERT(watch(0, "/a/b/c", "abc") && watch(0, "/a/b/c/d/e", "none"));
    CU_ASSERT(watch(1, "/", "root"));
    store_forget(&w);
    CU_ASSERT(store_do(&w, 0, XS_RM, 0, "/a"));
    CU_ASSERT_EQUAL(store_heard(&w, 0, "/a/b/c", "abc"), 1);
    CU_ASSERT_EQUAL(w.clients[0].event_count, 1);
    CU_ASSERT_EQUAL(store_heard(&w, 1, "/a", "root"), 1);
    CU_ASSERT_EQUAL(w.clients[1].event_count, 1);
    store_world_stop(&w);
}

static void relative_watches_hear_relative_paths(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(watch(2, "dev", "rel"));
    CU_ASSERT(watch(2, "/local/domain/1/dev", "abs"));
    CU_ASSERT_EQUAL(store_heard(&w, 2, "dev", "rel"), 1);
    store_forget(&w);
    CU_ASSERT(store_put(&w, 0, 0, "/local/domain/1/dev/x", "v"));
    CU_ASSERT_EQUAL(store_heard(&w, 2, "dev/x", "rel"), 1);
    CU_ASSERT_EQUAL(w.clients[2].event_count, 2);
    /* a relative and an absolute one are told apart by their tokens only */
    CU_ASSERT_FALSE(watch(2, "dev", "abs"));
    CU_ASSERT(store_said(&w, 2, "EEXIST"));
    CU_ASSERT(store_put(&w, 2, 0, "dev/y", "v"));
    CU_ASSERT_EQUAL(store_heard(&w, 2, "dev/y", "rel"), 1);
    CU_ASSERT_EQUAL(store_heard(&w, 2, "/local/domain/1/dev/y", "abs"), 1);
    CU_ASSERT(store_do2(&w, 2, XS_UNWATCH, 0, "dev", "rel"));
    store_world_stop(&w);
}

static void nobody_hears_of_what_he_may_not_read(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(watch(2, "/", "all"));
    store_forget(&w);
    CU_ASSERT(store_put(&w, 0, 0, "/secret/x", "v"));
    CU_ASSERT_EQUAL(w.clients[2].event_count, 0);
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/secret/x", "r0"));
    CU_ASSERT_EQUAL(store_heard(&w, 2, "/secret/x", "all"), 1);
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/secret/x", "n0"));
    CU_ASSERT_EQUAL(store_heard(&w, 2, "/secret/x", "all"), 2);
    CU_ASSERT(store_put(&w, 0, 0, "/secret/x", "w"));
    CU_ASSERT_EQUAL(store_heard(&w, 2, "/secret/x", "all"), 2);
    store_world_stop(&w);
}

static void special_names_tell_of_domains(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(watch(0, "@introduceDomain", "in"));
    CU_ASSERT(watch(0, "@releaseDomain", "out"));
    CU_ASSERT(watch(0, "@releaseDomain/5", "five"));
    CU_ASSERT(watch(2, "@releaseDomain", "out"));
    CU_ASSERT_EQUAL(store_heard(&w, 2, "@releaseDomain", "out"), 1);
    store_forget(&w);
    store_domain_introduced(w.store, 5);
    CU_ASSERT_EQUAL(store_heard(&w, 0, "@introduceDomain", "in"), 1);
    store_domain_released(w.store, 5);
    store_domain_released(w.store, 6);
    CU_ASSERT_EQUAL(store_heard(&w, 0, "@releaseDomain", "out"), 2);
    CU_ASSERT_EQUAL(store_heard(&w, 0, "@releaseDomain/5", "five"), 1);
    CU_ASSERT_EQUAL(w.clients[0].event_count, 4);
    CU_ASSERT_EQUAL(w.clients[2].event_count, 0);
    CU_ASSERT_FALSE(store_do2(&w, 2, XS_SET_PERMS, 0, "@releaseDomain", "r1"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    CU_ASSERT(store_ask(&w, 0, XS_SET_PERMS, 0, "@releaseDomain\0n0\0r1", 21));
    CU_ASSERT(store_do(&w, 0, XS_GET_PERMS, 0, "@releaseDomain"));
    CU_ASSERT(!memcmp(w.clients[0].body, "n0\0r1", 6));
    store_domain_released(w.store, 5);
    CU_ASSERT_EQUAL(store_heard(&w, 2, "@releaseDomain", "out"), 1);
    CU_ASSERT_FALSE(store_do2(&w, 0, XS_SET_PERMS, 0, "@foo", "r1"));
    CU_ASSERT(store_said(&w, 0, "ENOENT"));
    CU_ASSERT_FALSE(store_do(&w, 2, XS_GET_PERMS, 0, "@foo"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    store_world_stop(&w);
}

static void reset_forgets_watches_and_transactions(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(watch(2, "a", "t") && watch(2, "b", "t"));
    CU_ASSERT_NOT_EQUAL(store_begin(&w, 2), 0);
    CU_ASSERT(store_do(&w, 2, XS_RESET_WATCHES, 0, ""));
    store_forget(&w);
    CU_ASSERT(store_put(&w, 2, 0, "a", "v"));
    CU_ASSERT_EQUAL(w.clients[2].event_count, 0);
    CU_ASSERT_EQUAL(w.store->open, 0);
    CU_ASSERT_EQUAL(w.store->watches.count, 0);
    store_world_stop(&w);
}

/* Events of one who takes nothing fold; no watch misses that there was one. */
static void a_stalled_connection_gets_its_events_later(void)
{
    struct store_client *c = &w.clients[2];

    store_world_start(&w, NULL);
    CU_ASSERT(watch(2, "a", "a") && watch(2, "b", "b"));
    c->stalled = true;
    for (unsigned i = 0; i < 2000; i++) {
        CU_ASSERT(store_put(&w, 0, 0, "/local/domain/1/a/x", "v"));
        CU_ASSERT(store_put(&w, 0, 0, "/local/domain/1/b", "v"));
    }
    CU_ASSERT(c->waiting <= w.store->limits.outstanding + 4112);
    CU_ASSERT_EQUAL(store_room(c->connection), 0);
    store_forget(&w);
    CU_ASSERT(store_sent(c->connection, c->waiting - 100));
    CU_ASSERT_EQUAL(c->event_count, 2);
    CU_ASSERT_EQUAL(store_heard(&w, 2, "a", "a"), 1);
    CU_ASSERT_EQUAL(store_heard(&w, 2, "b", "b"), 1);
    CU_ASSERT(store_room(c->connection) >= STORE_ROOM);
    store_world_stop(&w);
}

static void a_stalled_connections_requests_wait(void)
{
    struct store_client *c = &w.clients[2];
    char big[1501];

    store_world_start(&w, NULL);
    memset(big, 'v', 1500);
    big[1500] = 0;
    CU_ASSERT(store_put(&w, 2, 0, "big", big));
    c->stalled = true;
    c->waiting = 0;
    c->replies = 0;
    for (unsigned i = 0; store_room(c->connection); i++)
        CU_ASSERT(store_ask(&w, 2, XS_READ, 0, "big", 4) && i < 100);
    CU_ASSERT(c->waiting >= w.store->limits.outstanding);
    CU_ASSERT(c->waiting < w.store->limits.outstanding + 1600);
    /* what comes all the same is held, and done when there is room */
    c->replies = 0;
    CU_ASSERT_FALSE(store_ask(&w, 2, XS_READ, 0, "big", 4));
    CU_ASSERT_FALSE(store_ask(&w, 2, XS_READ, 0, "big", 4));
    CU_ASSERT_EQUAL(c->replies, 0);
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 3, 0, "/local/domain/2"));
    c->stalled = false;
    CU_ASSERT(store_sent(c->connection, c->waiting));
    CU_ASSERT_EQUAL(c->replies, 2);
    CU_ASSERT(store_room(c->connection) >= STORE_ROOM);
    store_world_stop(&w);
}

/* Path and token of a watch fit into a packet; those of an event below it may
 * not: it is told of the watch's own path. */
static void events_that_are_too_long_name_the_watch(void)
{
    char token[4000], path[64];

    store_world_start(&w, NULL);
    memset(token, 't', sizeof(token));
    token[3990] = 0;
    CU_ASSERT(watch(0, "/w", token));
    store_forget(&w);
    snprintf(path, sizeof(path), "/w/%050d", 1);
    CU_ASSERT(store_put(&w, 0, 0, path, "v"));
    CU_ASSERT(store_put(&w, 0, 0, "/w/a", "v"));
    CU_ASSERT_EQUAL(w.clients[0].event_count, 2);
    token[3990] = 't';
    memset(token, 't', sizeof(token));
    token[sizeof(token) - 1] = 0;
    CU_ASSERT(watch(0, "/w", token));
    store_forget(&w);
    CU_ASSERT_EQUAL(store_write(w.store,
                                "/w/0123456789012345678901234567890123"
                                "4567890123456789012345678901234567890"
                                "12345678901234567890123456789",
                                "", 0),
                    0);
    CU_ASSERT_EQUAL(w.clients[0].event_count, 2);
    CU_ASSERT_STRING_EQUAL(w.clients[0].events[1].path, "/w");
    store_world_stop(&w);
}

void suite_store_watch(void)
{
    static const struct unit_test tests[] = {
        {"fires once when set", fires_once_when_set},
        {"hears of itself and below", hears_of_itself_and_below},
        {"hears when it goes with its parents",
         hears_when_it_goes_with_its_parents},
        {"relative watches hear relative paths",
         relative_watches_hear_relative_paths},
        {"nobody hears of what he may not read",
         nobody_hears_of_what_he_may_not_read},
        {"special names tell of domains", special_names_tell_of_domains},
        {"reset forgets watches and transactions",
         reset_forgets_watches_and_transactions},
        {"a stalled connection gets its events later",
         a_stalled_connection_gets_its_events_later},
        {"a stalled connection's requests wait",
         a_stalled_connections_requests_wait},
        {"events that are too long name the watch",
         events_that_are_too_long_name_the_watch},
    };

    UNIT_SUITE("store_watch", tests);
}
