/* SPDX-License-Identifier: MIT */
/*
 * store: reading, writing, making, removing, listing; paths; permissions; the
 * domain manager's own calls; a domain that goes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_world.h"
#include "unit.h"

static struct store_world w;

static void writes_and_reads(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 0, 0, "/a/b/c", "value"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, 0, "/a/b/c"), "value");
    CU_ASSERT_STRING_EQUAL(store_get(&w, 1, 0, "/a/b"), "");
    CU_ASSERT(store_put(&w, 1, 0, "/a/b/c", "other"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, 0, "/a/b/c"), "other");
    CU_ASSERT(store_put(&w, 1, 0, "/a/b/c", ""));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, 0, "/a/b/c"), "");
    CU_ASSERT_EQUAL(w.clients[0].head.len, 0);
    CU_ASSERT_PTR_NULL(store_get(&w, 0, 0, "/a/x"));
    CU_ASSERT(store_said(&w, 0, "ENOENT"));
    CU_ASSERT(store_ask(&w, 0, XS_WRITE, 0, "/n\0a\0b", 6));
    CU_ASSERT(store_do(&w, 0, XS_READ, 0, "/n"));
    CU_ASSERT(w.clients[0].head.len == 3 &&
              !memcmp(w.clients[0].body, "a\0b", 3));
    CU_ASSERT(store_put(&w, 0, 0, "/", "root"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, 0, "/"), "root");
    CU_ASSERT_EQUAL(w.changes, 5);
    CU_ASSERT_STRING_EQUAL(w.changed, "/");
    store_world_stop(&w);
}

static void makes_and_removes(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, "/d/e/f"));
    CU_ASSERT(store_put(&w, 0, 0, "/d/e", "v"));
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, "/d/e"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, 0, "/d/e"), "v");
    CU_ASSERT(store_do(&w, 0, XS_RM, 0, "/d/none"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_RM, 0, "/d/none/at/all"));
    CU_ASSERT(store_said(&w, 0, "ENOENT"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_RM, 0, "/"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT(store_do(&w, 0, XS_RM, 0, "/d"));
    CU_ASSERT_PTR_NULL(store_get(&w, 0, 0, "/d/e/f"));
    CU_ASSERT(store_do(&w, 0, XS_RM, 0, "/d"));
    store_world_stop(&w);
}

static bool lists(const char *path, const char *names, size_t size)
{
    return store_do(&w, 0, XS_DIRECTORY, 0, path) &&
           w.clients[0].head.len == size &&
           !memcmp(w.clients[0].body, names, size);
}

static void lists_in_the_order_of_making(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 0, 0, "/l/zz", ""));
    CU_ASSERT(store_put(&w, 0, 0, "/l/a", ""));
    CU_ASSERT(store_put(&w, 0, 0, "/l/mm/x", ""));
    CU_ASSERT(lists("/l", "zz\0a\0mm", 8));
    CU_ASSERT(store_do(&w, 0, XS_RM, 0, "/l/zz"));
    CU_ASSERT(store_put(&w, 0, 0, "/l/zz", ""));
    CU_ASSERT(lists("/l", "a\0mm\0zz", 8));
    CU_ASSERT(lists("/l/a", "", 0));
    store_world_stop(&w);
}

/* Reads a whole directory by parts; how many names, and how many parts. */
static unsigned by_parts(unsigned client, uint32_t tx, const char *path,
                         unsigned *parts)
{
    const struct store_client *c = &w.clients[client];
    char offset[16], generation[24] = "";
    size_t at = 0;
    unsigned names = 0;

    for (*parts = 1;; (*parts)++) {
        const char *name, *end;

        snprintf(offset, sizeof(offset), "%zu", at);
        if (!store_do2(&w, client, XS_DIRECTORY_PART, tx, path, offset))
            return 0;
        if (*generation && strcmp(generation, c->body) != 0)
            return 0;
        snprintf(generation, sizeof(generation), "%s", c->body);
        name = c->body + strlen(c->body) + 1;
        end = c->body + c->head.len;
        for (; name < end && *name; name += strlen(name) + 1) {
            at += strlen(name) + 1;
            names++;
        }
        if (name < end)
            return names;
    }
}

