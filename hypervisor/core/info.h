/* SPDX-License-Identifier: MIT */
/*
 * The info page of a domain and the clock page of the cell: everything a guest
 * reads to know who and when it is. The builder adds image, files and network.
 */
#ifndef CORE_INFO_H
#define CORE_INFO_H

#include "base/types.h"

struct cell;
struct domain;

/* Makes the cell's clock page. -XEN_ENOMEM. */
must_check int info_clock_init(struct cell *cell);
/* Fills what the domain and the machine know. d->info is a zeroed page. */
void info_init(struct domain *d);

#endif
