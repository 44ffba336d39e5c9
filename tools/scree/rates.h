/* SPDX-License-Identifier: MIT */
/* What `top` shows: two samples of all counters make rates. Pure. */
#ifndef SCREE_RATES_H
#define SCREE_RATES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rate { RATE_CPU, RATE_IN, RATE_OUT, RATE_WAKEUPS, RATE_HYPERCALLS, RATES };

struct rates_domain {
    char name[32];
    char phase[16];
    uint64_t id, memory, up_ns;
    uint64_t counts[RATES]; /* so far */
    double rates[RATES];    /* a second; RATE_CPU: percent of one processor */
};

struct rates {
    size_t count;
    struct rates_domain *domains;
    uint64_t now_ns, idle_ns; /* of the cell's processors */
    uint64_t cpus, memory_used, memory_total;
    double busy;         /* percent of all processors */
    double total[RATES]; /* of all domains */
    size_t ready;
};

/* Reads the answers of ls and cell; before: an earlier sample, or NULL.
 * rates_free() is due. */
void rates_take(struct rates *r, const cJSON *states, const cJSON *cell,
                const struct rates *before);
void rates_free(struct rates *r);

/* n name, c CPU, m memory, p packets, w wake-ups, h hypercalls; largest first,
 * names from a on; among equals, names. */
void rates_sort(struct rates *r, int key, bool reverse);

#endif