static void long_directories_come_in_parts(void)
{
    char path[64];
    unsigned parts;

    store_world_start(&w, NULL);
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, "/big"));
    CU_ASSERT_EQUAL(by_parts(0, 0, "/big", &parts), 0);
    CU_ASSERT_EQUAL(parts, 1);
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(path, sizeof(path), "/big/name-%u", i);
        CU_ASSERT_EQUAL(store_write(w.store, path, "", 0), 0);
    }
    CU_ASSERT_FALSE(store_do(&w, 0, XS_DIRECTORY, 0, "/big"));
    CU_ASSERT(store_said(&w, 0, "E2BIG"));
    CU_ASSERT_EQUAL(by_parts(0, 0, "/big", &parts), 3000);
    CU_ASSERT_EQUAL(parts, 8);
    CU_ASSERT(store_do2(&w, 0, XS_DIRECTORY_PART, 0, "/big", "5"));
    CU_ASSERT_STRING_EQUAL(w.clients[0].body + strlen(w.clients[0].body) + 1,
                           "0");
    CU_ASSERT(store_do2(&w, 0, XS_DIRECTORY_PART, 0, "/big", "99999999"));
    CU_ASSERT_EQUAL(w.clients[0].head.len, strlen(w.clients[0].body) + 2);
    CU_ASSERT_FALSE(store_do2(&w, 0, XS_DIRECTORY_PART, 0, "/big", "x"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    store_world_stop(&w);
}

/* A domain goes through a long list as anybody does; jumping about in it costs
 * it a fresh start, not the store a long way. */
static void long_ways_are_not_gone_for_domains(void)
{
    char path[64];
    unsigned parts;
    uint32_t t;

    store_world_start(&w, NULL);
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, "/big"));
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/big", "r0"));
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(path, sizeof(path), "/big/name-%u", i);
        CU_ASSERT_EQUAL(store_write(w.store, path, "", 0), 0);
    }
    CU_ASSERT_EQUAL(by_parts(2, 0, "/big", &parts), 5000);
    CU_ASSERT(store_do2(&w, 2, XS_DIRECTORY_PART, 0, "/big", "40000"));
    CU_ASSERT_STRING_EQUAL(w.clients[2].body, "0");
    CU_ASSERT_EQUAL(w.clients[2].head.len, 2);
    CU_ASSERT(store_do2(&w, 0, XS_DIRECTORY_PART, 0, "/big", "40000"));
    CU_ASSERT(w.clients[0].head.len > 4000);
    t = store_begin(&w, 2);
    CU_ASSERT_EQUAL(by_parts(2, t, "/big", &parts), 5000);
    CU_ASSERT_EQUAL(store_write(w.store, "/big/new", "", 0), 0);
    CU_ASSERT_FALSE(store_do2(&w, 2, XS_DIRECTORY_PART, t, "/big", "0"));
    CU_ASSERT(store_said(&w, 2, "EAGAIN"));
    t = store_begin(&w, 0);
    CU_ASSERT_EQUAL(store_write(w.store, "/big/newer", "", 0), 0);
    CU_ASSERT_EQUAL(by_parts(0, t, "/big", &parts), 5001);
    store_world_stop(&w);
}

static void every_illegal_path_is_refused(void)
{
    static const char *const bad[] = {
        "",      "//",    "/a/",   "/a//b", "//a",   "a//b", "a/",
        "/a b",  "/a.b",  "/../a", "../a",  "/a/..", "/a+",  "/a:b",
        "/\x80", "/a\nb", "@a",    "@",     "/a*",   "~",
    };
    static const uint32_t types[] = {XS_READ, XS_MKDIR, XS_RM, XS_DIRECTORY,
                                     XS_GET_PERMS};

    store_world_start(&w, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(types); k++) {
            if (types[k] == XS_GET_PERMS && bad[i][0] == '@')
                continue;
            for (unsigned client = 0; client < 4; client += 2) {
                CU_ASSERT_FALSE(store_do(&w, client, types[k], 0, bad[i]));
                CU_ASSERT(store_said(&w, client, "EINVAL"));
            }
        }
        CU_ASSERT_FALSE(store_put(&w, 0, 0, bad[i], "v"));
        CU_ASSERT(store_said(&w, 0, "EINVAL"));
        CU_ASSERT_EQUAL(store_write(w.store, bad[i], "", 0), EINVAL);
    }
    CU_ASSERT(store_put(&w, 0, 0, "/aZ09-_@/@x", "v"));
    store_world_stop(&w);
}

