/* SPDX-License-Identifier: MIT */
/*
 * The queue of changed domains: see changes.h. A doubly linked list through the
 * domains, under its own lock; the sweep's place is under the cell's, since it
 * looks at the table of all domains.
 */
#include "core/changes.h"

#include "base/bitmap.h"
#include "core/domain.h"

/* The queue's lock is held, here and in remove(). */
static void append(struct changes *q, struct domain *d)
{
    d->change.previous = q->last;
    d->change.next = NULL;
    if (q->last)
        q->last->change.next = d;
    else
        q->first = d;
    q->last = d;
}

static void remove(struct changes *q, struct domain *d)
{
    if (d->change.previous)
        d->change.previous->change.next = d->change.next;
    else
        q->first = d->change.next;
    if (d->change.next)
        d->change.next->change.previous = d->change.previous;
    else
        q->last = d->change.previous;
    d->change.happened = 0;
}

void change_mark(struct domain *d, uint32_t happened)
{
    struct cell *cell = d->cell;
    struct changes *q = &cell->changes;
    bool first;

    if (!cell->control || d->id == 0)
        return;
    lock_take(&q->lock);
    first = !q->first;
    if (!d->change.happened)
        append(q, d);
    d->change.happened |= happened;
    lock_release(&q->lock);
    if (first)
        change_notify(cell);
}

/* The next one that the sweep finds. */
static bool sweep(struct cell *cell, uint32_t *id)
{
    uint64_t next;
    bool found;

    lock_take(&cell->lock);
    next = bitmap_next(cell->taken, cell->domain_limit, cell->changes.sweep);
    found = next != BITMAP_NONE;
    *id = found ? (uint32_t)next : 0;
    cell->changes.sweep = found ? *id + 1 : cell->domain_limit;
    lock_release(&cell->lock);
    return found;
}

bool change_next(struct cell *cell, uint32_t *id, uint32_t *happened)
{
    struct changes *q = &cell->changes;
    struct domain *d;

    *happened = SCREE_HAPPENED_STATE | SCREE_HAPPENED_STORE;
    if (sweep(cell, id)) /* first: it ends, whoever keeps the queue full */
        return true;
    lock_take(&q->lock);
    d = q->first;
    if (d) {
        *id = d->id;
        *happened = d->change.happened;
        remove(q, d);
    }
    lock_release(&q->lock);
    return d != NULL;
}

void change_forget(struct domain *d)
{
    struct changes *q = &d->cell->changes;

    lock_take(&q->lock);
    if (d->change.happened)
        remove(q, d);
    lock_release(&q->lock);
}

void change_all(struct cell *cell)
{
    lock_take(&cell->lock);
    cell->changes.sweep = 1;
    lock_release(&cell->lock);
    change_notify(cell);
}

void change_notify(struct cell *cell)
{
    struct domain *control = cell->control ? domain_find(cell, 0) : NULL;

    if (control)
        event_raise(control, SCREE_PORT_CONTROL);
}
