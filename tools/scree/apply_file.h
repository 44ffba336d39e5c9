/* SPDX-License-Identifier: MIT */
/*
 * A cell.conf as `apply` needs it: read, checked against the network of the
 * live cell, copies counted out, images and directories compiled.
 */
#ifndef SCREE_APPLY_FILE_H
#define SCREE_APPLY_FILE_H

#include "tools/bundle/conf.h"
#include "tools/lib/error.h"
#include "tools/scree/image.h"

/* Of the live cell. */
struct apply_network {
    uint32_t network, prefix, gateway;
};

struct apply_object {
    char *name; /* as in the file */
    bool is_image;
    struct object object;
};

struct apply_file {
    size_t count;
    struct conf_domain *domains; /* image and files: digests; one of each */
    size_t object_count;
    struct apply_object *objects;
};

/* path "-" is stdin; first_port is what +0 stands for. Notes about what a live
 * cell leaves out go to stderr. apply_file_free(f) is due either way. */
bool apply_file_read(struct apply_file *f, const char *path,
                     const struct apply_network *net, uint32_t first_port,
                     struct error *e);
void apply_file_free(struct apply_file *f);

#endif
