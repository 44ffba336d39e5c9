/* SPDX-License-Identifier: MIT */
/*
 * A guest's four-level tables. The root's low half up to SCREE_GUEST_END is
 * the guest's, our own slots are copied in. A leaf that is not present holds
 * the soft bits and nothing else: no address for a speculating processor to
 * follow (L1TF). Accessed and dirty are preset: nobody reads them, and the
 * processor need not write them.
 */
#include "machine/machine.h"

#include "base/string.h"
#include "machine/x86/asm.h"
#include "machine/x86/paging.h"
#include "machine/x86/percpu.h"

#define SOFT_SHIFT    9
#define SOFT_MASK     7u
#define LEVELS        4
#define ENTRIES       512u
#define FLUSH_ONE_MAX 32

/* With the table's address. */
#define TABLE_ENTRY   (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)

_Static_assert(SCREE_GUEST_END % (1ull << 39) == 0, "whole root slots");
#define GUEST_SLOTS (SCREE_GUEST_END >> 39)

void machine_space_init(struct machine_space *s)
{
    *s = (struct machine_space){.root = MFN_NONE};
}

void machine_space_donate(struct machine_space *s, mfn_t table)
{
    ASSERT(s->spare_count < ARRAY_SIZE(s->spare));
    s->spare[s->spare_count++] = table;
}

static mfn_t take_table(struct machine_space *s)
{
    mfn_t m = s->spare[--s->spare_count];

    s->table_count++;
    memset(machine_frame(m), 0, PAGE_SIZE);
    return m;
}

static unsigned index_of(gfn_t g, unsigned level)
{
    return (unsigned)(g.n >> (9 * level)) & (ENTRIES - 1);
}

static uint64_t *below(uint64_t entry)
{
    return machine_frame(maddr_mfn(maddr(entry & PTE_ADDRESS)));
}

/* The last table on the way to g's leaf, and its level (0: it has the leaf).
 * There is a root. */
static uint64_t *walk(const struct machine_space *s, gfn_t g, unsigned *level)
{
    uint64_t *table = machine_frame(s->root);
    unsigned l = LEVELS - 1;

    while (l > 0 && table[index_of(g, l)] & PTE_PRESENT)
        table = below(table[index_of(g, l--)]);
    *level = l;
    return table;
}

static uint64_t *leaf_table(const struct machine_space *s, gfn_t g)
{
    unsigned level;
    uint64_t *table;

    if (g.n < ENTRIES * MACHINE_LEAVES)
        return s->leaves[g.n / ENTRIES];
    if (!mfn_valid(s->root))
        return NULL;
    table = walk(s, g, &level);
    return level == 0 ? table : NULL;
}

/* The leaf table of g, made from spare frames. NULL: too few of them. */
static uint64_t *make_leaf_table(struct machine_space *s, gfn_t g)
{
    unsigned level = LEVELS;
    uint64_t *table = NULL;

    if (mfn_valid(s->root))
        table = walk(s, g, &level);
    if (level > s->spare_count)
        return NULL;
    if (!table) {
        s->root = take_table(s);
        table = machine_frame(s->root);
        paging_share(table);
        level--;
    }
    for (; level > 0; level--) {
        mfn_t m = take_table(s);

        table[index_of(g, level)] = mfn_maddr(m).a | TABLE_ENTRY;
        table = machine_frame(m);
    }
    if (g.n < ENTRIES * MACHINE_LEAVES)
        s->leaves[g.n / ENTRIES] = table;
    return table;
}

static uint64_t encode(struct mapping m)
{
    uint64_t e = (uint64_t)(m.soft & SOFT_MASK) << SOFT_SHIFT;

    if (m.rights == MAP_NONE)
        return e;
    e |= mfn_maddr(m.frame).a | PTE_PRESENT | PTE_USER | PTE_ACCESSED;
    e |= m.rights & MAP_WRITE ? PTE_WRITE | PTE_DIRTY : 0;
    e |= m.rights & MAP_EXEC ? 0 : PTE_NX;
    return e;
}

