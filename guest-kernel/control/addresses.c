/* SPDX-License-Identifier: MIT */
/* See addresses.h. */
#include "control/addresses.h"

#include <stdlib.h>

#define PART_BITS  4096u
#define PART_WORDS (PART_BITS / 64)
#define HOSTS_MAX  (1u << 24) /* of larger networks the first ones are used */

bool addresses_open(struct addresses *a, uint32_t network, uint32_t prefix)
{
    uint32_t hosts = prefix <= 8 ? HOSTS_MAX : 1u << (32 - prefix);

    *a = (struct addresses){
        .network = network, .prefix = prefix, .hosts = hosts, .from = 1};
    a->parts = (hosts + PART_BITS - 1) / PART_BITS;
    a->part = calloc(a->parts, sizeof(*a->part));
    a->used = calloc(a->parts, sizeof(*a->used));
    if (a->part && a->used)
        return true;
    addresses_close(a);
    return false;
}

void addresses_close(struct addresses *a)
{
    for (uint32_t i = 0; a->part && i < a->parts; i++)
        free(a->part[i]);
    free(a->part);
    free(a->used);
    *a = (struct addresses){0};
}

bool address_valid(const struct addresses *a, uint32_t address)
{
    uint32_t i = address - a->network;

    return a->hosts > 2 && address >= a->network && i > 0 && i < a->hosts - 1 &&
           address != a->gateway;
}

static uint64_t *word(const struct addresses *a, uint32_t i)
{
    uint64_t *part = a->part[i / PART_BITS];

    return part ? &part[i % PART_BITS / 64] : NULL;
}

bool address_used(const struct addresses *a, uint32_t address)
{
    uint32_t i = address - a->network;
    const uint64_t *w = word(a, i);

    return w && *w >> i % 64 & 1;
}

bool address_take(struct addresses *a, uint32_t address)
{
    uint32_t i = address - a->network;
    uint64_t **part = &a->part[i / PART_BITS];

    if (!*part)
        *part = calloc(PART_WORDS, sizeof(uint64_t));
    if (!*part)
        return false;
    if (!address_used(a, address))
        a->used[i / PART_BITS]++;
    *word(a, i) |= 1ull << i % 64;
    return true;
}

void address_free(struct addresses *a, uint32_t address)
{
    uint32_t i = address - a->network, p = i / PART_BITS;

    if (!address_used(a, address))
        return;
    *word(a, i) &= ~(1ull << i % 64);
    if (i < a->from)
        a->from = i;
    if (--a->used[p])
        return;
    free(a->part[p]);
    a->part[p] = NULL;
}

/* What lies below `from` is used, or never given away: skipped but once. */
uint32_t address_next(struct addresses *a)
{
    for (uint32_t i = a->from; i < a->hosts; i++) {
        uint32_t address = a->network + i;

        if (i % PART_BITS == 0 && a->used[i / PART_BITS] == PART_BITS) {
            i += PART_BITS - 1;
            continue;
        }
        if (!address_valid(a, address) || address == a->resolver ||
            address_used(a, address))
            continue;
        a->from = i;
        return address;
    }
    return 0;
}
