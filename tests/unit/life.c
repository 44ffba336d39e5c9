/* SPDX-License-Identifier: MIT */
/* See life.h. */
#include "life.h"

#include <stdlib.h>
#include <string.h>

#include "system/options.h"
#include "system/system.h"

#define MS 1000000ull

struct small_bundle life_bundle;
static struct options options;

static void stay_awake(void *argument)
{
    (void)argument;
    machine_kick(machine_cpu());
}

void life_awake(void)
{
    host_on_idle(stay_awake, NULL);
}

void life_boot(struct world *w, const struct host_config *more)
{
    struct host_config config = more ? *more : (struct host_config){0};

    config.module = &life_bundle;
    config.module_size = sizeof(life_bundle);
    host_start(&config);
    life_awake();
    w->cell = calloc(1, sizeof(*w->cell));
    options_parse(&options, machine_info()->cmdline);
    w->cell->options = &options;
    system_boot(w->cell);
    w->frames = w->cell->frames;
    host_clock_advance(1);
}

void life_stop(struct world *w)
{
    for (uint32_t id = 1; id < w->cell->domain_limit; id++) {
        struct domain *d = atomic_load(&w->cell->domains[id]);

        if (d && domain_state(d) != DOMAIN_DYING)
            domain_end(d, SHUTDOWN_poweroff);
    }
    guest_pass(w, 20);
    CU_ASSERT_EQUAL(atomic_load(&w->cell->domain_count), 0);
    frames_audit(w->frames);
    host_stop();
    free(w->cell);
}

bool life_said(const char *text)
{
    return strstr(host_console_text(), text);
}

struct domain *life_find(struct world *w, uint32_t id)
{
    return domain_find(w->cell, id);
}

void life_faults(struct world *w, uint32_t id, uint32_t vector, uint32_t error,
                 uint64_t address)
{
    struct domain *d = life_find(w, id);

    guest_run(d);
    host_vcpu_fault(&d->vcpu.m, vector, error, address);
    guest_pass(w, 1);
}

void life_shuts_down(struct world *w, uint32_t id, uint32_t reason)
{
    struct sched_shutdown s = {reason};
    struct domain *d = life_find(w, id);

    guest_put(d, 0x108000, &s, sizeof(s));
    (void)guest_call(d, __HYPERVISOR_sched_op, SCHEDOP_shutdown, 0x108000, 0);
    guest_pass(w, 6);
}

void life_later(struct world *w, uint64_t ms)
{
    host_clock_advance(ms * MS);
    guest_pass(w, 3);
}

int64_t life_watchdog(struct domain *d, uint32_t id, uint32_t seconds)
{
    struct sched_watchdog s = {.id = id, .timeout = seconds};

    guest_put(d, 0x108000, &s, sizeof(s));
    return guest_call(d, __HYPERVISOR_sched_op, SCHEDOP_watchdog, 0x108000, 0);
}
