/* SPDX-License-Identifier: MIT */
/*
 * Images and directories of files on their way into a cell: found, compiled
 * into an object (tools/bundle/object.h), named by digest, put if the cell does
 * not have it.
 */
#ifndef SCREE_IMAGE_H
#define SCREE_IMAGE_H

#include "tools/bundle/buffer.h"
#include "tools/lib/digest.h"
#include "tools/scree/cli.h"

struct object {
    char digest[DIGEST_ROOM];
    char *source; /* absolute path it was made of; NULL: only a digest */
    char *label;  /* its name for people */
    uint64_t least_memory; /* of an image; 0: not known */
    struct buffer bytes;   /* none if only a digest is known */
};

/*
 * An image: "sha256:...", a path, or the name of one that comes with scree. A
 * path is looked for below `directory` if it is relative and that is not NULL.
 * object_free() is due either way.
 */
bool image_load(struct object *o, const char *name, const char *directory,
                struct error *e);

/* The same for a directory of files, or "sha256:...". */
bool files_load(struct object *o, const char *name, const char *directory,
                struct error *e);

void object_free(struct object *o);

/* Puts it into the cell unless the cell has it. */
bool object_put(struct cli *c, const struct object *o, struct error *e);

#endif
