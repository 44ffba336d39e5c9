/* SPDX-License-Identifier: MIT */
/*
 * Checks of the boot bundle: see bundle.h. Guests may see whole pages of what
 * an image or module names, so contents must lie behind all tables (the header
 * has the cell's seed) and be padded with zeros.
 */
#include "system/bundle.h"

#include "base/string.h"
#include "core/log.h"
#include "scree/xen.h"

#define MEMORY_MAX          (1ull << 40) /* bytes of one domain */

#define REFUSAL(code, text) ((struct refusal){-XEN_##code, (text)})
#define REFUSAL_NONE        ((struct refusal){0, NULL})

/* A bundle whose header is good. */
struct view {
    const struct content *bytes;
    uint64_t size;
    uint64_t contents; /* offset of the first byte that is in no table */
};

/* Is [offset, offset + n) inside? */
static bool inside(const struct view *w, uint64_t offset, uint64_t n)
{
    return offset <= w->size && n <= w->size - offset;
}

/* Zero from there to the end of the page? */
static bool zero_tail(const struct view *w, uint64_t from)
{
    char tail[64];

    while (from % PAGE_SIZE) {
        size_t n = min_u64(sizeof(tail), PAGE_SIZE - from % PAGE_SIZE);

        content_read(w->bytes, from, tail, n);
        for (size_t i = 0; i < n; i++) {
            if (tail[i])
                return false;
        }
        from += n;
    }
    return true;
}

/* Whole pages of contents, zero behind the last byte. */
static bool good_content(const struct view *w, uint64_t offset, uint64_t n)
{
    if (offset % PAGE_SIZE || offset < w->contents || !inside(w, offset, n))
        return false;
    if (!inside(w, offset, (n + PAGE_MASK) & ~(uint64_t)PAGE_MASK))
        return false;
    return zero_tail(w, offset + n);
}

static bool good_text(const char *text, size_t size)
{
    return string_length_max(text, size) < size;
}

/* --------------------------------------------------------------- header */

/* A table of the header: inside, aligned, behind the header. */
static bool good_table(struct view *w, uint64_t offset, uint64_t count,
                       uint64_t record)
{
    if (count == 0)
        return true;
    if (count > BUNDLE_RECORDS_MAX || offset % 8 ||
        offset < sizeof(struct scree_bundle) ||
        !inside(w, offset, count * record))
        return false;
    w->contents = max_u64(w->contents, offset + count * record);
    return true;
}

static const char *check_header(struct view *w, const struct scree_bundle *b)
{
    if (w->size < sizeof(*b) || b->magic != SCREE_BUNDLE_MAGIC)
        return "it is no bundle";
    if (b->version != SCREE_BUNDLE_VERSION || b->header_size != sizeof(*b))
        return "it is of another version";
    if (b->size < sizeof(*b) || b->size > w->size)
        return "it is cut off";
    w->size = b->size;
    w->contents = sizeof(*b);
    if (!good_table(w, b->images, b->image_count,
                    sizeof(struct scree_bundle_image)))
        return "its table of images is bad";
    if (!good_table(w, b->modules, b->module_count,
                    sizeof(struct scree_bundle_module)))
        return "its table of modules is bad";
    if (!good_table(w, b->domains, b->domain_count,
                    sizeof(struct scree_domain_config)))
        return "its table of domains is bad";
    return NULL;
}

/* --------------------------------------------------------------- images */

static const char bad_symbols[] = "its symbols are bad";

static const char *check_segment(const struct view *w,
                                 const struct scree_segment *g, uint64_t from)
{
    if (g->address % PAGE_SIZE || g->address < from)
        return "a segment's address is bad";
    if (g->memory_size == 0 || g->memory_size > MEMORY_MAX ||
        g->address > SCREE_GUEST_END - MEMORY_MAX ||
        g->file_size > g->memory_size)
        return "a segment's size is bad";
    if (g->file_size && !good_content(w, g->offset, g->file_size))
        return "a segment's contents are bad";
    if (g->flags & ~(uint32_t)(SCREE_SEGMENT_WRITE | SCREE_SEGMENT_EXEC) ||
        g->flags == (SCREE_SEGMENT_WRITE | SCREE_SEGMENT_EXEC))
        return "a segment's rights are bad";
    return NULL;
}

static const char *check_segments(const struct view *w,
                                  const struct scree_bundle_image *i)
{
    uint64_t from = SCREE_IMAGE_BASE;
    const char *why;
    bool entry = false;

    if (i->segment_count == 0 || i->segment_count > SCREE_SEGMENTS)
        return "the number of segments is bad";
    for (uint32_t n = 0; n < i->segment_count; n++) {
        const struct scree_segment *g = &i->segments[n];

        why = check_segment(w, g, from);
        if (why)
            return why;
        from = g->address + (pages(g->memory_size) << PAGE_SHIFT);
        if (g->flags & SCREE_SEGMENT_EXEC && i->entry >= g->address &&
            i->entry - g->address < g->file_size)
            entry = true;
    }
    return entry ? NULL : "the entry point is not in its text";
}

