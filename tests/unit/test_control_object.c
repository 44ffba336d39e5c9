/* SPDX-License-Identifier: MIT */
/*
 * Objects: images and file modules that the control domain uploads. Whatever is
 * wrong with one is refused, what it took comes back whole, and who runs of one
 * runs as of the boot bundle.
 */
#include "control_world.h"

#include <stdlib.h>
#include <string.h>

#include "core/guestmem.h"
#include "core/image.h"
#include "system/control.h"

#define FIRST 2 /* handle: behind the boot bundle's image and module */

static struct small_bundle small;

static struct scree_control_object object_get(struct control_world *x,
                                              uint32_t handle)
{
    struct scree_control_object o = {.handle = handle};

    CU_ASSERT_EQUAL_FATAL(CONTROL(x, object_get, &o), 0);
    CU_ASSERT_EQUAL_FATAL(o.handle, handle);
    return o;
}

static uint32_t sealed_image(struct control_world *x)
{
    uint32_t handle;

    control_object_image(&small);
    handle = control_upload(x, &small, sizeof(small));
    CU_ASSERT_EQUAL_FATAL(control_seal(x, handle), 0);
    return handle;
}

static void images_are_uploaded_and_run(void)
{
    struct control_world x;
    struct scree_control_object o;
    struct scree_control_create r;
    struct domain *d;
    char text[4];

    control_prepare();
    control_start(&x);
    CU_ASSERT_EQUAL(sealed_image(&x), FIRST);
    o = object_get(&x, FIRST);
    CU_ASSERT_EQUAL(o.kind, SCREE_OBJECT_IMAGE);
    CU_ASSERT_EQUAL(o.flags, SCREE_OBJECT_SEALED);
    CU_ASSERT_EQUAL(o.users, 0);
    CU_ASSERT_EQUAL(o.size, sizeof(small));
    CU_ASSERT_EQUAL(o.min_memory, 8 * 4096);
    CU_ASSERT_EQUAL(o.digest[31], 0xd1);
    CU_ASSERT_STRING_EQUAL(o.name, "image");
    r = control_new(FIRST, "uploaded");
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), 0);
    CU_ASSERT_EQUAL(object_get(&x, FIRST).users, 1);
    CU_ASSERT_EQUAL(control_state(&x, r.head.domain).image, FIRST);
    d = life_find(&x.w, r.head.domain);
    guest_get(d, 0x100000, text, sizeof(text));
    CU_ASSERT_EQUAL(memcmp(text, "text", 4), 0);
    guest_put(d, 0x101000, "mine", 4); /* a private copy */
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, resume, d->id), 0);
    CU_ASSERT_EQUAL(control_drop(&x, FIRST), -XEN_EBUSY);
    life_faults(&x.w, r.head.domain, 6, 0, 0);
    CU_ASSERT(life_said("start+0x10")); /* its own symbols */
    control_settle(&x);
    CU_ASSERT_EQUAL(object_get(&x, FIRST).users, 0);
    CU_ASSERT_EQUAL(control_drop(&x, FIRST), 0);
    CU_ASSERT_EQUAL(control_drop(&x, FIRST), -XEN_ENOENT);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&x, collect, r.head.domain), 0);
    control_stop(&x);
}

static void modules_are_uploaded_and_seen(void)
{
    struct control_world x;
    struct scree_control_create r = control_new(0, "reader");
    struct domain *d;
    char text[5];

    control_prepare();
    control_start(&x);
    control_object_module(&small);
    r.config.module = control_upload(&x, &small, sizeof(small));
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), -XEN_ENOENT); /* not sealed */
    CU_ASSERT_EQUAL(control_seal(&x, FIRST), 0);
    CU_ASSERT_EQUAL(object_get(&x, FIRST).kind, SCREE_OBJECT_MODULE);
    CU_ASSERT_STRING_EQUAL(object_get(&x, FIRST).name, "files");
    r.config.image = FIRST; /* a module is no image */
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), -XEN_ENOENT);
    r.config.image = 0;
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), 0);
    d = life_find(&x.w, r.head.domain);
    CU_ASSERT_EQUAL(d->info->files_size, 50);
    guest_get(d, d->info->files_start, text, sizeof(text));
    CU_ASSERT_EQUAL(memcmp(text, "files", 5), 0);
    lock_take(&d->lock);
    CU_ASSERT_EQUAL(guestmem_write(d, gva(d->info->files_start), "evil", 4),
                    -XEN_EFAULT);
    lock_release(&d->lock);
    CU_ASSERT_EQUAL(object_get(&x, FIRST).users, 1);
    control_stop(&x);
}

