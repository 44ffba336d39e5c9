/* SPDX-License-Identifier: MIT */
/* Mappings of device registers; machine.h has the rest. */
#ifndef X86_DEVICE_H
#define X86_DEVICE_H

#include "base/types.h"

#define DEVICE_MAP_MAX 0x20000000ull /* one mapping at most */

/* After paging_init(), before the first mapping. */
void device_init(void);

#endif
