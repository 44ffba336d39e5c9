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
 * bytes it was given and the number of watches that fire.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct store_connection;

/* Per domain; domain 0 and privileged connections have none. */
struct store_limits {
    uint32_t nodes;             /* it owns */
    uint32_t node_size;         /* bytes of one value */
    uint32_t watches;           /* of a connection */
    uint32_t transactions;      /* open in a connection */
    uint32_t transaction_nodes; /* touched in one transaction */
    uint32_t permissions;       /* entries of one node */
    uint32_t path;              /* bytes, absolute */
    uint32_t outstanding; /* bytes of replies and events not yet sent, of a
                           * connection; requests wait, events are dropped
                           * when it is reached twice over */
};
extern const struct store_limits store_limits_default;

struct store_calls {
    /* One whole packet (16-byte head and body) for c. */
    void (*send)(void *user, struct store_connection *c, const void *packet,
                 size_t size);
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

/* Takes n bytes. false: the stream is broken (a packet that is too long): the
 * connection must be ended. */
bool store_input(struct store_connection *c, const void *bytes, size_t n);

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
/* A domain came or went: @introduceDomain, @releaseDomain; the latter also
 * forgets its quota counts and removes what stays in /local/domain/DOMID. */
void store_domain_introduced(struct store *s, uint32_t domid);
void store_domain_released(struct store *s, uint32_t domid);

struct store_counts {
    uint64_t nodes, bytes, watches, transactions, connections;
    uint64_t requests, conflicts, events, refused; /* so far; refused: quota */
};
void store_count(const struct store *s, struct store_counts *counts);

#endif
