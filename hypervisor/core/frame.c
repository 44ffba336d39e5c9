/* SPDX-License-Identifier: MIT */
/*
 * The frame table: one 16-byte entry per machine frame, indexed by mfn.
 *
 * Type and reference count share one atomic word, so that a reference is taken
 * in one step with the check of its type. Whoever drops the count to 0 is the
 * only one left who may touch the entry: until it is on the free list nobody
 * can get a reference to it. Owner, links, counters and quotas are under the
 * lock; the counters are atomic so that anybody may read them.
 */
#include "base/string.h"
#include "core/frame.h"
#include "core/lock.h"
#include "machine/machine.h"

#include "scree/xen.h"

#define NO_FRAME UINT32_MAX

struct entry {
    _Atomic uint64_t word; /* type << 32 | references */
    uint32_t owner;        /* while free: the previous one in the free list */
    uint32_t next;         /* while free */
};

struct frames {
    struct lock lock;
    uint32_t head;  /* of the free list: last freed, first used */
    uint64_t limit; /* every mfn with an entry is below */
    _Atomic uint64_t total, free, promised;
    uint64_t fail_in; /* see frames_fail_at() */
    struct entry entries[];
};

static inline uint64_t word_of(enum frame_type type, uint32_t refs)
{
    return (uint64_t)type << 32 | refs;
}

static inline uint32_t word_refs(uint64_t word)
{
    return (uint32_t)word;
}

static inline enum frame_type word_type(uint64_t word)
{
    return (enum frame_type)(word >> 32);
}

static inline uint64_t word_get(const struct entry *e)
{
    return atomic_load_explicit(&e->word, memory_order_relaxed);
}

static inline void word_set(struct entry *e, enum frame_type type,
                            uint32_t refs)
{
    atomic_store_explicit(&e->word, word_of(type, refs), memory_order_release);
}

