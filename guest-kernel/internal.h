/* SPDX-License-Identifier: MIT */
/*
 * What the files of libpebble know of each other and a service need not.
 */
#ifndef PEBBLE_INTERNAL_H
#define PEBBLE_INTERNAL_H

#include <stdint.h>

/* clock.c: reads the clock once for the coming pass; returns it. */
uint64_t clock_tick(void);
void clock_start(void);

/* random.c: takes the seed of this generation. */
void random_seed(const uint64_t seed[4]);

/* start.c, from entry.S. */
_Noreturn void pebble_start(void);

/* The service's. */
int main(void);

#endif