static void what_is_not_sealed_is_of_no_use(void)
{
    struct control_world x;
    struct scree_control_create r = control_new(FIRST, "early");

    control_prepare();
    control_start(&x);
    control_object_image(&small);
    (void)control_upload(&x, &small, sizeof(small));
    CU_ASSERT_EQUAL(object_get(&x, FIRST).kind, 0);
    CU_ASSERT_EQUAL(object_get(&x, FIRST).flags, 0);
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), -XEN_ENOENT);
    control_stop(&x);
}

static void what_is_sealed_stays_as_it_is(void)
{
    struct control_world x;
    struct scree_control_transfer t = {.address = CONTROL_BUFFER, .length = 16};

    control_prepare();
    control_start(&x);
    t.head.domain = sealed_image(&x);
    CU_ASSERT_EQUAL(CONTROL(&x, object_write, &t), -XEN_EINVAL);
    CU_ASSERT_EQUAL(control_seal(&x, FIRST), -XEN_EINVAL);
    control_stop(&x);
}

static void objects_of_the_boot_bundle_are_there(void)
{
    struct control_world x;
    struct scree_control_object o;
    struct scree_control_transfer t = {.address = CONTROL_BUFFER, .length = 16};

    control_prepare();
    control_start(&x);
    o = object_get(&x, 0);
    CU_ASSERT_EQUAL(o.kind, SCREE_OBJECT_IMAGE);
    CU_ASSERT_EQUAL(o.flags, SCREE_OBJECT_SEALED | SCREE_OBJECT_BOOT);
    CU_ASSERT_EQUAL(o.users, 1);
    CU_ASSERT_EQUAL(o.size, 4000 + 100);
    o = object_get(&x, 1);
    CU_ASSERT_EQUAL(o.kind, SCREE_OBJECT_MODULE);
    CU_ASSERT_EQUAL(o.size, 50);
    for (uint32_t i = 0; i < 2; i++) {
        t.head.domain = i;
        CU_ASSERT_EQUAL(control_drop(&x, i), -XEN_EBUSY);
        CU_ASSERT_EQUAL(control_seal(&x, i), -XEN_ENOENT);
        CU_ASSERT_EQUAL(CONTROL(&x, object_write, &t), -XEN_ENOENT);
    }
    control_stop(&x);
}

static void bad_boot_images_are_listed_as_of_no_use(void)
{
    struct control_world x;
    struct scree_control_create r = control_new(1, "bad");

    control_prepare();
    life_bundle.module.offset++; /* one that nobody uses */
    control_start(&x);
    CU_ASSERT_EQUAL(object_get(&x, 1).kind, 0);
    CU_ASSERT_EQUAL(object_get(&x, 1).flags, SCREE_OBJECT_BOOT);
    r.config.image = 0;
    r.config.module = 1;
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), -XEN_ENOENT);
    control_stop(&x);
}

/* --------------------------------------------------------------- refused */

static void bad_beginnings_are_refused(void)
{
    struct control_world x;
    struct control_picture p;

    control_prepare();
    control_start(&x);
    p = control_look(&x);
#define BEGIN(change, code)                                                    \
    do {                                                                       \
        struct scree_control_object o = {.size = 8192};                        \
        change;                                                                \
        CU_ASSERT_EQUAL(CONTROL(&x, object_begin, &o), code);                  \
        CU_ASSERT(control_same(&x, &p));                                       \
    } while (0)
    BEGIN(o.head.domain = 1, -XEN_EINVAL);
    BEGIN(o.handle = 1, -XEN_EINVAL);
    BEGIN(o.kind = 1, -XEN_EINVAL);
    BEGIN(o.flags = 1, -XEN_EINVAL);
    BEGIN(o.users = 1, -XEN_EINVAL);
    BEGIN(o.min_memory = 1, -XEN_EINVAL);
    BEGIN(o.size = 0, -XEN_EINVAL);
    BEGIN(o.size = 4095, -XEN_EINVAL);
    BEGIN(o.size = SCREE_OBJECT_SIZE_MAX + 1, -XEN_EINVAL);
    BEGIN(o.size = UINT64_MAX, -XEN_EINVAL);
    BEGIN(o.size = SCREE_OBJECT_SIZE_MAX, -XEN_ENOMEM);
    /* one frame more than there is, with struct and index */
    BEGIN(o.size = (frames_available(x.w.frames) - 6) * PAGE_SIZE, -XEN_ENOMEM);
#undef BEGIN
    control_stop(&x);
}

