/* SPDX-License-Identifier: MIT */
/* What boot bundles and objects write alike: the record of an image, and its
 * contents, each on a page of its own. */
#ifndef BUNDLE_RECORD_H
#define BUNDLE_RECORD_H

#include "buffer.h"
#include "elf64.h"

/* The last part of a path, without ".elf", cut to fit a record. */
void record_label(char name[SCREE_NAME_MAX], const char *path);

/* Appends what the image at path holds to out, and describes it in *to. */
void record_write_image(struct buffer *out, const char *path,
                        const struct elf_image *e,
                        struct scree_bundle_image *to);

#endif
