/* SPDX-License-Identifier: MIT */
/*
 * system/bundle and system/builder: a good bundle, and one with every field
 * broken in turn. What is bad is refused by name; the rest works.
 */
#include <string.h>

#include "core/image.h"
#include "small_bundle.h"
#include "system/builder.h"
#include "system/bundle.h"
#include "system/reaper.h"

static struct small_bundle b;

struct fixture {
    struct world w;
    int result; /* of bundle_open() */
    uint64_t before;
};

/* A cell whose module is b, which the test has made and perhaps broken. */
static void start(struct fixture *x, size_t size)
{
    const struct host_config config = {.module = &b, .module_size = size};

    world_start_bare(&x->w, &config);
    x->result = bundle_open(x->w.cell);
    x->before = frames_available(x->w.frames);
    x->w.free = frames_free(x->w.frames);
}

static bool said(const char *text)
{
    return strstr(host_console_text(), text);
}

static void good_bundle_is_used(void)
{
    struct fixture x;
    struct domain *d;

    small_bundle_make(&b);
    b.domains[1].module = 0;
    start(&x, sizeof(b));
    CU_ASSERT_EQUAL(x.result, 0);
    CU_ASSERT_EQUAL_FATAL(domain_build(x.w.cell, 1, &d), 0);
    CU_ASSERT_EQUAL(d->id, 2);
    CU_ASSERT_STRING_EQUAL(d->info->name, "two");
    CU_ASSERT_STRING_EQUAL(d->info->cmdline, "words");
    CU_ASSERT_EQUAL(d->info->image_end, 0x103000);
    CU_ASSERT_EQUAL(d->info->memory_end, 0x110000);
    CU_ASSERT_EQUAL(d->info->files_start, 0x111000);
    CU_ASSERT_EQUAL(d->info->files_size, 50);
    CU_ASSERT(d->info->features & SCREE_FEATURE_FILES);
    CU_ASSERT_FALSE(d->info->features & SCREE_FEATURE_NET);
    CU_ASSERT_EQUAL(d->vcpu.m.regs.rip, SMALL_ENTRY);
    CU_ASSERT_EQUAL(d->vcpu.m.regs.rsp, d->info->memory_end);
    CU_ASSERT_EQUAL(d->vcpu.m.regs.rdi, SCREE_INFO_PAGE);
    CU_ASSERT_EQUAL(x.w.cell->images[0].users, 1);
    CU_ASSERT_EQUAL(x.w.cell->modules[0].users, 1);
    domain_take_apart(d);
    CU_ASSERT_EQUAL(x.w.cell->images[0].users, 0);
    CU_ASSERT_EQUAL(frames_available(x.w.frames), x.before);
    world_stop(&x.w);
}

static void no_module_no_domains(void)
{
    struct fixture x;

    world_start_bare(&x.w, NULL);
    CU_ASSERT_EQUAL(bundle_open(x.w.cell), 0);
    CU_ASSERT_PTR_NULL(x.w.cell->bundle);
    CU_ASSERT_EQUAL(restart_init(x.w.cell), 0);
    world_stop(&x.w);
}

/* Where a table without records would stand means nothing. */
static void offsets_of_empty_tables_are_not_used(void)
{
    struct fixture x;
    struct domain *d;
    char name[IMAGE_SYMBOL_MAX];
    uint64_t offset;

    small_bundle_make(&b);
    b.header.modules = UINT64_MAX - 7;
    b.header.module_count = 0;
    b.image.symbols = UINT64_MAX - 7;
    b.image.symbol_count = 0;
    start(&x, sizeof(b));
    CU_ASSERT_EQUAL(x.result, 0);
    CU_ASSERT_EQUAL_FATAL(domain_build(x.w.cell, 1, &d), 0);
    CU_ASSERT_FALSE(image_symbol(d->image, SMALL_ENTRY, name, &offset));
    domain_take_apart(d);
    world_stop(&x.w);
    b.header.images = UINT64_MAX - 7;
    b.header.image_count = 0;
    start(&x, sizeof(b));
    CU_ASSERT_EQUAL(x.result, 0);
    world_stop(&x.w);
}

/* One change that makes the whole bundle useless. */
#define HEADER(change, why)                                                    \
    do {                                                                       \
        struct fixture x_;                                                     \
        small_bundle_make(&b);                                                 \
        change;                                                                \
        start(&x_, sizeof(b));                                                 \
        CU_ASSERT_EQUAL(x_.result, -XEN_EINVAL);                               \
        CU_ASSERT_PTR_NULL(x_.w.cell->bundle);                                 \
        CU_ASSERT(said(why));                                                  \
        world_stop(&x_.w);                                                     \
    } while (0)

