/* SPDX-License-Identifier: MIT */
/*
 * Spaces of the host machine: real four-level tables of 512 entries in donated
 * frames, and the guest's own accesses through them and a TLB.
 *
 *   entry of a table  mfn << 12 | 1, or 0
 *   leaf              mfn << 12 | soft << 4 | rights; no mfn when rights are 0
 */
#include <string.h>

#include "machine/host/private.h"

#define LEVELS  4
#define ENTRIES 512

static uint64_t *table_of(uint64_t entry)
{
    return machine_frame(mfn(entry >> PAGE_SHIFT));
}

static uint64_t load(const uint64_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

static void store(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static uint64_t index_of(gfn_t g, unsigned level)
{
    return g.n >> (9 * (level - 1)) & (ENTRIES - 1);
}

static uint64_t leaf_of(struct mapping m)
{
    uint64_t low = (uint64_t)m.soft << 4 | m.rights;

    return m.rights ? m.frame.n << PAGE_SHIFT | low : low;
}

static struct mapping mapping_of(uint64_t leaf)
{
    struct mapping m = {
        .frame = leaf & 15 ? mfn(leaf >> PAGE_SHIFT) : MFN_NONE,
        .rights = leaf & 7,
        .soft = leaf >> 4 & 7,
    };

    return m;
}

void machine_space_init(struct machine_space *s)
{
    memset(s, 0, sizeof(*s));
    s->root = MFN_NONE;
}

void machine_space_donate(struct machine_space *s, mfn_t table)
{
    ASSERT(s->spare_count < ARRAY_SIZE(s->spare));
    s->spare[s->spare_count++] = table;
}

/* The guest's accesses look at root and tables without any lock. */
static mfn_t root_of(const struct machine_space *s)
{
    return mfn(load(&s->root.n));
}

/* The leaf table of g; *missing is how many tables lack on the way. */
static uint64_t *find(const struct machine_space *s, gfn_t g, unsigned *missing)
{
    mfn_t root = root_of(s);
    uint64_t *table;

    *missing = LEVELS;
    if (!mfn_valid(root))
        return NULL;
    table = machine_frame(root);
    for (unsigned level = LEVELS; level > 1; level--) {
        uint64_t entry = load(&table[index_of(g, level)]);

        *missing = level - 1;
        if (!entry)
            return NULL;
        table = table_of(entry);
    }
    *missing = 0;
    return table;
}

static mfn_t use_spare(struct machine_space *s)
{
    mfn_t t = s->spare[--s->spare_count];

    memset(machine_frame(t), 0, PAGE_SIZE);
    s->table_count++;
    return t;
}

/* Enough spares are there. */
static uint64_t *build(struct machine_space *s, gfn_t g)
{
    uint64_t *table;

    if (!mfn_valid(s->root))
        store(&s->root.n, use_spare(s).n);
    table = machine_frame(s->root);
    for (unsigned level = LEVELS; level > 1; level--) {
        uint64_t *entry = &table[index_of(g, level)];

        if (!load(entry))
            store(entry, use_spare(s).n << PAGE_SHIFT | 1);
        table = table_of(load(entry));
    }
    if (g.n < ENTRIES * MACHINE_LEAVES)
        __atomic_store_n(&s->leaves[g.n / ENTRIES], table, __ATOMIC_RELEASE);
    return table;
}

int machine_space_set(struct machine_space *s, gfn_t g, struct mapping m)
{
    unsigned missing;
    uint64_t *table;

    ASSERT(g.n < SCREE_GUEST_END >> PAGE_SHIFT && m.rights < 8 && m.soft < 8);
    table = find(s, g, &missing);
    if (!table) {
        if (leaf_of(m) == 0)
            return 0;
        if (s->spare_count < missing)
            return MACHINE_NEED_TABLE;
        table = build(s, g);
    }
    store(&table[index_of(g, 1)], leaf_of(m));
    return 0;
}

static const uint64_t *leaf_table(const struct machine_space *s, gfn_t g)
{
    unsigned missing;

    if (g.n < ENTRIES * MACHINE_LEAVES)
        return __atomic_load_n(&s->leaves[g.n / ENTRIES], __ATOMIC_ACQUIRE);
    return find(s, g, &missing);
}

struct mapping machine_space_get(const struct machine_space *s, gfn_t g)
{
    const uint64_t *table = leaf_table(s, g);

    return mapping_of(table ? load(&table[index_of(g, 1)]) : 0);
}

gfn_t machine_space_next(const struct machine_space *s, gfn_t g, gfn_t end)
{
    while (g.n < end.n) {
        unsigned missing;

        if (find(s, g, &missing))
            return g;
        /* the entry that is missing leads to so many levels */
        g = gfn(((g.n >> (9 * missing)) + 1) << (9 * missing));
    }
    return end;
}

void *machine_space_bytes(const struct machine_space *s, gfn_t g, bool write)
{
    struct mapping m = {MFN_NONE, MAP_NONE, 0};

    if (g.n < SCREE_GUEST_END >> PAGE_SHIFT)
        m = machine_space_get(s, g);
    return m.rights & (write ? MAP_WRITE : MAP_READ) ? machine_frame(m.frame)
                                                     : NULL;
}

/* Takes a lowest table below `table` out, or returns MFN_NONE. */
static mfn_t take_table(uint64_t *table, unsigned level)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t entry = table[i];
        mfn_t t = MFN_NONE;

        if (!entry)
            continue;
        if (level > 2)
            t = take_table(table_of(entry), level - 1);
        if (mfn_valid(t))
            return t;
        table[i] = 0;
        return mfn(entry >> PAGE_SHIFT);
    }
    return MFN_NONE;
}

