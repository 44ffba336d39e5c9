/* SPDX-License-Identifier: MIT */
/*
 * A guest that lives as its command line says, for the tests of restart
 * policies, health and stop. Words, in the order they are done:
 *
 *   say=N        prints N lines
 *   delay=MS     sleeps
 *   ticks=MS     prints a line every MS, for ever
 *   watchdog=S   sets a watchdog of S seconds and never serves it
 *   polite       waits until it is asked to end
 *   deaf         sleeps for ever, whatever it is asked
 *   crash        touches address 16
 *   code=N       its exit code, when it ends
 *
 * It also knows being asked to end while it ticks, unless it is deaf.
 */
#include "rt.h"

#include "scree/calls.h"

SCREE_IMAGE(0x40000, 16384);

static volatile uintptr_t null_page = 16;

static __attribute__((noreturn)) void end(void)
{
    struct sched_shutdown s = {
        .reason = SCREE_SHUTDOWN(SHUTDOWN_poweroff, rt_option("code", 0) & 255),
    };

    rt_printf("life: ends with %u\n", (unsigned)rt_option("code", 0));
    for (;;)
        (void)HYPERVISOR_sched_op(SCHEDOP_shutdown, &s);
}

static void heed(void)
{
    if (!rt_info()->shutdown || rt_has_option("deaf"))
        return;
    rt_printf("life: asked to end, %u\n", (unsigned)rt_info()->shutdown - 1);
    end();
}

static void wait_to_be_asked(void)
{
    for (;;) {
        heed();
        (void)HYPERVISOR_scree_idle(SCREE_IDLE_FOREVER);
        rt_clear_events();
    }
}

static void tick(uint64_t ms)
{
    for (unsigned i = 1;; i++) {
        rt_printf("life: tick %u\n", i);
        rt_sleep(ms * RT_MS);
        heed();
    }
}

static void set_watchdog(uint32_t seconds)
{
    struct sched_watchdog w = {.id = 0, .timeout = seconds};
    int64_t id = HYPERVISOR_sched_op(SCHEDOP_watchdog, &w);

    rt_printf("life: watchdog %d of %u s\n", (int)id, seconds);
}

int guest_main(void)
{
    rt_printf("life: begin\n");
    for (unsigned i = 1; i <= rt_option("say", 0); i++)
        rt_printf("life: line %u\n", i);
    rt_sleep(rt_option("delay", 0) * RT_MS);
    if (rt_has_option("watchdog"))
        set_watchdog((uint32_t)rt_option("watchdog", 2));
    if (rt_has_option("ticks"))
        tick(rt_option("ticks", 100));
    if (rt_has_option("polite") || rt_has_option("deaf") ||
        rt_has_option("watchdog"))
        wait_to_be_asked();
    if (rt_has_option("crash"))
        *(volatile uint32_t *)null_page = 1;
    end();
}
