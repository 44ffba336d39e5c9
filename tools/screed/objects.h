/* SPDX-License-Identifier: MIT */
/*
 * Images and file modules: kept in objects/DIGEST, given to the cell when a
 * domain first needs them, dropped there when nobody has used them for long or
 * memory lacks. A file is believed only as far as its digest: it is checked
 * when it comes and again each time the cell gets it.
 */
#ifndef SCREED_OBJECTS_H
#define SCREED_OBJECTS_H

#include <cjson/cJSON.h>

#include "tools/bundle/object.h"
#include "tools/lib/digest.h"
#include "tools/screed/screed.h"

struct upload;

struct object {
    struct link by_digest;
    struct object *next;
    struct digest digest;
    struct object_facts facts;
    uint64_t size;
    uint64_t created; /* Unix time in ns */
    time_t used;      /* last, monotonic seconds */
    uint32_t users;   /* definitions that name it */
    bool in_cell;
    bool damaged; /* its file is not what it was: it may be put anew */
    uint32_t handle;
    struct upload *upload; /* under way, or NULL */
};

/* Makes the directory and looks at what is there. */
struct objects *objects_new(struct screed *s, struct error *e);
void objects_free(struct objects *o);

struct object *objects_find(const struct objects *o, const struct digest *d);
/* A definition names it, or no longer does. */
void objects_use(struct objects *o, const struct digest *d, int change);

/* The channel is up: asks what the cell has, then calls done. */
typedef void objects_done(void *context, const struct error *e);
void objects_learn(struct objects *o, objects_done *done, void *context);
/* The channel is down: the cell has nothing that we know of. */
void objects_forget(struct objects *o);

/* Makes sure that the cell has it; done may be called at once. */
void objects_need(struct objects *o, const struct digest *d, objects_done *done,
                  void *context);
/* Drops from the cell what no definition names; how many are being dropped. */
unsigned objects_drop_unused(struct objects *o);

/* An object that comes from a client: begin, bytes, end or abandon. */
struct incoming;
struct incoming *objects_begin(struct objects *o, const struct digest *d,
                               uint64_t size, struct error *e);
bool objects_bytes(struct incoming *in, const void *bytes, size_t n,
                   struct error *e);
bool objects_end(struct incoming *in, struct error *e); /* frees it */
void objects_abandon(struct incoming *in);

/* Forgets it, here and in the cell. "bad-state": definitions name it. */
bool objects_remove(struct objects *o, const struct digest *d, struct error *e);

struct object *objects_first(const struct objects *o);
cJSON *objects_json(const struct object *object);

#endif
