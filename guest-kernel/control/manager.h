/* SPDX-License-Identifier: MIT */
/*
 * The domain manager: every definition and its domain, by name, by domain id
 * and in the order of serials. Each operation costs a bounded number of control
 * calls and look-ups, however many domains there are.
 *
 * The hypervisor is the truth about domains. manager_changed() is told that
 * something happened to one and looks; manager_due() does what is due. What
 * others must learn goes through struct manager_hooks, at once.
 *
 * Operations return 0 or a positive XEN_E* with *why filled in.
 */
#ifndef CONTROL_MANAGER_H
#define CONTROL_MANAGER_H

#include "control/addresses.h"
#include "control/calls.h"
#include "control/definition.h"
#include "control/objects.h"

struct manager_hooks {
    void (*event)(void *user, const struct scree_event *e);
    /* Its domain was made, or found. */
    void (*came)(void *user, struct definition *d);
    /* Its domain has ended; state is its last. */
    void (*went)(void *user, struct definition *d);
    /* It will not come back by itself. */
    void (*down)(void *user, struct definition *d);
    void *user;
};

struct manager {
    const struct calls *calls;
    struct manager_hooks hooks;
    struct objects objects;
    struct addresses addresses;
    struct lookup by_name, by_domain;
    struct definition *first, *last;
    struct definition *cursor; /* where LIST goes on */
    struct deadlines deadlines;
    uint32_t count, next_serial;
};

/* Learns the cell, its objects and its domains. false: no memory, or the cell
 * does not answer: said. */
bool manager_open(struct manager *m, const struct calls *calls,
                  const struct manager_hooks *hooks);
/* Frees the memory; domains are left as they are. */
void manager_close(struct manager *m);

/* The hypervisor says that something happened to this domain. */
void manager_changed(struct manager *m, uint32_t domain);
/* At most `most` of what is due; the time of the next. */
uint64_t manager_due(struct manager *m, unsigned most);

struct definition *manager_find(const struct manager *m, const char *name);
struct definition *manager_by_domain(const struct manager *m, uint32_t domain);

int manager_run(struct manager *m, const struct scree_manage_run *r,
                struct definition **d, struct scree_reply *why);
int manager_start(struct manager *m, struct definition *d,
                  struct scree_reply *why);
int manager_stop(struct manager *m, struct definition *d, uint64_t ms,
                 struct scree_reply *why);
int manager_kill(struct manager *m, struct definition *d,
                 struct scree_reply *why);
int manager_pause(struct manager *m, struct definition *d,
                  struct scree_reply *why);
int manager_resume(struct manager *m, struct definition *d,
                   struct scree_reply *why);
int manager_remove(struct manager *m, struct definition *d,
                   struct scree_reply *why);
int manager_set(struct manager *m, struct definition *d,
                const struct scree_manage_set *s, struct scree_reply *why);
/* Asks the guest to end so, SHUTDOWN_poweroff (for good) or _reboot (as its
 * policy says), and leaves it the time it wants. */
int manager_shutdown(struct manager *m, struct definition *d, uint32_t reason);
/* Asks the hypervisor how it is now. */
void manager_refresh(struct manager *m, struct definition *d);
/* The first with a serial of at least `from`, or NULL. */
struct definition *manager_list(struct manager *m, uint32_t from);

/* Fills in *why; returns error. */
int refuse(struct scree_reply *why, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
