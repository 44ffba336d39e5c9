/* SPDX-License-Identifier: MIT */
/*
 * Grant tables and grant copies: see grant.h. A copy takes the two
 * domains' locks one after the other, bytes go through a buffer on the stack:
 * no lock order is needed. GTF_reading and GTF_writing stand in the entry
 * while it runs, so that a granter sees that its page is still in use.
 */
#include "core/grant.h"

#include "core/domain.h"
#include "core/guestmem.h"

#define CHUNK 256 /* bytes copied under one lock */

/* One more frame of d's table. d's lock is held. */
static int grow(struct domain *d)
{
    struct frames *f = d->cell->frames;
    gfn_t at = gfn((SCREE_GRANT_PAGES >> PAGE_SHIFT) + d->grants.count);
    mfn_t m;

    if (frame_promise(f, &d->quota, 1))
        return -XEN_ENOMEM;
    m = frame_alloc_zero(f, &d->quota, d->id, FRAME_WRITABLE);
    if (mfn_valid(m) &&
        space_map(&d->space, at, m, MAP_READ | MAP_WRITE, SOFT_FIXED) == 0) {
        d->grants.frames[d->grants.count++] = machine_frame(m);
        return 0;
    }
    if (mfn_valid(m))
        frame_put(f, &d->quota, m);
    frame_unpromise(f, &d->quota, 1);
    return -XEN_ENOMEM;
}

int16_t grant_setup(struct domain *d, uint32_t frames)
{
    int result = 0;

    if (frames == 0 || frames > SCREE_GRANT_MAX)
        return GNTST_general_error;
    lock_take(&d->lock);
    while (!result && d->grants.count < frames)
        result = grow(d);
    lock_release(&d->lock);
    return result ? GNTST_general_error : GNTST_okay;
}

/* One end of a copy. */
struct end {
    struct domain *domain;
    struct grant_entry_v1 *entry; /* NULL: the caller's own page */
    uint16_t use;                 /* GTF_reading or GTF_writing */
    uint64_t address;
};

static struct grant_entry_v1 *entry_of(struct domain *d, uint32_t ref)
{
    struct grant_entry_v1 *frame = NULL;

    lock_take(&d->lock);
    if (ref / GRANT_ENTRIES_PER_FRAME < d->grants.count)
        frame = d->grants.frames[ref / GRANT_ENTRIES_PER_FRAME];
    lock_release(&d->lock);
    return frame ? &frame[ref % GRANT_ENTRIES_PER_FRAME] : NULL;
}

/* Marks the entry as in use, in one step with the check of what it allows. */
static int16_t acquire(struct end *end, uint32_t caller)
{
    uint32_t *word = (uint32_t *)(void *)end->entry;
    uint32_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST);

    do {
        if ((old & GTF_type_mask) != GTF_permit_access)
            return GNTST_bad_gntref;
        if (old >> 16 != caller ||
            (end->use == GTF_writing && old & GTF_readonly))
            return GNTST_permission_denied;
    } while (!__atomic_compare_exchange_n(word, &old, old | end->use, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return GNTST_okay;
}

static void release(struct end *end)
{
    if (end->entry)
        __atomic_fetch_and(&end->entry->flags, (uint16_t)~end->use,
                           __ATOMIC_SEQ_CST);
}

/* Finds one end; GNTST_okay: release() is due. */
static int16_t resolve(struct domain *d, const struct gnttab_copy_ptr *side,
                       bool by_ref, struct end *end)
{
    uint64_t gfn = side->u.gmfn;
    int16_t status;

    end->entry = NULL;
    end->domain = domain_by_domid(d, side->domid);
    if (!end->domain)
        return GNTST_bad_domain;
    if (!by_ref && end->domain != d)
        return GNTST_permission_denied;
    if (by_ref) {
        end->entry = entry_of(end->domain, side->u.ref);
        status = end->entry ? acquire(end, d->id) : GNTST_bad_gntref;
        if (status != GNTST_okay)
            return status;
        gfn = __atomic_load_n(&end->entry->frame, __ATOMIC_SEQ_CST);
    }
    end->address = gfn << PAGE_SHIFT | side->offset;
    if (gfn < SCREE_GUEST_END >> PAGE_SHIFT)
        return GNTST_okay;
    release(end);
    return GNTST_bad_page;
}

/* Moves at most CHUNK bytes. */
static int move(const struct end *from, const struct end *to, uint64_t at,
                uint64_t n)
{
    uint8_t bytes[CHUNK];
    int result;

    lock_take(&from->domain->lock);
    result = guestmem_read(from->domain, bytes, gva(from->address + at), n);
    lock_release(&from->domain->lock);
    if (result)
        return result;
    lock_take(&to->domain->lock);
    result = guestmem_write(to->domain, gva(to->address + at), bytes, n);
    lock_release(&to->domain->lock);
    return result;
}

static int16_t move_all(const struct end *from, const struct end *to,
                        uint64_t n)
{
    for (uint64_t at = 0; at < n; at += CHUNK) {
        if (move(from, to, at, min_u64(n - at, CHUNK)))
            return GNTST_bad_page;
    }
    return GNTST_okay;
}

static int16_t copy(struct domain *d, const struct gnttab_copy *op)
{
    struct end from = {.use = GTF_reading}, to = {.use = GTF_writing};
    int16_t status;

    if (op->source.offset + op->len > (int)PAGE_SIZE ||
        op->dest.offset + op->len > (int)PAGE_SIZE)
        return GNTST_bad_copy_arg;
    status = resolve(d, &op->source, op->flags & GNTCOPY_source_gref, &from);
    if (status != GNTST_okay)
        return status;
    status = resolve(d, &op->dest, op->flags & GNTCOPY_dest_gref, &to);
    if (status == GNTST_okay) {
        status = move_all(&from, &to, op->len);
        release(&to);
    }
    release(&from);
    return status;
}

void grant_copy(struct domain *d, struct gnttab_copy *op)
{
    op->status = copy(d, op);
}
