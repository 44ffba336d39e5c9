/* SPDX-License-Identifier: MIT */
/*
 * What client.c and events.c know of each other.
 */
#ifndef XS_EVENTS_H
#define XS_EVENTS_H

#include "xs/client.h"

/* Queues the event in a packet's body. False: it is none. */
bool xs_events_take(struct xs_client *c, const char *body, size_t size);
void xs_events_drop(struct xs_client *c);

#endif
