/* SPDX-License-Identifier: MIT */
/*
 * From a bundle's record to a domain that is ready to start: memory, image,
 * files, identity, network, console. Everything is promised or nothing made.
 */
#ifndef SYSTEM_BUILDER_H
#define SYSTEM_BUILDER_H

#include "core/domain.h"

/*
 * Builds the domain of record `index` of the bundle; its id is index + 1, or 0
 * if it is the control domain. A refusal is said on the console with the
 * domain's name. -XEN_EINVAL: the record is bad; -XEN_ENOMEM; -XEN_EEXIST: it
 * lives already, or still.
 */
must_check int domain_build(struct cell *cell, uint32_t index,
                            struct domain **out);

/* A domain to make of something that was checked (bundle_check_config()). */
struct blueprint {
    const struct scree_domain_config *config; /* handles: see below */
    const uint8_t *tag;                       /* or NULL */
    struct image *image;
    struct module *module; /* or NULL */
    uint32_t id;           /* or DOMAIN_ID_ANY */
    bool boot;
};
/* Makes it, but for the pages of image and module, which are mapped by
 * domain_map(); nothing of `b` is needed afterwards. config->image and ->module
 * are kept as the numbers by which the control domain knows them. -XEN_ENOMEM,
 * -XEN_ENOSPC, -XEN_EEXIST: the id is in use; -XEN_EADDRINUSE,
 * -XEN_EADDRNOTAVAIL: its network address cannot be had. */
must_check int domain_begin(struct cell *cell, const struct blueprint *b,
                            struct domain **out);
#define DOMAIN_MORE 1
/* Maps at most `most` pages from *done on, which begins with 0: DOMAIN_MORE; 0:
 * d is ready to start; -XEN_ENOMEM: domain_take_apart() is due. */
must_check int domain_map(struct domain *d, uint64_t *done, uint64_t most);

/* The reverse, for a domain that nobody can reach any more: a part of it, in
 * bounded time; true: what is left is little. */
must_check bool domain_dismantle(struct domain *d);
/* All of it, or the rest. d is gone. */
void domain_take_apart(struct domain *d);
/* The same, but id, struct and info page stay: d is ENDED. */
void domain_take_down(struct domain *d);

#endif
