/* SPDX-License-Identifier: MIT */
/*
 * Older states of nodes, kept while an open transaction can see them: those
 * that began at or before its start and ended after it. Each is kept for the
 * newest transaction that sees it, and handed to the next older one when that
 * ends. It counts for the domain of that transaction, up to as much as its
 * memory may be (store_limits.memory); beyond, the domain's oldest transactions
 * are given up. All of them together are bounded (store_limits.history):
 * beyond, the oldest transactions of all are given up.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/node.h"

struct transaction;

struct past {
    struct past *next, *prev; /* of the transaction it is kept for */
    struct past *older;       /* of the same node */
    struct node *node;
    struct content content;
    uint64_t from, until; /* generations: seen by those in [from, until) */
};

/* Memory for n more pasts; false: no memory. */
bool history_reserve(struct store *s, uint64_t n);
/* Gives back what was reserved and not used. */
void history_trim(struct store *s);

/* The node's content, which node_shared(), becomes its past. */
void history_keep(struct store *s, struct node *n);
/* t is about to leave the list of open transactions. */
void history_end(struct store *s, struct transaction *t);
/* Gives up the oldest transactions until the bounds hold. */
void history_bound(struct store *s);

#endif