static struct mapping decode(uint64_t e)
{
    struct mapping m = {MFN_NONE, MAP_NONE,
                        (uint8_t)(e >> SOFT_SHIFT & SOFT_MASK)};

    if (e & PTE_PRESENT) {
        m.frame = maddr_mfn(maddr(e & PTE_ADDRESS));
        m.rights = (uint8_t)(MAP_READ | (e & PTE_WRITE ? MAP_WRITE : 0) |
                             (e & PTE_NX ? 0 : MAP_EXEC));
    }
    return m;
}

int machine_space_set(struct machine_space *s, gfn_t g, struct mapping m)
{
    uint64_t *table;

    ASSERT(g.n < SCREE_GUEST_END >> PAGE_SHIFT);
    table = leaf_table(s, g);
    if (!table)
        table = make_leaf_table(s, g);
    if (!table)
        return MACHINE_NEED_TABLE;
    __atomic_store_n(&table[index_of(g, 0)], encode(m), __ATOMIC_RELEASE);
    return 0;
}

struct mapping machine_space_get(const struct machine_space *s, gfn_t g)
{
    const uint64_t *table = NULL;

    if (g.n < SCREE_GUEST_END >> PAGE_SHIFT)
        table = leaf_table(s, g);
    return decode(table ? table[index_of(g, 0)] : 0);
}

gfn_t machine_space_next(const struct machine_space *s, gfn_t g, gfn_t end)
{
    unsigned level;

    if (!mfn_valid(s->root))
        return end;
    while (g.n < end.n) {
        walk(s, g, &level);
        if (level == 0)
            return g;
        /* behind all that the entry missing there would lead to */
        g = gfn(((g.n >> (9 * level)) + 1) << (9 * level));
    }
    return end;
}

static void *bytes_of(uint64_t leaf, bool write)
{
    uint64_t want = write ? PTE_PRESENT | PTE_WRITE : PTE_PRESENT;

    return (leaf & want) == want ? below(leaf) : NULL;
}

/* Apart, so that the near way needs no stack. */
static __attribute__((noinline)) void *far_bytes(const struct machine_space *s,
                                                 gfn_t g, bool write)
{
    const uint64_t *table = NULL;

    if (g.n < SCREE_GUEST_END >> PAGE_SHIFT)
        table = leaf_table(s, g);
    return table ? bytes_of(table[index_of(g, 0)], write) : NULL;
}

void *machine_space_bytes(const struct machine_space *s, gfn_t g, bool write)
{
    const uint64_t *table;

    if (__builtin_expect(g.n >= ENTRIES * MACHINE_LEAVES, 0))
        return far_bytes(s, g, write);
    table = s->leaves[g.n / ENTRIES];
    return table ? bytes_of(table[index_of(g, 0)], write) : NULL;
}

/* Takes out one table without tables below it, or the root. */
mfn_t machine_space_reclaim(struct machine_space *s)
{
    uint64_t *table;
    unsigned level = LEVELS - 1;
    unsigned i = 0;
    uint64_t *entry = NULL;
    mfn_t m = s->root;

    memset(s->leaves, 0, sizeof(s->leaves));
    if (s->spare_count)
        return s->spare[--s->spare_count];
    if (!mfn_valid(m))
        return MFN_NONE;
    s->table_count--;
    for (table = machine_frame(m); level > 0; level--, i = 0) {
        unsigned end = level == LEVELS - 1 ? GUEST_SLOTS : ENTRIES;

        while (i < end && !(table[i] & PTE_PRESENT))
            i++;
        if (i == end)
            break;
        entry = &table[i];
        m = maddr_mfn(maddr(*entry & PTE_ADDRESS));
        table = machine_frame(m);
    }
    if (entry)
        *entry = 0;
    else
        s->root = MFN_NONE;
    return m;
}

void machine_space_flush(struct machine_space *s, gfn_t g, uint64_t count)
{
    if (!mfn_valid(s->root) || this_cpu()->root != mfn_maddr(s->root).a)
        return;
    if (count == 0 || count > FLUSH_ONE_MAX) {
        write_cr3(this_cpu()->root);
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        invlpg((g.n + i) << PAGE_SHIFT);
}