static void bad_writes_are_refused(void)
{
    struct control_world x;
    struct control_picture p;

    control_prepare();
    control_start(&x);
    (void)control_upload(&x, &small, 8192);
    p = control_look(&x);
#define WRITE(change, code)                                                    \
    do {                                                                       \
        struct scree_control_transfer t = {.head = {.domain = FIRST},          \
                                           .address = CONTROL_BUFFER,          \
                                           .length = 100};                     \
        change;                                                                \
        CU_ASSERT_EQUAL(CONTROL(&x, object_write, &t), code);                  \
        CU_ASSERT(control_same(&x, &p));                                       \
    } while (0)
    WRITE(t.head.domain = FIRST + 1, -XEN_ENOENT);
    WRITE(t.head.domain = FIRST + 5000, -XEN_ENOENT);
    WRITE(t.head.domain = UINT32_MAX, -XEN_ENOENT);
    WRITE(t.length = 0, -XEN_EINVAL);
    WRITE(t.length = SCREE_TRANSFER_MAX + 1, -XEN_EINVAL);
    WRITE(t.length = 8193, -XEN_EINVAL);
    WRITE(t.offset = 8093, -XEN_EINVAL);
    WRITE(t.offset = UINT64_MAX, -XEN_EINVAL);
    WRITE(t.offset = 8193, -XEN_EINVAL);
    WRITE(t.address = 0, -XEN_EFAULT);
    WRITE(t.address = BAD, -XEN_EFAULT);
    WRITE(t.address = UINT64_MAX - 50, -XEN_EFAULT);
    WRITE(t.address = 0x100000 + CONTROL_PAGES * PAGE_SIZE - 99, -XEN_EFAULT);
#undef WRITE
    control_stop(&x);
}

/* Nothing was written of what cannot be read to the end. */
static void half_a_source_writes_nothing(void)
{
    struct control_world x;
    const uint64_t end = 0x100000 + CONTROL_PAGES * PAGE_SIZE;
    struct scree_control_transfer t = {
        .head = {.domain = FIRST}, .address = end - 100, .length = 200};
    char junk[100], found;

    control_prepare();
    control_start(&x);
    CU_ASSERT_EQUAL(sealed_image(&x), FIRST);
    CU_ASSERT_EQUAL(control_drop(&x, FIRST), 0);
    t.head.domain = control_upload(&x, &small, sizeof(small));
    memset(junk, 0xee, sizeof(junk));
    guest_put(x.d0, end - 100, junk, sizeof(junk));
    CU_ASSERT_EQUAL(CONTROL(&x, object_write, &t), -XEN_EFAULT);
    CU_ASSERT_EQUAL(control_seal(&x, t.head.domain), 0);
    content_read(&control_image(x.w.cell, t.head.domain)->content, 0, &found,
                 1);
    CU_ASSERT_EQUAL(found, (char)(SCREE_BUNDLE_MAGIC & 0xff));
    control_stop(&x);
}

static void gaps_are_refused(void)
{
    struct control_world x;
    struct scree_control_object o = {.size = 3 * PAGE_SIZE};
    struct scree_control_transfer t = {.address = CONTROL_BUFFER, .length = 1};

    control_prepare();
    control_start(&x);
    CU_ASSERT_EQUAL(CONTROL(&x, object_begin, &o), 0);
    t.head.domain = o.handle;
    CU_ASSERT_EQUAL(CONTROL(&x, object_write, &t), 0);
    t.offset = 2 * PAGE_SIZE;
    CU_ASSERT_EQUAL(CONTROL(&x, object_write, &t), 0);
    CU_ASSERT_EQUAL(control_seal(&x, o.handle), -XEN_EINVAL);
    CU_ASSERT(life_said("object 2 refused: it is not written whole"));
    control_stop(&x);
}

