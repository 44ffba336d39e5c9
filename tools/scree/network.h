/* SPDX-License-Identifier: MIT */
/* How a cell is wired: what `up --net` takes, and what must be there for it. */
#ifndef SCREE_NETWORK_H
#define SCREE_NETWORK_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "tools/lib/error.h"

/* user, tap:IF, bridge:BR */
bool network_is_good(const char *net);

/* Whether the interface is there and we may use it; otherwise says with which
 * commands it is made. `options` has the fields of cell.json. */
bool network_check(const char *net, const cJSON *options, struct error *e);

#endif
