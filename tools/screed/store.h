/* SPDX-License-Identifier: MIT */
/*
 * The store socket: each client's byte stream of xs_wire packets, carried in
 * frames of the channel. Only whole packets go up; what is buffered for a
 * client is bounded each way. A client that does not read is not read from, and
 * then cut off; it never delays another. When the channel is lost all are
 * closed.
 */
#ifndef SCREED_STORE_H
#define SCREED_STORE_H

#include "tools/screed/screed.h"

struct store *store_new(struct screed *s, struct error *e);
void store_free(struct store *t);

/* A frame of the channel: SCREE_FRAME_STORE or SCREE_FRAME_STORE_CLOSE. */
void store_take(struct store *t, uint16_t type, uint32_t client,
                const uint8_t *bytes, size_t n);
/* The channel takes more, or has gone. */
void store_room(struct store *t);
void store_lose(struct store *t);

unsigned store_clients(const struct store *t);

#endif
