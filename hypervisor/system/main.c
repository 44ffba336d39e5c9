/* SPDX-License-Identifier: MIT */
/*
 * From a machine to a cell that runs: cpu_main() on every CPU, and the list of
 * what the boot CPU does first. The only mutable statics above the machine
 * layer are here; see system.h.
 */
#include "core/cell.h"
#include "core/info.h"
#include "core/log.h"
#include "io/channel.h"
#include "io/console.h"
#include "io/switch.h"
#include "io/uplink.h"
#include "scree/bundle.h"
#include "scree/xen.h"
#include "system/bundle.h"
#include "system/control.h"
#include "system/loop.h"
#include "system/options.h"
#include "system/reaper.h"
#include "system/system.h"

#define FRAMES_PER_DOMAIN 32 /* of memory, for the default number of ids */
#define DOMAINS_MIN       64
#define DOMAINS_MAX       65536

static struct {
    struct cell cell;
    struct options options;
    struct cell *booted; /* &cell, as soon as panics may look at it */
    bool panicking;
} root;

struct cell *system_cell(void)
{
    return root.booted;
}

bool system_panicking(void)
{
    return __atomic_exchange_n(&root.panicking, true, __ATOMIC_SEQ_CST);
}

void system_panic_over(void)
{
    __atomic_store_n(&root.panicking, false, __ATOMIC_SEQ_CST);
}

/* What start-up cannot do without. */
static void need(int result, const char *what)
{
    if (result)
        panic("start-up: %s (%d)", what, result);
}

/* How many domain ids there is room for. */
static uint32_t domain_limit(const struct options *o, uint64_t frames)
{
    uint64_t n = o->domains;

    if (n == 0) {
        n = max_u64(frames / FRAMES_PER_DOMAIN, DOMAINS_MIN);
        n = min_u64(n, DOMAINS_MAX);
    }
    return (uint32_t)n + 1; /* id 0 is the control domain's */
}

static void memory_init(struct cell *cell)
{
    const struct machine_info *mi = machine_info();
    struct frames *frames = frames_init(mi->ram, mi->ram_count);
    uint32_t limit;

    need(frames ? 0 : -XEN_ENOMEM, "not enough memory");
    frame_adopt(frames, mi->hypercall_page, 1);
    limit = domain_limit(cell->options, frames_total(frames));
    need(cell_init(cell, frames, mi->cpus, limit), "tables of the cell");
    need(info_clock_init(cell), "clock page");
}

static void devices_init(struct cell *cell)
{
    const uint64_t *seed = cell->bundle ? cell->bundle->seed : NULL;

    random_init(&cell->random, seed);
    if (!cell->random.seeded)
        log_line(cell, "no source of random numbers: domains get no seed");
    if (net_switch_create(cell))
        log_line(cell, "no network: its record in the bundle is bad");
    else if (cell->net && uplink_probe(cell, &cell->options->uplink))
        log_line(cell, "no uplink: its card cannot be used");
    channel_probe(cell);
}

static void greet(struct cell *cell)
{
    log_line(cell, "%u CPU%s, %lu MiB of memory, room for %u domains",
             cell->cpu_count, cell->cpu_count == 1 ? "" : "s",
             frames_total(cell->frames) >> (20 - PAGE_SHIFT),
             cell->domain_limit - 1);
}

static void launch_all(struct cell *cell)
{
    uint32_t count = cell->bundle ? cell->bundle->domain_count : 0;
    uint32_t refused = 0;

    log_line(cell, "%u domains to create, frames: %lu available", count,
             frames_available(cell->frames));
    for (uint32_t i = 0; i < count; i++) {
        if (domain_launch(cell, i))
            refused++;
    }
    log_line(cell, "%u domains running, %u refused", count - refused, refused);
}

void system_boot(struct cell *cell)
{
    int result;

    memory_init(cell);
    need(console_create(cell), "console");
    greet(cell);
    options_report(cell->options, cell);
    result = bundle_open(cell);
    need(result == -XEN_ENOMEM ? result : 0, "tables of the bundle");
    if (cell->control)
        need(control_init(cell), "tables of the control domain");
    devices_init(cell);
    need(restart_init(cell), "restart records");
    machine_start_cpus();
    launch_all(cell);
}

void cpu_main(unsigned cpu)
{
    if (cpu == 0) {
        options_parse(&root.options, machine_info()->cmdline);
        root.cell.options = &root.options;
        root.booted = &root.cell;
        system_boot(&root.cell);
        if (root.options.test_panic)
            panic("as the command line asks");
    }
    cpu_loop(&root.cell.cpus[cpu]);
}
