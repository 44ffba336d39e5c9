/* SPDX-License-Identifier: MIT */
/*
 * libpebble: what a service includes. A service is one `int main(void)` that
 * starts its protocol servers and calls pebble_loop(); lwIP's raw API is used
 * as it is. There are no threads: callbacks run inside pebble_loop().
 *
 *     PEBBLE_IMAGE(1 MiB of memory)
 *     int main(void) { ...; pebble_loop(); }
 *
 * Command line (info.cmdline): words "name=value" and "name", separated by
 * spaces. Known to every service with a network: rx=N, the most receive buffers
 * lent to the device, 4..64 (64). It begins with 16 and takes more when bursts
 * come; each costs 1.6 KiB once it was used. Known to every service:
 * watchdog=SECONDS, 1..3600: the domain is ended as hung when its loop has not
 * come round for so long.
 */
#ifndef PEBBLE_H
#define PEBBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers-generic/env.h"
#include "scree/note.h"

/* Kept free for the stack, below info.memory_end; the heap ends there. */
#define PEBBLE_STACK             0x4000

/* The scree note: least memory in bytes. */
#define PEBBLE_IMAGE(min_memory) SCREE_IMAGE(min_memory, PEBBLE_STACK)

/* Serves until it is asked to end: frames, timers, sleep. Call it last in
 * main(). */
_Noreturn void pebble_loop(void);

/* pass(pebble_now()) is called once in each pass of the loop, after the
 * network; it returns when it wants the next one at the latest: a time, 0 (at
 * once) or ENV_FOREVER. */
void pebble_on_pass(uint64_t (*pass)(uint64_t now));

/* When the domain is asked to end (`scree stop`) the loop calls hook, sends
 * what it queued, and ends orderly with exit code 0; without a hook it just
 * ends. */
void pebble_on_shutdown(void (*hook)(void));

/* Ends orderly with an exit code, 0..255; so does main() when it returns. */
_Noreturn void pebble_exit(int code);

/* Time of this pass of the loop, ns, monotonic; cheap. */
uint64_t pebble_now(void);
/* Unix time in seconds, of this pass. */
uint64_t pebble_unix_time(void);
/* Time since pebble_start(), ns. */
uint64_t pebble_uptime(void);

/* One line to the console, as printf; at most 255 bytes, '\n' is added. */
void pebble_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, then the domain crashes. */
_Noreturn void pebble_panic(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Value of option `name` on the command line, or `otherwise` if it is not
 * there, no decimal number, or outside [least, most]; the latter are logged. */
unsigned long pebble_option(const char *name, unsigned long otherwise,
                            unsigned long least, unsigned long most);
/* Copies a text option; false: not there or longer than size - 1. */
bool pebble_option_text(const char *name, char *value, size_t size);

/* Unpredictable numbers, seeded from info.seed. */
uint32_t pebble_random(void);
/* A keyed hash of some bytes, unpredictable to others (SipHash-2-4). */
uint64_t pebble_hash(const void *bytes, size_t size);

/* Bytes of heap handed out by sbrk so far, and its size. */
size_t pebble_heap_used(void);
size_t pebble_heap_size(void);

/*
 * The network, see net/net.h. pebble_start() brings it up before main() when
 * the domain has one.
 */
struct pebble_net_counts {
    uint64_t rx_frames, rx_bytes, rx_drops;
    uint64_t tx_frames, tx_bytes, tx_drops;
    uint64_t passes; /* of the loop: wake-ups and batches */
};
void pebble_net_counts(struct pebble_net_counts *counts);

#endif
