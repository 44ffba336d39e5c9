/* SPDX-License-Identifier: MIT */
/*
 * Names that come and go, as the store tells of them: found by name and by
 * address. Pure but for malloc: host tests link it.
 *
 * A name costs 44 bytes and 2 to 4 for the index; at most 65,535 are held. A
 * name may stand here with address 0: it is known to exist, its address is not
 * yet, and it is not found.
 */
#ifndef DNS_NAMES_H
#define DNS_NAMES_H

#include "dns/zone.h"

#define DNS_NAMES_LENGTH 31 /* as long as a domain's name */

struct dns_name;

struct dns_names {
    struct dns_name **blocks;
    uint16_t *by_name; /* heads of chains; 0: none */
    uint16_t *by_address;
    uint32_t slots; /* of each; a power of two */
    uint32_t used;  /* entries of the blocks that were ever used */
    uint16_t free;  /* a chain of those that are free again */
    uint32_t count;
};

void dns_names_open(struct dns_names *n);
void dns_names_close(struct dns_names *n);

/* Adds a name or changes its address. False: no memory, or it is no name. */
bool dns_names_set(struct dns_names *n, const char *name, size_t length,
                   uint32_t address);
void dns_names_remove(struct dns_names *n, const char *name, size_t length);

/* Of several names with one address the one that came last. */
bool dns_names_name(const struct dns_names *n, const char *name, size_t length,
                    struct dns_host *host);
bool dns_names_address(const struct dns_names *n, uint32_t address,
                       struct dns_host *host);

/*
 * Taking over a list of all names: mark, then keep() each that is still there
 * (a new one gets address 0), then sweep: those that were not kept are
 * removed.
 */
void dns_names_mark(struct dns_names *n);
bool dns_names_keep(struct dns_names *n, const char *name, size_t length);
void dns_names_sweep(struct dns_names *n);

/* Visits the names without an address: the next one from *at (0 to begin) on.
 * False: there are no more. */
bool dns_names_unread(const struct dns_names *n, uint32_t *at,
                      struct dns_host *host);

#endif
