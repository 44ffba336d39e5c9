/* SPDX-License-Identifier: MIT */
/*
 * Time for services and libc. The clock is read once per pass of the loop;
 * within a pass time stands still, which is also what lwIP's timers want.
 */
#include "internal.h"

#include <sys/time.h>

#include "drivers-generic/timer.h"
#include "pebble.h"

#define NS_PER_S 1000000000ull

static uint64_t now, started;

void clock_start(void)
{
    started = clock_tick();
}

uint64_t clock_tick(void)
{
    now = timer_now();
    return now;
}

uint64_t pebble_now(void)
{
    return now;
}

uint64_t pebble_uptime(void)
{
    return now - started;
}

uint64_t pebble_unix_time(void)
{
    return (timer_wall_base() + now) / NS_PER_S;
}

/* libc's time() and gettimeofday() end here. */
int gettimeofday(struct timeval *t, void *zone)
{
    uint64_t unix_ns = timer_wall_base() + timer_now();

    (void)zone;
    t->tv_sec = (time_t)(unix_ns / NS_PER_S);
    t->tv_usec = (suseconds_t)(unix_ns % NS_PER_S / 1000);
    return 0;
}
