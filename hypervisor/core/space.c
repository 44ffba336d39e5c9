/* SPDX-License-Identifier: MIT */
/*
 * Address spaces of flat domains: what may be mapped how, zero-on-demand,
 * copy-on-write, and when a frame that was mapped may go.
 *
 * A leaf changes in this order: the new frame is filled, the leaf is set, the
 * old translation is flushed, the old frame's reference drops.
 */
#include "base/string.h"
#include "core/space.h"
#include "machine/machine.h"

#include "scree/xen.h"

#define GFN_END    (SCREE_GUEST_END >> PAGE_SHIFT)
#define LEAF_SHIFT 9 /* leaves in one table frame, as a power of two */

static const struct mapping empty = {MFN_NONE, MAP_NONE, SOFT_NONE};

static bool in_ram(const struct space *s, gfn_t g)
{
    return g.n >= s->ram_start.n && g.n < s->ram_end.n;
}

static bool present(struct mapping m)
{
    return m.rights != MAP_NONE;
}

void space_init(struct space *s, struct frames *f, struct quota *q,
                uint32_t owner)
{
    memset(s, 0, sizeof(*s));
    machine_space_init(&s->m);
    s->frames = f;
    s->quota = q;
    s->owner = owner;
}

uint64_t space_table_frames(gfn_t end)
{
    uint64_t leaves = (end.n + 511) >> LEAF_SHIFT;
    uint64_t middle = (leaves + 511) >> LEAF_SHIFT;
    uint64_t upper = (middle + 511) >> LEAF_SHIFT;

    return leaves + middle + upper + 1;
}

/* ----------------------------------------------------------- the leaves */

/* -XEN_ENOMEM: the leaf is as it was. */
static int set_leaf(struct space *s, gfn_t g, struct mapping m)
{
    while (machine_space_set(&s->m, g, m) == MACHINE_NEED_TABLE) {
        mfn_t t = frame_alloc(s->frames, s->quota, s->owner, FRAME_TABLE);

        if (!mfn_valid(t))
            return -XEN_ENOMEM;
        machine_space_donate(&s->m, t);
    }
    if (g.n >= s->end.n)
        s->end = gfn(g.n + 1);
    return 0;
}

/* For a leaf whose table exists. */
static void change_leaf(struct space *s, gfn_t g, struct mapping m)
{
    int result = machine_space_set(&s->m, g, m);

    ASSERT(result == 0);
}

/* ---------------------------------------------------------------- flush */

#define RESIDENT_IN_GUEST  1ull
#define RESIDENT_CPU(cpu)  ((uint64_t)((cpu) + 1) << 1)
#define RESIDENT_CPU_MASK  0xfffeull
#define RESIDENT_ENTRY_ONE 0x10000ull

void space_enter(struct space *s, unsigned cpu)
{
    uint64_t r = atomic_load_explicit(&s->residence, memory_order_relaxed);

    r = (r & ~0xffffull) + RESIDENT_ENTRY_ONE;
    atomic_store(&s->residence, r + RESIDENT_CPU(cpu) + RESIDENT_IN_GUEST);
    /* whoever set `stale` before this load need not wait for us, whoever sets
     * it after sees us in the guest: hence the sequential consistency */
    if (atomic_load(&s->stale)) {
        atomic_store(&s->stale, false);
        machine_space_flush(&s->m, gfn(0), 0);
    }
}

void space_leave(struct space *s)
{
    uint64_t r = atomic_load_explicit(&s->residence, memory_order_relaxed);

    atomic_store_explicit(&s->residence, r & ~RESIDENT_IN_GUEST,
                          memory_order_release);
}

static void flush_elsewhere(struct space *s)
{
    uint64_t r;

    atomic_store(&s->stale, true);
    r = atomic_load(&s->residence);
    if (!(r & RESIDENT_IN_GUEST))
        return;
    machine_kick((unsigned)((r & RESIDENT_CPU_MASK) >> 1) - 1);
    while (atomic_load_explicit(&s->residence, memory_order_acquire) == r)
        machine_relax();
}

static void flush(struct space *s, gfn_t g)
{
    uint64_t r = atomic_load_explicit(&s->residence, memory_order_relaxed);
    uint64_t home = r & RESIDENT_CPU_MASK;

    machine_space_flush(&s->m, g, 1);
    if (home != 0 && home != RESIDENT_CPU(machine_cpu()))
        flush_elsewhere(s);
}

/* ------------------------------------------------------ map and unmap */

static void check_rights(const struct space *s, mfn_t m, uint8_t rights,
                         enum space_soft soft)
{
    struct frame info = frame_info(s->frames, m);

    ASSERT(rights & MAP_READ);
    ASSERT(!(rights & MAP_WRITE) || !(rights & MAP_EXEC));
    ASSERT(!(rights & MAP_WRITE) || info.type == FRAME_WRITABLE);
    ASSERT(info.refs > 0 && info.type == space_frame_type(soft));
    ASSERT(soft != SOFT_HOLE);
}

int space_map(struct space *s, gfn_t g, mfn_t m, uint8_t rights,
              enum space_soft soft)
{
    struct mapping new = {m, rights, (uint8_t)soft};

    ASSERT(g.n != 0 && g.n < GFN_END);
    check_rights(s, m, rights, soft);
    if (present(space_get(s, g)))
        return -XEN_EEXIST;
    return set_leaf(s, g, new);
}

int space_unmap(struct space *s, gfn_t g, enum space_soft soft)
{
    struct mapping old;
    struct mapping new = {MFN_NONE, MAP_NONE, (uint8_t)soft};

    ASSERT(soft == SOFT_NONE || soft == SOFT_HOLE);
    if (g.n >= GFN_END)
        return -XEN_EINVAL;
    old = space_get(s, g);
    if (!present(old))
        return -XEN_EINVAL;
    change_leaf(s, g, new);
    flush(s, g);
    frame_put(s->frames, s->quota, old.frame);
    return 0;
}

