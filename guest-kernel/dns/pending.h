/* SPDX-License-Identifier: MIT */
/*
 * Queries that were handed on to another server and wait for its response. A
 * bounded table: one address has at most DNS_PENDING_EACH places, and when all
 * are taken the oldest goes. A response must have the id that went out (random)
 * and the very question. Pure: host tests link it.
 */
#ifndef DNS_PENDING_H
#define DNS_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_PENDING_MAX  64
#define DNS_PENDING_EACH 8
#define DNS_PENDING_TIME 5000000000ull /* ns */

/* Who asked: over UDP address and port, over TCP its connection. */
struct dns_asker {
    uint32_t address;
    uint16_t port;
    void *connection;
};

struct dns_pending {
    uint64_t deadline; /* 0: this place is free */
    struct dns_asker asker;
    uint16_t id;        /* as it went out */
    uint16_t size;      /* of query[] */
    uint8_t query[272]; /* head and question, with the asker's id */
};

struct dns_pending_table {
    struct dns_pending places[DNS_PENDING_MAX];
};

/* Remembers a query (its head and question: `size` bytes) that goes out with
 * `id`; the caller sets its deadline. NULL: the asker has too many, the id is
 * taken, or it is too long. */
struct dns_pending *dns_pending_add(struct dns_pending_table *t,
                                    const struct dns_asker *asker,
                                    const uint8_t *query, size_t size,
                                    uint16_t id);
/* Whose response these bytes are; NULL: nobody's. */
struct dns_pending *dns_pending_match(struct dns_pending_table *t,
                                      const uint8_t *response, size_t size);
/* One whose time is over; NULL: none. */
struct dns_pending *dns_pending_expired(struct dns_pending_table *t,
                                        uint64_t now);
/* When the next one's time is over, or UINT64_MAX. */
uint64_t dns_pending_next(const struct dns_pending_table *t);
void dns_pending_free(struct dns_pending *p);
/* The asker behind this connection has gone. */
void dns_pending_forget(struct dns_pending_table *t, const void *connection);

#endif
