/* SPDX-License-Identifier: MIT */
/*
 * What the store knows of a domain: the nodes it owns, what they cost, whom it
 * acts for. A record begins when something first names the domain (a node of
 * its own, a connection, an introduction, a permission that the control domain
 * gives), lasts while something does, and is retired when the domain is
 * released: who comes later under the same number has a new record, and no
 * permission that was meant for the old one.
 */
#ifndef STORE_OWNER_H
#define STORE_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/hash.h"

struct store;
struct store_connection;
struct node;

struct owner {
    struct hash_link link;
    uint32_t id;
    uint32_t refs; /* of permissions, connections, targets, introduction */
    bool known;    /* in the table: not retired */
    bool introduced;
    struct owner *target; /* acts for it, held; NULL: none */
    struct store_connection *connections;
    struct node *owned;
    uint32_t nodes;   /* owned */
    uint64_t bytes;   /* of its nodes, watches and transactions */
    uint64_t history; /* kept for its transactions */
};

/* NULL: not known. */
struct owner *owner_find(const struct store *s, uint32_t id);
/* The record, held, new if need be; NULL: no memory. */
struct owner *owner_get(struct store *s, uint32_t id);
struct owner *owner_hold(struct owner *d);
void owner_drop(struct store *s, struct owner *d);
/* d acts for target from now on; NULL: for nobody. */
void owner_set_target(struct store *s, struct owner *d, struct owner *target);
/* It is no longer known; the record goes with its last holder. */
void owner_retire(struct store *s, struct owner *d);

/* At the end, when nothing else holds any. */
void owner_forget_all(struct store *s);

/* Bytes that d's memory grows or shrinks by. */
void owner_charge(struct store *s, struct owner *d, int64_t bytes);
/* May d's memory grow so? The control domain's always may. */
bool owner_affords(const struct store *s, const struct owner *d,
                   uint64_t bytes);

#endif
