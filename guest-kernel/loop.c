/* SPDX-License-Identifier: MIT */
/*
 * The loop every service ends in: due timers, received frames, then one
 * hand-over of all that was sent, the store, what the service does in each
 * pass, then sleep until something is due. It wakes for events and due timers
 * only; with nothing due it sleeps for ever.
 *
 * A call that waits inside the service (loop_turn) takes wake-ups that the loop
 * has not seen: `woken` lets the loop come round once more before it sleeps.
 * lwIP cannot be entered twice, so the network rests while such a call waits
 * inside one of its callbacks.
 */
#include "internal.h"

#include "net/net.h"
#include "pebble.h"

#define NS_PER_S     1000000000ull
#define WATCHDOG_MAX 3600

static struct {
    uint64_t (*service_pass)(uint64_t now);
    bool (*store_pass)(void);
    void (*shutdown)(void);
    bool in_network;
    bool woken;
    uint32_t watchdog;       /* seconds, or 0 */
    uint64_t watchdog_renew; /* when it is set anew */
} loop;

void pebble_on_pass(uint64_t (*pass)(uint64_t now))
{
    loop.service_pass = pass;
}

void pebble_on_shutdown(void (*hook)(void))
{
    loop.shutdown = hook;
}

void loop_on_store(bool (*pass)(void))
{
    loop.store_pass = pass;
}

/* After a clone or a restore the identity is another one: read it again. */
static void follow_generation(void)
{
    static uint64_t generation;
    const struct scree_info *info = env_info();

    if (generation == info->generation)
        return;
    if (generation != 0) {
        random_seed(info->seed);
        net_new_identity();
    }
    generation = info->generation;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The watchdog is set anew at half its time. Returns when that is. */
static uint64_t renew_watchdog(uint64_t now)
{
    if (loop.watchdog == 0)
        return ENV_FOREVER;
    if (now >= loop.watchdog_renew) {
        if (env_watchdog(loop.watchdog) < 0)
            pebble_panic("pebble: no watchdog can be had");
        loop.watchdog_renew = now + loop.watchdog * NS_PER_S / 2;
    }
    return loop.watchdog_renew;
}

static void serve_network(uint64_t now)
{
    loop.in_network = true;
    net_timers_run(now);
    net_poll();
    loop.in_network = false;
}

static void end_if_asked(void)
{
    unsigned asked = env_asked_to_stop();

    if (!asked)
        return;
    if (loop.shutdown)
        loop.shutdown();
    net_poll(); /* hands over what the hook has queued */
    env_exit(0, asked == ENV_ASKED_REBOOT);
}

/* Everything once. Returns when the next pass is due. */
static uint64_t pass(uint64_t now)
{
    uint64_t due = renew_watchdog(now);

    loop.woken = false;
    follow_generation();
    serve_network(now);
    if (loop.store_pass && loop.store_pass())
        due = 0;
    if (loop.service_pass)
        due = earlier(due, loop.service_pass(now));
    end_if_asked();
    if (loop.woken || net_has_work())
        return 0;
    return earlier(due, net_timers_next());
}

_Noreturn void pebble_loop(void)
{
    loop.watchdog = (uint32_t)pebble_option("watchdog", 0, 1, WATCHDOG_MAX);
    for (;;) {
        uint64_t due = pass(clock_tick());

        if (due > 0)
            env_wait(due);
    }
}

void loop_turn(uint64_t deadline)
{
    uint64_t due = renew_watchdog(pebble_now());

    loop.woken = false;
    if (!loop.in_network) {
        serve_network(pebble_now());
        if (loop.woken || net_has_work())
            deadline = 0;
        due = earlier(due, net_timers_next());
    }
    if (deadline > 0)
        env_wait(earlier(deadline, due));
    loop.woken = true;
    clock_tick();
}

_Noreturn void pebble_exit(int code)
{
    env_exit((uint8_t)code, false);
}
