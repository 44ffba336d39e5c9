/* SPDX-License-Identifier: MIT */
/*
 * store: the same random operations on the store and on its model; every answer
 * and every event is compared. Six clients, two of them privileged; hundreds of
 * nodes of few names, so that they meet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/watch.h"
#include "store_model.h"
#include "store_world.h"
#include "unit.h"

#define ROUNDS 60000u /* a seed */
#define OPEN   6      /* transactions of a client */

static struct store_world w;
static struct model m;
static uint64_t seed;
static uint32_t open[MODEL_CLIENTS][OPEN];
static unsigned done[32]; /* operations that succeeded, by number */

static unsigned draw(unsigned n)
{
    return (unsigned)unit_random(&seed) % n;
}

static void draw_path(char *path)
{
    unsigned depth = 1 + draw(3);
    size_t n = 0;

    if (draw(25) == 0) {
        strcpy(path, "/");
        return;
    }
    if (draw(2))
        n = (size_t)sprintf(path, "/local/domain/%u", draw(5));
    while (depth--)
        n += (size_t)sprintf(path + n, "/%c", "abcd"[draw(4)]);
}

static uint32_t draw_transaction(unsigned client)
{
    return draw(2) ? open[client][draw(OPEN)] : 0;
}

/* What the store said: "OK" or the error. */
static const char *said(unsigned client)
{
    const struct store_client *c = &w.clients[client];

    return c->head.type == XS_ERROR ? c->body : "OK";
}

static bool same_events(void)
{
    unsigned heard = 0;

    for (unsigned i = 0; i < MODEL_CLIENTS; i++)
        heard += w.clients[i].event_count;
    if (heard != m.events)
        return false;
    for (unsigned i = 0; i < m.events; i++) {
        struct store_client *c = &w.clients[m.event[i].client];
        unsigned k = 0;

        while (k < c->event_count &&
               (strcmp(c->events[k].path, m.event[i].path) != 0 ||
                strcmp(c->events[k].token, m.event[i].token) != 0))
            k++;
        if (k == c->event_count)
            return false;
        c->events[k] = c->events[--c->event_count];
    }
    return true;
}

