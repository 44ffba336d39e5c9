/* SPDX-License-Identifier: MIT */
/*
 * The heap: [info.image_end, info.memory_end - PEBBLE_STACK), handed to libc's
 * malloc by sbrk. Untouched pages cost nothing, so the break only grows when
 * malloc asks, and memory comes back lowest first.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "pebble.h"

static uint64_t heap_used;

size_t pebble_heap_used(void)
{
    return heap_used;
}

size_t pebble_heap_size(void)
{
    const struct scree_info *info = env_info();
    uint64_t end = info->memory_end - PEBBLE_STACK;

    return end > info->image_end ? end - info->image_end : 0;
}

void *sbrk(ptrdiff_t change)
{
    uint64_t old = heap_used;
    uint64_t wanted = old + (uint64_t)change;

    if (change < 0 ? (uint64_t)-change > old
                   : (uint64_t)change > pebble_heap_size() - old) {
        errno = ENOMEM;
        return (void *)-1;
    }
    heap_used = wanted;
    return (void *)(env_info()->image_end + old);
}