static void bad_header_is_no_bundle(void)
{
    HEADER(b.header.magic ^= 1, "no bundle");
    HEADER(b.header.version++, "another version");
    HEADER(b.header.header_size = 8, "another version");
    HEADER(b.header.size += 4096, "cut off");
    HEADER(b.header.size = 8, "cut off");
    HEADER(b.header.images = 0, "images");
    HEADER(b.header.images += 4, "images");
    HEADER(b.header.images = UINT64_MAX - 7, "images");
    HEADER(b.header.image_count = UINT32_MAX, "images");
    HEADER(b.header.modules = sizeof(b) - 8, "modules");
    HEADER(b.header.domains = sizeof(b), "domains");
    HEADER(b.header.domain_count = 65537, "domains");
}

static void short_file_is_no_bundle(void)
{
    struct fixture x;

    small_bundle_make(&b);
    start(&x, 40);
    CU_ASSERT_EQUAL(x.result, -XEN_EINVAL);
    world_stop(&x.w);
}

/* One change that makes the image, or the module, useless. */
#define CONTENT(change, why)                                                   \
    do {                                                                       \
        struct fixture x_;                                                     \
        struct domain *d_;                                                     \
        small_bundle_make(&b);                                                 \
        b.domains[0].module = 0;                                               \
        change;                                                                \
        start(&x_, sizeof(b));                                                 \
        CU_ASSERT_EQUAL(x_.result, 0);                                         \
        CU_ASSERT(said(why));                                                  \
        CU_ASSERT_EQUAL(domain_build(x_.w.cell, 0, &d_), -XEN_EINVAL);         \
        CU_ASSERT(said("domain one refused"));                                 \
        CU_ASSERT_EQUAL(frames_available(x_.w.frames), x_.before);             \
        world_stop(&x_.w);                                                     \
    } while (0)

static void bad_images_are_refused(void)
{
    struct scree_segment *s = b.image.segments;

    CONTENT(memset(b.image.name, 'n', 32), "image nnnn");
    CONTENT(b.image.abi_major = 2, "version of the ABI");
    CONTENT(b.image.abi_minor = 99, "version of the ABI");
    CONTENT(b.image.stack_bytes = UINT64_MAX, "memory it needs");
    CONTENT(b.image.min_memory = UINT64_MAX, "memory it needs");
    CONTENT(b.image.segment_count = 0, "number of segments");
    CONTENT(b.image.segment_count = 9, "number of segments");
    CONTENT(b.image.entry = 0x101000, "entry point");
    CONTENT(b.image.entry = 0x100fa0, "entry point");
    CONTENT(s[0].address = 0xff000, "address");
    CONTENT(s[0].address = 0x100800, "address");
    CONTENT(s[1].address = 0x100000, "address");
    CONTENT(s[1].address = SCREE_GUEST_END - 4096, "size");
    CONTENT(s[1].memory_size = 0, "size");
    CONTENT(s[1].memory_size = UINT64_MAX, "size");
    CONTENT(s[1].file_size = 8193, "size");
    CONTENT(s[1].offset = 0, "contents");
    CONTENT(s[1].offset += 8, "contents");
    CONTENT(s[1].offset = sizeof(b), "contents");
    CONTENT(s[1].offset = UINT64_MAX - 4095, "contents");
    CONTENT(b.text[4001] = 1, "contents");
    CONTENT(s[0].flags = 3, "rights");
    CONTENT(s[0].flags = 4, "rights");
    CONTENT(b.image.symbols += 4, "symbols");
    CONTENT(b.image.symbols = sizeof(b), "symbols");
    CONTENT(b.image.symbol_count = UINT32_MAX, "symbols");
    CONTENT(b.image.strings_size = 0, "symbols");
    CONTENT(b.image.strings = UINT64_MAX, "symbols");
    CONTENT(memset(b.strings, 'x', 16), "symbols");
    CONTENT(b.symbols[1].address = 1, "symbols");
    CONTENT(b.symbols[1].name = 16, "symbols");
}

static void bad_modules_are_refused(void)
{
    CONTENT(memset(b.module.name, 1, 32), "module ????");
    CONTENT(b.module.size = 0, "contents");
    CONTENT(b.module.size = 4097, "contents");
    CONTENT(b.module.size = UINT64_MAX, "contents");
    CONTENT(b.module.offset = 4096 * 1000, "contents");
    CONTENT(b.files[51] = 1, "contents");
}

/* One change that makes one domain useless; the next one is built. */
#define DOMAIN(change, why)                                                    \
    do {                                                                       \
        struct fixture x_;                                                     \
        struct domain *d_;                                                     \
        struct scree_domain_config *c = &b.domains[2];                         \
        small_bundle_make(&b);                                                 \
        change;                                                                \
        start(&x_, sizeof(b));                                                 \
        CU_ASSERT_EQUAL(domain_build(x_.w.cell, 2, &d_), -XEN_EINVAL);         \
        CU_ASSERT(said(why));                                                  \
        CU_ASSERT_EQUAL(domain_build(x_.w.cell, 3, &d_), 0);                   \
        domain_take_apart(d_);                                                 \
        CU_ASSERT_EQUAL(frames_available(x_.w.frames), x_.before);             \
        world_stop(&x_.w);                                                     \
    } while (0)

