/* SPDX-License-Identifier: MIT */
/*
 * The store: XenStore's protocol (Xen's docs/misc/xenstore.txt, xs_wire.h) on a
 * tree in memory. Pure but for memory: it knows neither rings nor sockets, so
 * that the same files serve the control domain, the unit tests and the fuzzer.
 *
 * A connection is a byte stream of a domain (its ring) or of a privileged
 * client. store_input() takes bytes, in any portions, and does every request
 * that is whole; replies and watch events come out through `send`, whole
 * packets in order. Nothing blocks; the work of one call is bounded by the
 * bytes it was given, the nodes it removes and the watches that fire.
 *
 * Who does not take what was sent to it waits, and only he: beyond
 * store_limits.outstanding bytes his requests are held, and events fold to one
 * for each watch, with the watch's own path, sent when there is room.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct store_connection;

#define STORE_PATH_MAX 3072 /* bytes of an absolute path */

/* Of a domain; domain 0 and privileged connections have none but the last
 * two. */
struct store_limits {
    uint32_t nodes;             /* it owns */
    uint32_t node_size;         /* bytes of one value */
    uint32_t watches;           /* of a connection */
    uint32_t transactions;      /* open in a connection */
    uint32_t transaction_nodes; /* touched in one transaction */
    uint32_t permissions;       /* entries of one node */
    uint32_t path;              /* bytes, absolute or behind /local/domain/N/ */
    uint32_t reserved;
    uint64_t memory;      /* bytes of its nodes, watches and transactions; and
                           * the same again of what is kept for those */
    uint64_t memory_all;  /* the same of all domains but 0 together */
    uint64_t history;     /* bytes of what only open transactions still see;
                           * beyond, the oldest of them are given up */
    uint64_t outstanding; /* bytes sent to a connection and not yet taken:
                           * beyond, requests wait and events fold */
};
extern const struct store_limits store_limits_default;

struct store_calls {
    /* One whole packet (16-byte head and body) for c, to be copied. It may call
     * store_sent(), nothing else of the store. */
    void (*send)(void *user, struct store_connection *c, const void *packet,
                 size_t size);
    /* A client (not store_write() and its like) wrote, made, removed or
     * permitted the node at path, after the fact; NULL: nobody cares. Not for
     * nodes that went with one above. Must not call the store. */
    void (*changed)(void *user, const char *path);
    /* The operations that are about domains; NULL: ENOSYS. 0 or an errno as in
     * xs_wire.h's list. Privileged callers only (checked before). */
    int (*introduce)(void *user, uint32_t domid, uint64_t mfn, uint32_t port);
    int (*release)(void *user, uint32_t domid);
    int (*resume)(void *user, uint32_t domid);
    bool (*is_introduced)(void *user, uint32_t domid);
    /* XS_CONTROL; answers text of at most size - 1 bytes. */
    int (*control)(void *user, const char *const *words, unsigned count,
                   char *answer, size_t size);
};

/* NULL: no memory. calls must outlive it; seed keys its hash tables. */
struct store *store_create(const struct store_limits *limits,
                           const struct store_calls *calls, void *user,
                           uint64_t seed);
void store_destroy(struct store *s);
void store_set_limits(struct store *s, const struct store_limits *limits);

/* A client that acts for domain `domid`. privileged: as domain 0, whatever
 * domid is. NULL: no memory. */
struct store_connection *store_connect(struct store *s, uint32_t domid,
                                       bool privileged, void *user);
/* Its watches and transactions go, its nodes stay. */
void store_disconnect(struct store_connection *c);
void *store_connection_user(const struct store_connection *c);

/* Takes n bytes, at most store_room(). false: the stream is broken (a packet
 * that is too long, no memory to hold a part of one): the connection must be
 * ended. */
bool store_input(struct store_connection *c, const void *bytes, size_t n);
/* So many bytes store_input() takes now: 0 while c is full, else at least
 * STORE_ROOM. */
size_t store_room(const struct store_connection *c);
#define STORE_ROOM 4112
/* n bytes of what `send` was given have gone out to c. Does what waited. false:
 * as store_input(). */
bool store_sent(struct store_connection *c, size_t n);

/* ---------------------------------------- for the domain manager itself */

/* As domain 0 and outside transactions; watches fire. 0 or a positive errno
 * (EINVAL, ENOENT, ENOMEM, ...). */
int store_write(struct store *s, const char *path, const void *value,
                size_t size);
int store_read(struct store *s, const char *path, void *value, size_t *size);
int store_remove(struct store *s, const char *path);
/* "n0 r5"-like: owner and rights as letters n r w b with a domain id each,
 * applied to path. */
int store_permit(struct store *s, const char *path, const char *permissions);
/* A domain came or went: @introduceDomain, @releaseDomain. When it went, its
 * connections must be gone; /local/domain/DOMID and all nodes that it owns are
 * removed, and no permission given to it holds for a later domain of that
 * number. */
void store_domain_introduced(struct store *s, uint32_t domid);
void store_domain_released(struct store *s, uint32_t domid);

struct store_counts {
    uint64_t nodes, bytes, watches, transactions, connections;
    uint64_t requests, conflicts, events, refused; /* so far; refused: quota */
};
void store_count(const struct store *s, struct store_counts *counts);

#endif