static const char *check_symbol_tables(const struct view *w,
                                       const struct scree_bundle_image *i)
{
    char last = 0;

    if (i->symbol_count == 0)
        return NULL;
    if (i->symbols % 8 ||
        !inside(w, i->symbols, i->symbol_count * sizeof(struct scree_symbol)) ||
        i->strings_size == 0 || !inside(w, i->strings, i->strings_size))
        return bad_symbols;
    content_read(w->bytes, i->strings + i->strings_size - 1, &last, 1);
    return last ? bad_symbols : NULL;
}

const char *bundle_check_symbols(const struct content *c,
                                 const struct scree_bundle_image *i,
                                 struct symbol_walk *at, uint32_t most)
{
    uint32_t end = i->symbol_count;
    struct scree_symbol s;

    if (end - at->next > most)
        end = at->next + most;
    for (; at->next < end; at->next++) {
        content_read(c, i->symbols + at->next * sizeof(s), &s, sizeof(s));
        if (s.address < at->last || s.name >= i->strings_size)
            return bad_symbols;
        at->last = s.address;
    }
    return NULL;
}

static const char *check_image(const struct view *w,
                               const struct scree_bundle_image *i)
{
    const char *why;

    if (!good_text(i->name, sizeof(i->name)))
        return "its name does not end";
    if (i->abi_major != SCREE_ABI_MAJOR || i->abi_minor > SCREE_ABI_MINOR)
        return "it needs another version of the ABI";
    if (i->stack_bytes > MEMORY_MAX || i->min_memory > MEMORY_MAX)
        return "the memory it needs is bad";
    why = check_segments(w, i);
    return why ? why : check_symbol_tables(w, i);
}

static const char *check_module(const struct view *w,
                                const struct scree_bundle_module *m)
{
    if (!good_text(m->name, sizeof(m->name)))
        return "its name does not end";
    if (m->size == 0 || m->size > MEMORY_MAX ||
        !good_content(w, m->offset, m->size))
        return "its contents are bad";
    return NULL;
}

/* -------------------------------------------------------------- opening */

/* Zeroed memory that the cell keeps. */
static void *keep(struct cell *cell, uint64_t bytes)
{
    mfn_t run = frame_alloc_run(cell->frames, pages(bytes), FRAME_HYPERVISOR);

    if (!mfn_valid(run))
        return NULL;
    return memset(machine_frame(run), 0, bytes);
}

static void say_refused(struct cell *cell, const char *what,
                        const char name[SCREE_NAME_MAX], const char *why)
{
    char text[SCREE_NAME_MAX];

    bundle_name(name, text);
    log_line(cell, "bundle: %s %s refused: %s", what, text, why);
}

/* Symbols, too: nobody waits at start-up. */
static const char *check_whole_image(const struct view *w,
                                     const struct scree_bundle_image *i)
{
    struct symbol_walk all = {0, 0};
    const char *why = check_image(w, i);

    return why ? why : bundle_check_symbols(w->bytes, i, &all, UINT32_MAX);
}

/* A table of the boot bundle, which lies in a row. It has records: the offset
 * of one without any may be anything. */
static const void *table(const struct cell *cell, uint64_t offset)
{
    return (const char *)cell->bundle + offset;
}

static int open_images(struct cell *cell, const struct view *w)
{
    uint32_t count = cell->bundle->image_count;
    const struct scree_bundle_image *record;

    if (count == 0)
        return 0;
    record = table(cell, cell->bundle->images);
    cell->images = keep(cell, count * sizeof(*cell->images));
    if (!cell->images)
        return -XEN_ENOMEM;
    cell->image_count = count;
    for (uint32_t n = 0; n < count; n++) {
        const char *why = check_whole_image(w, &record[n]);

        if (why) {
            say_refused(cell, "image", record[n].name, why);
            continue;
        }
        cell->images[n].record = &record[n];
        cell->images[n].content = *w->bytes;
    }
    return 0;
}

static int open_modules(struct cell *cell, const struct view *w)
{
    uint32_t count = cell->bundle->module_count;
    const struct scree_bundle_module *record;

    if (count == 0)
        return 0;
    record = table(cell, cell->bundle->modules);
    cell->modules = keep(cell, count * sizeof(*cell->modules));
    if (!cell->modules)
        return -XEN_ENOMEM;
    cell->module_count = count;
    for (uint32_t n = 0; n < count; n++) {
        const char *why = check_module(w, &record[n]);

        if (why) {
            say_refused(cell, "module", record[n].name, why);
            continue;
        }
        cell->modules[n].record = &record[n];
        cell->modules[n].content = *w->bytes;
    }
    return 0;
}

/* Ids that the records of domains have; the control domain's, if any. */
static void open_domains(struct cell *cell)
{
    for (uint32_t n = 0; n < cell->bundle->domain_count; n++) {
        if (cell->control ||
            !(bundle_domain(cell, n)->flags & SCREE_CONFIG_CONTROL))
            continue;
        cell->control = true;
        cell->control_record = n;
    }
    cell->first_id = cell->next_id = cell->bundle->domain_count + 1;
}

