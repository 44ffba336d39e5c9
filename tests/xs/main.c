/* SPDX-License-Identifier: MIT */
/*
 * pebble's xs_ calls against the real store.
 */
#include "xs/xs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "scree/store.h"
#include "tests/runner.h"
#include "world.h"

static bool put(xs_transaction_t t, const char *path, const char *value)
{
    return xs_write(t, path, value, (unsigned)strlen(value));
}

static bool is(const char *path, const char *value)
{
    unsigned length;
    char *found = xs_read(XBT_NULL, path, &length);
    bool same = found && length == strlen(value) && !strcmp(found, value);

    free(found);
    return same;
}

/* What domain 0 does. */
static void host_put(const char *path, const char *value)
{
    CU_ASSERT_EQUAL(store_write(world.store, path, value, strlen(value)), 0);
}

/* ------------------------------------------------------------- nodes */

static void test_nodes(void)
{
    unsigned n = 9;
    char *value, **names;

    world_start();
    CU_ASSERT(put(XBT_NULL, "data/x", "value"));
    CU_ASSERT(is("data/x", "value"));
    CU_ASSERT(is(WORLD_HOME "/data/x", "value"));
    CU_ASSERT(xs_write(XBT_NULL, "data/bin", "a\0b", 3));
    value = xs_read(XBT_NULL, "data/bin", &n);
    CU_ASSERT(n == 3 && value && !memcmp(value, "a\0b", 4));
    free(value);
    CU_ASSERT(xs_mkdir(XBT_NULL, "data/dir"));
    names = xs_directory(XBT_NULL, "data", &n);
    CU_ASSERT_FATAL(names && n == 3);
    CU_ASSERT(names[3] == NULL);
    free(names);
    names = xs_directory(XBT_NULL, "data/dir", &n);
    CU_ASSERT(names && n == 0);
    free(names);
    CU_ASSERT(xs_rm(XBT_NULL, "data/x"));
    CU_ASSERT_PTR_NULL(xs_read(XBT_NULL, "data/x", &n));
    CU_ASSERT_EQUAL(errno, ENOENT);
}

static void test_what_is_not_allowed(void)
{
    static char long_value[5000];
    unsigned n;

    world_start();
    host_put("/secret", "s");
    CU_ASSERT_PTR_NULL(xs_read(XBT_NULL, "/secret", &n));
    CU_ASSERT_EQUAL(errno, EACCES);
    CU_ASSERT_FALSE(put(XBT_NULL, "/secret", "mine"));
    CU_ASSERT_EQUAL(errno, EACCES);
    CU_ASSERT_PTR_NULL(xs_read(XBT_NULL, "bad//path", &n));
    CU_ASSERT_EQUAL(errno, EINVAL);
    CU_ASSERT_FALSE(xs_write(XBT_NULL, "x", long_value, 5000));
    CU_ASSERT_EQUAL(errno, E2BIG);
    CU_ASSERT_FALSE(xs_write(XBT_NULL, "x", long_value, 4000));
    CU_ASSERT(errno == ENOSPC || errno == E2BIG);
    CU_ASSERT(put(XBT_NULL, "x", "fine"));
}

static void test_permissions(void)
{
    world_start();
    CU_ASSERT(put(XBT_NULL, "data", "1"));
    CU_ASSERT(xs_set_permissions(XBT_NULL, "data", "n5 r6 b7"));
    CU_ASSERT_FALSE(xs_set_permissions(XBT_NULL, "data", "n5 x6"));
    CU_ASSERT_EQUAL(errno, EINVAL);
    CU_ASSERT_FALSE(xs_set_permissions(XBT_NULL, "none", "n5"));
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT(is("data", "1"));
}

/* Larger than a packet, and a packet is larger than the ring. */
static void make_large(unsigned from, unsigned to)
{
    char path[64];

    for (unsigned i = from; i < to; i++) {
        snprintf(path, sizeof(path), "/large/child-number-%04u", i);
        host_put(path, "");
    }
    store_permit(world.store, "/large", "r0");
}

static void count(void *user, const char *name)
{
    unsigned *n = user;

    *n += !strncmp(name, "child-number-", 13) && strlen(name) == 17;
}

