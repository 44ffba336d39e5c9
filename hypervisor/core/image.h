/* SPDX-License-Identifier: MIT */
/*
 * Images and file modules: frames of the boot bundle, or of an object that the
 * control domain has uploaded, which many domains share. Users are counted;
 * what has users stays. Records were checked before anybody could name them
 * (system/bundle.c), so users may trust them.
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "base/types.h"
#include "scree/bundle.h"

struct space;

#define CONTENT_INDEX    512 /* pages in one part of an index */
#define IMAGE_SYMBOL_MAX 64  /* with the final 0; longer names are cut */

/* The bytes of a bundle: frames in a row, or of an index. */
struct content {
    mfn_t first;
    uint64_t *const *index; /* NULL: in a row from `first` on */
};

struct image {
    const struct scree_bundle_image *record; /* NULL: not usable */
    struct content content;                  /* of its bundle */
    uint32_t users;                          /* under the cell's lock */
};

struct module {
    const struct scree_bundle_module *record;
    struct content content;
    uint32_t users;
};

/* Page n of a bundle. */
static inline mfn_t content_frame(const struct content *c, uint64_t n)
{
    if (!c->index)
        return mfn(c->first.n + n);
    return mfn(c->index[n / CONTENT_INDEX][n % CONTENT_INDEX]);
}

/* Copies bytes of it, all of which exist. */
void content_read(const struct content *c, uint64_t offset, void *to, size_t n);

/*
 * Maps text and read-only data shared, data copy-on-write; the rest of the
 * image is bss, zero-on-demand. Of its pages, counted from 0 through all its
 * segments, those in [from, from + most); image_pages() says how many there
 * are. The domain's lock is held and its RAM range set. -XEN_EINVAL: the image
 * does not fit in it; -XEN_EEXIST: something is in the way; -XEN_ENOMEM. After
 * an error some pages stay mapped: the caller destroys the space.
 */
must_check int image_map(const struct image *i, struct space *s, uint64_t from,
                         uint64_t most);
uint64_t image_pages(const struct image *i);
/* Maps pages of the module read-only, its first one at `at`; as above. */
must_check int module_map(const struct module *m, struct space *s, gfn_t at,
                          uint64_t from, uint64_t most);
uint64_t module_pages(const struct module *m);
/* Pages of the image that stay shared for ever, so that no domain needs a
 * frame of its own for them. */
uint64_t image_shared_pages(const struct image *i);
/* First page after the image's bss. */
gfn_t image_end(const struct image *i);
/* Copies the name of the symbol that contains a; false: there is none. *offset
 * is a's distance from it. */
must_check bool image_symbol(const struct image *i, uint64_t a,
                             char name[IMAGE_SYMBOL_MAX], uint64_t *offset);

#endif
