/* SPDX-License-Identifier: MIT */
/*
 * The cell's addresses: which are given to whom is the definitions' knowledge;
 * here stands one bit for each. Only the parts of the network that are in use
 * take memory.
 */
#ifndef CONTROL_ADDRESSES_H
#define CONTROL_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

struct addresses {
    uint32_t network, prefix, gateway, resolver;
    uint32_t hosts; /* addresses in it, the first and the last too */
    uint32_t parts;
    uint64_t **part;
    uint16_t *used; /* bits set in each part */
    uint32_t from;  /* below: no free one */
};

/* false: no memory. prefix 0..32. */
bool addresses_open(struct addresses *a, uint32_t network, uint32_t prefix);
void addresses_close(struct addresses *a);

/* May a domain have it at all? */
bool address_valid(const struct addresses *a, uint32_t address);
/* These need a valid address. */
bool address_used(const struct addresses *a, uint32_t address);
/* false: no memory. */
bool address_take(struct addresses *a, uint32_t address);
void address_free(struct addresses *a, uint32_t address);
/* The lowest that is free and not the resolver's; 0: none. */
uint32_t address_next(struct addresses *a);

#endif
