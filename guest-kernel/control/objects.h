/* SPDX-License-Identifier: MIT */
/*
 * The objects domains are made of (scree/control.h), by digest and by handle.
 * The hypervisor holds them; this is what domain 0 knows of them: which digest
 * is which handle, and how many definitions want it to stay.
 */
#ifndef CONTROL_OBJECTS_H
#define CONTROL_OBJECTS_H

#include "control/calls.h"
#include "control/lookup.h"

struct object {
    struct lookup_link by_digest, by_handle;
    struct object *next_open, **open_at; /* not sealed */
    uint8_t digest[SCREE_DIGEST_SIZE];
    uint32_t handle;
    uint32_t kind;  /* SCREE_OBJECT_*, 0: not sealed */
    uint32_t users; /* definitions */
};

struct objects {
    const struct calls *calls;
    struct lookup by_digest, by_handle;
    struct object *open; /* not sealed */
};

/* Learns what is there; what is not sealed is dropped. false: no memory. */
bool objects_open(struct objects *o, const struct calls *calls);
void objects_close(struct objects *o);

/* A sealed one of the kind, or NULL. */
struct object *object_find(const struct objects *o, const uint8_t *digest,
                           uint32_t kind);
struct object *object_by_handle(const struct objects *o, uint32_t handle);
bool object_digest_empty(const uint8_t *digest);

/* The requests, 0 or a negative XEN_E*. -XEN_EEXIST: it is there (r->handle);
 * -XEN_EBUSY: definitions use it. */
int object_begin(struct objects *o, struct scree_control_object *r);
int object_write(struct objects *o, uint32_t handle, uint64_t offset,
                 const void *bytes, size_t n);
int object_seal(struct objects *o, struct scree_control_object *r);
int object_drop(struct objects *o, struct scree_control_object *r);
int object_get(struct objects *o, struct scree_control_object *r);
/* Drops what was begun and not sealed: whoever did is gone. */
void objects_drop_open(struct objects *o);

#endif
