/* SPDX-License-Identifier: MIT */
/*
 * A small model of a hypervisor's control calls (scree/control.h), so that the
 * control domain's manager runs on the host: domains that begin and end as the
 * test says, objects, rings, consoles and the channel as byte strings, and a
 * clock that stands still until it is moved. It checks what the real one does
 * and counts what is left over.
 */
#ifndef UNIT_FAKE_CELL_H
#define UNIT_FAKE_CELL_H

#include <stdbool.h>

#include "control/calls.h"
#include "control/queue.h"

#define FAKE_DOMAINS 20000
#define FAKE_OBJECTS 64
#define FAKE_RING    1024

struct fake_domain {
    struct scree_domain_state state;
    struct scree_domain_config config;
    uint32_t happened;
    bool queued;
    uint32_t shutdown; /* as in the info page */
    /* the store's ring; open: epoch > 0 and not stopped */
    uint64_t epoch;
    bool stopped;
    struct queue requests, replies;
    struct queue typed;
};

struct fake_object {
    struct scree_control_object facts;
    bool exists;
};

struct fake_cell {
    struct calls calls;
    struct fake_domain *domains[FAKE_DOMAINS]; /* by id; 0 is not there */
    struct fake_object objects[FAKE_OBJECTS];
    uint32_t queue[FAKE_DOMAINS]; /* of next */
    uint32_t queue_first, queue_count;
    uint32_t next_id, count;
    uint64_t now;
    uint64_t memory; /* bytes that domains may still have */
    uint64_t calls_made;
    size_t channel_room; /* that channel_put takes until it says 0 */
    bool no_channel;
    int fail_create;  /* the error of the next creations, or 0 */
    bool no_config;   /* op config is not there */
    bool prints_late; /* the next domain that is looked at prints before */
    struct queue from_host, to_host, console;
    char said[256]; /* the last line */
};

/* 10.0.0.0/24, gateway .1, resolver .3; 64 MiB; no domain, no object. */
struct fake_cell *fake_cell_make(void);
void fake_cell_free(struct fake_cell *f);

/* A sealed object with this byte all over its digest; its handle. */
uint32_t fake_object_add(struct fake_cell *f, uint32_t kind, uint8_t digest);
/* A domain of the boot bundle; its id. */
uint32_t fake_boot(struct fake_cell *f, const char *name, uint32_t ipv4);
/* It ends and will come back: its last mark goes with it, and then it is there
 * again, under its id. */
void fake_boot_gone(struct fake_cell *f, uint32_t id);
void fake_boot_again(struct fake_cell *f, uint32_t id, const char *name);
struct fake_domain *fake_domain(struct fake_cell *f, uint32_t id);
/* It has slept for the first time. */
void fake_ready(struct fake_cell *f, uint32_t id);
/* It ends: at once taken apart. With on_crash preserve a crash keeps it. */
void fake_end(struct fake_cell *f, uint32_t id, uint32_t reason, uint32_t code);
/* It opens its store ring; puts requests; the bytes it got are d->replies. */
void fake_ring_open(struct fake_cell *f, uint32_t id);
void fake_ring_send(struct fake_cell *f, uint32_t id, const void *bytes,
                    size_t n);
/* The guest reads what its ring holds. */
size_t fake_ring_read(struct fake_cell *f, uint32_t id, void *bytes, size_t n);
void fake_console(struct fake_cell *f, uint32_t id, const char *text);

/* As when the control domain starts again: every domain is queued. */
void fake_restart(struct fake_cell *f);

#endif
