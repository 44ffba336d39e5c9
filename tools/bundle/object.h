/* SPDX-License-Identifier: MIT */
/*
 * Objects: what a live cell makes domains of. An object is a bundle
 * (scree/bundle.h) with exactly one image and nothing else, or exactly one
 * file module. The same contents give the same bytes, so that an object may be
 * known by its digest: its seed and its network are 0.
 */
#ifndef BUNDLE_OBJECT_H
#define BUNDLE_OBJECT_H

#include "buffer.h"
#include "scree/bundle.h"
#include "why.h"

/* Makes the object of the ELF image at path; it is called after the path's
 * last part. Appends to the empty out; buffer_free(out) is due either way. */
bool object_make_image(const char *path, struct buffer *out, struct why *w);

/* The same of a directory. */
bool object_make_files(const char *directory, struct buffer *out,
                       struct why *w);

struct object_facts {
    bool is_image;             /* or files */
    char name[SCREE_NAME_MAX]; /* 0-terminated */
    uint64_t least_memory;     /* of an image: bytes, whole pages */
};

/* Looks at the first bytes of an object of size bytes; 4096 of them are
 * enough. They may come from anywhere. */
bool object_look(const uint8_t *bytes, size_t there, uint64_t size,
                 struct object_facts *f, struct why *w);

#endif
