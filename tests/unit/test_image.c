/* SPDX-License-Identifier: MIT */
/*
 * core/image: what of an image is shared, what is copied on a store, where bss
 * begins, and that a mapping that fails costs nothing.
 */
#include <string.h>

#include "core/image.h"
#include "scree/xen.h"
#include "world.h"

#define BASE (SCREE_IMAGE_BASE >> PAGE_SHIFT)

/*
 * The bundle: page 0 holds record, symbols and strings; text is pages 1-2,
 * rodata page 3, data page 4 (300 bytes, bss from there to the end of page
 * 6 of the image); a module of 2 pages follows at page 5.
 */
struct bundle {
    struct scree_bundle_image record;
    struct scree_bundle_module module;
    struct scree_symbol symbols[4];
    char strings[32];
};

#define BUNDLE_PAGES 7

struct fixture {
    struct world w;
    struct image image;
    struct module module;
    struct quota quota;
    struct space s;
};

static void make_bundle(char *bytes)
{
    struct bundle b = {
        .record =
            {
                .segment_count = 3,
                .symbol_count = 4,
                .symbols = offsetof(struct bundle, symbols),
                .strings = offsetof(struct bundle, strings),
                .strings_size = sizeof(b.strings),
                .segments =
                    {
                        {SCREE_IMAGE_BASE, 1 * PAGE_SIZE, 2 * PAGE_SIZE,
                         2 * PAGE_SIZE, SCREE_SEGMENT_EXEC, 0},
                        {SCREE_IMAGE_BASE + 2 * PAGE_SIZE, 3 * PAGE_SIZE, 4000,
                         4000, 0, 0},
                        {SCREE_IMAGE_BASE + 3 * PAGE_SIZE, 4 * PAGE_SIZE, 300,
                         3 * PAGE_SIZE - 5, SCREE_SEGMENT_WRITE, 0},
                    },
            },
        .module = {.offset = 5 * PAGE_SIZE, .size = PAGE_SIZE + 1},
        .symbols = {{0x1000, 0x10, 0},
                    {0x1010, 0, 6},
                    {0x1020, 8, 10},
                    {0x2000, 4, 14}},
        .strings = "start\0any\0fun\0last",
    };

    memset(bytes, 0, BUNDLE_PAGES * PAGE_SIZE);
    memcpy(bytes, &b, sizeof(b));
    for (unsigned page = 1; page < BUNDLE_PAGES; page++)
        memset(bytes + page * PAGE_SIZE, (int)('0' + page),
               page == 4 ? 300 : PAGE_SIZE);
}

static void start(struct fixture *x, uint64_t promise, uint64_t ram)
{
    static char bytes[BUNDLE_PAGES * PAGE_SIZE];
    static const struct host_config c = {.module = bytes,
                                         .module_size = sizeof(bytes)};
    const struct machine_info *mi = machine_info();
    struct content content = {0};
    const struct bundle *b;

    memset(x, 0, sizeof(*x));
    make_bundle(bytes);
    world_start_frames(&x->w, &c);
    frame_adopt(x->w.frames, mi->module.first, mi->module.count);
    b = machine_frame(mi->module.first);
    content.first = mi->module.first;
    x->image = (struct image){&b->record, content, 0};
    x->module = (struct module){&b->module, content, 0};
    CU_ASSERT_EQUAL(frame_promise(x->w.frames, &x->quota, promise), 0);
    space_init(&x->s, x->w.frames, &x->quota, 1);
    x->s.ram_start = gfn(BASE);
    x->s.ram_end = gfn(BASE + ram);
}

/* The bundle's frames have the cell's one reference each again. */
static void end(struct fixture *x)
{
    const struct machine_info *mi = machine_info();

    CU_ASSERT_EQUAL(space_audit(&x->s), x->quota.drawn);
    space_destroy(&x->s);
    frame_unpromise(x->w.frames, &x->quota, x->quota.promised);
    for (uint64_t i = 0; i < mi->module.count; i++)
        CU_ASSERT_EQUAL(
            frame_info(x->w.frames, mfn(mi->module.first.n + i)).refs, 1);
    world_stop_frames(&x->w);
}

