/* SPDX-License-Identifier: MIT */
/*
 * The loop every service ends in: due timers, received frames, then one
 * hand-over of all that was sent, then sleep until something is due. It wakes
 * for events and due timers only; with nothing due it sleeps for ever.
 */
#include "internal.h"

#include "net/net.h"
#include "pebble.h"

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

_Noreturn void pebble_loop(void)
{
    for (;;) {
        uint64_t now = clock_tick();

        follow_generation();
        net_timers_run(now);
        net_poll();
        if (!net_has_work())
            env_wait(net_timers_next());
    }
}
