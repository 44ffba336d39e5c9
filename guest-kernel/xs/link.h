/* SPDX-License-Identifier: MIT */
/*
 * The one connection of this guest to the store: device, client and waiting.
 */
#ifndef XS_LINK_H
#define XS_LINK_H

#include "xs/client.h"

/* The client of the open connection. NULL: errno EIO, there is no store. */
struct xs_client *link_open(void);

/*
 * Waits until r is done and takes its reply: `*length` bytes with a 0 behind
 * them, for free(). NULL: errno. r is forgotten; NULL stands for "could not be
 * asked".
 */
char *link_reply(struct xs_request *r, uint32_t *length);

#endif
