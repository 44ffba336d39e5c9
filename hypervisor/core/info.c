/* SPDX-License-Identifier: MIT */
/*
 * Info and clock pages: see info.h.
 */
#include "core/info.h"

#include "base/string.h"
#include "core/domain.h"

int info_clock_init(struct cell *cell)
{
    const struct machine_info *mi = machine_info();
    mfn_t page = frame_alloc_cell(cell->frames, FRAME_SHARED);
    struct scree_clock *clock;

    if (!mfn_valid(page))
        return -XEN_ENOMEM;
    clock = machine_frame(page);
    memset(clock, 0, PAGE_SIZE);
    clock->tsc_shift = mi->clock_shift;
    clock->tsc_base = mi->clock_base;
    clock->tsc_mul = mi->clock_mul;
    clock->tsc_hz = mi->clock_hz;
    cell->clock_page = page;
    return 0;
}

void info_init(struct domain *d)
{
    const struct machine_info *mi = machine_info();
    struct scree_info *info = d->info;

    info->magic = SCREE_INFO_MAGIC;
    info->abi_major = SCREE_ABI_MAJOR;
    info->abi_minor = SCREE_ABI_MINOR;
    info->domain = d->id;
    info->features = mi->tsc_usable ? SCREE_FEATURE_TSC : 0;
    info->generation = 1;
    info->memory_start = SCREE_IMAGE_BASE;
    info->memory_end = SCREE_IMAGE_BASE + (d->memory_max << PAGE_SHIFT);
    info->image_end = info->memory_start;
    info->wall_clock_ns = mi->wall_clock_ns;
    info->created_ns = d->created_ns;
    if (d->cell->random.seeded)
        random_draw(&d->cell->random, info->seed);
}
