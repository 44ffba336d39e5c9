/* SPDX-License-Identifier: MIT */
/*
 * TCP clients of a service, between lwIP's raw API and the service: what lwIP
 * calls back for one, and how one begins and ends. What a service keeps for a
 * client is `arg`, which it lets go of itself; its error callback does so
 * when lwIP has already freed the pcb.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <stdbool.h>

#include "lwip/tcp.h"

#define CLIENT_POLL 10 /* of lwIP's slow ticks: 5 s */

struct client_calls {
    tcp_recv_fn recv;
    tcp_sent_fn sent; /* NULL: not wanted */
    tcp_poll_fn poll; /* each CLIENT_POLL */
    tcp_err_fn error;
};

/* Clients come to `accept`. False: no memory, or the port is taken. */
bool client_listen(uint16_t port, tcp_accept_fn accept);
/* The accept callback takes the client. */
void client_take(struct tcp_pcb *pcb, void *arg, const struct client_calls *c);
/* From now on lwIP calls nothing for it. */
void client_leave(struct tcp_pcb *pcb);
/* Leaves it and resets the connection. The callback returns ERR_ABRT if it is
 * its own. */
void client_abort(struct tcp_pcb *pcb);
/* Orderly; what lwIP was given is still sent. False: no memory, nothing has
 * changed; try again when polled. */
bool client_close(struct tcp_pcb *pcb, void *arg, const struct client_calls *c);

#endif