static void segments_have_their_rights(void)
{
    static const struct {
        uint8_t rights;
        enum space_soft soft;
    } want[] = {
        {MAP_READ | MAP_EXEC, SOFT_SHARED},
        {MAP_READ | MAP_EXEC, SOFT_SHARED},
        {MAP_READ, SOFT_SHARED},
        {MAP_READ, SOFT_COW},
        {MAP_NONE, SOFT_NONE},
        {MAP_NONE, SOFT_NONE},
    };
    struct fixture x;

    start(&x, 20, 16);
    CU_ASSERT_EQUAL(image_map(&x.image, &x.s, 0, UINT64_MAX), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
        struct mapping m = space_get(&x.s, gfn(BASE + i));

        CU_ASSERT_EQUAL(m.rights, want[i].rights);
        CU_ASSERT_EQUAL(m.soft, want[i].soft);
        if (m.rights)
            CU_ASSERT_EQUAL(m.frame.n, x.image.content.first.n + 1 + i);
    }
    CU_ASSERT_EQUAL(x.quota.drawn, 4); /* tables only */
    CU_ASSERT_EQUAL(image_shared_pages(&x.image), 3);
    CU_ASSERT_EQUAL(image_end(&x.image).n, BASE + 6);
    end(&x);
}

static void data_is_copied_and_bss_is_zero(void)
{
    struct fixture x;
    const char *original;
    char *p;

    start(&x, 20, 16);
    original =
        (const char *)machine_frame(x.image.content.first) + 4 * PAGE_SIZE;
    CU_ASSERT_EQUAL(image_map(&x.image, &x.s, 0, UINT64_MAX), 0);
    p = space_page(&x.s, gfn(BASE + 3), true);
    CU_ASSERT_EQUAL(memcmp(p, original, PAGE_SIZE), 0);
    CU_ASSERT_EQUAL(p[299], '4');
    CU_ASSERT_EQUAL(p[300], 0);
    memset(p, 'x', PAGE_SIZE);
    CU_ASSERT_EQUAL(original[0], '4');
    p = space_page(&x.s, gfn(BASE + 4), true);
    CU_ASSERT_EQUAL(p[0], 0);
    CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(BASE), true));
    CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(BASE + 2), true));
    end(&x);
}

