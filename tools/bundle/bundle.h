/* SPDX-License-Identifier: MIT */
/*
 * Makes a boot bundle (scree/bundle.h) of a plan, and shows one. Each image and
 * each directory stands in it once, however many domains name it. The same
 * plan, files and seed give the same bytes.
 */
#ifndef BUNDLE_BUNDLE_H
#define BUNDLE_BUNDLE_H

#include <stdio.h>

#include "buffer.h"
#include "plan.h"

/* Where relative paths of cell.conf are looked for, in this order. */
struct search {
    const char **directories;
    size_t count;
};

/* Appends the bundle to the empty out; buffer_free(out) is due either way. */
bool bundle_make(const struct plan *plan, const struct search *search,
                 const uint64_t seed[4], struct buffer *out, struct why *w);

/* Prints what the bundle of size bytes holds, after checking that every
 * table lies inside it. */
bool bundle_print(const uint8_t *bytes, size_t size, FILE *out, struct why *w);

#endif
