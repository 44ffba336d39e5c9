/* SPDX-License-Identifier: MIT */
/*
 * All of the control domain but its main(): the channel's frames, the manager,
 * the store and its clients, consoles. domain0_pass() does a bounded part of
 * what waits, for each of them some, and says when it wants to be called again.
 *
 * Whatever comes, from host or guests, it goes on; a call of the hypervisor
 * that fails is said on the console.
 */
#ifndef CONTROL_DOMAIN0_H
#define CONTROL_DOMAIN0_H

#include "control/calls.h"
#include "store/store.h"

struct domain0;

struct domain0_options {
    const char *cell;   /* its name, or NULL */
    uint64_t cell_life; /* Unix time in ns of the cell's start */
    uint64_t life;      /* of this start of the control domain */
    uint64_t seed;      /* unpredictable */
    struct store_limits limits;
};

/* NULL: it cannot: said. calls must outlive it. */
struct domain0 *domain0_create(const struct calls *calls,
                               const struct domain0_options *o);
void domain0_destroy(struct domain0 *z);

/* Returns the system time at which it must be called again; 0: at once. */
uint64_t domain0_pass(struct domain0 *z);

/* The store's control command "crash" was given. */
bool domain0_crash_wanted(const struct domain0 *z);

#endif