/* A child comes while the list is read. */
static void add_child(void)
{
    static unsigned number = 5000;

    if (world.turns % 4 == 0 && number < 5003)
        make_large(number, number + 1), number++;
}

static void test_large_directories(void)
{
    unsigned n = 0, counted = 0;
    char **names;

    world_start();
    make_large(0, 1000);
    names = xs_directory(XBT_NULL, "/large", &n);
    CU_ASSERT_FATAL(names && n == 1000);
    CU_ASSERT(!strncmp(names[0], "child-number-", 13));
    CU_ASSERT(!strncmp(names[999], "child-number-", 13));
    free(names);
    CU_ASSERT(xs_each(XBT_NULL, "/large", count, &counted));
    CU_ASSERT_EQUAL(counted, 1000);
    CU_ASSERT_FALSE(xs_each(XBT_NULL, "/none", count, &counted));
    world.meanwhile = add_child;
    names = xs_directory(XBT_NULL, "/large", &n);
    CU_ASSERT_FATAL(names && n > 1000);
    free(names);
    counted = 0;
    CU_ASSERT(xs_each(XBT_NULL, "data", count, &counted) || errno == ENOENT);
}

/* ------------------------------------------------------ transactions */

static void test_transactions(void)
{
    xs_transaction_t t, many[9];

    world_start();
    CU_ASSERT(put(XBT_NULL, "n", "1"));
    t = xs_transaction_start();
    CU_ASSERT_FATAL(t != XBT_NULL);
    CU_ASSERT(put(t, "n", "2"));
    CU_ASSERT(is("n", "1"));
    CU_ASSERT(xs_transaction_end(t, false));
    CU_ASSERT(is("n", "2"));
    t = xs_transaction_start();
    CU_ASSERT(put(t, "n", "3"));
    CU_ASSERT(xs_transaction_end(t, true));
    CU_ASSERT(is("n", "2"));
    t = xs_transaction_start();
    free(xs_read(t, "n", NULL));
    host_put(WORLD_HOME "/n", "host");
    CU_ASSERT(put(t, "n", "4"));
    CU_ASSERT_FALSE(xs_transaction_end(t, false));
    CU_ASSERT_EQUAL(errno, EAGAIN);
    CU_ASSERT_FALSE(put(4711, "n", "5"));
    CU_ASSERT_EQUAL(errno, EIO);
    for (unsigned i = 0; i < 9; i++)
        many[i] = xs_transaction_start();
    CU_ASSERT_EQUAL(many[8], XBT_NULL);
    for (unsigned i = 0; i < 8; i++) {
        if (many[i])
            CU_ASSERT(xs_transaction_end(many[i], true));
    }
    t = xs_transaction_start();
    CU_ASSERT(t != XBT_NULL && xs_transaction_end(t, true));
}

/* ----------------------------------------------------------- watches */

static unsigned fired_count;
static char fired_path[128], fired_token[32];

static void fired(void *user, const char *path, const char *token)
{
    CU_ASSERT_PTR_EQUAL(user, &fired_count);
    fired_count++;
    snprintf(fired_path, sizeof(fired_path), "%s", path);
    snprintf(fired_token, sizeof(fired_token), "%s", token);
}

static bool has_fired(const char *path, const char *token)
{
    bool good = fired_count == 1 && !strcmp(fired_path, path) &&
                !strcmp(fired_token, token);

    fired_count = 0;
    return good;
}

