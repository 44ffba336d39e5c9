/* SPDX-License-Identifier: MIT */
/*
 * Images and file modules: frames of the boot bundle that many domains share.
 * Refcounted; alive until the last user goes. Records were checked when the
 * bundle was opened (system/bundle.c), so users may trust them.
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "base/types.h"
#include "scree/bundle.h"

struct space;

struct image {
    const struct scree_bundle_image *record;
    const char *base; /* of the bundle */
    mfn_t first;      /* frame of the bundle's byte 0 */
    uint32_t users;
};

struct module {
    const struct scree_bundle_module *record;
    mfn_t first; /* frame of its first byte */
    uint32_t users;
};

/*
 * Maps text and read-only data shared, data copy-on-write; the rest of the
 * image is bss, zero-on-demand. The domain's lock is held and its RAM range
 * set. -XEN_EINVAL: the image does not fit in it; -XEN_EEXIST: something is in
 * the way; -XEN_ENOMEM. After an error some pages stay mapped: the caller
 * destroys the space.
 */
must_check int image_map(struct image *i, struct space *s);
/* Maps the module read-only at `at`; errors as above. */
must_check int module_map(struct module *m, struct space *s, gfn_t at);
/* Pages of the image that stay shared for ever, so that no domain needs a
 * frame of its own for them. */
uint64_t image_shared_pages(const struct image *i);
/* First page after the image's bss. */
gfn_t image_end(const struct image *i);
/* The symbol that contains a, or NULL; *offset is a's distance from it. */
const char *image_symbol(const struct image *i, uint64_t a, uint64_t *offset);

#endif
