/* SPDX-License-Identifier: MIT */
/*
 * Everything around pebble's xs_ calls: the store, a ring to it of Xen's size,
 * a clock that moves when the guest waits, and the loop's passes. The calls
 * keep their state in statics, so there is one world, whose store is emptied
 * for each test.
 */
#ifndef XS_WORLD_H
#define XS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define WORLD_DOMAIN 5
#define WORLD_HOME   "/local/domain/5"

struct world {
    struct store *store;
    bool no_device; /* store_open() fails */
    bool deaf;      /* the server takes nothing */
    bool closed;    /* the guest has closed the ring */
    unsigned opened;
    unsigned wakes; /* of the server, by the guest */
    uint64_t now;
    uint64_t turns; /* the guest has waited so often */
    /* called each time the guest waits: somebody else does something */
    void (*meanwhile)(void);
};
extern struct world world;

/* An empty store, a fresh connection; the guest is told that the old one is
 * lost. */
void world_start(void);
/* The server dies and comes back with an empty store. */
void world_restart(void);
/* A pass of the loop: watches are called. */
void world_pass(void);
/* The server puts these bytes where its answers go. */
void world_say(const void *bytes, size_t size);
void world_end(void);

#endif