static void test_watches(void)
{
    world_start();
    fired_count = 0;
    CU_ASSERT(xs_watch("w", "one", fired, &fired_count));
    CU_ASSERT_EQUAL(fired_count, 0); /* never inside a call */
    world_pass();
    CU_ASSERT(has_fired("w", "one"));
    CU_ASSERT_FALSE(xs_watch("w", "one", fired, &fired_count));
    CU_ASSERT_EQUAL(errno, EEXIST);
    host_put(WORLD_HOME "/w/x", "1");
    world_pass();
    CU_ASSERT(has_fired("w/x", "one"));
    CU_ASSERT(put(XBT_NULL, "w/y", "1"));
    CU_ASSERT_EQUAL(fired_count, 0);
    world_pass();
    CU_ASSERT(has_fired("w/y", "one"));
    CU_ASSERT(xs_watch("w", "two", fired, &fired_count));
    CU_ASSERT(xs_unwatch("w", "one"));
    CU_ASSERT(put(XBT_NULL, "w/z", "1"));
    fired_count = 0;
    CU_ASSERT(xs_unwatch("w", "two"));
    world_pass();
    CU_ASSERT_EQUAL(fired_count, 0);
    CU_ASSERT_FALSE(xs_unwatch("w", "two"));
    CU_ASSERT_EQUAL(errno, ENOENT);
    CU_ASSERT_FALSE(xs_watch("bad//path", "t", fired, &fired_count));
    CU_ASSERT_EQUAL(errno, EINVAL);
    CU_ASSERT(xs_watch("@releaseDomain", "s", fired, &fired_count));
    world_pass();
    CU_ASSERT(has_fired("@releaseDomain", "s"));
    CU_ASSERT(xs_unwatch("@releaseDomain", "s"));
}

/* Each firing makes calls of its own, and a last one takes the watch back. */
static void answer(void *user, const char *path, const char *token)
{
    unsigned *n = user;
    char text[16];

    snprintf(text, sizeof(text), "%u", ++*n);
    CU_ASSERT(put(XBT_NULL, "echo", text));
    CU_ASSERT(is("echo", text));
    if (*n == 3)
        CU_ASSERT(xs_unwatch("ask", token));
    CU_ASSERT(!strncmp(path, "ask", 3));
}

static void test_watches_may_call(void)
{
    unsigned n = 0;

    world_start();
    CU_ASSERT(xs_watch("ask", "t", answer, &n));
    for (unsigned i = 0; i < 10; i++) {
        host_put(WORLD_HOME "/ask", "x");
        world_pass();
    }
    CU_ASSERT_EQUAL(n, 3);
    CU_ASSERT(is("echo", "3"));
}

static void test_a_storm(void)
{
    world_start();
    fired_count = 0;
    CU_ASSERT(xs_watch("s", "t", fired, &fired_count));
    for (unsigned i = 0; i < 5000; i++)
        host_put(WORLD_HOME "/s/x", "1");
    CU_ASSERT(put(XBT_NULL, "other", "1"));
    CU_ASSERT(is("other", "1")); /* replies come through */
    for (unsigned i = 0; i < 100; i++)
        world_pass();
    CU_ASSERT(fired_count > 0 && fired_count <= 5001);
    fired_count = 0;
    host_put(WORLD_HOME "/s/last", "1");
    world_pass();
    CU_ASSERT(has_fired("s/last", "t"));
    CU_ASSERT(xs_unwatch("s", "t"));
}

/* ------------------------------------------------- a store that fails */

static void restart_once(void)
{
    world.meanwhile = NULL;
    world_restart();
    host_put(WORLD_HOME "/n", "new");
}

static void test_a_restart_goes_unnoticed(void)
{
    world_start();
    fired_count = 0;
    CU_ASSERT(xs_watch("n", "t", fired, &fired_count));
    world_pass();
    CU_ASSERT(has_fired("n", "t"));
    world.meanwhile = restart_once;
    CU_ASSERT(is("n", "new")); /* asked twice */
    world_pass();
    CU_ASSERT(has_fired("n", "t"));
    world_restart(); /* while nobody asks */
    world_pass();
    world_pass();
    CU_ASSERT(has_fired("n", "t"));
    host_put(WORLD_HOME "/n", "x");
    world_pass();
    CU_ASSERT(has_fired("n", "t"));
    CU_ASSERT(xs_unwatch("n", "t"));
}

