/* SPDX-License-Identifier: MIT */
/*
 * A client that does as much as it can, to compare servers:
 *
 *     store-load SOCKET [NODES]
 *
 * Fills NODES (1,000) values, then prints operations per second of reads,
 * writes and transactions (start, read, write, end), one after the other on one
 * connection, and of reads with 16 under way.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

struct load {
    struct peer server;
    unsigned nodes;
    uint64_t random;
};

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "store-load: %s\n", what);
    exit(1);
}

static const char *answer(struct load *l)
{
    peer_receive(&l->server);
    if (l->server.head.type == XS_ERROR)
        fail(l->server.body);
    return l->server.body;
}

static const char *ask(struct load *l, uint32_t type, uint32_t tx,
                       const char *body, size_t size)
{
    peer_send(&l->server, type, tx, body, size);
    return answer(l);
}

static size_t path_of(unsigned i, char *path)
{
    return (size_t)sprintf(path, "/load/%u/%u", i / 10, i % 10) + 1;
}

static size_t draw(struct load *l, char *path)
{
    l->random = l->random * 6364136223846793005u + 1442695040888963407u;
    return path_of((unsigned)(l->random >> 33) % l->nodes, path);
}

static unsigned do_read(struct load *l)
{
    char path[64];

    ask(l, XS_READ, 0, path, draw(l, path));
    return 1;
}

static unsigned do_write(struct load *l)
{
    char path[64];
    size_t n = draw(l, path);

    memcpy(path + n, "value", 5);
    ask(l, XS_WRITE, 0, path, n + 5);
    return 1;
}

static unsigned do_transaction(struct load *l)
{
    char path[64];
    uint32_t t =
        (uint32_t)strtoul(ask(l, XS_TRANSACTION_START, 0, "", 1), NULL, 10);
    size_t n = draw(l, path);

    ask(l, XS_READ, t, path, n);
    memcpy(path + n, "value", 5);
    ask(l, XS_WRITE, t, path, n + 5);
    ask(l, XS_TRANSACTION_END, t, "T", 2);
    return 1;
}

static unsigned do_many_reads(struct load *l)
{
    char path[64];

    for (unsigned i = 0; i < 16; i++)
        peer_send(&l->server, XS_READ, 0, path, draw(l, path));
    for (unsigned i = 0; i < 16; i++)
        answer(l);
    return 16;
}

static void measure(struct load *l, const char *name,
                    unsigned (*run)(struct load *))
{
    uint64_t from = now(), at;
    unsigned n = 0;

    do {
        n += run(l);
        at = now();
    } while (at - from < 1000000000u);
    printf("%-12s %9.0f per_s\n", name, n * 1e9 / (double)(at - from));
}

int main(int argc, char **argv)
{
    static struct load l = {.random = 1};
    unsigned nodes = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;

    if (argc < 2)
        fail("usage: store-load SOCKET [NODES]");
    peer_socket(&l.server, argv[1]);
    for (; l.nodes < nodes; l.nodes++) {
        char path[64];
        size_t n = path_of(l.nodes, path);

        ask(&l, XS_WRITE, 0, path, n);
    }
    measure(&l, "store-read", do_read);
    measure(&l, "store-write", do_write);
    measure(&l, "store-txn", do_transaction);
    measure(&l, "store-read16", do_many_reads);
    return 0;
}
