/* SPDX-License-Identifier: MIT */
/*
 * Queries for foreign names go on to another server (info.resolver), over UDP
 * from a port of their own; its responses, or SERVFAIL when none comes in
 * DNS_PENDING_TIME, go back to who asked.
 */
#ifndef DNS_FORWARD_H
#define DNS_FORWARD_H

#include "lwip/udp.h"

#include "dns/message.h"
#include "dns/pending.h"

/* Sends a response to an asker; the pbuf stays the caller's. */
typedef void forward_answer(const struct dns_asker *asker, struct pbuf *p);

/* `resolver` as in info; false: no memory. s outlives it. */
bool forward_start(const struct dns_server *s, uint32_t resolver,
                   forward_answer *answer);

/* Hands a query of `size` bytes on, whose head and question are `question`
 * bytes; answers SERVFAIL if it cannot. */
void forward_query(const struct dns_asker *asker, const uint8_t *query,
                   size_t size, size_t question);
/* The connection of some askers has gone. */
void forward_forget(const void *connection);

/* In each pass of the loop: gives up what took too long. Returns when it wants
 * the next one. */
uint64_t forward_pass(uint64_t now);

#endif
