/* SPDX-License-Identifier: MIT */
/*
 * Bytes between the control domain and rings, consoles, channel: see control.h.
 * They go through one frame of the cell's, a piece at a time, so that no guest
 * memory is reached under a device's lock.
 */
#include "system/control.h"

#include "io/channel.h"
#include "io/console.h"
#include "io/journal.h"
#include "io/store_ring.h"

#define PIECE PAGE_SIZE

/* What a transfer moves bytes from or to. */
struct end {
    struct cell *cell;
    struct domain *d;
    uint64_t epoch;
    bool once; /* what there is fits into one piece */
};

/* Moves at most n bytes: how many, or an error. */
typedef int move_fn(struct end *e, void *bytes, size_t n);

static int check(const struct scree_control_transfer *t)
{
    return t->length == 0 || t->length > SCREE_TRANSFER_MAX ? -XEN_EINVAL : 0;
}

/* The domain that the transfer is about, if it lives. */
static int find(struct control *c, struct end *e)
{
    e->d = c->r.head.domain ? domain_find(c->cell, c->r.head.domain) : NULL;
    return e->d ? 0 : -XEN_ESRCH;
}

/* To the caller, piece by piece, until there is no more. */
static int64_t take(struct control *c, struct end *e, move_fn *move)
{
    struct scree_control_transfer *t = &c->r.transfer;
    int result = check(t);
    int n;

    if (!result)
        result = check_out(c->v, t->address, t->length);
    if (result)
        return result;
    t->done = 0;
    do {
        n = move(e, c->cell->transfer, min_u64(t->length - t->done, PIECE));
        if (n <= 0)
            return t->done ? 0 : n;
        result =
            copy_out(c->v, t->address + t->done, c->cell->transfer, (size_t)n);
        ASSERT(result == 0);
        t->done += (uint32_t)n;
    } while (t->done < t->length && !e->once);
    return 0;
}

int control_check_in(struct vcpu *v, uint64_t at, uint64_t n)
{
    uint64_t end = at + n;
    char byte;
    int result = copy_in(v, &byte, end - 1, 1);

    for (; !result && at < end; at = (at | PAGE_MASK) + 1)
        result = copy_in(v, &byte, at, 1);
    return end < n ? -XEN_EFAULT : result;
}

/* From the caller, until there is no more room. */
static int64_t put(struct control *c, struct end *e, move_fn *move)
{
    struct scree_control_transfer *t = &c->r.transfer;
    int result = check(t);
    size_t n;
    int moved;

    if (!result)
        result = control_check_in(c->v, t->address, t->length);
    if (result)
        return result;
    t->done = 0;
    do {
        n = min_u64(t->length - t->done, PIECE);
        result = copy_in(c->v, c->cell->transfer, t->address + t->done, n);
        ASSERT(result == 0);
        moved = move(e, c->cell->transfer, n);
        if (moved <= 0)
            return t->done ? 0 : moved;
        t->done += (uint32_t)moved;
    } while ((size_t)moved == n && t->done < t->length && !e->once);
    return 0;
}

/* ---------------------------------------------------------------- store */

static int move_store_out(struct end *e, void *bytes, size_t n)
{
    return store_ring_take(e->d, bytes, n, &e->epoch);
}

static int move_store_in(struct end *e, void *bytes, size_t n)
{
    return store_ring_put(e->d, bytes, n, e->epoch);
}

static int64_t store(struct control *c, bool in)
{
    struct end e = {
        .cell = c->cell, .epoch = c->r.transfer.offset, .once = true};
    int64_t result = find(c, &e);

    if (!result)
        result = in ? put(c, &e, move_store_in) : take(c, &e, move_store_out);
    c->r.transfer.offset = e.epoch;
    return result;
}

int64_t control_store_take(struct control *c)
{
    return store(c, false);
}

int64_t control_store_put(struct control *c)
{
    return store(c, true);
}

int64_t control_store_reset(struct control *c)
{
    struct end e;
    int result = find(c, &e);

    return result ? result : store_ring_reset(e.d);
}

/* -------------------------------------------------------------- console */

static int move_journal(struct end *e, void *bytes, size_t n)
{
    return (int)journal_take(e->cell, bytes, n);
}

static int move_typed(struct end *e, void *bytes, size_t n)
{
    return (int)console_type(e->d, bytes, n);
}

int64_t control_console_take(struct control *c)
{
    struct end e = {.cell = c->cell};
    int64_t result;

    if (c->r.head.domain)
        return -XEN_EINVAL;
    if (!c->cell->journal)
        return -XEN_ENODEV;
    result = take(c, &e, move_journal);
    if (!result && !journal_attached(c->cell))
        journal_attach(c->cell, true);
    return result;
}

int64_t control_console_put(struct control *c)
{
    struct end e = {.cell = c->cell};
    int64_t result = find(c, &e);

    return result ? result : put(c, &e, move_typed);
}

/* -------------------------------------------------------------- channel */

static int move_receive(struct end *e, void *bytes, size_t n)
{
    return (int)channel_receive(e->cell, bytes, n);
}

static int move_send(struct end *e, void *bytes, size_t n)
{
    return (int)channel_send(e->cell, bytes, n);
}

int64_t control_channel_take(struct control *c)
{
    struct end e = {.cell = c->cell};

    if (c->r.head.domain)
        return -XEN_EINVAL;
    return c->cell->channel ? take(c, &e, move_receive) : -XEN_ENODEV;
}

int64_t control_channel_put(struct control *c)
{
    struct end e = {.cell = c->cell};
    int64_t result;

    if (c->r.head.domain)
        return -XEN_EINVAL;
    if (!c->cell->channel)
        return -XEN_ENODEV;
    result = put(c, &e, move_send);
    channel_flush(c->cell);
    return result;
}

void control_detach(struct cell *cell)
{
    if (cell->journal)
        journal_attach(cell, false);
}
