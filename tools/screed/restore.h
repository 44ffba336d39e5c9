/* SPDX-License-Identifier: MIT */
/*
 * Makes domains again after SYNC, as their restart policies say: `seen` tells
 * which of them the cell still has.
 */
#ifndef SCREED_RESTORE_H
#define SCREED_RESTORE_H

#include "tools/screed/screed.h"

/* new_life: the cell itself has begun anew, not only domain 0 or screed. */
void restore_all(struct screed *s, bool new_life);

#endif