int space_give_up(struct space *s, gfn_t g)
{
    const struct mapping hole = {MFN_NONE, MAP_NONE, SOFT_HOLE};
    struct mapping m;

    if (!in_ram(s, g))
        return -XEN_EINVAL;
    m = space_get(s, g);
    if (m.soft != SOFT_NONE && m.soft != SOFT_COW)
        return -XEN_EINVAL;
    return present(m) ? space_unmap(s, g, SOFT_HOLE) : set_leaf(s, g, hole);
}

int space_take_back(struct space *s, gfn_t g)
{
    if (!in_ram(s, g) || space_get(s, g).soft != SOFT_HOLE)
        return -XEN_EINVAL;
    change_leaf(s, g, empty);
    return 0;
}

/* --------------------------------------------------------------- faults */

/* First touch of a page of RAM. */
static int fill_zero(struct space *s, gfn_t g)
{
    mfn_t m = frame_alloc_zero(s->frames, s->quota, s->owner, FRAME_WRITABLE);
    struct mapping new = {m, MAP_READ | MAP_WRITE, SOFT_NONE};

    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    if (set_leaf(s, g, new)) {
        frame_put(s->frames, s->quota, m);
        return -XEN_ENOMEM;
    }
    return 0;
}

/* A store to a page that is shared until then. */
static int break_cow(struct space *s, gfn_t g, struct mapping old)
{
    mfn_t m = frame_alloc(s->frames, s->quota, s->owner, FRAME_WRITABLE);
    struct mapping new = {m, MAP_READ | MAP_WRITE, SOFT_NONE};

    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    memcpy(machine_frame(m), machine_frame(old.frame), PAGE_SIZE);
    change_leaf(s, g, new);
    flush(s, g);
    frame_put(s->frames, s->quota, old.frame);
    return 0;
}

int space_fault(struct space *s, gva_t a, bool write, bool exec)
{
    gfn_t g = gva_gfn(a);
    struct mapping m;

    if (a.a >= SCREE_GUEST_END)
        return -XEN_EFAULT;
    m = space_get(s, g);
    if (!present(m)) {
        if (exec || m.soft != SOFT_NONE || !in_ram(s, g))
            return -XEN_EFAULT;
        return fill_zero(s, g);
    }
    if (exec && !(m.rights & MAP_EXEC))
        return -XEN_EFAULT;
    if (!write || m.rights & MAP_WRITE)
        return 0; /* another access has resolved it since */
    return m.soft == SOFT_COW ? break_cow(s, g, m) : -XEN_EFAULT;
}

/* The slow half of space_page(). */
static __attribute__((noinline)) void *fault_in(struct space *s, gfn_t g,
                                                bool write)
{
    if (g.n >= GFN_END || space_fault(s, gva(g.n << PAGE_SHIFT), write, false))
        return NULL;
    return machine_space_bytes(&s->m, g, write);
}

void *space_page(struct space *s, gfn_t g, bool write)
{
    void *page = machine_space_bytes(&s->m, g, write);

    if (__builtin_expect(page != NULL, 1))
        return page;
    return fault_in(s, g, write);
}

bool space_resolve(struct space *s, gfn_t g, bool write, struct mapping *m)
{
    if (!space_page(s, g, write))
        return false;
    *m = space_get(s, g);
    return true;
}

/* ------------------------------------------------------ end and recount */

/* Work is counted in leaves looked at. */
#define WORK_BATCH 2048
#define WORK_PUT   4  /* to give a frame back */
#define WORK_TABLE 64 /* to find a table */

/* Drops the pages of the next leaf table and says what work it was. */
static unsigned drop_pages(struct space *s)
{
    gfn_t g = machine_space_next(&s->m, s->drained, s->end);
    uint64_t table = g.n >> LEAF_SHIFT;
    unsigned work = WORK_TABLE;

    for (; g.n < s->end.n && g.n >> LEAF_SHIFT == table; g.n++, work++) {
        struct mapping m = space_get(s, g);

        if (!present(m))
            continue;
        change_leaf(s, g, empty);
        frame_put(s->frames, s->quota, m.frame);
        work += WORK_PUT;
    }
    s->drained = g;
    return work;
}

bool space_drain(struct space *s)
{
    unsigned work = 0;
    mfn_t t;

    for (; s->drained.n < s->end.n; work += drop_pages(s)) {
        if (work >= WORK_BATCH)
            return false;
    }
    for (; work < WORK_BATCH; work += WORK_TABLE) {
        t = machine_space_reclaim(&s->m);
        if (!mfn_valid(t)) {
            s->end = s->drained = gfn(0);
            return true;
        }
        frame_put(s->frames, s->quota, t);
    }
    return false;
}

void space_destroy(struct space *s)
{
    while (!space_drain(s))
        ;
}

static void audit_leaf(const struct space *s, struct mapping m)
{
    if (present(m)) {
        ASSERT(m.soft != SOFT_COW || m.rights == MAP_READ);
        check_rights(s, m.frame, m.rights, (enum space_soft)m.soft);
    } else {
        ASSERT(m.soft == SOFT_NONE || m.soft == SOFT_HOLE);
    }
}

uint64_t space_audit(const struct space *s)
{
    uint64_t count = s->m.table_count + s->m.spare_count;

    for (uint64_t n = 0; n < s->end.n; n++) {
        struct mapping m = space_get(s, gfn(n));

        audit_leaf(s, m);
        if (present(m) && frame_info(s->frames, m.frame).owner == s->owner)
            count++;
    }
    return count;
}
