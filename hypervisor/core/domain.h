/* SPDX-License-Identifier: MIT */
/*
 * A domain: one virtual machine with its one vcpu. Lives in a frame of its own
 * that its quota pays for. Life:
 *
 *   domain_create -> STOPPED -> domain_start -> RUNNING
 *   -> domain_end (crash, shutdown, destroy) DYING -> every CPU passes
 *   -> system/reaper.c takes it apart: every frame is back
 *   on_crash preserve: domain_preserve -> CRASHED, kept until domain_end.
 *   for the control domain: domain_admit -> PAUSED <-> RUNNING; and at the end
 *   domain_retire -> ENDED, its struct and info page alone, until domain_free.
 *
 * Everything a domain will need is promised by its quota at creation, so
 * creation fails before anything is half made, and running does not.
 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "core/cell.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/sched.h"
#include "core/space.h"
#include "core/vcpu.h"
#include "scree/bundle.h"
#include "scree/control.h"
#include "scree/upcall.h"
#include "scree/vio.h"

#define DOMAIN_WATCHDOGS     2
#define DOMAIN_VIO_RINGS     2   /* console and net */
#define DOMAIN_NET_STATE     384 /* bytes */
#define DOMAIN_CONSOLE_STATE 448

enum domain_state {
    DOMAIN_STOPPED,
    DOMAIN_RUNNING,
    DOMAIN_PAUSED,
    DOMAIN_CRASHED, /* those from here on never run again */
    DOMAIN_DYING,
    DOMAIN_ENDED,
};

/* One vio device of a domain; private indices live here, not in the ring. */
struct vio_device {
    struct scree_vio_ring *ring; /* NULL: closed */
    uint32_t tx, rx, done;       /* ours, free-running */
    uint32_t tx_errors, tx_drops, rx_drops;
};

/* Its store ring (io/store_ring.h). */
struct store_ring {
    struct xenstore_domain_interface *page; /* NULL: closed */
    uint32_t req_cons, rsp_prod;            /* ours, free-running */
    uint32_t epoch;                         /* how often it was opened */
    bool stopped;                           /* until it is opened anew */
};

struct net_port; /* io/net_port.h */

struct domain {
    struct vcpu vcpu; /* first */
    struct cell *cell;
    uint32_t id;
    struct lock lock;
    atomic_uint state; /* enum domain_state; changes under lock */
    struct quota quota;
    mfn_t frame;      /* where this struct lives */
    mfn_t info_frame; /* one reference of our own: it stays to the end */
    /* under lock */
    struct space space;
    struct shared_info *shared; /* the hypervisor's view of the page */
    struct scree_info *info;    /* and of the info page */
    struct port *ports[SCREE_PORTS / 512]; /* a frame each, on demand */
    mfn_t port_frames[SCREE_PORTS / 512];  /* of `ports` */
    uint32_t port_hint;                    /* no free dynamic port below it */
    struct grant_table grants;
    struct vio_device vio[DOMAIN_VIO_RINGS];
    struct store_ring store;
    struct net_port *net; /* NULL: no network; else in net_state */
    void *console;        /* NULL, or in console_state (io/console.h) */
    /* io's parts of a domain: they live exactly as long as it does */
    uint64_t net_state[DOMAIN_NET_STATE / 8];
    uint64_t console_state[DOMAIN_CONSOLE_STATE / 8];
    struct image *image;
    struct module *module;
    uint32_t image_handle, module_handle; /* as the control domain names them */
    uint32_t group;
    uint8_t on_crash;            /* SCREE_ON_CRASH_* */
    bool boot;                   /* made of a record of the boot bundle */
    bool returns;                /* ENDED: until it is made again */
    _Atomic uint16_t watchdog_s; /* last set to, or 0 */
    uint64_t net_rate;
    uint8_t tag[SCREE_TAG_MAX];
    struct watchdog {
        struct timer timer;
        struct domain *domain;
        uint64_t left; /* ns, while the domain is paused; else 0. Under lock */
    } watchdogs[DOMAIN_WATCHDOGS];
    uint64_t memory;           /* pages of RAM it may have now */
    uint64_t memory_max;       /* and at most */
    atomic_uint shutdown;      /* SCREE_SHUTDOWN(), when it has ended */
    uint64_t created_ns;       /* machine_clock() */
    _Atomic uint64_t ended_ns; /* or 0 */
    struct {                   /* core/changes.h; under that lock */
        struct domain *next, *previous;
        uint32_t happened; /* not 0: it is in the queue */
    } change;
    struct domain *next_dead;
    uint32_t dead_passes[1]; /* see cell.h; cpu_count of them follow */
};