static void bad_domains_are_refused(void)
{
    DOMAIN(c->size = 4, "domain three refused: its record");
    DOMAIN(c->name[0] = 0, "its name");
    DOMAIN(memset(c->name, 'x', 32), "its name");
    DOMAIN(memset(c->cmdline, 'x', 512), "command line");
    DOMAIN(c->image = 1, "image");
    DOMAIN(c->image = UINT32_MAX, "image");
    DOMAIN(c->module = 1, "file module");
    DOMAIN(c->on_crash = 3, "on_crash");
    DOMAIN(c->weight = 0, "weight");
    DOMAIN(c->weight = 65536, "weight");
    DOMAIN(c->group = 65536, "group");
    DOMAIN(c->memory = 4095, "memory size");
    DOMAIN(c->memory = 0, "memory size");
    DOMAIN(c->memory = 1ull << 62, "memory size");
    DOMAIN(c->memory = 7 * 4096, "than its image needs");
    DOMAIN((c->memory = 8 * 4096, b.image.stack_bytes = 6 * 4096),
           "do not fit");
}

static void too_much_memory_is_refused(void)
{
    struct fixture x;
    struct domain *d;

    small_bundle_make(&b);
    b.domains[0].memory = 1ull << 40;
    b.domains[1].ipv4 = 0x0a000002;
    start(&x, sizeof(b));
    CU_ASSERT_EQUAL(domain_build(x.w.cell, 0, &d), -XEN_ENOMEM);
    CU_ASSERT(said("domain one refused: not enough memory"));
    CU_ASSERT_EQUAL(domain_build(x.w.cell, 1, &d), -XEN_EADDRNOTAVAIL);
    CU_ASSERT(said("domain two refused: the cell has no network"));
    CU_ASSERT_EQUAL(frames_available(x.w.frames), x.before);
    CU_ASSERT_EQUAL(domain_build(x.w.cell, 2, &d), 0);
    CU_ASSERT_EQUAL(domain_build(x.w.cell, 2, &d), -XEN_EEXIST);
    world_domain_end(&x.w, d);
    world_stop(&x.w);
}

/* Every allocation on the way may fail; nothing is left behind. */
static void building_fails_cleanly_everywhere(void)
{
    struct fixture x;
    struct domain *d;
    unsigned fails = 0;
    int result;

    small_bundle_make(&b);
    b.domains[0].module = 0;
    start(&x, sizeof(b));
    do {
        frames_fail_at(x.w.frames, ++fails);
        result = domain_build(x.w.cell, 0, &d);
        if (result)
            CU_ASSERT_EQUAL(frames_available(x.w.frames), x.before);
    } while (result && fails < 100);
    frames_fail_at(x.w.frames, 0);
    CU_ASSERT(fails > 5 && fails < 100);
    domain_take_apart(d);
    CU_ASSERT_EQUAL(frames_available(x.w.frames), x.before);
    world_stop(&x.w);
}

static void tables_need_memory(void)
{
    struct fixture x;

    for (unsigned n = 1; n <= 3; n++) {
        small_bundle_make(&b);
        world_start_bare(&x.w, &(struct host_config){.module = &b,
                                                     .module_size = sizeof(b)});
        frames_fail_at(x.w.frames, n);
        if (n < 3) {
            CU_ASSERT_EQUAL(bundle_open(x.w.cell), -XEN_ENOMEM);
        } else {
            CU_ASSERT_EQUAL(bundle_open(x.w.cell), 0);
            CU_ASSERT_EQUAL(restart_init(x.w.cell), -XEN_ENOMEM);
        }
        frames_fail_at(x.w.frames, 0);
        x.w.free = frames_free(x.w.frames);
        world_stop(&x.w);
    }
}

void suite_bundle(void)
{
    static const struct unit_test tests[] = {
        {"a good bundle is used", good_bundle_is_used},
        {"no module, no domains", no_module_no_domains},
        {"offsets of empty tables are not used",
         offsets_of_empty_tables_are_not_used},
        {"a bad header is no bundle", bad_header_is_no_bundle},
        {"a short file is no bundle", short_file_is_no_bundle},
        {"bad images are refused", bad_images_are_refused},
        {"bad modules are refused", bad_modules_are_refused},
        {"bad domains are refused", bad_domains_are_refused},
        {"too much memory is refused", too_much_memory_is_refused},
        {"building fails cleanly everywhere",
         building_fails_cleanly_everywhere},
        {"tables need memory", tables_need_memory},
    };

    UNIT_SUITE("bundle", tests);
}