static void paths_have_an_end(void)
{
    char path[3100];

    store_world_start(&w, NULL);
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[3072] = 0;
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, path));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 0, 0, path));
    path[3072] = 'x';
    path[3073] = 0;
    CU_ASSERT_FALSE(store_do(&w, 0, XS_MKDIR, 0, path));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    path[0] = 'x';
    path[2048] = 0;
    CU_ASSERT(store_do(&w, 2, XS_MKDIR, 0, path));
    path[2048] = 'x';
    path[2049] = 0;
    CU_ASSERT_FALSE(store_do(&w, 2, XS_MKDIR, 0, path));
    CU_ASSERT(store_said(&w, 2, "EINVAL"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_MKDIR, 0, path));
    store_world_stop(&w);
}

static void relative_paths_begin_at_home(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 2, 0, "data/x", "mine"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, 0, "/local/domain/1/data/x"),
                           "mine");
    CU_ASSERT_STRING_EQUAL(store_get(&w, 2, 0, "data/x"), "mine");
    CU_ASSERT(store_put(&w, 0, 0, "tool", "zero"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 0, 0, "/local/domain/0/tool"), "zero");
    store_world_stop(&w);
}

static void domains_keep_to_what_they_may(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 0, 0, "/dom0/secret", "s"));
    CU_ASSERT_PTR_NULL(store_get(&w, 2, 0, "/dom0/secret"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    CU_ASSERT_PTR_NULL(store_get(&w, 2, 0, "/dom0/nothing"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    CU_ASSERT_FALSE(store_put(&w, 2, 0, "/dom0/x", "v"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    CU_ASSERT_FALSE(store_do(&w, 2, XS_RM, 0, "/local/domain/2"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/dom0", "r0"));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 2, 0, "/dom0"));
    CU_ASSERT_PTR_NULL(store_get(&w, 2, 0, "/dom0/nothing"));
    CU_ASSERT(store_said(&w, 2, "ENOENT"));
    CU_ASSERT_PTR_NULL(store_get(&w, 2, 0, "/dom0/secret"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    store_world_stop(&w);
}

static bool permits(const char *path, const char *text, size_t size)
{
    return store_do(&w, 0, XS_GET_PERMS, 0, path) &&
           w.clients[0].head.len == size &&
           !memcmp(w.clients[0].body, text, size);
}

static void permissions_are_inherited(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, "/p"));
    CU_ASSERT(store_ask(&w, 0, XS_SET_PERMS, 0, "/p\0n0\0b1\0r2", 12));
    CU_ASSERT(store_put(&w, 0, 0, "/p/by0", ""));
    CU_ASSERT(permits("/p/by0", "n0\0b1\0r2", 9));
    CU_ASSERT(store_put(&w, 2, 0, "/p/by1/deep", ""));
    CU_ASSERT(permits("/p/by1", "n1\0b1\0r2", 9));
    CU_ASSERT(permits("/p/by1/deep", "n1\0b1\0r2", 9));
    CU_ASSERT_FALSE(store_put(&w, 3, 0, "/p/by2", ""));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 3, 0, "/p/by1/deep"));
    CU_ASSERT_PTR_NULL(store_get(&w, 4, 0, "/p/by1/deep"));
    store_world_stop(&w);
}

static void owners_permit(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 2, 0, "x", "v"));
    CU_ASSERT(store_do2(&w, 2, XS_SET_PERMS, 0, "x", "r1"));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 3, 0, "/local/domain/1/x"));
    CU_ASSERT_FALSE(
        store_do2(&w, 3, XS_SET_PERMS, 0, "/local/domain/1/x", "b2"));
    CU_ASSERT(store_said(&w, 3, "EACCES"));
    CU_ASSERT_FALSE(store_do2(&w, 2, XS_SET_PERMS, 0, "x", "r2"));
    CU_ASSERT(store_said(&w, 2, "EPERM"));
    CU_ASSERT_FALSE(store_do2(&w, 2, XS_SET_PERMS, 0, "x", "q1"));
    CU_ASSERT(store_said(&w, 2, "EINVAL"));
    CU_ASSERT_FALSE(store_do(&w, 2, XS_SET_PERMS, 0, "x"));
    CU_ASSERT(store_said(&w, 2, "EINVAL"));
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/local/domain/1/x", "n2"));
    CU_ASSERT_PTR_NULL(store_get(&w, 2, 0, "x"));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 3, 0, "/local/domain/1/x"));
    store_world_stop(&w);
}

