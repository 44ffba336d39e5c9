/* SPDX-License-Identifier: MIT */
/*
 * What the files of machine/host share. The machine is one static object: it
 * is hardware, and below the seam that is where state belongs.
 */
#ifndef HOST_PRIVATE_H
#define HOST_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "machine/host/host.h"

#define HOST_HYPERCALL_PAGE 16
#define HOST_TLB            64

struct host_tlb_entry {
    gfn_t g;
    struct mapping m; /* rights MAP_NONE: empty */
};

/* A CPU. The TLB is its own thread's only. */
struct host_cpu {
    struct machine_space *_Atomic loaded;
    /* of the vcpu whose FPU and debug registers a real CPU would still have */
    struct machine_space *_Atomic registers;
    struct host_tlb_entry tlb[HOST_TLB];
    _Atomic uint64_t deadline;
    _Atomic uint64_t kicks;
    atomic_bool interrupt; /* kicked and not yet noticed */
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* for sleeping only */
    pthread_cond_t wake;
};

struct host {
    struct machine_info info;
    bool real_time;
    char *arena; /* frame 0 is at its start */
    uint64_t arena_frames;
    struct host_cpu cpus[MACHINE_CPUS];
    atomic_bool ending; /* started CPUs shall end */
    _Atomic uint64_t clock, clock_step, clock_start;
    _Atomic uint64_t flushes, switches;
    void (*idle_hook)(void *argument);
    void *idle_argument;
    _Atomic uint64_t random;
    bool random_present;
    struct host_devices devices;
};

extern struct host host;

/* This thread's CPU. */
struct host_cpu *host_cpu(void);
/* Loads s (NULL: none) on this CPU; forgets translations if it differs. */
void host_load_space(struct machine_space *s);
/* An interrupt for this CPU: true once for each. */
bool host_interrupt_taken(void);
/* Ends this thread if host_join_cpus() waits for it. */
void host_end_if_asked(void);

void host_cpus_start(void);
void host_cpus_stop(void);
void host_devices_start(void);
void host_devices_stop(void);

#endif