/* What system/bundle.c checks of the boot bundle holds for objects, too. */
static void bad_contents_are_refused(void)
{
    struct control_world x;
    uint32_t handle;

    control_prepare();
    control_start(&x);
#define CONTENT(change, text)                                                  \
    do {                                                                       \
        struct control_picture p;                                              \
                                                                               \
        control_object_image(&small);                                          \
        change;                                                                \
        handle = control_upload(&x, &small, sizeof(small));                    \
        p = control_look(&x);                                                  \
        host_console_clear();                                                  \
        CU_ASSERT_EQUAL(control_seal(&x, handle), -XEN_EINVAL);                \
        CU_ASSERT(life_said(text));                                            \
        CU_ASSERT(control_same(&x, &p));                                       \
        CU_ASSERT_EQUAL(control_drop(&x, handle), 0);                          \
    } while (0)
    CONTENT(small.header.magic++, "no bundle");
    CONTENT(small.header.version++, "another version");
    CONTENT(small.header.size--, "another than it says");
    CONTENT(small.header.size++, "cut off");
    CONTENT(small.header.size = 0, "cut off");
    CONTENT(small.header.images = UINT64_MAX - 7, "table of images");
    CONTENT(small.header.images += 4, "table of images");
    CONTENT(small.header.image_count = 0, "not one image");
    CONTENT(small.header.image_count = 2, "not one image");
    CONTENT(small.header.image_count = UINT32_MAX, "table of images");
    CONTENT(small.header.module_count = 1, "not one image");
    CONTENT(small.header.domain_count = 1, "not one image");
    CONTENT(memset(small.image.name, 'x', SCREE_NAME_MAX), "name");
    CONTENT(small.image.abi_major = 2, "version of the ABI");
    CONTENT(small.image.abi_minor = 99, "version of the ABI");
    CONTENT(small.image.min_memory = UINT64_MAX, "memory");
    CONTENT(small.image.segment_count = 0, "segments");
    CONTENT(small.image.segment_count = 9, "segments");
    CONTENT(small.image.segments[0].offset = 0, "contents");
    CONTENT(small.image.segments[0].offset = UINT64_MAX & ~4095ull, "contents");
    CONTENT(small.image.segments[0].address = 0, "address");
    CONTENT(small.image.segments[0].flags = 3, "rights");
    CONTENT(small.image.entry = 0, "entry");
    CONTENT(small.text[4095] = 1, "contents"); /* not padded with zeros */
    CONTENT(small.image.symbols = UINT64_MAX - 7, "symbols");
    CONTENT(small.image.strings = UINT64_MAX, "symbols");
    CONTENT(memset(small.strings, 'x', 16), "symbols");
    CONTENT(small.symbols[1].address = 1, "symbols");
    CONTENT(small.symbols[1].name = 16, "symbols");
#undef CONTENT
    control_stop(&x);
}

static void bad_modules_are_refused(void)
{
    struct control_world x;
    uint32_t handle;

    control_prepare();
    control_start(&x);
    for (unsigned i = 0; i < 4; i++) {
        control_object_module(&small);
        small.module.offset += i == 0;
        small.module.size = i == 1 ? 0 : i == 2 ? UINT64_MAX : 50;
        small.files[4095] = i == 3;
        handle = control_upload(&x, &small, sizeof(small));
        CU_ASSERT_EQUAL(control_seal(&x, handle), -XEN_EINVAL);
    }
    control_stop(&x);
}

/* ---------------------------------------------------------------- memory */

