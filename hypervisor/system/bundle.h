/* SPDX-License-Identifier: MIT */
/*
 * The boot bundle, which whoever started the cell may have broken: every
 * offset, size, alignment, order and string end is checked here, once, before
 * anybody uses it. A bad header means no bundle; a bad image, module or domain
 * record is refused by itself, with its name, and the others are used.
 */
#ifndef SYSTEM_BUNDLE_H
#define SYSTEM_BUNDLE_H

#include "core/cell.h"
#include "core/image.h"
#include "scree/bundle.h"

#define BUNDLE_RECORDS_MAX 65536 /* images, modules, domains; each */

/*
 * Checks the machine's boot module, adopts its frames and fills in
 * cell->bundle, images and modules. Bad images and modules have record NULL.
 * 0 also when there is no module; -XEN_EINVAL: not a bundle (said so);
 * -XEN_ENOMEM.
 */
must_check int bundle_open(struct cell *cell);

/* Record `index` of the domains, index < bundle->domain_count. */
const struct scree_domain_config *bundle_domain(const struct cell *cell,
                                                uint32_t index);

/* Why something cannot become a domain: a negative errno, and the reason for
 * people; 0 and NULL: it can. */
struct refusal {
    int code;
    const char *why;
};
/* Record `index`. */
struct refusal bundle_check_record(const struct cell *cell, uint32_t index);
/* A config of any origin, with what its handles mean (NULL: nothing). Its flags
 * are the caller's business. -XEN_EINVAL; -XEN_ENOENT: no image or module;
 * -XEN_E2BIG: the image does not fit. */
struct refusal bundle_check_config(const struct scree_domain_config *config,
                                   const struct image *image,
                                   const struct module *module);

/* The smallest memory that a domain of this image can have; bytes. */
uint64_t bundle_least_memory(const struct image *i);

/* What an object is (scree/control.h). */
struct bundle_object {
    bool is_image;
    union {
        struct scree_bundle_image image;
        struct scree_bundle_module module;
    };
};
/* Checks `size` bytes, at least a page, as an object and copies its record; the
 * image's symbols come after it. Why not, or NULL. Bounded work. */
const char *bundle_check_object(const struct content *c, uint64_t size,
                                struct bundle_object *object);
/* How far a check of symbols has come; begins with zeros. */
struct symbol_walk {
    uint32_t next;
    uint64_t last; /* address */
};
/* Checks `most` more symbols: ->next is the image's symbol_count at the end. */
const char *bundle_check_symbols(const struct content *c,
                                 const struct scree_bundle_image *image,
                                 struct symbol_walk *walk, uint32_t most);
/* A record's name for a message: what is printable of it. */
void bundle_name(const char name[SCREE_NAME_MAX], char to[SCREE_NAME_MAX]);

#endif
