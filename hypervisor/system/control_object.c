/* SPDX-License-Identifier: MIT */
/*
 * Objects: images and file modules that the control domain uploads (see
 * pv-abi/scree/control.h and control.h here).
 *
 * An object is one frame with its struct, an index and the frames of its bytes,
 * which need not lie in a row. All of it is promised by object_begin, so that
 * writing never runs out of memory, and is charged to the cell. Frames of bytes
 * are FRAME_SHARED with one reference of the object's; domains take more. Until
 * it is sealed nobody but object_write reaches them; afterwards nobody writes
 * them.
 *
 * Handles: the boot bundle's images, its modules, then OBJECTS_MAX places that
 * are given out in turn. Long work (checking symbols, giving frames back) is
 * done in parts. A drop that never ended, since the control domain died, leaves
 * an unsealed object, which can be dropped again.
 */
#include "base/bitmap.h"
#include "base/string.h"
#include "core/log.h"
#include "io/journal.h"
#include "system/bundle.h"
#include "system/control.h"

#define OBJECTS_MAX 4096
#define PARTS       (SCREE_OBJECT_SIZE_MAX / PAGE_SIZE / CONTENT_INDEX)
#define WORK_BATCH  512 /* symbols or frames between two looks at others */

struct object {
    mfn_t frame; /* this one */
    struct quota quota;
    uint64_t size;    /* bytes */
    uint64_t written; /* frames of bytes */
    bool sealed;
    bool dropped; /* its frames are being given back */
    uint8_t digest[SCREE_DIGEST_SIZE];
    struct bundle_object record;
    struct image image;   /* one of these two, when sealed */
    struct module module; /* and the other one's record is NULL */
    struct content content;
    uint64_t *index[PARTS]; /* mfns; MFN_NONE's: not written */
    mfn_t part[PARTS];      /* the frames of the index */
};

_Static_assert(sizeof(struct object) <= PAGE_SIZE, "one frame");

struct objects {
    uint32_t next; /* place to try first */
    uint64_t used[BITMAP_WORDS(OBJECTS_MAX)];
    struct object *place[OBJECTS_MAX];
};

int control_init(struct cell *cell)
{
    uint64_t n = pages(sizeof(struct objects));
    mfn_t transfer = frame_alloc_cell(cell->frames, FRAME_HYPERVISOR);
    mfn_t objects = frame_alloc_run(cell->frames, n, FRAME_HYPERVISOR);

    if (!mfn_valid(transfer) || !mfn_valid(objects))
        return -XEN_ENOMEM;
    if (journal_create(cell))
        return -XEN_ENOMEM;
    cell->transfer = machine_frame(transfer);
    cell->objects = machine_frame(objects);
    memset(cell->objects, 0, n << PAGE_SHIFT);
    return 0;
}

/* -------------------------------------------------------------- handles */

static uint32_t first_handle(const struct cell *cell)
{
    return cell->image_count + cell->module_count;
}

/* An uploaded object, or NULL. */
static struct object *object_of(const struct cell *cell, uint32_t handle)
{
    uint32_t at = handle - first_handle(cell);

    return handle >= first_handle(cell) && at < OBJECTS_MAX
               ? cell->objects->place[at]
               : NULL;
}

struct image *control_image(struct cell *cell, uint32_t handle)
{
    struct object *o = object_of(cell, handle);

    if (handle < cell->image_count)
        return &cell->images[handle];
    return o && o->sealed && o->record.is_image ? &o->image : NULL;
}

struct module *control_module(struct cell *cell, uint32_t handle)
{
    struct object *o = object_of(cell, handle);

    if (handle >= cell->image_count && handle < first_handle(cell))
        return &cell->modules[handle - cell->image_count];
    return o && o->sealed && !o->record.is_image ? &o->module : NULL;
}

/* --------------------------------------------------------------- frames */

static uint64_t parts_of(uint64_t size)
{
    return (pages(size) + CONTENT_INDEX - 1) / CONTENT_INDEX;
}

