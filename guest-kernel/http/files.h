/* SPDX-License-Identifier: MIT */
/*
 * Look-up in a file module (scree/files.h). Pure: host tests link it. The
 * module comes from the bundle tool, but it is checked once all the same, so
 * that a damaged one is refused instead of read beyond its end.
 */
#ifndef HTTP_FILES_H
#define HTTP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/files.h"

struct file_tree {
    const uint8_t *start;
    const struct scree_file *files;
    uint32_t count;
};

struct file {
    const char *path;
    const uint8_t *data;
    uint64_t size;
    uint64_t mtime; /* Unix time, seconds */
};

/* Checks header and every entry. False: not a file module, or damaged. */
bool files_open(struct file_tree *tree, const void *module, uint64_t size);

/* Finds `path` ("a/b.html", length bytes, any bytes). False: not there. */
bool files_find(const struct file_tree *tree, const char *path, size_t length,
                struct file *found);

/* Media type by the extension of path; never NULL. */
const char *files_type(const char *path);

#endif
