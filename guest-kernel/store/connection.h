/* SPDX-License-Identifier: MIT */
/*
 * Connections inside the engine: what goes out, and when there is room.
 */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include "store/state.h"

/* So much is sent and not yet taken that requests wait. */
bool connection_full(const struct store_connection *c);
/* p->head.len bytes of body. */
void connection_send(struct store_connection *c, const struct packet *p);
/* One more refused for a quota: ENOSPC or what it is. */
int connection_refuse(struct store_connection *c, int error);

/* Does a request: wire.c. */
void wire_request(struct store_connection *c, const struct xsd_sockmsg *head,
                  const char *body);

#endif
