/* SPDX-License-Identifier: MIT */
/*
 * A domain: one virtual machine with its one vcpu. Lives in frames of its own
 * that its quota pays for. Life:
 *
 *   domain_create -> STOPPED -> domain_start -> RUNNING <-> PAUSED
 *   -> (crash, shutdown, destroy) DYING -> reaped: every frame is back
 *   on_crash preserve: CRASHED; on_crash restart: dies, then is made again
 *   by system/restart.c.
 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "core/cell.h"
#include "core/event.h"
#include "core/sched.h"
#include "core/space.h"
#include "scree/bundle.h"
#include "scree/upcall.h"
#include "scree/vio.h"

#define DOMAIN_NAME_MAX SCREE_NAME_MAX

enum domain_state {
    DOMAIN_STOPPED,
    DOMAIN_RUNNING,
    DOMAIN_PAUSED,
    DOMAIN_CRASHED,
    DOMAIN_DYING,
};

/* What a blocked vcpu waits for; decides rax when it wakes. */
enum vcpu_wait { WAIT_NONE, WAIT_IDLE, WAIT_BLOCK, WAIT_POLL };

struct vcpu {
    struct machine_vcpu m; /* first: the machine hands it back */
    struct domain *domain;
    struct vcpu_info *info; /* in the shared page, or where registered */
    struct cpu *cpu;
    struct sched_node sched;
    struct timer timer;      /* set_timer_op */
    struct timer wait_timer; /* idle's and poll's deadline */
    enum vcpu_wait wait;
    gva_t event_handler; /* 0: none */
    gva_t fault_stack_top;
    uint64_t fault_stack_size;
    struct {
        uint32_t handler; /* guest address; flat text is below 4 GiB */
        uint32_t flags;
    } traps[SCREE_TRAPS];
};

/* One vio device of a domain; private indices live here, not in the ring. */
struct vio_device {
    struct scree_vio_ring *ring; /* NULL: closed */
    uint32_t tx, rx, done;       /* ours, free-running */
    uint32_t tx_errors, tx_drops, rx_drops;
    bool tx_waiting; /* raise the event when there is room */
};

struct net_port; /* io/net_port.h */

struct domain {
    struct vcpu vcpu; /* first */
    struct cell *cell;
    uint32_t id;
    struct lock lock;
    atomic_uint state; /* enum domain_state; changes under lock */
    struct quota quota;
    /* under lock */
    struct space space;
    struct shared_info *shared; /* the hypervisor's view of the page */
    struct scree_info *info;
    struct port *ports[SCREE_PORTS / 512]; /* a frame each, on demand */
    struct grant_table *grants;            /* NULL until set up */
    struct vio_device vio[SCREE_VIO_DEVICES];
    struct net_port *net; /* NULL: no network */
    void *console;        /* io/console.h: line buffer and limits */
    const struct scree_domain_config *config; /* in the bundle */
    struct image *image;
    struct module *module;
    uint32_t shutdown_reason; /* SHUTDOWN_*, when DYING or CRASHED */
    struct domain *next_dead;
    uint64_t dead_passes[1]; /* see cell.h; cpu_count of them follow */
};

#endif
