/* SPDX-License-Identifier: MIT */
/*
 * A store with connections whose answers and events are kept, for the tests of
 * guest-kernel/store; and a recount of everything that the engine counts.
 */
#ifndef UNIT_STORE_WORLD_H
#define UNIT_STORE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/state.h"

#define STORE_CLIENTS 8
#define STORE_EVENTS  1024

struct store_event {
    char path[128];
    char token[64];
};

struct store_client {
    struct store_connection *connection;
    struct store_world *world;
    uint32_t domid;
    bool stalled; /* takes nothing: what is sent is not acknowledged */
    size_t waiting;
    unsigned replies;
    struct xsd_sockmsg head; /* the last reply */
    char body[XENSTORE_PAYLOAD_MAX + 1];
    struct store_event events[STORE_EVENTS];
    unsigned event_count;
};

struct store_world {
    struct store *store;
    struct store_calls calls;
    struct store_client clients[STORE_CLIENTS];
    char changed[256]; /* the last path that `changed` named */
    unsigned changes;
};

/* Clients 0 and 1 are privileged, N (2..) is domain N - 1 with a home of its
 * own. limits NULL: the default. */
void store_world_start(struct store_world *w,
                       const struct store_limits *limits);
/* Nothing may be left. */
void store_world_stop(struct store_world *w);

/* A request of client i; true: no error. Its answer is in clients[i]. */
bool store_ask(struct store_world *w, unsigned i, uint32_t type, uint32_t tx,
               const void *body, size_t size);
/* The same for a body of strings: "path", "value" without an end for WRITE. */
bool store_do(struct store_world *w, unsigned i, uint32_t type, uint32_t tx,
              const char *first);
bool store_do2(struct store_world *w, unsigned i, uint32_t type, uint32_t tx,
               const char *first, const char *second);
bool store_put(struct store_world *w, unsigned i, uint32_t tx, const char *path,
               const char *value);
/* The last answer was this error. */
bool store_said(const struct store_world *w, unsigned i, const char *error);
/* What client i reads at path; NULL: an error. */
const char *store_get(struct store_world *w, unsigned i, uint32_t tx,
                      const char *path);
uint32_t store_begin(struct store_world *w, unsigned i);
bool store_end(struct store_world *w, unsigned i, uint32_t tx, bool commit);

/* How often client i heard of this; all of its events are forgotten by
 * store_forget(). */
unsigned store_heard(const struct store_world *w, unsigned i, const char *path,
                     const char *token);
void store_forget(struct store_world *w);

/* Recounts nodes, owners, memory, watches, history; false: something is not
 * as it is counted. */
bool store_check(const struct store *s);

#endif
