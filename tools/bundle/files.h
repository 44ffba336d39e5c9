/* SPDX-License-Identifier: MIT */
/*
 * File modules (scree/files.h): a directory of regular files, or the table of
 * hosts. What a guest will serve is what stands there, so anything that could
 * lead elsewhere (symbolic links, devices, pipes) is refused by name.
 */
#ifndef BUNDLE_FILES_H
#define BUNDLE_FILES_H

#include "buffer.h"
#include "plan.h"
#include "why.h"

#define FILES_COUNT_MAX 65536
#define FILES_PATH_MAX  255
#define FILES_DEPTH_MAX 32
#define FILES_BYTES_MAX (256u << 20) /* one module */

/* Appends the module of the directory to out, which is page aligned. */
bool files_pack(const char *directory, struct buffer *out, struct why *w);

/* Appends the module with the one file "hosts". */
void files_pack_hosts(const struct plan *plan, struct buffer *out);

/* Reads a whole regular file of at most most bytes; buffer_free(out) is due
 * if it succeeds. */
bool file_read(const char *path, size_t most, struct buffer *out,
               struct why *w);

#endif
