/* SPDX-License-Identifier: MIT */
/*
 * The journal: see journal.h. Records lie one behind the other in a ring whose
 * indices run freely, each a multiple of 8 bytes, so that a head never wraps.
 */
#include "io/journal.h"

#include <stdatomic.h>

#include "base/string.h"
#include "core/cell.h"
#include "core/changes.h"
#include "scree/control.h"
#include "scree/xen.h"

#define RECORD_MAX 1024 /* bytes of text in one */

struct journal {
    atomic_bool attached;
    /* under lock, RANK_JOURNAL */
    struct lock lock;
    uint64_t produced, taken; /* bytes, free-running */
    uint64_t lost;
    bool told; /* that there is something, since the last look */
    char *bytes;
};

_Static_assert(sizeof(struct scree_console_record) % 8 == 0, "no head wraps");

int journal_create(struct cell *cell)
{
    mfn_t m = frame_alloc_cell(cell->frames, FRAME_HYPERVISOR);
    mfn_t ring = frame_alloc_run(cell->frames, JOURNAL_BYTES / PAGE_SIZE,
                                 FRAME_HYPERVISOR);
    struct journal *j;

    if (!mfn_valid(m) || !mfn_valid(ring))
        return -XEN_ENOMEM;
    j = machine_frame(m);
    memset(j, 0, sizeof(*j));
    j->bytes = machine_frame(ring);
    lock_init(&j->lock, RANK_JOURNAL, 0);
    cell->journal = j;
    return 0;
}

void journal_attach(struct cell *cell, bool attached)
{
    if (cell->journal)
        atomic_store(&cell->journal->attached, attached);
}

bool journal_attached(const struct cell *cell)
{
    return cell->journal && atomic_load(&cell->journal->attached);
}

/* ---------------------------------------------- the ring; the lock is held */

static void copy_in(struct journal *j, const void *from, size_t n)
{
    size_t at = j->produced % JOURNAL_BYTES;
    size_t first = min_u64(n, JOURNAL_BYTES - at);

    memcpy(j->bytes + at, from, first);
    memcpy(j->bytes, (const char *)from + first, n - first);
    j->produced += n;
}

static void copy_out(struct journal *j, void *to, size_t n)
{
    size_t at = j->taken % JOURNAL_BYTES;
    size_t first = min_u64(n, JOURNAL_BYTES - at);

    memcpy(to, j->bytes + at, first);
    memcpy((char *)to + first, j->bytes, n - first);
    j->taken += n;
}

static size_t padded(size_t length)
{
    return (length + 7) & ~(size_t)7;
}

static void put_record(struct journal *j, uint32_t domain, const char *bytes,
                       size_t n)
{
    static const char zeros[8];
    const struct scree_console_record head = {
        .domain = domain,
        .length = (uint32_t)n,
        .time = machine_clock(),
    };

    if (sizeof(head) + padded(n) > JOURNAL_BYTES - (j->produced - j->taken)) {
        j->lost += n;
        return;
    }
    copy_in(j, &head, sizeof(head));
    copy_in(j, bytes, n);
    copy_in(j, zeros, padded(n) - n);
}

/* Bytes of the record that is next. */
static size_t next_size(const struct journal *j)
{
    const struct scree_console_record *head =
        (const void *)(j->bytes + j->taken % JOURNAL_BYTES);

    return sizeof(*head) + padded(head->length);
}

/* ------------------------------------------------------------ operations */

void journal_put(struct cell *cell, uint32_t domain, const char *bytes,
                 size_t n)
{
    struct journal *j = cell->journal;
    bool told;

    if (!journal_attached(cell) || n == 0)
        return;
    lock_take(&j->lock);
    told = j->told;
    j->told = true;
    while (n) {
        size_t part = min_u64(n, RECORD_MAX);

        put_record(j, domain, bytes, part);
        bytes += part;
        n -= part;
    }
    lock_release(&j->lock);
    if (!told)
        change_notify(cell);
}

size_t journal_take(struct cell *cell, void *bytes, size_t n)
{
    struct journal *j = cell->journal;
    size_t done = 0;

    lock_take(&j->lock);
    j->told = false;
    while (j->taken != j->produced && next_size(j) <= n - done) {
        size_t size = next_size(j);

        copy_out(j, (char *)bytes + done, size);
        done += size;
    }
    lock_release(&j->lock);
    return done;
}

uint64_t journal_lost(const struct cell *cell)
{
    struct journal *j = cell->journal;
    uint64_t lost;

    if (!j)
        return 0;
    lock_take(&j->lock);
    lost = j->lost;
    lock_release(&j->lock);
    return lost;
}
