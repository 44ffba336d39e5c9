/* SPDX-License-Identifier: MIT */
/*
 * A DNS query in, its response out. Pure: host tests and fuzzing link it.
 *
 * Knows A and PTR in class IN, for the names of a zone and those of a changing
 * list, as they are and below one suffix (the cell's domain). A known name
 * without such a record gets an empty answer, an unknown one NXDOMAIN, both
 * with a SOA whose minimum says how long to believe it. Other classes are
 * refused, other opcodes are NOTIMP, a query that cannot be read is FORMERR;
 * what is no query at all, or is a response, gets no answer.
 */
#ifndef DNS_MESSAGE_H
#define DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/names.h"
#include "dns/zone.h"

#define DNS_UDP_MAX      512
#define DNS_NAME_MAX     254 /* as text with dots, without a final 0 */
#define DNS_TTL          60  /* seconds */
#define DNS_TTL_NEGATIVE 5

enum dns_rcode {
    DNS_OK = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
};

struct dns_server {
    const struct dns_zone *zone;   /* or NULL */
    const struct dns_names *names; /* or NULL */
    const char *suffix;            /* "cell"; no dots at its ends */
    bool incomplete;        /* an unknown name may become known: SERVFAIL */
    bool forwards;          /* foreign queries are handed on */
    uint32_t network, mask; /* whose addresses' names are ours */
};

/*
 * Writes the response to a query of size bytes into reply, which has room for
 * DNS_UDP_MAX bytes. Returns its size; 0: answer nothing.
 */
size_t dns_respond(const struct dns_server *s, const uint8_t *query,
                   size_t size, uint8_t reply[DNS_UDP_MAX]);

/*
 * True: the query wants recursion for a name that is none of ours (more than
 * one label and not below the suffix, or an address outside our network) and
 * s->forwards: it is to be handed on, not answered. *question: the size of its
 * head and question.
 */
bool dns_is_foreign(const struct dns_server *s, const uint8_t *query,
                    size_t size, size_t *question);

/* Writes a response without records to a query that could be read: its head
 * and question, `size` bytes of at most DNS_UDP_MAX. Returns its size. */
size_t dns_fail(const struct dns_server *s, const uint8_t *question,
                size_t size, enum dns_rcode code, uint8_t *reply);

/*
 * Reads the name at *at of a message into text, labels joined by dots, and
 * moves *at behind it. Compression pointers must lead strictly backwards, so
 * it ends. Returns the text's length, or -1: malformed or too long.
 */
int dns_read_name(const uint8_t *message, size_t size, size_t *at,
                  char text[DNS_NAME_MAX]);

#endif