static void every_allocation_may_fail(void)
{
    struct control_world x;
    struct control_picture p;
    struct scree_control_object o = {.size = 20 * PAGE_SIZE};
    struct scree_control_transfer t = {.address = CONTROL_BUFFER,
                                       .length = SCREE_TRANSFER_MAX};
    int64_t result = -1;

    control_prepare();
    control_start(&x);
    p = control_look(&x);
    frames_fail_at(x.w.frames, 1);
    CU_ASSERT_EQUAL(CONTROL(&x, object_begin, &o), -XEN_ENOMEM);
    CU_ASSERT(control_same(&x, &p));
    CU_ASSERT_EQUAL(CONTROL(&x, object_begin, &o), 0);
    t.head.domain = o.handle;
    for (unsigned site = 1; result; site++) {
        uint64_t before = frames_free(x.w.frames);

        CU_ASSERT(site < 30);
        frames_fail_at(x.w.frames, site);
        result = CONTROL(&x, object_write, &t);
        frames_fail_at(x.w.frames, 0);
        /* one frame of the index may stay: it is promised, and says nothing */
        if (result)
            CU_ASSERT(before - frames_free(x.w.frames) <= 1);
    }
    control_stop(&x);
}

/* Promised from the start: writing never runs out of memory. */
static void room_is_taken_at_once(void)
{
    struct control_world x;
    struct scree_control_object o = {.size = 100 * PAGE_SIZE};
    uint64_t before, after;
    struct quota all = {0, 0};
    struct scree_control_transfer t = {.address = CONTROL_BUFFER,
                                       .length = PAGE_SIZE};

    control_prepare();
    control_start(&x);
    before = frames_available(x.w.frames);
    CU_ASSERT_EQUAL(CONTROL(&x, object_begin, &o), 0);
    after = frames_available(x.w.frames);
    CU_ASSERT_EQUAL(before - after, 100 + 2);
    CU_ASSERT_EQUAL(frame_promise(x.w.frames, &all, after), 0);
    t.head.domain = o.handle;
    for (; t.offset < o.size; t.offset += PAGE_SIZE)
        CU_ASSERT_EQUAL(CONTROL(&x, object_write, &t), 0);
    CU_ASSERT_EQUAL(frames_available(x.w.frames), 0);
    frame_unpromise(x.w.frames, &all, all.promised);
    control_stop(&x);
}

/* Every second frame is somebody else's. */
static void fragments_are_enough(void)
{
    static mfn_t held[3000];
    const struct content *c;
    struct control_world x;
    unsigned n = 0;

    control_prepare();
    control_start(&x);
    while (frames_available(x.w.frames))
        held[n++] = frame_alloc_cell(x.w.frames, FRAME_HYPERVISOR);
    for (unsigned i = 0; i < n; i += 2)
        frame_put(x.w.frames, NULL, held[i]);
    CU_ASSERT_EQUAL(sealed_image(&x), FIRST);
    c = &control_image(x.w.cell, FIRST)->content;
    CU_ASSERT_NOT_EQUAL(content_frame(c, 1).n, content_frame(c, 0).n + 1);
    for (unsigned i = 1; i < n; i += 2)
        frame_put(x.w.frames, NULL, held[i]);
    control_stop(&x);
}

static void places_run_out(void)
{
    struct control_world x;
    struct scree_control_object o = {.size = PAGE_SIZE};
    int64_t result = 0;
    uint32_t n = 0, last = 0;

    control_prepare();
    control_start(&x);
    while (!result) {
        o = (struct scree_control_object){.size = PAGE_SIZE};
        result = CONTROL(&x, object_begin, &o);
        if (!result) {
            CU_ASSERT_EQUAL(o.handle, FIRST + n);
            last = o.handle;
        }
        n++;
    }
    CU_ASSERT_EQUAL(result, -XEN_ENOMEM);
    CU_ASSERT_EQUAL(control_drop(&x, FIRST), 0);
    o = (struct scree_control_object){.size = PAGE_SIZE};
    CU_ASSERT_EQUAL(CONTROL(&x, object_begin, &o), 0);
    CU_ASSERT_EQUAL(o.handle, last + 1); /* in turn, not the one just dropped */
    control_stop(&x);
}

/* ------------------------------------------------------------ long work */

#define MANY 5000 /* symbols */

struct many_symbols {
    struct scree_bundle header;
    struct scree_bundle_image image;
    struct scree_symbol symbols[MANY];
    char strings[8];
    char text[4096] __attribute__((aligned(4096)));
};

static struct many_symbols *many_make(void)
{
    struct many_symbols *b = aligned_alloc(4096, sizeof(*b));