mfn_t machine_space_reclaim(struct machine_space *s)
{
    mfn_t t;

    for (unsigned i = 0; i < MACHINE_CPUS; i++)
        ASSERT(host.cpus[i].loaded != s && host.cpus[i].registers != s);
    memset(s->leaves, 0, sizeof(s->leaves));
    if (s->spare_count)
        return s->spare[--s->spare_count];
    if (!mfn_valid(s->root))
        return MFN_NONE;
    s->table_count--;
    t = take_table(machine_frame(s->root), LEVELS);
    if (!mfn_valid(t)) {
        t = s->root;
        s->root = MFN_NONE;
    }
    return t;
}

/* ------------------------------------------------------------------ TLB */

void host_load_space(struct machine_space *s)
{
    struct host_cpu *c = host_cpu();

    if (c->loaded == s)
        return;
    memset(c->tlb, 0, sizeof(c->tlb));
    c->loaded = s;
}

void machine_space_flush(struct machine_space *s, gfn_t g, uint64_t count)
{
    struct host_cpu *c = host_cpu();

    host.flushes++;
    if (c->loaded != s)
        return;
    for (unsigned i = 0; i < HOST_TLB; i++) {
        if (count == 0 || c->tlb[i].g.n - g.n < count)
            c->tlb[i].m.rights = MAP_NONE;
    }
}

/* --------------------------------------------------- the guest's accesses */

static bool page_fault(gva_t a, uint32_t code, struct vcpu_exit *fault)
{
    *fault = (struct vcpu_exit){
        .kind = EXIT_FAULT,
        .vector = FAULT_PAGE,
        .error_code = code | 4, /* from user mode */
        .address = a.a,
    };
    return false;
}

/* The frame behind a, as the processor sees it at this moment. */
static bool translate(struct machine_vcpu *mv, gva_t a, uint8_t right,
                      uint32_t code, mfn_t *frame, struct vcpu_exit *fault)
{
    gfn_t g = gva_gfn(a);
    struct host_tlb_entry *e = &host_cpu()->tlb[g.n % HOST_TLB];

    if (a.a >= SCREE_GUEST_END)
        return page_fault(a, code, fault);
    if (e->m.rights == MAP_NONE || e->g.n != g.n) {
        e->g = g;
        e->m = machine_space_get(mv->space, g);
    }
    if (e->m.rights == MAP_NONE)
        return page_fault(a, code, fault);
    if (!(e->m.rights & right)) {
        /* a processor walks again before it reports a fault */
        e->m = machine_space_get(mv->space, g);
        if (!(e->m.rights & right))
            return page_fault(a, code | FAULT_PAGE_PRESENT, fault);
    }
    *frame = e->m.frame;
    return true;
}

static bool access(struct machine_vcpu *mv, gva_t a, char *bytes, size_t n,
                   bool write, struct vcpu_exit *fault)
{
    host_load_space(mv->space);
    while (n > 0) {
        size_t k = min_u64(n, PAGE_SIZE - (a.a & PAGE_MASK));
        mfn_t m;
        char *p;

        if (!translate(mv, a, write ? MAP_WRITE : MAP_READ,
                       write ? FAULT_PAGE_WRITE : 0, &m, fault))
            return false;
        p = (char *)machine_frame(m) + (a.a & PAGE_MASK);
        memcpy(write ? p : bytes, write ? bytes : p, k);
        bytes += k;
        a.a += k;
        n -= k;
    }
    return true;
}

bool host_load(struct machine_vcpu *mv, gva_t from, void *to, size_t n,
               struct vcpu_exit *fault)
{
    return access(mv, from, to, n, false, fault);
}

bool host_store(struct machine_vcpu *mv, gva_t to, const void *from, size_t n,
                struct vcpu_exit *fault)
{
    return access(mv, to, (char *)(uintptr_t)from, n, true, fault);
}

bool host_fetch(struct machine_vcpu *mv, gva_t from, struct vcpu_exit *fault)
{
    mfn_t m;

    host_load_space(mv->space);
    return translate(mv, from, MAP_EXEC, FAULT_PAGE_EXECUTE, &m, fault);
}
