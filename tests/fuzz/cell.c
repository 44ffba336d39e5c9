/* SPDX-License-Identifier: MIT */
/* See cell.h. */
#include "cell.h"

#include <stdlib.h>

#include "core/domain.h"
#include "core/info.h"
#include "fuzz.h"
#include "io/console.h"
#include "io/switch.h"
#include "system/bundle.h"
#include "system/control.h"
#include "system/loop.h"
#include "system/reaper.h"

#define FRAMES     1024
#define END_ROUNDS 500

static struct frames *frames;
static struct cell *cell;
static uint64_t available;

/* An idle CPU wakes when its deadline comes, or for nothing. */
static void on_idle(void *arg)
{
    uint64_t deadline = host_deadline_of(0);

    (void)arg;
    if (deadline != UINT64_MAX && deadline > machine_clock())
        host_clock_set(deadline);
    machine_kick(0);
}

static void make_cell(void)
{
    frames = frames_init(machine_info()->ram, machine_info()->ram_count);
    cell = calloc(1, sizeof(*cell));
    if (!frames || !cell)
        abort();
    frame_adopt(frames, machine_info()->hypercall_page, 1);
    if (cell_init(cell, frames, 1, FUZZ_CELL_DOMAINS) ||
        info_clock_init(cell) || console_create(cell))
        abort();
}

struct cell *fuzz_cell_start(const void *module, size_t size)
{
    struct host_config config = {
        .frames = FRAMES, .module = module, .module_size = size};

    host_start(&config);
    host_on_idle(on_idle, NULL);
    make_cell();
    if (bundle_open(cell) || (cell->control && control_init(cell)) ||
        net_switch_create(cell) || restart_init(cell)) {
        available = frames_available(frames);
        return NULL;
    }
    available = frames_available(frames);
    return cell;
}

static void end_all(void)
{
    for (uint32_t id = 0; id < FUZZ_CELL_DOMAINS; id++) {
        struct domain *d = atomic_load(&cell->domains[id]);

        if (d)
            domain_end(d, SHUTDOWN_poweroff);
    }
}

void fuzz_cell_stop(void)
{
    for (unsigned i = 0; i < END_ROUNDS; i++) {
        if (!atomic_load(&cell->domain_count) &&
            !atomic_load(&cell->restarts_due))
            break;
        end_all();
        cpu_pass(&cell->cpus[0]);
    }
    FUZZ_CHECK(!atomic_load(&cell->domain_count));
    FUZZ_CHECK(frames_available(frames) == available);
    fuzz_cell_forget();
}

void fuzz_cell_forget(void)
{
    frames_audit(frames);
    free(cell);
    host_stop();
}