    memset(b, 0, sizeof(*b));
    control_object_image(&small);
    b->header = small.header;
    b->image = small.image;
    b->header.size = sizeof(*b);
    b->header.images = offsetof(struct many_symbols, image);
    b->image.segment_count = 1;
    b->image.segments[0].offset = offsetof(struct many_symbols, text);
    b->image.symbol_count = MANY;
    b->image.symbols = offsetof(struct many_symbols, symbols);
    b->image.strings = offsetof(struct many_symbols, strings);
    b->image.strings_size = sizeof(b->strings);
    for (unsigned i = 0; i < MANY; i++)
        b->symbols[i].address = 0x100000 + i;
    return b;
}

/* guest_call() goes on with a call that gave way, as the loop does. */
static void many_symbols_give_way(void)
{
    struct control_world x;
    struct many_symbols *b = many_make();
    struct scree_control_object o = {.handle = FIRST};
    struct machine_regs *r;
    uint32_t handle;

    control_prepare();
    control_start(&x);
    handle = control_upload(&x, b, sizeof(*b));
    CU_ASSERT_EQUAL(control_seal(&x, handle), 0);
    b->symbols[MANY - 1].address = 1; /* the last one is wrong */
    handle = control_upload(&x, b, sizeof(*b));
    CU_ASSERT_EQUAL(control_seal(&x, handle), -XEN_EINVAL);
    /* by hand: the first turn does not end it */
    o.head = (struct scree_control){SCREE_CONTROL_VERSION,
                                    SCREE_CONTROL_object_drop, sizeof(o), 0};
    guest_put(x.d0, CONTROL_RECORD, &o, sizeof(o));
    guest_run(x.d0);
    r = &x.d0->vcpu.m.regs;
    r->rax = __HYPERVISOR_scree_control;
    r->rdi = CONTROL_RECORD;
    hypercall_dispatch(&x.d0->vcpu);
    CU_ASSERT_EQUAL(x.d0->vcpu.again[0].nr, CONTINUATION_NONE); /* small */
    control_stop(&x);
    free(b);
}

/* Its death in the middle of a drop loses nothing: the next one goes on. */
static void half_a_drop_can_be_ended(void)
{
    static char large[1500 * PAGE_SIZE];
    struct control_world x;
    struct scree_control_object o = {.head = {SCREE_CONTROL_VERSION,
                                              SCREE_CONTROL_object_drop,
                                              sizeof(o), 0}};
    struct scree_control_transfer t = {.address = CONTROL_BUFFER, .length = 16};
    struct machine_regs *r;

    control_prepare();
    control_start(&x);
    o.handle = control_upload(&x, large, sizeof(large));
    guest_put(x.d0, CONTROL_RECORD, &o, sizeof(o));
    guest_run(x.d0);
    r = &x.d0->vcpu.m.regs;
    r->rax = __HYPERVISOR_scree_control;
    r->rdi = CONTROL_RECORD;
    hypercall_dispatch(&x.d0->vcpu);
    CU_ASSERT_EQUAL(x.d0->vcpu.again[0].nr, __HYPERVISOR_scree_control);
    domain_end(x.d0, SHUTDOWN_crash);
    control_settle(&x);
    life_later(&x.w, 101);
    x.d0 = life_find(&x.w, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x.d0);
    CU_ASSERT_EQUAL(object_get(&x, FIRST).kind, 0);
    t.head.domain = FIRST;
    CU_ASSERT_EQUAL(CONTROL(&x, object_write, &t), -XEN_EINVAL);
    CU_ASSERT_EQUAL(control_seal(&x, FIRST), -XEN_EINVAL);
    CU_ASSERT_EQUAL(control_drop(&x, FIRST), 0);
    control_find(&x);
    control_stop(&x);
}

#define LARGE 1200 /* pages of files: more than are mapped at once */

static struct {
    struct scree_bundle head;
    struct scree_bundle_module module;
    char files[LARGE][PAGE_SIZE] __attribute__((aligned(4096)));
} large;