static inline uint64_t count_get(const _Atomic uint64_t *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

/* Under the lock, so no atomic addition is needed. */
static inline void count_add(_Atomic uint64_t *c, uint64_t n)
{
    atomic_store_explicit(c, count_get(c) + n, memory_order_relaxed);
}

static inline void count_sub(_Atomic uint64_t *c, uint64_t n)
{
    atomic_store_explicit(c, count_get(c) - n, memory_order_relaxed);
}

static struct entry *entry_of(struct frames *f, mfn_t m)
{
    ASSERT(m.n < f->limit);
    return &f->entries[m.n];
}

/* ------------------------------------------------------------ free list */

static void list_push(struct frames *f, uint32_t n)
{
    struct entry *e = &f->entries[n];

    e->owner = NO_FRAME;
    e->next = f->head;
    if (f->head != NO_FRAME)
        f->entries[f->head].owner = n;
    f->head = n;
    word_set(e, FRAME_FREE, 0);
    count_add(&f->free, 1);
}

static void list_remove(struct frames *f, uint32_t n)
{
    struct entry *e = &f->entries[n];

    if (e->owner != NO_FRAME)
        f->entries[e->owner].next = e->next;
    else
        f->head = e->next;
    if (e->next != NO_FRAME)
        f->entries[e->next].owner = e->owner;
    count_sub(&f->free, 1);
}

/* ----------------------------------------------------------- start-up */

static uint64_t table_limit(const struct machine_range *ram, unsigned count)
{
    const struct machine_info *mi = machine_info();
    uint64_t limit = mi->module.first.n + mi->module.count;

    if (mi->module.count == 0)
        limit = 0;
    if (mfn_valid(mi->hypercall_page))
        limit = max_u64(limit, mi->hypercall_page.n + 1);
    for (unsigned i = 0; i < count; i++)
        limit = max_u64(limit, ram[i].first.n + ram[i].count);
    return limit;
}

/* Every frame of RAM but the table's own goes to the free list, the lowest
 * first to be used. */
static void fill(struct frames *f, const struct machine_range *ram,
                 unsigned count, struct machine_range table)
{
    for (uint64_t n = 0; n < f->limit; n++) {
        f->entries[n].owner = OWNER_CELL;
        f->entries[n].next = NO_FRAME;
        word_set(&f->entries[n], FRAME_HYPERVISOR, 0);
    }
    for (unsigned i = count; i-- > 0;) {
        for (uint64_t k = ram[i].count; k-- > 0;) {
            uint64_t n = ram[i].first.n + k;

            count_add(&f->total, 1);
            if (n - table.first.n < table.count)
                word_set(&f->entries[n], FRAME_HYPERVISOR, 1);
            else
                list_push(f, (uint32_t)n);
        }
    }
}

struct frames *frames_init(const struct machine_range *ram, unsigned count)
{
    uint64_t limit = table_limit(ram, count);
    uint64_t need = pages(sizeof(struct frames) + limit * sizeof(struct entry));
    struct machine_range table = {MFN_NONE, need};
    struct frames *f;

    ASSERT(limit < NO_FRAME);
    for (unsigned i = 0; i < count && !mfn_valid(table.first); i++) {
        if (ram[i].count >= need)
            table.first = ram[i].first;
    }
    if (!mfn_valid(table.first))
        return NULL;
    f = machine_frame(table.first);
    memset(f, 0, sizeof(*f));
    lock_init(&f->lock, RANK_FRAMES, 0);
    f->head = NO_FRAME;
    f->limit = limit;
    fill(f, ram, count, table);
    return f;
}

/* -------------------------------------------------- counts and promises */

uint64_t frames_free(const struct frames *f)
{
    return count_get(&f->free);
}

uint64_t frames_available(const struct frames *f)
{
    uint64_t promised = count_get(&f->promised);
    uint64_t n = count_get(&f->free);

    /* without the lock the two may be of different moments */
    return n > promised ? n - promised : 0;
}

uint64_t frames_total(const struct frames *f)
{
    return count_get(&f->total);
}

int frame_promise(struct frames *f, struct quota *q, uint64_t n)
{
    int result = -XEN_ENOMEM;

    lock_take(&f->lock);
    if (n <= frames_available(f)) {
        count_add(&f->promised, n);
        q->promised += n;
        result = 0;
    }
    lock_release(&f->lock);
    return result;
}

void frame_unpromise(struct frames *f, struct quota *q, uint64_t n)
{
    lock_take(&f->lock);
    ASSERT(n <= q->promised);
    q->promised -= n;
    count_sub(&f->promised, n);
    lock_release(&f->lock);
}

uint64_t frame_drawn(struct frames *f, const struct quota *q)
{
    uint64_t n;

    lock_take(&f->lock);
    n = q->drawn;
    lock_release(&f->lock);
    return n;
}

/* ----------------------------------------------------------- allocation */

static bool fails_now(struct frames *f)
{
    return __builtin_expect(f->fail_in != 0, 0) && --f->fail_in == 0;
}

static mfn_t take(struct frames *f, uint32_t owner, enum frame_type type)
{
    uint32_t n = f->head;

    ASSERT(n != NO_FRAME);
    list_remove(f, n);
    f->entries[n].owner = owner;
    f->entries[n].next = NO_FRAME;
    word_set(&f->entries[n], type, 1);
    return mfn(n);
}

mfn_t frame_alloc(struct frames *f, struct quota *q, uint32_t owner,
                  enum frame_type type)
{
    mfn_t m = MFN_NONE;

    ASSERT(type != FRAME_FREE && owner != OWNER_CELL);
    lock_take(&f->lock);
    if (q->promised > 0 && !fails_now(f)) {
        q->promised--;
        q->drawn++;
        count_sub(&f->promised, 1);
        m = take(f, owner, type);
    }
    lock_release(&f->lock);
    return m;
}

mfn_t frame_alloc_zero(struct frames *f, struct quota *q, uint32_t owner,
                       enum frame_type type)
{
    mfn_t m = frame_alloc(f, q, owner, type);

    if (mfn_valid(m))
        memset(machine_frame(m), 0, PAGE_SIZE);
    return m;
}

mfn_t frame_alloc_cell(struct frames *f, enum frame_type type)
{
    mfn_t m = MFN_NONE;

    ASSERT(type != FRAME_FREE);
    lock_take(&f->lock);
    if (frames_available(f) > 0 && !fails_now(f))
        m = take(f, OWNER_CELL, type);
    lock_release(&f->lock);
    return m;
}

/* The first n free frames in a row, or f->limit. */
static uint64_t find_run(const struct frames *f, uint64_t n)
{
    uint64_t length = 0;

    for (uint64_t i = 0; i < f->limit; i++) {
        if (word_type(word_get(&f->entries[i])) != FRAME_FREE)
            length = 0;
        else if (++length == n)
            return i + 1 - n;
    }
    return f->limit;
}

mfn_t frame_alloc_run(struct frames *f, uint64_t n, enum frame_type type)
{
    uint64_t first = f->limit;

    ASSERT(type != FRAME_FREE && n > 0);
    lock_take(&f->lock);
    if (n <= frames_available(f) && !fails_now(f))
        first = find_run(f, n);
    for (uint64_t i = first; first < f->limit && i < first + n; i++) {
        list_remove(f, (uint32_t)i);
        f->entries[i].owner = OWNER_CELL;
        word_set(&f->entries[i], type, 1);
    }
    lock_release(&f->lock);
    return first < f->limit ? mfn(first) : MFN_NONE;
}

void frame_adopt(struct frames *f, mfn_t first, uint64_t n)
{
    lock_take(&f->lock);
    ASSERT(first.n < f->limit && n <= f->limit - first.n);
    for (uint64_t i = first.n; i < first.n + n; i++) {
        ASSERT(word_get(&f->entries[i]) == word_of(FRAME_HYPERVISOR, 0));
        word_set(&f->entries[i], FRAME_SHARED, 1);
    }
    count_add(&f->total, n);
    lock_release(&f->lock);
}

/* ----------------------------------------------------------- references */

int frame_get(struct frames *f, mfn_t m, enum frame_type type)
{
    struct entry *e;
    uint64_t word;

    if (m.n >= f->limit || (type != FRAME_WRITABLE && type != FRAME_SHARED))
        return -XEN_EBUSY;
    e = &f->entries[m.n];
    word = word_get(e);
    do {
        if (word_type(word) != type || word_refs(word) == 0)
            return -XEN_EBUSY;
        if (word_refs(word) == FRAME_REFS_MAX)
            return -XEN_E2BIG;
    } while (!atomic_compare_exchange_weak_explicit(
        &e->word, &word, word + 1, memory_order_acquire, memory_order_relaxed));
    return 0;
}

static void give_back(struct frames *f, struct quota *q, mfn_t m)
{
    struct entry *e = &f->entries[m.n];

    lock_take(&f->lock);
    if (e->owner != OWNER_CELL) {
        ASSERT(q && q->drawn > 0);
        q->drawn--;
        q->promised++;
        count_add(&f->promised, 1);
    }
    list_push(f, (uint32_t)m.n);
    lock_release(&f->lock);
}

void frame_put(struct frames *f, struct quota *q, mfn_t m)
{
    struct entry *e = entry_of(f, m);
    uint64_t word =
        atomic_fetch_sub_explicit(&e->word, 1, memory_order_acq_rel);

    ASSERT(word_refs(word) > 0);
    if (word_refs(word) == 1)
        give_back(f, q, m);
}

struct frame frame_info(const struct frames *f, mfn_t m)
{
    struct frame none = {OWNER_CELL, 0, FRAME_HYPERVISOR};
    const struct entry *e;
    uint64_t word;

    if (m.n >= f->limit)
        return none;
    e = &f->entries[m.n];
    word = atomic_load_explicit(&e->word, memory_order_acquire);
    return (struct frame){
        .owner = word_type(word) == FRAME_FREE ? OWNER_CELL : e->owner,
        .refs = word_refs(word),
        .type = word_type(word),
    };
}

/* ---------------------------------------------------------------- audit */

static void audit_list(const struct frames *f)
{
    uint32_t previous = NO_FRAME;
    uint64_t count = 0;

    for (uint32_t n = f->head; n != NO_FRAME; n = f->entries[n].next) {
        ASSERT(n < f->limit);
        ASSERT(word_get(&f->entries[n]) == word_of(FRAME_FREE, 0));
        ASSERT(f->entries[n].owner == previous);
        ASSERT(++count <= frames_free(f));
        previous = n;
    }
    ASSERT(count == frames_free(f));
}

void frames_audit(struct frames *f)
{
    uint64_t total = 0, empty = 0;

    lock_take(&f->lock);
    audit_list(f);
    for (uint64_t n = 0; n < f->limit; n++) {
        uint64_t word = word_get(&f->entries[n]);

        ASSERT(word_type(word) <= FRAME_SHARED);
        ASSERT(word_refs(word) <= FRAME_REFS_MAX);
        if (word == word_of(FRAME_HYPERVISOR, 0))
            continue; /* not RAM */
        ASSERT((word_type(word) == FRAME_FREE) == (word_refs(word) == 0));
        empty += word_type(word) == FRAME_FREE;
        total++;
    }
    ASSERT(empty == frames_free(f) && total == frames_total(f));
    ASSERT(count_get(&f->promised) <= empty);
    lock_release(&f->lock);
}

void frames_fail_at(struct frames *f, uint64_t n)
{
    lock_take(&f->lock);
    f->fail_in = n;
    lock_release(&f->lock);
}
