/* SPDX-License-Identifier: MIT */
/*
 * What the control domain asks of the machine below: the control hypercall
 * and the time, behind one small struct, so that the manager runs on the host
 * against a model of a hypervisor as it runs in a domain.
 *
 * The wrappers fill in a record's head. They return 0 or a negative XEN_E*.
 */
#ifndef CONTROL_CALLS_H
#define CONTROL_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/control.h"
#include "scree/xen.h"

struct calls {
    int (*control)(void *user, struct scree_control *record);
    uint64_t (*now)(void *user); /* system time, ns */
    void (*say)(void *user, const char *line);
    void *user;
};

/* In a domain: the hypercall, pebble's clock and its log. */
extern const struct calls calls_pv;

/* Any op: record is its struct, size its size. */
int calls_do(const struct calls *c, uint32_t op, uint32_t domain, void *record,
             size_t size);
/* An op whose record is the head alone. */
int calls_plain(const struct calls *c, uint32_t op, uint32_t domain);
/* The state of exactly this domain, or -XEN_ESRCH. */
int calls_state(const struct calls *c, uint32_t domain,
                struct scree_domain_state *s);
/* The first domain from `from` on. */
int calls_walk(const struct calls *c, uint32_t from,
               struct scree_domain_state *s);
/* Bytes moved, or a negative XEN_E*. n: at least 1. */
int calls_transfer(const struct calls *c, uint32_t op, uint32_t domain,
                   void *bytes, size_t n);

struct calls_stored {
    void *bytes;
    size_t size;    /* at least 1 */
    uint64_t epoch; /* in and out */
};
/* The same between a store ring and s. */
int calls_store(const struct calls *c, uint32_t op, uint32_t domain,
                struct calls_stored *s);
uint64_t calls_now(const struct calls *c);
void calls_say(const struct calls *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