/* The entry of page n; NULL: its part of the index is not there yet. */
static uint64_t *entry(struct object *o, uint64_t n)
{
    uint64_t *part = o->index[n / CONTENT_INDEX];

    return part ? &part[n % CONTENT_INDEX] : NULL;
}

static int add_part(struct frames *f, struct object *o, uint64_t n)
{
    mfn_t m = frame_alloc(f, &o->quota, OWNER_OBJECT, FRAME_HYPERVISOR);

    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    o->part[n] = m;
    o->index[n] = memset(machine_frame(m), 0xff, PAGE_SIZE);
    return 0;
}

/* Makes page n if it is not there. */
static int add_page(struct frames *f, struct object *o, uint64_t n)
{
    uint64_t *e;
    mfn_t m;

    if (!o->index[n / CONTENT_INDEX] && add_part(f, o, n / CONTENT_INDEX))
        return -XEN_ENOMEM;
    e = entry(o, n);
    if (*e != MFN_NONE.n)
        return 0;
    m = frame_alloc_zero(f, &o->quota, OWNER_OBJECT, FRAME_SHARED);
    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    *e = m.n;
    o->written++;
    return 0;
}

static void remove_page(struct frames *f, struct object *o, uint64_t n)
{
    uint64_t *e = entry(o, n);

    if (!e || *e == MFN_NONE.n)
        return;
    frame_put(f, &o->quota, mfn(*e));
    *e = MFN_NONE.n;
    o->written--;
}

/* Makes the pages [from, to) that are missing, at most 64; all or none. */
static int add_pages(struct frames *f, struct object *o, uint64_t from,
                     uint64_t to)
{
    uint64_t added = 0;
    int result = 0;

    for (uint64_t n = from; n < to && !result; n++) {
        uint64_t before = o->written;

        result = add_page(f, o, n);
        if (o->written > before)
            added |= 1ull << (n - from);
    }
    for (uint64_t n = from; n < to && result; n++) {
        if (added >> (n - from) & 1)
            remove_page(f, o, n);
    }
    return result;
}

/* ---------------------------------------------------------------- begin */

static int check_begin(const struct scree_control_object *r)
{
    if (r->head.domain || r->handle || r->kind || r->flags || r->users ||
        r->min_memory)
        return -XEN_EINVAL;
    if (r->size < PAGE_SIZE || r->size > SCREE_OBJECT_SIZE_MAX)
        return -XEN_EINVAL;
    return 0;
}

/* A place that is free, or BITMAP_NONE. */
static uint64_t find_place(const struct objects *all)
{
    uint64_t at = bitmap_next_clear(all->used, OBJECTS_MAX, all->next);

    return at != BITMAP_NONE ? at
                             : bitmap_next_clear(all->used, OBJECTS_MAX, 0);
}

/* The object itself, with everything promised; NULL: not enough memory. */
static struct object *object_make(struct frames *f, uint64_t size)
{
    struct quota quota = {0, 0};
    struct object *o;
    mfn_t m;

    if (frame_promise(f, &quota, 1 + parts_of(size) + pages(size)))
        return NULL;
    m = frame_alloc_zero(f, &quota, OWNER_OBJECT, FRAME_HYPERVISOR);
    if (!mfn_valid(m)) {
        frame_unpromise(f, &quota, quota.promised);
        return NULL;
    }
    o = machine_frame(m);
    o->frame = m;
    o->quota = quota;
    o->size = size;
    o->content.index = o->index;
    return o;
}

int64_t control_object_begin(struct control *c)
{
    struct scree_control_object *r = &c->r.object;
    struct objects *all = c->cell->objects;
    uint64_t at = find_place(all);
    struct object *o;
    int result = check_begin(r);

    if (result)
        return result;
    if (at == BITMAP_NONE)
        return -XEN_ENOSPC;
    o = object_make(c->cell->frames, r->size);
    if (!o)
        return -XEN_ENOMEM;
    memcpy(o->digest, r->digest, sizeof(o->digest));
    all->place[at] = o;
    all->next = (uint32_t)at + 1;
    bitmap_set(all->used, at);
    r->handle = first_handle(c->cell) + (uint32_t)at;
    return 0;
}

