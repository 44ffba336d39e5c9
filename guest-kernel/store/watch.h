/* SPDX-License-Identifier: MIT */
/*
 * Watches. Those on one path hang off a point, and points are found by the hash
 * that a node of that path has: a change looks at the points of its own path
 * and of each path above, whatever the number of watches.
 *
 * At a point, watches stand in groups, one for each connection. Where there are
 * many groups of domains, and not everybody may read what changed, those who
 * may are looked up: a crowd that watches the root costs the others nothing.
 *
 * An event that its connection has no room for, or that there is no memory for,
 * is not lost: the watch is marked, and fires once for its own path when there
 * is room.
 */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include "store/hash.h"
#include "store/node.h"
#include "store/state.h"

struct watch_point {
    struct hash_link link;
    struct watch_group *privileged, *limited;
    uint32_t limited_count;
    uint16_t length;
    char path[];
};

struct watch_group {
    struct hash_link link; /* by connection and point */
    struct store_connection *connection;
    struct watch_point *point;
    struct watch *watches;
    struct watch_group *next, *prev; /* of the point's */
    uint64_t firing;                 /* the last that it was looked at for */
    bool missed; /* all of them have an event to be sent later */
};

struct watch {
    struct hash_link link; /* by connection, point and token */
    struct watch_group *group;
    struct watch *next, *prev;               /* of the connection's */
    struct watch *peer_next, *peer_prev;     /* of the group's */
    struct watch *missed_next, *missed_prev; /* of the connection's missed */
    bool relative, missed;
    uint16_t length; /* of the token */
    char token[];
};

#define WATCH_SCAN 8u /* so many groups are looked at one by one */

/* Who may know of a change: readers of the node as it is, as it was, or of its
 * parent. NULL: nobody by that. */
struct watch_readers {
    const struct perms *now, *before, *parent;
};

/* Sets a watch that there is not yet; does not fire it. NULL: no memory. */
struct watch *watch_add(struct store_connection *c, const char *path,
                        size_t length, const char *token);
struct watch *watch_find(const struct store_connection *c, const char *path,
                         size_t length, const char *token);
void watch_remove(struct watch *w);
void watch_remove_all(struct store_connection *c);
/* What a watch costs its connection's domain. */
uint64_t watch_cost(size_t path, size_t token);

/* One event for the watch's own path. */
void watch_first(struct watch *w);
/* The node at `path` has changed: all watches on it and above. */
void watch_fire(struct store *s, const char *path, size_t length,
                const struct watch_readers *readers);
/* n is about to go along with a node above: only watches on itself. */
void watch_fire_exact(struct store *s, const struct node *n);
/* "@introduceDomain", ...: only watches on just that. */
void watch_fire_special(struct store *s, const char *name,
                        const struct perms *perms);
/* Sends what was missed, as long as there is room. */
void watch_catch_up(struct store_connection *c);

#endif