int bundle_open(struct cell *cell)
{
    const struct machine_info *mi = machine_info();
    const struct content bytes = {.first = mi->module.first};
    struct view w = {.bytes = &bytes, .size = mi->module_size};
    const struct scree_bundle *b;
    const char *why;
    int result;

    if (mi->module.count == 0) {
        log_line(cell, "no boot bundle, so no domains");
        return 0;
    }
    b = machine_frame(mi->module.first);
    why = check_header(&w, b);
    if (why) {
        log_line(cell, "the boot bundle is of no use: %s", why);
        return -XEN_EINVAL;
    }
    frame_adopt(cell->frames, mi->module.first, mi->module.count);
    cell->bundle = b;
    open_domains(cell);
    result = open_images(cell, &w);
    return result ? result : open_modules(cell, &w);
}

/* -------------------------------------------------------------- objects */

const char *bundle_check_object(const struct content *c, uint64_t size,
                                struct bundle_object *o)
{
    struct view w = {.bytes = c, .size = size};
    struct scree_bundle b;
    const char *why;

    content_read(c, 0, &b, sizeof(b));
    why = check_header(&w, &b);
    if (why)
        return why;
    if (b.size != size)
        return "its size is another than it says";
    if (b.domain_count || b.image_count + (uint64_t)b.module_count != 1)
        return "it is not one image or one file module";
    o->is_image = b.image_count == 1;
    if (!o->is_image) {
        content_read(c, b.modules, &o->module, sizeof(o->module));
        return check_module(&w, &o->module);
    }
    content_read(c, b.images, &o->image, sizeof(o->image));
    return check_image(&w, &o->image);
}

/* -------------------------------------------------------------- domains */

const struct scree_domain_config *bundle_domain(const struct cell *cell,
                                                uint32_t index)
{
    const void *table = (const char *)cell->bundle + cell->bundle->domains;

    return (const struct scree_domain_config *)table + index;
}

static uint64_t image_bytes(const struct image *i)
{
    return (image_end(i).n << PAGE_SHIFT) - SCREE_IMAGE_BASE;
}

uint64_t bundle_least_memory(const struct image *i)
{
    uint64_t n = image_bytes(i) + i->record->stack_bytes;

    return pages(max_u64(n, i->record->min_memory)) << PAGE_SHIFT;
}

/* Does the image fit into the domain's memory? */
static struct refusal check_memory(const struct image *i, uint64_t memory)
{
    uint64_t used = image_bytes(i);

    if (memory % PAGE_SIZE || memory == 0 || memory > MEMORY_MAX)
        return REFUSAL(EINVAL, "its memory size is bad");
    if (memory < i->record->min_memory)
        return REFUSAL(E2BIG, "it has less memory than its image needs");
    if (memory < used || memory - used < i->record->stack_bytes)
        return REFUSAL(E2BIG, "its image and stack do not fit into its memory");
    return REFUSAL_NONE;
}

struct refusal bundle_check_config(const struct scree_domain_config *c,
                                   const struct image *image,
                                   const struct module *module)
{
    if (c->size != sizeof(*c))
        return REFUSAL(EINVAL, "its record is of another version");
    if (!good_text(c->name, sizeof(c->name)) || !c->name[0])
        return REFUSAL(EINVAL, "its name is bad");
    if (!good_text(c->cmdline, sizeof(c->cmdline)))
        return REFUSAL(EINVAL, "its command line does not end");
    if (!image || !image->record)
        return REFUSAL(ENOENT, "it has no usable image");
    if (c->module != SCREE_NO_MODULE && (!module || !module->record))
        return REFUSAL(ENOENT, "it has no usable file module");
    if (c->on_crash > SCREE_ON_CRASH_PRESERVE)
        return REFUSAL(EINVAL, "on_crash is bad");
    if (c->weight == 0 || c->weight > UINT16_MAX)
        return REFUSAL(EINVAL, "its weight is bad");
    if (c->group > UINT16_MAX)
        return REFUSAL(EINVAL, "its network group is bad");
    return check_memory(image, c->memory);
}

struct refusal bundle_check_record(const struct cell *cell, uint32_t index)
{
    const struct scree_domain_config *c = bundle_domain(cell, index);

    if (c->flags & ~(uint32_t)SCREE_CONFIG_CONTROL)
        return REFUSAL(EINVAL, "its flags are bad");
    if (c->flags && index != cell->control_record)
        return REFUSAL(EINVAL, "there is another control domain");
    return bundle_check_config(
        c, c->image < cell->image_count ? &cell->images[c->image] : NULL,
        c->module < cell->module_count ? &cell->modules[c->module] : NULL);
}

void bundle_name(const char name[SCREE_NAME_MAX], char to[SCREE_NAME_MAX])
{
    size_t n;

    for (n = 0; n < SCREE_NAME_MAX - 1 && name[n]; n++)
        to[n] = name[n] > ' ' && name[n] <= '~' ? name[n] : '?';
    to[n] = '\0';
}
