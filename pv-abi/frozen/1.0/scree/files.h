/* SPDX-License-Identifier: MIT */
/*
 * A file module: a read-only directory tree, mapped at info.files_start and
 * shared by all domains that name it. Made by the bundle tool; little endian;
 * starts page aligned. Entries are sorted by path, bytewise.
 *
 *   struct scree_files, then count * struct scree_file, then strings and data.
 */
#ifndef SCREE_FILES_H
#define SCREE_FILES_H

#include <stdint.h>

#define SCREE_FILES_MAGIC 0x53454c4946435353ull

struct scree_files {
    uint64_t magic;
    uint64_t size; /* of the whole module, bytes */
    uint32_t count;
    uint32_t reserved;
};

/* Offsets are bytes from the start of the module. */
struct scree_file {
    uint64_t path;  /* 0-terminated, without leading slash: "a/b.html" */
    uint64_t data;  /* 64-byte aligned */
    uint64_t size;  /* bytes */
    uint64_t mtime; /* Unix time, seconds */
};

/* The module every bundle has for `files = @hosts`: one file, "hosts", with a
 * line "ADDRESS NAME" for every domain of the cell. */
#define SCREE_FILES_HOSTS "hosts"

#endif
