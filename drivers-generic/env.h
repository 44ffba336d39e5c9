/* SPDX-License-Identifier: MIT */
/*
 * The environment: what a guest asks of whatever it runs on, besides its
 * devices (net.h, serial.h, store.h, timer.h). A back end is chosen at link
 * time: the
 * *_pv.c files ask the hypervisor. Another back end fills the same struct
 * scree_info from what it knows and provides the same functions, so nothing
 * above this folder knows which machine it is on.
 */
#ifndef ENV_H
#define ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "scree/info.h"

/* Identity, memory, network addresses, files: read-only, valid for ever. */
const struct scree_info *env_info(void);

/* Why env_wait() returned: a set. */
#define ENV_WAKE_TIMER  1 /* the deadline has passed */
#define ENV_WAKE_NET    2 /* frames came, or there is room to send again */
#define ENV_WAKE_SERIAL 4 /* input waits */
#define ENV_WAKE_OTHER  8
#define ENV_WAKE_STORE  16 /* the store's ring has moved */

#define ENV_FOREVER     UINT64_MAX

/*
 * Sleeps until a device wants attention or timer_now() >= deadline (ns). What
 * it reports is acknowledged: look at the devices after it, never before, and
 * no wake-up is lost.
 */
unsigned env_wait(uint64_t deadline);

/* Ends this guest: orderly, or as a crash that on_crash may act on. */
_Noreturn void env_stop(bool crashed);

/* Ends this guest orderly, with an exit code; reboot: it wants to come back. */
_Noreturn void env_exit(uint8_t code, bool reboot);

/* 0, or how this guest is asked to end, orderly and soon. */
#define ENV_ASKED_POWEROFF 1
#define ENV_ASKED_REBOOT   2
unsigned env_asked_to_stop(void);

/* Starts the watchdog or sets it anew: unless called again within so many
 * seconds (1..), the guest is ended. 0, or a negative error. */
int env_watchdog(uint32_t seconds);

#endif
