/* SPDX-License-Identifier: MIT */
/*
 * What a store does, said as simply as possible: a sorted array of paths, a
 * whole copy of it for each transaction, watches in one list. It knows the
 * rules of docs/store.md and nothing of how guest-kernel/store keeps them.
 *
 * Every operation returns the error's name or "OK"; what must be heard stands
 * in events[] afterwards.
 */
#ifndef UNIT_STORE_MODEL_H
#define UNIT_STORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

#define MODEL_CLIENTS 6
#define MODEL_PATH    64
#define MODEL_VALUE   64
#define MODEL_PERMS   6
#define MODEL_NODES   800
#define MODEL_WATCHES 200
#define MODEL_EVENTS  4096
#define MODEL_OPEN    40
#define MODEL_NOTES   2000

#define MODEL_READ    1u
#define MODEL_WRITE   2u
#define MODEL_OWNER   4u

struct model_perm {
    uint32_t id, rights;
};

struct model_node {
    char path[MODEL_PATH];
    char value[MODEL_VALUE];
    unsigned size, perms;
    struct model_perm perm[MODEL_PERMS];
    uint64_t changed, listed;
    bool made, dirty; /* by the transaction */
};

struct model_tree {
    struct model_node node[MODEL_NODES]; /* by path */
    unsigned count;
};

/* c: content was read or written; l: the list of children was read; s: all
 * below was removed; n: a watch must hear of just this. */
struct model_note {
    char kind;
    char path[MODEL_PATH];
};

struct model_transaction {
    unsigned client;
    uint32_t id; /* 0: free */
    bool removals;
    struct model_tree before, now;
    struct model_note note[MODEL_NOTES];
    unsigned notes;
};

struct model_watch {
    unsigned client;
    char path[MODEL_PATH], token[8];
};

struct model_event {
    unsigned client;
    char path[MODEL_PATH], token[8];
};

struct model {
    struct store_limits limits;
    uint64_t generation;
    struct model_tree tree;
    struct model_transaction open[MODEL_OPEN];
    struct model_watch watch[MODEL_WATCHES];
    unsigned watches;
    struct model_event event[MODEL_EVENTS];
    unsigned events;
};

/* Clients are numbered as in store_world.h; t is 0 or an open transaction. */
void model_start(struct model *m, const struct store_limits *limits);

const char *model_get(struct model *m, unsigned client, uint32_t t,
                      const char *path, unsigned rights);
/* After model_get() with MODEL_READ: the node as the client sees it. */
const struct model_node *model_node(struct model *m, unsigned client,
                                    uint32_t t, const char *path);
/* Child names, sorted, each with its end; the size. */
unsigned model_list(struct model *m, unsigned client, uint32_t t,
                    const char *path, char *names);
const char *model_write(struct model *m, unsigned client, uint32_t t,
                        const char *path, const char *value, unsigned size);
const char *model_mkdir(struct model *m, unsigned client, uint32_t t,
                        const char *path);
const char *model_rm(struct model *m, unsigned client, uint32_t t,
                     const char *path);
const char *model_set_perms(struct model *m, unsigned client, uint32_t t,
                            const char *path, const struct model_perm *perm,
                            unsigned perms);
const char *model_watch(struct model *m, unsigned client, const char *path,
                        const char *token);
const char *model_unwatch(struct model *m, unsigned client, const char *path,
                          const char *token);
/* `id`: the number that the store gave. */
const char *model_begin(struct model *m, unsigned client, uint32_t id);
const char *model_end(struct model *m, unsigned client, uint32_t t,
                      bool commit);
void model_reset(struct model *m, unsigned client);

#endif