/* ---------------------------------------------------------------- write */

/* Copies n bytes of the caller's; all of both exists. */
static void copy(struct control *c, struct object *o)
{
    struct scree_control_transfer *t = &c->r.transfer;

    while (t->done < t->length) {
        uint64_t at = t->offset + t->done;
        char *page = machine_frame(mfn(*entry(o, at >> PAGE_SHIFT)));
        uint64_t in_page = at & PAGE_MASK;
        uint64_t n = min_u64(t->length - t->done, PAGE_SIZE - in_page);
        int result = copy_in(c->v, page + in_page, t->address + t->done, n);

        ASSERT(result == 0);
        t->done += (uint32_t)n;
    }
}

int64_t control_object_write(struct control *c)
{
    struct scree_control_transfer *t = &c->r.transfer;
    struct object *o = object_of(c->cell, t->head.domain);
    int result;

    if (!o)
        return -XEN_ENOENT;
    if (o->sealed || o->dropped || t->length == 0 ||
        t->length > SCREE_TRANSFER_MAX || t->offset > o->size ||
        t->length > o->size - t->offset)
        return -XEN_EINVAL;
    result = control_check_in(c->v, t->address, t->length);
    if (!result)
        result = add_pages(c->cell->frames, o, t->offset >> PAGE_SHIFT,
                           pages(t->offset + t->length));
    if (result)
        return result;
    t->done = 0;
    copy(c, o);
    return 0;
}

/* ----------------------------------------------------------------- seal */

static int64_t refuse(struct cell *cell, uint32_t handle, const char *why)
{
    log_line(cell, "object %u refused: %s", handle, why);
    return -XEN_EINVAL;
}

/* The part of the call's state that outlives a turn. */
static void begin_work(struct control *c)
{
    *c->again = (struct continuation){
        .nr = __HYPERVISOR_scree_control,
        .cmd = c->r.head.op,
        .list = gva(c->r.object.handle),
    };
}

static void finish_seal(struct object *o)
{
    o->image.content = o->module.content = o->content;
    if (o->record.is_image)
        o->image.record = &o->record.image;
    else
        o->module.record = &o->record.module;
    o->sealed = true;
}

int64_t control_object_seal(struct control *c)
{
    const struct scree_control_object *r = &c->r.object;
    struct object *o = object_of(c->cell, r->handle);
    const char *why;

    if (!o)
        return -XEN_ENOENT;
    if (r->head.domain || o->sealed || o->dropped)
        return -XEN_EINVAL;
    if (o->written != pages(o->size))
        return refuse(c->cell, r->handle, "it is not written whole");
    why = bundle_check_object(&o->content, o->size, &o->record);
    if (why)
        return refuse(c->cell, r->handle, why);
    if (o->record.is_image) {
        begin_work(c);
        return HC_AGAIN;
    }
    finish_seal(o);
    return 0;
}

int64_t control_seal_more(struct vcpu *v, struct continuation *k)
{
    struct cell *cell = v->domain->cell;
    uint32_t handle = (uint32_t)k->list.a;
    struct object *o = object_of(cell, handle);
    struct symbol_walk w = {(uint32_t)k->done, k->extra};
    const char *why =
        bundle_check_symbols(&o->content, &o->record.image, &w, WORK_BATCH);

    if (why)
        return refuse(cell, handle, why);
    k->done = w.next;
    k->extra = w.last;
    if (w.next < o->record.image.symbol_count)
        return HC_AGAIN;
    finish_seal(o);
    return 0;
}

/* ----------------------------------------------------------------- drop */

static uint32_t users(struct cell *cell, const struct object *o)
{
    uint32_t n;

    lock_take(&cell->lock);
    n = o->image.users + o->module.users;
    lock_release(&cell->lock);
    return n;
}

int64_t control_object_drop(struct control *c)
{
    const struct scree_control_object *r = &c->r.object;
    struct object *o = object_of(c->cell, r->handle);

    if (r->head.domain)
        return -XEN_EINVAL;
    if (r->handle < first_handle(c->cell))
        return -XEN_EBUSY;
    if (!o)
        return -XEN_ENOENT;
    if (users(c->cell, o))
        return -XEN_EBUSY;
    o->sealed = false;
    o->dropped = true;
    begin_work(c);
    return HC_AGAIN;
}

