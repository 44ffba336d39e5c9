/* SPDX-License-Identifier: MIT */
/*
 * The cell: the root of all state. Everything mutable hangs off here, off a
 * CPU, a domain or a vcpu, so that a test can make many worlds.
 *
 * Reclamation: CPUs look domains up without a lock. A pointer found so stays
 * valid until that CPU's next pass through the loop: a dead domain's memory is
 * freed only when every CPU has passed its loop (cpu.passes) or was idle since.
 */
#ifndef CORE_CELL_H
#define CORE_CELL_H

#include "base/types.h"
#include "core/frame.h"
#include "core/lock.h"
#include "core/timer.h"
#include "machine/machine.h"

struct domain;
struct vcpu;
struct net_switch;
struct console;

/* A binary heap of (key, item) with the item's slot kept by a callback. */
struct heap {
    struct heap_entry {
        uint64_t key;
        uint32_t *slot;
        void *item;
    } * entries;
    uint32_t count, capacity;
};

struct cpu {
    struct cell *cell;
    uint32_t id;
    struct vcpu *current; /* whose exit is being handled, or NULL */
    /* under lock */
    struct lock lock;
    struct heap queue;  /* runnable vcpus by vtime */
    struct heap timers; /* by deadline */
    uint64_t vtime;     /* of the queue */
    uint64_t slice_end; /* of the running vcpu */
    uint64_t deadline;  /* last given to machine_deadline() */
    /* written by this CPU, read by all */
    atomic_ulong passes;
    atomic_bool idle;
    atomic_bool resched; /* look at the queue before going back to a guest */
    uint64_t idle_ns;
};

struct cell {
    struct frames *frames;
    struct cpu cpus[MACHINE_CPUS];
    unsigned cpu_count;
    const struct scree_bundle *bundle;
    struct image *images;
    struct module *modules;
    uint32_t image_count, module_count;
    mfn_t clock_page; /* FRAME_SHARED */
    struct net_switch *net;
    struct console *console;
    /* under lock */
    struct lock lock;
    struct domain *dead; /* waiting to be freed */
    /* read without lock: see above */
    struct domain *_Atomic *domains; /* by id */
    uint32_t domain_limit;           /* ids are below */
    atomic_uint domain_count;
};

#endif
