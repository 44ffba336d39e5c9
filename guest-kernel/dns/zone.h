/* SPDX-License-Identifier: MIT */
/*
 * The names a DNS server knows: lines "ADDRESS NAME" of a hosts text, indexed
 * by name and by address. Pure but for malloc: host tests link it.
 *
 * The text stays where it is (the file module); the index costs 16 to 32 bytes
 * a line. Comments (#), empty lines and lines that are no such pair are passed
 * over. Names compare without regard to case.
 */
#ifndef DNS_ZONE_H
#define DNS_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_LABEL_MAX 63

struct dns_host {
    uint32_t address; /* 10.0.0.2 is 0x0a000002 */
    const char *name; /* not terminated; may contain dots */
    size_t length;
};

struct dns_zone {
    const char *text;
    size_t size;
    uint32_t *by_name; /* offset + 1 of a line; 0: free */
    uint32_t *by_address;
    uint32_t slots; /* a power of two */
    uint32_t count;
};

/* Indexes a text of less than 2 GiB. False: no memory. */
bool dns_zone_open(struct dns_zone *z, const char *text, size_t size);
void dns_zone_close(struct dns_zone *z);

/* "10.0.0.2" and nothing else. */
bool dns_zone_parse(const char *text, uint32_t *address);

/* The first line with that name or address; false: there is none. */
bool dns_zone_name(const struct dns_zone *z, const char *name, size_t length,
                   struct dns_host *host);
bool dns_zone_address(const struct dns_zone *z, uint32_t address,
                      struct dns_host *host);

#endif
