/* SPDX-License-Identifier: MIT */
/*
 * Transactions.
 */
#ifndef STORE_TRANSACTION_H
#define STORE_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct past;
struct shadow;
struct store;
struct store_connection;

struct transaction {
    struct transaction *next, *prev;         /* of the connection's */
    struct transaction *all_next, *all_prev; /* of all that are open */
    struct store_connection *connection;
    struct past *pasts; /* kept for it */
    uint64_t snapshot;  /* the generation it sees */
    uint32_t id;
};

/* NULL: the connection has none of this number. */
struct transaction *transaction_find(const struct store_connection *c,
                                     uint32_t id);
void transaction_abort_all(struct store_connection *c);
/* Its snapshot and all it did goes; it can only end with EAGAIN. */
void transaction_give_up(struct store *s, struct transaction *t);

#endif
