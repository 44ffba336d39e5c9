/* SPDX-License-Identifier: MIT */
/* What objects.c and upload.c share; see objects.h. */
#ifndef SCREED_OBJECTS_PRIVATE_H
#define SCREED_OBJECTS_PRIVATE_H

#include <time.h>

#include "tools/screed/objects.h"

struct objects {
    struct screed *screed;
    struct path directory;
    struct table by_digest;
    struct object *first;
    unsigned incoming;    /* numbers files that are coming */
    struct event *minute; /* drops what is unused for long */
    objects_done *learned;
    void *learned_context;
};

time_t objects_now(void);
struct path objects_path(const struct objects *o, const struct digest *d);
/* Deletes its file and frees it; it is not being uploaded. */
void objects_delete(struct objects *o, struct object *object);

void objects_upload_init(struct objects *o);
void objects_upload_end(struct objects *o);

#endif
