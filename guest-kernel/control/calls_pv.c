/* SPDX-License-Identifier: MIT */
/* The calls of calls.h in a domain. */
#include "control/calls.h"

#include "drivers-generic/timer.h"
#include "pebble.h"
#include "scree/hypercall.h"

static int control(void *user, struct scree_control *record)
{
    (void)user;
    return (int)HYPERVISOR_scree_control(record);
}

static uint64_t now(void *user)
{
    (void)user;
    return timer_now();
}

static void say(void *user, const char *line)
{
    (void)user;
    pebble_log("%s", line);
}

const struct calls calls_pv = {.control = control, .now = now, .say = say};
