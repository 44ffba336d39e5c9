/* SPDX-License-Identifier: MIT */
/*
 * A good boot bundle in memory, small enough to break one field at a time: one
 * image (text, data with bss, two symbols), one file module, domains.
 */
#ifndef UNIT_SMALL_BUNDLE_H
#define UNIT_SMALL_BUNDLE_H

#include "scree/bundle.h"
#include "world.h"

#define SMALL_DOMAINS 4
#define SMALL_MEMORY  (16 * 4096u)
#define SMALL_ENTRY   0x100010ull

struct small_bundle {
    struct scree_bundle header;
    struct scree_bundle_image image;
    struct scree_bundle_module module;
    struct scree_domain_config domains[SMALL_DOMAINS];
    struct scree_symbol symbols[2];
    char strings[16];
    char text[4096] __attribute__((aligned(4096)));
    char data[4096];
    char files[4096];
};

/* Domains are "one", "two", ...: no network, no files, on_crash destroy. */
void small_bundle_make(struct small_bundle *b);

#endif