static void a_target_lends_its_rights(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_put(&w, 2, 0, "x", "v"));
    CU_ASSERT_PTR_NULL(store_get(&w, 3, 0, "/local/domain/1/x"));
    CU_ASSERT_FALSE(store_do2(&w, 3, XS_SET_TARGET, 0, "2", "1"));
    CU_ASSERT(store_said(&w, 3, "EACCES"));
    CU_ASSERT(store_do2(&w, 0, XS_SET_TARGET, 0, "2", "1"));
    CU_ASSERT_STRING_EQUAL(store_get(&w, 3, 0, "/local/domain/1/x"), "v");
    CU_ASSERT_FALSE(store_do2(&w, 0, XS_SET_TARGET, 0, "1", "2"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT_FALSE(store_do2(&w, 0, XS_SET_TARGET, 0, "1", "77"));
    CU_ASSERT(store_said(&w, 0, "ENOENT"));
    CU_ASSERT(store_do2(&w, 0, XS_SET_TARGET, 0, "2", "3"));
    CU_ASSERT_PTR_NULL(store_get(&w, 3, 0, "/local/domain/1/x"));
    store_world_stop(&w);
}

static void domain_operations(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_do(&w, 2, XS_GET_DOMAIN_PATH, 0, "7"));
    CU_ASSERT_STRING_EQUAL(w.clients[2].body, "/local/domain/7");
    CU_ASSERT(store_do(&w, 0, XS_IS_DOMAIN_INTRODUCED, 0, "1"));
    CU_ASSERT_STRING_EQUAL(w.clients[0].body, "F");
    store_domain_introduced(w.store, 1);
    store_domain_introduced(w.store, 1);
    CU_ASSERT(store_do(&w, 0, XS_IS_DOMAIN_INTRODUCED, 0, "1"));
    CU_ASSERT_STRING_EQUAL(w.clients[0].body, "T");
    CU_ASSERT_FALSE(store_do(&w, 2, XS_IS_DOMAIN_INTRODUCED, 0, "1"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    CU_ASSERT_FALSE(store_ask(&w, 0, XS_INTRODUCE, 0, "5\0001\0002", 6));
    CU_ASSERT(store_said(&w, 0, "ENOSYS"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_RELEASE, 0, "5"));
    CU_ASSERT(store_said(&w, 0, "ENOSYS"));
    CU_ASSERT_FALSE(store_do(&w, 0, XS_RELEASE, 0, "0"));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    CU_ASSERT_FALSE(store_do(&w, 2, XS_RESUME, 0, "5"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    CU_ASSERT_FALSE(store_do(&w, 2, XS_CONTROL, 0, "help"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    store_world_stop(&w);
}

/* The nodes of a released domain go wherever they are; a later domain of its
 * number has no rights of the old one. */
static void a_released_domain_leaves_nothing(void)
{
    struct store_client *c = &w.clients[2];

    store_world_start(&w, NULL);
    store_domain_introduced(w.store, 1);
    CU_ASSERT(store_do(&w, 0, XS_MKDIR, 0, "/shared"));
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/shared", "b0"));
    CU_ASSERT(store_put(&w, 2, 0, "/shared/mine/x", "v"));
    CU_ASSERT(store_put(&w, 0, 0, "/for1", "v"));
    CU_ASSERT(store_ask(&w, 0, XS_SET_PERMS, 0, "/for1\0n0\0b1", 12));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 2, 0, "/for1"));
    store_disconnect(c->connection);
    store_domain_released(w.store, 1);
    CU_ASSERT(store_check(w.store));
    CU_ASSERT_PTR_NULL(store_get(&w, 0, 0, "/shared/mine"));
    CU_ASSERT_PTR_NULL(store_get(&w, 0, 0, "/local/domain/1"));
    c->connection = store_connect(w.store, 1, false, c);
    CU_ASSERT_PTR_NULL(store_get(&w, 2, 0, "/for1"));
    CU_ASSERT(store_said(&w, 2, "EACCES"));
    CU_ASSERT(store_ask(&w, 0, XS_SET_PERMS, 0, "/for1\0n0\0b1", 12));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 2, 0, "/for1"));
    store_world_stop(&w);
}

/* Who forgets to disconnect first gets no answers, no damage. */
static void a_retired_domains_connection_is_dead(void)
{
    store_world_start(&w, NULL);
    CU_ASSERT(store_do2(&w, 0, XS_SET_PERMS, 0, "/", "b1"));
    store_domain_released(w.store, 1);
    CU_ASSERT(permits("/", "b0", 3));
    CU_ASSERT_FALSE(store_put(&w, 2, 0, "/x", "v"));
    CU_ASSERT(store_said(&w, 2, "EIO"));
    store_domain_released(w.store, 1);
    store_domain_released(w.store, 0);
    store_domain_released(w.store, 999);
    store_world_stop(&w);
}

static void the_managers_calls(void)
{
    char value[8];
    size_t size = sizeof(value);
    struct store_counts counts;

    store_world_start(&w, NULL);
    CU_ASSERT_EQUAL(store_write(w.store, "/m/x", "abc", 3), 0);
    CU_ASSERT_EQUAL(store_read(w.store, "/m/x", value, &size), 0);
    CU_ASSERT(size == 3 && !memcmp(value, "abc", 3));
    size = 2;
    CU_ASSERT_EQUAL(store_read(w.store, "/m/x", value, &size), E2BIG);
    CU_ASSERT_EQUAL(store_read(w.store, "/m/y", value, &size), ENOENT);
    CU_ASSERT_EQUAL(store_read(w.store, "m", value, &size), EINVAL);
    CU_ASSERT_EQUAL(store_permit(w.store, "/m/x", "n1 r2 b3"), 0);
    CU_ASSERT(permits("/m/x", "n1\0r2\0b3", 9));
    CU_ASSERT_EQUAL(store_permit(w.store, "/m/x", ""), EINVAL);
    CU_ASSERT_EQUAL(store_permit(w.store, "/m/x", "n1 "), 0);
    CU_ASSERT_EQUAL(store_permit(w.store, "/m/x", "n1  r2"), EINVAL);
    CU_ASSERT_EQUAL(store_permit(w.store, "/m/x", "n99999999999999"), EINVAL);
    CU_ASSERT_EQUAL(store_permit(w.store, "/m/none", "n1"), ENOENT);
    CU_ASSERT_EQUAL(store_remove(w.store, "/m"), 0);
    CU_ASSERT_EQUAL(store_remove(w.store, "/m"), ENOENT);
    CU_ASSERT_EQUAL(store_remove(w.store, "/"), EINVAL);
    CU_ASSERT_EQUAL(w.changes, 0);
    store_count(w.store, &counts);
    CU_ASSERT_EQUAL(counts.nodes, 1 + 2 + STORE_CLIENTS - 2);
    CU_ASSERT_EQUAL(counts.connections, STORE_CLIENTS);
    store_world_stop(&w);
}

void suite_store_node(void)
{
    static const struct unit_test tests[] = {
        {"writes and reads", writes_and_reads},
        {"makes and removes", makes_and_removes},
        {"lists in the order of making", lists_in_the_order_of_making},
        {"long directories come in parts", long_directories_come_in_parts},
        {"long ways are not gone for domains",
         long_ways_are_not_gone_for_domains},
        {"every illegal path is refused", every_illegal_path_is_refused},
        {"paths have an end", paths_have_an_end},
        {"relative paths begin at home", relative_paths_begin_at_home},
        {"domains keep to what they may", domains_keep_to_what_they_may},
        {"permissions are inherited", permissions_are_inherited},
        {"owners permit", owners_permit},
        {"a target lends its rights", a_target_lends_its_rights},
        {"domain operations", domain_operations},
        {"a released domain leaves nothing", a_released_domain_leaves_nothing},
        {"a retired domain's connection is dead",
         a_retired_domains_connection_is_dead},
        {"the manager's calls", the_managers_calls},
    };

    UNIT_SUITE("store_node", tests);
}
