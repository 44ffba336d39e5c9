/* SPDX-License-Identifier: MIT */
/*
 * The counters of ports and uplink as lines for the operator (Ctrl-] s).
 */
#ifndef IO_NET_REPORT_H
#define IO_NET_REPORT_H

#include "base/types.h"

struct cell;

#define NET_REPORT_DOMAINS 16 /* the first ones with a port */

void net_report(struct cell *cell);

#endif
