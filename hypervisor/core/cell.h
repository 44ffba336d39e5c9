/* SPDX-License-Identifier: MIT */
/*
 * The cell: the root of all state. Everything mutable hangs off here, off a
 * CPU, a domain or a vcpu, so that a test can make many worlds.
 *
 * Reclamation: CPUs look domains up without a lock. A pointer found so stays
 * valid until that CPU's next pass through the loop: a dead domain is taken out
 * of the tables first, and its memory is freed only when every CPU has passed
 * its loop (cpu.passes) or idles since.
 */
#ifndef CORE_CELL_H
#define CORE_CELL_H

#include <stdatomic.h>

#include "base/heap.h"
#include "base/types.h"
#include "core/frame.h"
#include "core/lock.h"
#include "core/random.h"
#include "core/timer.h"
#include "machine/machine.h"

struct cell;
struct domain;
struct vcpu;
struct net_switch;
struct channel;
struct console;
struct journal;
struct objects;
struct options;
struct restart;

struct cpu {
    struct cell *cell;
    uint32_t id;
    /* this CPU's own */
    struct vcpu *current;  /* RUNNING here, or NULL */
    struct vcpu *loaded;   /* whom the machine ran last, or NULL */
    uint64_t now;          /* machine_clock() at the last exit or pass */
    bool interrupted;      /* since the last pass: poll devices, rearm */
    uint64_t recheck;      /* when to look at these again, or UINT64_MAX */
    struct domain *dying;  /* taken off `dead`, waiting for the other CPUs */
    struct domain *reaped; /* taken off `dying`, being taken apart */
    /* under lock */
    struct lock lock;
    struct heap queue;           /* runnable vcpus by vtime */
    struct heap timers;          /* by deadline */
    uint64_t vtime;              /* of the queue */
    uint64_t slice_end;          /* of the running vcpu */
    _Atomic uint64_t deadline;   /* last given to machine_deadline() */
    struct domain *_Atomic dead; /* ended here, not yet seen by this CPU */
    uint32_t domains;            /* placed here; under the cell's lock */
    /* written by this CPU, read by all */
    atomic_ulong passes;
    atomic_bool idle;
    _Atomic uint64_t idle_since; /* while it is */
    _Atomic uint64_t idle_ns;    /* before that */
    /* written by all: look at the queue before going back to a guest */
    atomic_bool resched;
};

/* See core/changes.h. */
struct changes {
    struct lock lock;
    struct domain *first, *last;
    uint32_t sweep; /* ids from here on are to be told; under the cell's lock */
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
    struct journal *journal; /* NULL: nobody could take it */
    struct channel *channel; /* NULL: no way to the host */
    bool control;            /* the bundle has a control domain */
    uint32_t control_record; /* and this is its record */
    struct domain *making;   /* that the control domain has begun, or NULL */
    struct objects *objects; /* what the control domain uploads, or NULL */
    void *transfer;          /* a frame for copies to and from it, or NULL */
    struct changes changes;
    const struct options *options;
    struct restart *restarts; /* one for each record of the bundle */
    struct random random;
    /* Takes one line for the operator, without line end; see core/log.h. */
    void (*log)(struct cell *cell, const char *line, size_t n);
    /* under lock */
    struct lock lock;
    uint64_t *taken;         /* bitmap of ids in use, those of the dying too */
    struct domain **records; /* by id: all from start to the id's release */
    uint32_t next_id;        /* where the search for a free one begins */
    uint32_t first_id;       /* those below are the boot bundle's */
    /* read without lock: see above */
    struct domain *_Atomic *domains; /* by id; slot 0 is the control domain */
    uint32_t domain_limit;           /* ids are below */
    atomic_uint domain_count;        /* the ended, too */
    atomic_uint ended_count;
    atomic_uint restarts_due; /* domains that will come back */
};

/*
 * Makes an empty cell over `frames` with room for `limit` domain ids, on
 * `cpus` CPUs. *cell is zeroed storage. -XEN_ENOMEM.
 */
must_check int cell_init(struct cell *cell, struct frames *frames,
                         unsigned cpus, uint32_t limit);

/* This CPU of the cell. */
static inline struct cpu *cell_cpu(struct cell *cell)
{
    return &cell->cpus[machine_cpu()];
}

/* The CPU that has the fewest domains, counted as having one more; and the
 * reverse. The cell's lock is held. */
struct cpu *cell_place(struct cell *cell);
void cell_unplace(struct cpu *c);

#endif
