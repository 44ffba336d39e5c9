/* SPDX-License-Identifier: MIT */
/*
 * What the files of libpebble know of each other and a service need not.
 */
#ifndef PEBBLE_INTERNAL_H
#define PEBBLE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

/* clock.c: reads the clock once for the coming pass; returns it. */
uint64_t clock_tick(void);
void clock_start(void);

/* random.c: takes the seed of this generation. */
void random_seed(const uint64_t seed[4]);

/*
 * loop.c, for calls that wait inside a service (xs/): sleeps until something
 * happens or the deadline has passed, and lets the network go on unless the
 * caller is inside it. The time is another one after it.
 */
void loop_turn(uint64_t deadline);
/* Calls pass() once in each pass of the loop, outside the network; true: the
 * next one is wanted at once. */
void loop_on_store(bool (*pass)(void));

/* start.c, from entry.S. */
_Noreturn void pebble_start(void);

/* The service's. */
int main(void);

#endif
