/* SPDX-License-Identifier: MIT */
/*
 * RAM ranges in a small unsorted array of disjoint [first, end) frames.
 */
#include "machine/x86/ranges.h"

#include "base/string.h"
#include "machine/x86/layout.h"

#define RANGES 64

static struct {
    uint64_t first, end;
} ranges[RANGES];
static unsigned count;

static void insert(uint64_t first, uint64_t end)
{
    if (first >= end || count == RANGES)
        return;
    ranges[count].first = first;
    ranges[count].end = end;
    count++;
}

void ranges_add(uint64_t a, uint64_t size)
{
    uint64_t limit = (DIRECT_END - DIRECT_BASE) >> PAGE_SHIFT;

    if (size > UINT64_MAX - PAGE_SIZE - a)
        return;
    insert(pages(a), min_u64((a + size) >> PAGE_SHIFT, limit));
}

void ranges_remove(uint64_t a, uint64_t size)
{
    uint64_t first = a >> PAGE_SHIFT;
    uint64_t end = pages(a + size);

    for (unsigned i = 0; i < count; i++) {
        uint64_t old = ranges[i].end;

        if (end <= ranges[i].first || old <= first)
            continue;
        ranges[i].end = max_u64(first, ranges[i].first);
        insert(end, old);
        if (end > ranges[i].first && first <= ranges[i].first) {
            ranges[i] = ranges[--count];
            i--;
        }
    }
}

mfn_t ranges_take(void)
{
    for (unsigned i = 0; i < count; i++) {
        mfn_t m = mfn(ranges[i].first);

        if (ranges[i].first >= ranges[i].end ||
            ranges[i].first >= BOOT_MAPPED >> PAGE_SHIFT)
            continue;
        ranges[i].first++;
        memset(machine_frame(m), 0, PAGE_SIZE);
        return m;
    }
    panic("no memory to start with");
}

unsigned ranges_export(struct machine_range out[MACHINE_RANGES])
{
    unsigned n = 0;
    uint64_t from = 0;

    while (n < MACHINE_RANGES) {
        unsigned next = count;

        for (unsigned i = 0; i < count; i++)
            if (ranges[i].first < ranges[i].end && ranges[i].first >= from &&
                (next == count || ranges[i].first < ranges[next].first))
                next = i;
        if (next == count)
            break;
        out[n].first = mfn(ranges[next].first);
        out[n].count = ranges[next].end - ranges[next].first;
        from = ranges[next].end;
        n++;
    }
    return n;
}
