/* SPDX-License-Identifier: MIT */
/*
 * A DNS query in, its response out. Pure: host tests and fuzzing link it.
 *
 * Knows A and PTR in class IN, for the names of a zone as they are and below
 * one suffix (the cell's domain). A known name without such a record gets an
 * empty answer, an unknown one NXDOMAIN, both with a SOA whose minimum says
 * how long to believe it. Other classes are refused, other opcodes are
 * NOTIMP, a query that cannot be read is FORMERR; what is no query at all, or
 * is a response, gets no answer.
 */
#ifndef DNS_MESSAGE_H
#define DNS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "dns/zone.h"

#define DNS_UDP_MAX      512
#define DNS_NAME_MAX     254 /* as text with dots, without a final 0 */
#define DNS_TTL          60  /* seconds */
#define DNS_TTL_NEGATIVE 5

enum dns_rcode {
    DNS_OK = 0,
    DNS_FORMERR = 1,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
};

struct dns_server {
    const struct dns_zone *zone;
    const char *suffix; /* "cell"; no dots at its ends */
};

/*
 * Writes the response to a query of size bytes into reply, which has room for
 * DNS_UDP_MAX bytes. Returns its size; 0: answer nothing.
 */
size_t dns_respond(const struct dns_server *s, const uint8_t *query,
                   size_t size, uint8_t reply[DNS_UDP_MAX]);

/*
 * Reads the name at *at of a message into text, labels joined by dots, and
 * moves *at behind it. Compression pointers must lead strictly backwards, so
 * it ends. Returns the text's length, or -1: malformed or too long.
 */
int dns_read_name(const uint8_t *message, size_t size, size_t *at,
                  char text[DNS_NAME_MAX]);

#endif
