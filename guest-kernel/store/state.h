/* SPDX-License-Identifier: MIT */
/*
 * The store and its connections as the engine's own files see them. Everything
 * hangs off struct store: a program may have many.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "store/owner.h"
#include "store/hash.h"
#include "store/list.h"
#include "store/names.h"
#include "store/node.h"
#include "store/perms.h"
#include "store/pool.h"
#include "store/store.h"

#include "scree/store.h"

#define STORE_PACKET_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

struct transaction;
struct watch;

/* One whole packet, where it is put together. */
struct packet {
    struct xsd_sockmsg head;
    char body[XENSTORE_PAYLOAD_MAX + 1];
};

enum special { SPECIAL_INTRODUCE, SPECIAL_RELEASE, SPECIALS };

struct store {
    struct pool pool;
    uint64_t key[2];
    struct store_limits limits;
    const struct store_calls *calls;
    void *user;

    struct node *root;
    struct hash nodes; /* struct node */
    struct hash perms; /* struct perms */
    uint64_t generation;
    uint64_t live; /* nodes */

    struct hash domains; /* struct owner */
    struct owner *control;
    uint64_t charged; /* bytes of all domains but control */

    struct hash points;  /* struct watch_point */
    struct hash groups;  /* struct watch_group */
    struct hash watches; /* struct watch */
    struct perms *special[SPECIALS];
    uint64_t firing;  /* numbers the points that fire */
    uint32_t scan;    /* WATCH_SCAN; tests change it */
    uint32_t targets; /* domains that act for another */

    struct hash shadows;              /* of all transactions */
    struct transaction *transactions; /* open, oldest first */
    uint64_t open;
    uint64_t history;               /* bytes kept for open transactions only */
    struct past *spare;             /* reserved */
    struct store_connection *payer; /* of the history kept last */
    uint64_t spares;

    struct store_connection *connections;
    struct store_counts counts;
    unsigned sending; /* inside calls->send */

    struct packet reply, event;
    char path[STORE_PATH_MAX + 1];  /* of the request at hand */
    char fired[STORE_PATH_MAX + 1]; /* of the event at hand */
};

/* All that store_destroy() does but for the store itself: tests look at what is
 * left in the pool. */
void store_clear(struct store *s);

struct store_connection {
    struct store *store;
    struct store_connection *next, *prev;
    void *user;
    struct owner *domain;                           /* held */
    struct store_connection *peer_next, *peer_prev; /* of the domain's */
    bool privileged, broken;

    struct watch *watches;
    uint32_t watch_count;
    struct transaction *transactions; /* its own */
    uint32_t transaction_count;
    uint32_t next_transaction;

    /* Bytes that came and wait: a part of a packet, or packets while the
     * connection is full. */
    char *held;
    uint32_t held_at, held_end, held_room;
    uint64_t outstanding;
    struct watch *missed; /* watches with an event to be sent later */

    /* Where the last part of a long directory ended. */
    struct {
        const struct node *parent;
        struct node *child;
        uint64_t listed;
        uint32_t offset;
    } cursor;
};

#endif