/* Index and struct, when no bytes are left. */
static void object_free(struct frames *f, struct object *o)
{
    struct quota quota;

    for (uint64_t n = 0; n < parts_of(o->size); n++) {
        if (o->index[n])
            frame_put(f, &o->quota, o->part[n]);
    }
    quota = o->quota; /* it lies in the frame that goes */
    frame_put(f, &quota, o->frame);
    ASSERT(quota.drawn == 0);
    frame_unpromise(f, &quota, quota.promised);
}

int64_t control_drop_more(struct vcpu *v, struct continuation *k)
{
    struct cell *cell = v->domain->cell;
    uint32_t at = (uint32_t)k->list.a - first_handle(cell);
    struct object *o = cell->objects->place[at];
    uint64_t end = min_u64(k->done + WORK_BATCH, pages(o->size));

    for (; k->done < end; k->done++)
        remove_page(cell->frames, o, k->done);
    if (end < pages(o->size))
        return HC_AGAIN;
    bitmap_clear(cell->objects->used, at);
    cell->objects->place[at] = NULL;
    object_free(cell->frames, o);
    return 0;
}

/* ------------------------------------------------------------------ get */

static void fill_image(const struct image *i, struct scree_control_object *r)
{
    if (!i->record)
        return;
    r->kind = SCREE_OBJECT_IMAGE;
    r->flags |= SCREE_OBJECT_SEALED;
    r->users = i->users;
    r->min_memory = bundle_least_memory(i);
    string_copy(r->name, sizeof(r->name), i->record->name);
}

static void fill_module(const struct module *m, struct scree_control_object *r)
{
    if (!m->record)
        return;
    r->kind = SCREE_OBJECT_MODULE;
    r->flags |= SCREE_OBJECT_SEALED;
    r->users = m->users;
    string_copy(r->name, sizeof(r->name), m->record->name);
}

static uint64_t image_bytes(const struct image *i)
{
    uint64_t n = 0;

    for (uint32_t k = 0; i->record && k < i->record->segment_count; k++)
        n += i->record->segments[k].file_size;
    return n;
}

static void fill_boot(struct cell *cell, struct scree_control_object *r)
{
    const struct image *i = control_image(cell, r->handle);
    const struct module *m = control_module(cell, r->handle);

    r->flags = SCREE_OBJECT_BOOT;
    if (i) {
        r->size = image_bytes(i);
        fill_image(i, r);
    } else {
        r->size = m->record ? m->record->size : 0;
        fill_module(m, r);
    }
}

static void fill_uploaded(const struct object *o,
                          struct scree_control_object *r)
{
    r->size = o->size;
    memcpy(r->digest, o->digest, sizeof(r->digest));
    if (!o->sealed)
        return;
    fill_image(&o->image, r);
    fill_module(&o->module, r);
}

/* The first handle from this one on that means something. */
static bool find_handle(const struct cell *cell, uint32_t *handle)
{
    uint32_t first = first_handle(cell);
    uint64_t at;

    if (*handle < first)
        return true;
    at = bitmap_next(cell->objects->used, OBJECTS_MAX, *handle - first);
    *handle = first + (uint32_t)at;
    return at != BITMAP_NONE;
}

int64_t control_object_get(struct control *c)
{
    struct scree_control_object *r = &c->r.object;
    const struct scree_control head = r->head;
    uint32_t handle = r->handle;

    if (head.domain)
        return -XEN_EINVAL;
    if (!find_handle(c->cell, &handle))
        return -XEN_ENOENT;
    *r = (struct scree_control_object){.head = head, .handle = handle};
    lock_take(&c->cell->lock); /* of the users */
    if (handle < first_handle(c->cell))
        fill_boot(c->cell, r);
    else
        fill_uploaded(object_of(c->cell, handle), r);
    lock_release(&c->cell->lock);
    return 0;
}