static uint32_t large_module(struct control_world *x)
{
    uint32_t handle;

    control_object_module(&small);
    large.head = small.header;
    large.module = small.module;
    large.head.size = sizeof(large);
    large.head.modules = sizeof(large.head);
    large.module.offset = PAGE_SIZE;
    large.module.size = sizeof(large.files);
    for (unsigned i = 0; i < LARGE; i++)
        large.files[i][0] = (char)i;
    handle = control_upload(x, &large, sizeof(large));
    CU_ASSERT_EQUAL_FATAL(control_seal(x, handle), 0);
    return handle;
}

static void large_modules_are_mapped_in_parts(void)
{
    struct control_world x;
    struct scree_control_create r = control_new(0, "large");
    struct domain *d;
    char byte;

    control_prepare();
    control_start(&x);
    r.config.module = large_module(&x);
    CU_ASSERT_EQUAL(CONTROL(&x, create, &r), 0);
    d = life_find(&x.w, r.head.domain);
    for (uint64_t i = 0; i < LARGE; i++) {
        guest_get(d, d->info->files_start + i * PAGE_SIZE, &byte, 1);
        CU_ASSERT_EQUAL(byte, (char)i);
    }
    control_stop(&x);
}

/* The control domain dies while it makes another one. */
static void half_a_domain_is_taken_apart(void)
{
    struct control_world x;
    struct scree_control_create r = control_new(0, "half");
    uint64_t before;
    struct machine_regs *g;

    control_prepare();
    control_start(&x);
    r.config.module = large_module(&x);
    r.head = (struct scree_control){SCREE_CONTROL_VERSION, SCREE_CONTROL_create,
                                    sizeof(r), 0};
    guest_put(x.d0, CONTROL_RECORD, &r, sizeof(r));
    before = frames_free(x.w.frames);
    guest_run(x.d0);
    g = &x.d0->vcpu.m.regs;
    g->rax = __HYPERVISOR_scree_control;
    g->rdi = CONTROL_RECORD;
    hypercall_dispatch(&x.d0->vcpu);
    CU_ASSERT_EQUAL(x.d0->vcpu.again[0].nr, __HYPERVISOR_scree_control);
    CU_ASSERT(frames_free(x.w.frames) < before);
    CU_ASSERT_PTR_NOT_NULL(x.w.cell->making);
    domain_end(x.d0, SHUTDOWN_crash);
    control_settle(&x);
    CU_ASSERT_PTR_NULL(x.w.cell->making);
    CU_ASSERT_EQUAL(atomic_load(&x.w.cell->domain_count), 0);
    life_later(&x.w, 101);
    control_find(&x);
    CU_ASSERT_EQUAL(object_get(&x, r.config.module).users, 0);
    CU_ASSERT_EQUAL(frames_free(x.w.frames), before);
    CU_ASSERT_EQUAL(control_drop(&x, r.config.module), 0);
    control_find(&x);
    control_stop(&x);
}

void suite_control_object(void)
{
    static const struct unit_test tests[] = {
        {"images are uploaded and run", images_are_uploaded_and_run},
        {"modules are uploaded and seen", modules_are_uploaded_and_seen},
        {"what is not sealed is of no use", what_is_not_sealed_is_of_no_use},
        {"what is sealed stays as it is", what_is_sealed_stays_as_it_is},
        {"objects of the boot bundle are there",
         objects_of_the_boot_bundle_are_there},
        {"bad boot images are listed as of no use",
         bad_boot_images_are_listed_as_of_no_use},
        {"bad beginnings are refused", bad_beginnings_are_refused},
        {"bad writes are refused", bad_writes_are_refused},
        {"half a source writes nothing", half_a_source_writes_nothing},
        {"gaps are refused", gaps_are_refused},
        {"bad contents are refused", bad_contents_are_refused},
        {"bad modules are refused", bad_modules_are_refused},
        {"every allocation may fail", every_allocation_may_fail},
        {"room is taken at once", room_is_taken_at_once},
        {"fragments are enough", fragments_are_enough},
        {"places run out", places_run_out},
        {"many symbols give way", many_symbols_give_way},
        {"half a drop can be ended", half_a_drop_can_be_ended},
        {"large modules are mapped in parts",
         large_modules_are_mapped_in_parts},
        {"half a domain is taken apart", half_a_domain_is_taken_apart},
    };

    UNIT_SUITE("control_object", tests);
}
