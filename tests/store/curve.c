/* SPDX-License-Identifier: MIT */
/*
 * What the store's operations cost as it grows:
 *
 *     store-curve [NODES]
 *
 * For 1,000 to NODES (1,000,000) nodes, ten values of which stand below each
 * directory, and for 10 to 10,000 watches: operations per second of reads,
 * writes, transactions (start, read, write, end) and writes that one watch
 * hears of, at random paths; the longest single write while the store grew;
 * bytes per node; and writes while as many domains watch the root that may not
 * read what is written. All in one process, no socket: the engine alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/state.h"

#define SIBLINGS 10u

struct bench {
    struct store *store;
    struct store_connection *client;
    uint64_t random;
    unsigned nodes, events;
    uint32_t transaction; /* that was begun last */
};

/* The processor's time, so that others on the machine do not count. */
static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void send_packet(void *user, struct store_connection *c,
                        const void *packet, size_t size)
{
    struct bench *b = user;
    const struct xsd_sockmsg *head = packet;

    if (head->type == XS_ERROR) {
        fprintf(stderr, "%s\n", (const char *)(head + 1));
        exit(1);
    }
    b->events += head->type == XS_WATCH_EVENT;
    if (head->type == XS_TRANSACTION_START)
        b->transaction = (uint32_t)strtoul((const char *)(head + 1), NULL, 10);
    store_sent(c, size);
}

static void ask(struct bench *b, uint32_t type, uint32_t tx, const char *body,
                size_t size)
{
    char packet[256];
    struct xsd_sockmsg head = {
        .type = type,
        .tx_id = tx,
        .len = (uint32_t)size,
    };

    memcpy(packet, &head, sizeof(head));
    memcpy(packet + sizeof(head), body, size);
    if (!store_input(b->client, packet, sizeof(head) + size))
        exit(1);
}

static size_t path_of(unsigned i, char *path)
{
    return (size_t)sprintf(path, "/local/domain/%u/data/%u", i / SIBLINGS,
                           i % SIBLINGS) +
           1;
}

static size_t draw(struct bench *b, char *path)
{
    b->random = b->random * 6364136223846793005u + 1442695040888963407u;
    return path_of((unsigned)(b->random >> 33) % b->nodes, path);
}

static void do_read(struct bench *b)
{
    char path[64];

    ask(b, XS_READ, 0, path, draw(b, path));
}

static void do_write(struct bench *b)
{
    char path[64];
    size_t n = draw(b, path);

    memcpy(path + n, "value", 5);
    ask(b, XS_WRITE, 0, path, n + 5);
}

static void do_transaction(struct bench *b)
{
    char path[64];
    uint32_t t;

    ask(b, XS_TRANSACTION_START, 0, "", 1);
    t = b->transaction;
    ask(b, XS_READ, t, path, draw(b, path));
    memcpy(path + strlen(path) + 1, "value", 5);
    ask(b, XS_WRITE, t, path, strlen(path) + 6);
    ask(b, XS_TRANSACTION_END, t, "T", 2);
}

static double per_second(struct bench *b, void (*run)(struct bench *))
{
    uint64_t from = now(), until = from + 300000000u, at;
    unsigned n = 0;

    do {
        for (unsigned i = 0; i < 100; i++)
            run(b);
        n += 100;
        at = now();
    } while (at < until);
    return n * 1e9 / (double)(at - from);
}

/* Fills up to `nodes` values; the longest single write in ns. */
static uint64_t fill(struct bench *b, unsigned nodes)
{
    uint64_t longest = 0;
    char path[64];

    for (; b->nodes < nodes; b->nodes++) {
        size_t n = path_of(b->nodes, path);
        uint64_t from = now(), took;

        memcpy(path + n, "value", 5);
        ask(b, XS_WRITE, 0, path, n + 5);
        took = now() - from;
        longest = took > longest ? took : longest;
    }
    return longest;
}

static void start(struct bench *b, const struct store_calls *calls)
{
    struct store_limits limits = store_limits_default;

    *b = (struct bench){.random = 1};
    b->store = store_create(&limits, calls, b, 7);
    b->client = store_connect(b->store, 0, true, NULL);
    if (!b->client)
        exit(1);
}

static void by_nodes(struct bench *b, unsigned most)
{
    printf("%9s %10s %10s %10s %12s %11s %11s\n", "nodes", "read/s", "write/s",
           "txn/s", "longest/us", "bytes/node", "held/node");
    for (unsigned n = 1000; n <= most; n *= 10) {
        uint64_t longest = fill(b, n);
        double live = (double)b->store->live;

        printf("%9u %10.0f %10.0f %10.0f %12.1f %11.1f %11.1f\n",
               (unsigned)b->store->live, per_second(b, do_read),
               per_second(b, do_write), per_second(b, do_transaction),
               (double)longest / 1000, (double)b->store->pool.bytes / live,
               (double)b->store->pool.held / live);
    }
}

/* Each watch is on a value of its own; writes go to values that are watched. */
static void by_watches(struct bench *b)
{
    char body[96];
    unsigned have = 0;

    printf("%9s %10s %10s\n", "watches", "write/s", "events/s");
    for (unsigned n = 10; n <= 10000; n *= 10) {
        double rate;

        for (; have < n; have++) {
            size_t size = path_of(have, body);

            memcpy(body + size, "token", 6);
            ask(b, XS_WATCH, 0, body, size + 6);
        }
        b->nodes = n;
        b->events = 0;
        rate = per_second(b, do_write);
        printf("%9u %10.0f %10.0f\n", n, rate, b->events ? rate : 0);
    }
}

static void by_crowd(struct bench *b)
{
    struct store_connection *first = b->client;
    unsigned have = 0;

    b->nodes = 10000;
    printf("%9s %10s   (domains that watch the root)\n", "crowd", "write/s");
    for (unsigned n = 10; n <= 10000; n *= 10) {
        for (; have < n; have++) {
            b->client = store_connect(b->store, have + 1, false, NULL);
            if (!b->client)
                exit(1);
            ask(b, XS_WATCH, 0, "/\0crowd", 8);
        }
        b->client = first;
        b->events = 0;
        printf("%9u %10.0f\n", n, per_second(b, do_write));
    }
}

int main(int argc, char **argv)
{
    static const struct store_calls calls = {.send = send_packet};
    unsigned most = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
    struct bench b;
    uint64_t from;

    start(&b, &calls);
    printf("an empty store holds %zu bytes\n", b.store->pool.held);
    by_nodes(&b, most);
    by_watches(&b);
    by_crowd(&b);
    while (b.store->connections)
        store_disconnect(b.store->connections);
    from = now();
    store_remove(b.store, "/local");
    printf("all removed in %.0f ms; then it holds %zu bytes\n",
           (double)(now() - from) / 1e6, b.store->pool.held);
    store_destroy(b.store);
    return 0;
}
