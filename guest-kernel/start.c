/* SPDX-License-Identifier: MIT */
/*
 * From the first instruction to main(): checks that the machine speaks our
 * ABI, then brings up clock, randomness and network, in this order.
 */
#include "internal.h"

#include <stdlib.h>

#include "net/net.h"
#include "pebble.h"

static void check_abi(const struct scree_info *info)
{
    if (info->magic != SCREE_INFO_MAGIC || info->abi_major != SCREE_ABI_MAJOR)
        pebble_panic("pebble: ABI %u.%u is not mine (%u.%u)", info->abi_major,
                     info->abi_minor, SCREE_ABI_MAJOR, SCREE_ABI_MINOR);
}

_Noreturn void pebble_start(void)
{
    const struct scree_info *info = env_info();

    check_abi(info);
    clock_start();
    random_seed(info->seed);
    net_start();
    exit(main());
}