static void two_spaces_share_text_and_not_data(void)
{
    struct fixture x;
    struct space other;
    struct quota q = {0, 0};

    start(&x, 20, 16);
    CU_ASSERT_EQUAL(frame_promise(x.w.frames, &q, 20), 0);
    space_init(&other, x.w.frames, &q, 2);
    other.ram_start = x.s.ram_start;
    other.ram_end = x.s.ram_end;
    CU_ASSERT_EQUAL(image_map(&x.image, &x.s, 0, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(image_map(&x.image, &other, 0, UINT64_MAX), 0);
    CU_ASSERT_PTR_EQUAL(space_page(&x.s, gfn(BASE), false),
                        space_page(&other, gfn(BASE), false));
    memset(space_page(&x.s, gfn(BASE + 3), true), 'x', PAGE_SIZE);
    CU_ASSERT_EQUAL(*(char *)space_page(&other, gfn(BASE + 3), true), '4');
    space_destroy(&other);
    frame_unpromise(x.w.frames, &q, q.promised);
    end(&x);
}

static void modules_are_read_only(void)
{
    struct fixture x;
    gfn_t at = gfn(BASE + 100);

    start(&x, 20, 16);
    CU_ASSERT_EQUAL(module_map(&x.module, &x.s, at, 0, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(*(char *)space_page(&x.s, at, false), '5');
    CU_ASSERT_EQUAL(*(char *)space_page(&x.s, gfn(at.n + 1), false), '6');
    CU_ASSERT_PTR_NULL(space_page(&x.s, at, true));
    CU_ASSERT_PTR_NULL(space_page(&x.s, gfn(at.n + 2), false));
    CU_ASSERT_EQUAL(module_map(&x.module, &x.s, gfn(at.n + 1), 0, UINT64_MAX),
                    -XEN_EEXIST);
    end(&x);
}

static void image_must_fit_in_ram(void)
{
    struct fixture x;

    start(&x, 20, 5);
    CU_ASSERT_EQUAL(image_map(&x.image, &x.s, 0, UINT64_MAX), -XEN_EINVAL);
    end(&x);
    start(&x, 20, 16);
    x.s.ram_start = gfn(BASE + 1);
    CU_ASSERT_EQUAL(image_map(&x.image, &x.s, 0, UINT64_MAX), -XEN_EINVAL);
    end(&x);
}

static void image_without_segments_is_empty(void)
{
    struct fixture x;
    struct scree_bundle_image none = {.segment_count = 0};

    start(&x, 20, 16);
    x.image.record = &none;
    CU_ASSERT_EQUAL(image_map(&x.image, &x.s, 0, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(image_end(&x.image).n, BASE);
    CU_ASSERT_EQUAL(image_shared_pages(&x.image), 0);
    end(&x);
}

/* Every allocation and the lack of a frame in turn: ENOMEM, and destroying
 * the space returns everything. */
static void every_allocation_may_fail(void)
{
    int r = -1;

    for (unsigned site = 1; r; site++) {
        struct fixture x;

        start(&x, 20, 16);
        frames_fail_at(x.w.frames, site);
        r = image_map(&x.image, &x.s, 0, UINT64_MAX);
        if (!r)
            r = module_map(&x.module, &x.s, gfn(3 * 512 * 512), 0, UINT64_MAX);
        frames_fail_at(x.w.frames, 0);
        CU_ASSERT(r == 0 || r == -XEN_ENOMEM);
        CU_ASSERT(r == 0 || site < 12);
        end(&x);
    }
}

/* Piece by piece is the same as at once, however the pieces fall. */
static void mapped_in_parts(void)
{
    struct fixture x;

    for (uint64_t most = 1; most < 6; most++) {
        uint64_t n;

        start(&x, 20, 16);
        n = image_pages(&x.image);
        CU_ASSERT_EQUAL(n, 4);
        for (uint64_t from = 0; from < n; from += most)
            CU_ASSERT_EQUAL(image_map(&x.image, &x.s, from, most), 0);
        for (uint64_t i = 0; i < n; i++)
            CU_ASSERT_EQUAL(space_get(&x.s, gfn(BASE + i)).frame.n,
                            x.image.content.first.n + 1 + i);
        CU_ASSERT_EQUAL(space_get(&x.s, gfn(BASE + n)).rights, 0);
        CU_ASSERT_EQUAL(module_map(&x.module, &x.s, gfn(64), 0, 1), 0);
        CU_ASSERT_EQUAL(space_get(&x.s, gfn(65)).rights, 0);
        CU_ASSERT_EQUAL(module_map(&x.module, &x.s, gfn(64), 1, 9), 0);
        CU_ASSERT_EQUAL(space_get(&x.s, gfn(65)).frame.n,
                        x.image.content.first.n + 6);
        end(&x);
    }
}

static void frames_that_are_not_shared_are_refused(void)
{
    struct fixture x;

    start(&x, 20, 16);
    x.image.content.first =
        mfn(x.image.content.first.n - 2); /* text would begin in RAM */
    CU_ASSERT_EQUAL(image_map(&x.image, &x.s, 0, UINT64_MAX), -XEN_ENOMEM);
    x.image.content.first = mfn(x.image.content.first.n + 2);
    end(&x);
}

static void symbols_are_found(void)
{
    static const struct {
        uint64_t a;
        const char *name;
        uint64_t offset;
    } cases[] = {
        {0x1000, "start", 0}, {0x100f, "start", 15}, {0x1010, "any", 0},
        {0x101f, "any", 15},  {0x1020, "fun", 0},    {0x1027, "fun", 7},
        {0x2003, "last", 3},
    };
    static const uint64_t none[] = {0,      0xfff,  0x1028,
                                    0x1fff, 0x2004, UINT64_MAX};
    struct fixture x;
    char name[IMAGE_SYMBOL_MAX];
    uint64_t offset = 0;

    start(&x, 20, 16);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        CU_ASSERT(image_symbol(&x.image, cases[i].a, name, &offset));
        CU_ASSERT_STRING_EQUAL(name, cases[i].name);
        CU_ASSERT_EQUAL(offset, cases[i].offset);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
        CU_ASSERT_FALSE(image_symbol(&x.image, none[i], name, &offset));
    end(&x);
}

void suite_image(void)
{
    static const struct unit_test tests[] = {
        {"segments have their rights", segments_have_their_rights},
        {"data is copied and bss is zero", data_is_copied_and_bss_is_zero},
        {"two spaces share text and not data",
         two_spaces_share_text_and_not_data},
        {"modules are read-only", modules_are_read_only},
        {"image must fit in RAM", image_must_fit_in_ram},
        {"image without segments is empty", image_without_segments_is_empty},
        {"every allocation may fail", every_allocation_may_fail},
        {"mapped in parts", mapped_in_parts},
        {"frames that are not shared are refused",
         frames_that_are_not_shared_are_refused},
        {"symbols are found", symbols_are_found},
    };

    UNIT_SUITE("image", tests);
}
