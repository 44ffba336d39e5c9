/* SPDX-License-Identifier: MIT */
/*
 * Prometheus metrics by HTTP: totals of the cell, sums of domains per label,
 * screed's own; with ?per=domain also each domain's.
 */
#ifndef SCREED_METRICS_H
#define SCREED_METRICS_H

#include "tools/screed/screed.h"

/* Without an address in the options it serves nothing. */
struct metrics *metrics_new(struct screed *s, struct error *e);
void metrics_free(struct metrics *m);

/* "http://127.0.0.1:PORT/metrics", or "". */
void metrics_url(const struct metrics *m, char url[128]);

#endif
