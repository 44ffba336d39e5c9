/* SPDX-License-Identifier: MIT */
/*
 * When a domain that has ended comes back: the policies of scree/channel.h.
 * Pure.
 */
#ifndef CONTROL_RESTART_H
#define CONTROL_RESTART_H

#include <stdbool.h>
#include <stdint.h>

/* ns: a life that long was a good one. */
#define RESTART_FORGIVEN 60000000000ull

struct restart_end {
    uint32_t policy;  /* SCREE_RESTART_* */
    uint32_t retries; /* 0: no limit */
    uint32_t tries;   /* since the last good life */
    uint32_t reason;  /* SHUTDOWN_*, SCREE_END_KILLED */
    uint32_t code;
};

bool restart_wanted(const struct restart_end *e);
/* ns to wait before try number `tries`, counted from 0. */
uint64_t restart_delay(uint32_t tries);

#endif
