/* SPDX-License-Identifier: MIT */
/*
 * How a domain ends by itself: shutdown, crash, watchdog. A crash prints one
 * block (why, where, registers) and does what on_crash says; the reaper does
 * the rest. Called on the domain's CPU.
 */
#ifndef SYSTEM_CRASH_H
#define SYSTEM_CRASH_H

#include "core/domain.h"

/* `why` is a clause: "event frame cannot be written". */
__attribute__((format(printf, 2, 3))) void crash(struct domain *d,
                                                 const char *why, ...);
/* A fault that the guest has no handler for. */
void crash_fault(struct domain *d, const struct vcpu_exit *why);
void crash_watchdog(struct domain *d);
/* SCHEDOP_shutdown: SCREE_SHUTDOWN() with SHUTDOWN_* up to SHUTDOWN_MAX. */
void crash_shutdown(struct domain *d, uint32_t shutdown);
/* Ends d for good, whatever on_crash says; any CPU. */
void crash_end(struct domain *d, uint32_t shutdown);

#endif