static bool agree(unsigned client, const char *error, const char *what)
{
    bool events = same_events();

    if (!strcmp(said(client), error) && events)
        return true;
    printf("    client %u: %s: store %s, model %s%s\n", client, what,
           said(client), error, events ? "" : ", events differ");
    store_forget(&w);
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the names in the last answer. */
static void sort_names(struct store_client *c)
{
    static char copy[XENSTORE_PAYLOAD_MAX + 1];
    char *name[1000];
    unsigned n = 0;
    size_t at = 0;

    memcpy(copy, c->body, c->head.len);
    for (; at < c->head.len; at += strlen(copy + at) + 1)
        name[n++] = copy + at;
    qsort(name, n, sizeof(name[0]), by_name);
    at = 0;
    for (unsigned i = 0; i < n; i++)
        at += (size_t)sprintf(c->body + at, "%s", name[i]) + 1;
}

static bool do_read(unsigned client, uint32_t t, const char *path)
{
    const char *error = model_get(&m, client, t, path, MODEL_READ);
    const struct model_node *n = model_node(&m, client, t, path);
    const struct store_client *c = &w.clients[client];

    if (store_do(&w, client, XS_READ, t, path))
        CU_ASSERT(n && c->head.len == n->size &&
                  !memcmp(c->body, n->value, n->size));
    return agree(client, error, "read");
}

static bool do_list(unsigned client, uint32_t t, const char *path)
{
    static char names[8192];
    const char *error = model_get(&m, client, t, path, MODEL_READ);
    struct store_client *c = &w.clients[client];

    if (store_do(&w, client, XS_DIRECTORY, t, path) && !strcmp(error, "OK")) {
        unsigned size = model_list(&m, client, t, path, names);

        sort_names(c);
        CU_ASSERT(size == c->head.len && !memcmp(names, c->body, size));
    }
    return agree(client, error, "list");
}

static bool do_get_perms(unsigned client, uint32_t t, const char *path)
{
    const char *error = model_get(&m, client, t, path, MODEL_READ);
    const struct model_node *n = model_node(&m, client, t, path);
    char text[128];
    unsigned size = 0;

    for (unsigned i = 0; n && i < n->perms; i++)
        size += (unsigned)sprintf(text + size, "%c%u",
                                  "nrwb"[n->perm[i].rights], n -> perm[i].id) +
                1;
    if (store_do(&w, client, XS_GET_PERMS, t, path))
        CU_ASSERT(size == w.clients[client].head.len &&
                  !memcmp(text, w.clients[client].body, size));
    return agree(client, error, "get_perms");
}

static bool do_write(unsigned client, uint32_t t, const char *path)
{
    char value[MODEL_VALUE];
    unsigned n = draw(10) ? draw(20) : draw(60);

    for (unsigned i = 0; i < n; i++)
        value[i] = "abcdefgh"[draw(8)];
    value[n] = 0;
    store_put(&w, client, t, path, value);
    return agree(client, model_write(&m, client, t, path, value, n), "write");
}

static bool do_set_perms(unsigned client, uint32_t t, const char *path)
{
    struct model_perm perm[MODEL_PERMS] = {{0, 0}};
    unsigned n = 1 + draw(4), size;
    char body[256];

    size = (unsigned)sprintf(body, "%s", path) + 1;
    for (unsigned i = 0; i < n; i++) {
        perm[i].id = draw(3) || i || client < 2 ? draw(5) : client - 1;
        perm[i].rights = draw(4);
        size += (unsigned)sprintf(body + size, "%c%u", "nrwb"[perm[i].rights],
                                  perm[i].id) +
                1;
    }
    store_ask(&w, client, XS_SET_PERMS, t, body, size);
    return agree(client, model_set_perms(&m, client, t, path, perm, n),
                 "set_perms");
}

static bool do_watch(unsigned client, const char *path)
{
    char token[2] = {"tuv"[draw(3)], 0};

    if (draw(3)) {
        store_do2(&w, client, XS_UNWATCH, 0, path, token);
        return agree(client, model_unwatch(&m, client, path, token), "unwatch");
    }
    if (m.watches > 60)
        return true;
    store_do2(&w, client, XS_WATCH, 0, path, token);
    return agree(client, model_watch(&m, client, path, token), "watch");
}

static bool do_begin(unsigned client)
{
    unsigned i = draw(OPEN);
    uint32_t t;

    if (open[client][i])
        return true;
    t = store_begin(&w, client);
    open[client][i] = t;
    return agree(client, model_begin(&m, client, t), "begin");
}

static bool do_end(unsigned client)
{
    unsigned i = draw(OPEN);
    uint32_t t = open[client][i];
    bool commit = draw(6) != 0;

    if (!t)
        return true;
    open[client][i] = 0;
    store_end(&w, client, t, commit);
    return agree(client, model_end(&m, client, t, commit), "end");
}

static bool do_reset(unsigned client)
{
    if (draw(60))
        return true;
    memset(open[client], 0, sizeof(open[client]));
    store_do(&w, client, XS_RESET_WATCHES, 0, "");
    model_reset(&m, client);
    return agree(client, "OK", "reset");
}

static bool change(unsigned client, uint32_t t, const char *path)
{
    unsigned which = draw(100);

    if (which < 55)
        return do_write(client, t, path);
    if (which < 68) {
        store_do(&w, client, XS_MKDIR, t, path);
        return agree(client, model_mkdir(&m, client, t, path), "mkdir");
    }
    if (which < 84) {
        store_do(&w, client, XS_RM, t, path);
        return agree(client, model_rm(&m, client, t, path), "rm");
    }
    return do_set_perms(client, t, path);
}

static bool step(void)
{
    unsigned client = draw(MODEL_CLIENTS), which = draw(100);
    uint32_t t = draw_transaction(client);
    char path[MODEL_PATH];
    bool good;

    draw_path(path);
    if (which < 15)
        good = do_read(client, t, path);
    else if (which < 22)
        good = do_list(client, t, path);
    else if (which < 27)
        good = do_get_perms(client, t, path);
    else if (which < 70)
        good = change(client, t, path);
    else if (which < 80)
        good = do_watch(client, path);
    else if (which < 89)
        good = do_begin(client);
    else if (which < 99)
        good = do_end(client);
    else
        good = do_reset(client);
    if (!strcmp(said(client), "OK"))
        done[w.clients[client].head.type % 32]++;
    return good;
}

static bool same_trees(void)
{
    for (unsigned i = 0; i < m.tree.count; i++) {
        const struct model_node *n = &m.tree.node[i];

        if (!store_do(&w, 0, XS_READ, 0, n->path) ||
            w.clients[0].head.len != n->size ||
            memcmp(w.clients[0].body, n->value, n->size) != 0)
            return false;
    }
    return m.tree.count == w.store->live;
}

static void run(uint64_t number)
{
    struct store_limits limits = store_limits_default;

    limits.nodes = 25;
    limits.node_size = 40;
    limits.watches = 8;
    limits.transactions = 4;
    limits.permissions = 3;
    seed = number;
    memset(open, 0, sizeof(open));
    store_world_start(&w, &limits);
    w.store->scan = number % 2 ? WATCH_SCAN : 1;
    model_start(&m, &limits);
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool good = step();

        CU_ASSERT_FATAL(good);
        if (i % 1024 == 0)
            CU_ASSERT_FATAL(store_check(w.store) && same_trees());
    }
    CU_ASSERT(same_trees());
    store_world_stop(&w);
}

static void as_the_model_1(void)
{
    run(1);
}

static void as_the_model_2(void)
{
    run(2);
}

static void as_the_model_3(void)
{
    run(3);
}

static void as_the_model_4(void)
{
    run(4);
}

/* The runs above were not all refusals. */
static void every_operation_was_done(void)
{
    CU_ASSERT(done[XS_WRITE] > 1000 && done[XS_READ] > 1000);
    CU_ASSERT(done[XS_RM] > 500 && done[XS_MKDIR] > 500);
    CU_ASSERT(done[XS_DIRECTORY] > 500 && done[XS_SET_PERMS] > 500);
    CU_ASSERT(done[XS_TRANSACTION_END] > 1000);
    CU_ASSERT(done[XS_WATCH] > 100 && done[XS_UNWATCH] > 100);
}

void suite_store_model(void)
{
    static const struct unit_test tests[] = {
        {"as the model, seed 1", as_the_model_1},
        {"as the model, seed 2", as_the_model_2},
        {"as the model, seed 3", as_the_model_3},
        {"as the model, seed 4", as_the_model_4},
        {"every operation was done", every_operation_was_done},
    };

    UNIT_SUITE("store_model", tests);
}
