/* SPDX-License-Identifier: MIT */
/*
 * Time for guests. One-shot deadlines are not here: a guest sleeps in
 * env_wait(deadline), and that is the only timer it needs.
 */
#ifndef TIMER_H
#define TIMER_H

#include <stdint.h>

/* Monotonic time in nanoseconds; its zero is the start of the machine. */
uint64_t timer_now(void);

/* Unix time in nanoseconds at timer_now() == 0. */
uint64_t timer_wall_base(void);

#endif
