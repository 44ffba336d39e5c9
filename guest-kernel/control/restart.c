/* SPDX-License-Identifier: MIT */
/* See restart.h. */
#include "control/restart.h"

#include "scree/channel.h"
#include "scree/xen.h"

#define DELAY_FIRST 100000000ull   /* ns */
#define DELAY_MOST  30000000000ull /* ns */

static bool failed(uint32_t reason, uint32_t code)
{
    return reason == SHUTDOWN_crash || reason == SHUTDOWN_watchdog || code != 0;
}

bool restart_wanted(const struct restart_end *e)
{
    switch (e->policy) {
    case SCREE_RESTART_ON_FAILURE:
        return failed(e->reason, e->code) &&
               (e->retries == 0 || e->tries < e->retries);
    case SCREE_RESTART_ALWAYS:
    case SCREE_RESTART_UNLESS_STOPPED:
        return true;
    default:
        return false;
    }
}

uint64_t restart_delay(uint32_t tries)
{
    uint64_t delay = DELAY_FIRST << (tries < 16 ? tries : 16);

    return delay < DELAY_MOST ? delay : DELAY_MOST;
}