_Static_assert(sizeof(struct domain) + 4 * MACHINE_CPUS <= PAGE_SIZE,
               "a domain lives in one frame");

#define DOMAIN_ID_ANY UINT32_MAX /* the next one that is free */

/* What a new domain needs. */
struct domain_shape {
    uint32_t id; /* below domain_limit, free; or DOMAIN_ID_ANY */
    uint32_t weight;
    uint64_t memory;  /* pages of RAM, from SCREE_IMAGE_BASE on */
    uint64_t shared;  /* of them never private: no frame is promised */
    uint64_t devices; /* further frames that the layers above will draw */
    gfn_t end;        /* first page above everything mapped */
};

/*
 * A stopped domain with its fixed pages mapped (hypercall, info, clock,
 * shared) and its id taken; nobody finds it yet. -XEN_ENOMEM, -XEN_EEXIST: the
 * id is in use, -XEN_ENOSPC: no id is free, -XEN_EINVAL; nothing is left
 * behind.
 */
must_check int domain_create(struct cell *cell,
                             const struct domain_shape *shape,
                             struct domain **out);
/* Lets a stopped domain run, and be found. */
void domain_start(struct domain *d);
/* Lets it be found, paused. */
void domain_admit(struct domain *d);
/* From any CPU. A paused domain keeps its events; its timers that expire are
 * seen late, its watchdogs stand still. -XEN_EINVAL: it does not run; it is not
 * paused. */
must_check int domain_pause(struct domain *d);
must_check int domain_resume(struct domain *d);

/*
 * Ends d for good, from any CPU; the reaper does the rest. No effect on one
 * that is ending already. `shutdown` is SCREE_SHUTDOWN(). What leads to d
 * besides its id (a port on the switch) is hidden before: this begins the time
 * after which nobody may hold a pointer.
 */
void domain_end(struct domain *d, uint32_t shutdown);
/* Keeps d as it is, never to run again. */
void domain_preserve(struct domain *d, uint32_t shutdown);

/* Moves what ended on c into its grace period and returns a domain that no
 * CPU can reach any more, the same one until domain_free(), or NULL. c is this
 * CPU. */
struct domain *domain_reapable(struct cpu *c);
/* Gives back a part of what a reapable (or never started) domain has, in
 * bounded time; true: nothing is left but itself. The layers above have
 * released theirs. */
must_check bool domain_drain(struct domain *d);
/* Gives back what is left but the struct and the info page: d is ENDED, until
 * domain_free(). */
void domain_retire(struct domain *d);
/* Gives back what is left. d is gone. */
void domain_free(struct domain *d);

/* The live domain `id`, or NULL; valid until this CPU's next pass. */
struct domain *domain_find(struct cell *cell, uint32_t id);
/* The one that a 16-bit Xen id names, DOMID_SELF included, for caller d. */
struct domain *domain_by_domid(struct domain *d, domid_t domid);

static inline enum domain_state domain_state(const struct domain *d)
{
    return (enum domain_state)atomic_load(&d->state);
}

/* Why it ended: SHUTDOWN_* or SCREE_END_KILLED. */
static inline uint32_t domain_end_reason(const struct domain *d)
{
    return atomic_load(&d->shutdown) & 0xff;
}

static inline const char *domain_name(const struct domain *d)
{
    return d->info->name;
}

#endif
