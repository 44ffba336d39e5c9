/* SPDX-License-Identifier: MIT */
/*
 * The boot bundle as a cell meets it: opened, then every domain of it that can
 * be made is made and taken apart again. Nothing may leak.
 */
#include "cell.h"
#include "core/domain.h"
#include "core/image.h"
#include "fuzz.h"
#include "system/builder.h"

#define DOMAINS_MAX 24 /* of the bundle that are tried */

static void make_domains(struct cell *cell)
{
    uint32_t count = cell->bundle ? cell->bundle->domain_count : 0;
    struct domain *d;
    char name[IMAGE_SYMBOL_MAX];
    uint64_t offset;

    for (uint32_t i = 0; i < count && i < DOMAINS_MAX; i++) {
        uint64_t before = frames_available(cell->frames);

        if (domain_build(cell, i, &d) == 0) {
            (void)!image_symbol(d->image, d->vcpu.m.regs.rip, name, &offset);
            domain_take_apart(d);
        }
        FUZZ_CHECK(frames_available(cell->frames) == before);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cell *cell;

    if (size == 0)
        return 0;
    cell = fuzz_cell_start(data, size);
    if (cell)
        make_domains(cell);
    fuzz_cell_stop();
    return 0;
}