static void test_transactions_end_with_a_restart(void)
{
    xs_transaction_t t, u;

    world_start();
    t = xs_transaction_start();
    CU_ASSERT(put(t, "n", "1"));
    world_restart();
    CU_ASSERT_FALSE(put(t, "n", "2"));
    CU_ASSERT_EQUAL(errno, EIO);
    CU_ASSERT_FALSE(xs_transaction_end(t, false));
    CU_ASSERT_EQUAL(errno, EAGAIN);
    t = xs_transaction_start();
    world.meanwhile = restart_once;
    CU_ASSERT_FALSE(xs_transaction_end(t, false));
    CU_ASSERT_EQUAL(errno, EAGAIN);
    world_restart();
    u = xs_transaction_start();
    CU_ASSERT(u != XBT_NULL);
    CU_ASSERT(put(u, "n", "3"));
    CU_ASSERT(xs_transaction_end(u, false));
    CU_ASSERT(is("n", "3"));
}

static void test_waiting_has_an_end(void)
{
    uint64_t began;

    world_start();
    CU_ASSERT(put(XBT_NULL, "n", "1"));
    world.deaf = true;
    began = world.now;
    CU_ASSERT_FALSE(put(XBT_NULL, "n", "2"));
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    CU_ASSERT_EQUAL(world.now - began, XS_WAIT);
    CU_ASSERT_FALSE(put(XBT_NULL, "n", "3"));
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    world.deaf = false;
    CU_ASSERT(put(XBT_NULL, "m", "4"));
    CU_ASSERT(is("n", "2")); /* was sent; 3 was not any more */
}

static void test_no_store(void)
{
    unsigned n;

    world_start();
    world.no_device = true;
    CU_ASSERT_PTR_NULL(xs_directory(XBT_NULL, "/", &n));
    CU_ASSERT_EQUAL(errno, EIO);
    CU_ASSERT_FALSE(put(XBT_NULL, "n", "1"));
    CU_ASSERT_EQUAL(errno, EIO);
    CU_ASSERT_FALSE(xs_watch("n", "t", fired, NULL));
    CU_ASSERT_EQUAL(errno, EIO);
    CU_ASSERT_FALSE(xs_unwatch("n", "t"));
    CU_ASSERT_EQUAL(xs_transaction_start(), XBT_NULL);
    world_pass();
    world.no_device = false;
    CU_ASSERT(put(XBT_NULL, "n", "1"));
}

static uint64_t seed;

static uint64_t draw(void)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return seed >> 33;
}

/* A server that has lost its senses: a head that may look right, and noise. */
static void talk_nonsense(void)
{
    struct xsd_sockmsg head = {
        .type = draw() % 3 ? XS_READ : (uint32_t)(draw() % 20),
        .req_id = (uint32_t)(draw() % 400),
        .len = (uint32_t)(draw() % (draw() % 8 ? 40 : 6000)),
    };
    char noise[64];

    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (char)draw();
    world_say(&head, sizeof(head));
    world_say(noise, draw() % sizeof(noise));
}

static void test_nonsense_does_no_harm(void)
{
    unsigned length;

    world_start();
    seed = 3;
    world.meanwhile = talk_nonsense;
    for (unsigned i = 0; i < 300; i++) {
        free(xs_read(XBT_NULL, "n", &length));
        world_pass();
    }
    world_start();
    CU_ASSERT(put(XBT_NULL, "n", "1"));
    CU_ASSERT(is("n", "1"));
}

static void add_suite(void)
{
    CU_pSuite suite = CU_add_suite("xs", NULL, NULL);

    CU_ADD_TEST(suite, test_nodes);
    CU_ADD_TEST(suite, test_what_is_not_allowed);
    CU_ADD_TEST(suite, test_permissions);
    CU_ADD_TEST(suite, test_large_directories);
    CU_ADD_TEST(suite, test_transactions);
    CU_ADD_TEST(suite, test_watches);
    CU_ADD_TEST(suite, test_watches_may_call);
    CU_ADD_TEST(suite, test_a_storm);
    CU_ADD_TEST(suite, test_a_restart_goes_unnoticed);
    CU_ADD_TEST(suite, test_transactions_end_with_a_restart);
    CU_ADD_TEST(suite, test_waiting_has_an_end);
    CU_ADD_TEST(suite, test_no_store);
    CU_ADD_TEST(suite, test_nonsense_does_no_harm);
}

int main(int argc, char **argv)
{
    int status = runner_main(argc, argv, add_suite);

    world_end();
    return status;
}
