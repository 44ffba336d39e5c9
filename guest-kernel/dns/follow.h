/* SPDX-License-Identifier: MIT */
/*
 * Keeps a list of names as the store has it: /scree/names/NAME is a dotted
 * IPv4 address, written by domain 0. A change is taken over when its watch
 * fires; at the start, after a restart of the store and when events were lost
 * the whole list is read again, a few names in each pass, while the old ones
 * are still known.
 */
#ifndef DNS_FOLLOW_H
#define DNS_FOLLOW_H

#include "dns/message.h"

#define FOLLOW_NAMES "/scree/names"
#define FOLLOW_CELL  "/scree/cell"

/* Begins to keep s->names; s->incomplete is true until all are known. The
 * cell's name goes to `suffix`, if it is not NULL. */
void follow_start(struct dns_server *s, struct dns_names *names,
                  char suffix[DNS_LABEL_MAX + 1]);
/* In each pass of the loop. Returns when it wants the next one. */
uint64_t follow_pass(uint64_t now);

#endif
