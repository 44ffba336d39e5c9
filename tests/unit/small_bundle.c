/* SPDX-License-Identifier: MIT */
/*
 * Making the bundle of small_bundle.h.
 */
#include "small_bundle.h"

#include <string.h>

#define OFFSET(member) offsetof(struct small_bundle, member)

static void make_header(struct scree_bundle *h)
{
    *h = (struct scree_bundle){
        .magic = SCREE_BUNDLE_MAGIC,
        .version = SCREE_BUNDLE_VERSION,
        .header_size = sizeof(*h),
        .size = sizeof(struct small_bundle),
        .images = OFFSET(image),
        .modules = OFFSET(module),
        .domains = OFFSET(domains),
        .image_count = 1,
        .module_count = 1,
        .domain_count = SMALL_DOMAINS,
        .seed = {1, 2, 3, 4},
        .network = 0x0a000000,
        .prefix = 24,
        .gateway = 0x0a000001,
        .resolver = 0x0a000001,
    };
}

static void make_image(struct scree_bundle_image *i)
{
    *i = (struct scree_bundle_image){
        .name = "image",
        .entry = SMALL_ENTRY,
        .min_memory = 8 * 4096,
        .stack_bytes = 4096,
        .abi_major = 1,
        .segment_count = 2,
        .symbol_count = 2,
        .symbols = OFFSET(symbols),
        .strings = OFFSET(strings),
        .strings_size = 16,
    };
    i->segments[0] = (struct scree_segment){.address = 0x100000,
                                            .offset = OFFSET(text),
                                            .file_size = 4000,
                                            .memory_size = 4000,
                                            .flags = SCREE_SEGMENT_EXEC};
    i->segments[1] = (struct scree_segment){.address = 0x101000,
                                            .offset = OFFSET(data),
                                            .file_size = 100,
                                            .memory_size = 8192,
                                            .flags = SCREE_SEGMENT_WRITE};
}

void small_bundle_make(struct small_bundle *b)
{
    static const char *const names[SMALL_DOMAINS] = {"one", "two", "three",
                                                     "four"};

    memset(b, 0, sizeof(*b));
    make_header(&b->header);
    make_image(&b->image);
    strcpy(b->module.name, "files");
    b->module.offset = OFFSET(files);
    b->module.size = 50;
    for (unsigned i = 0; i < SMALL_DOMAINS; i++) {
        struct scree_domain_config *c = &b->domains[i];

        c->size = sizeof(*c);
        c->module = SCREE_NO_MODULE;
        c->weight = SCREE_WEIGHT_DEFAULT;
        c->memory = SMALL_MEMORY;
        strcpy(c->name, names[i]);
        strcpy(c->cmdline, "words");
    }
    memcpy(b->strings, "start\0middle\0", 14);
    b->symbols[0] = (struct scree_symbol){0x100000, 0x20, 0};
    b->symbols[1] = (struct scree_symbol){0x100020, 0x100, 6};
    strcpy(b->text, "text");
    strcpy(b->data, "data");
    strcpy(b->files, "files");
}
