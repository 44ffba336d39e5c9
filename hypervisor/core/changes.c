/* SPDX-License-Identifier: MIT */
/*
 * The queue of changed domains: see changes.h. There is no control domain yet.
 */
#include "core/changes.h"

void change_mark(struct domain *d unused, uint32_t happened unused)
{
}

void change_notify(struct cell *cell unused)
{
}
