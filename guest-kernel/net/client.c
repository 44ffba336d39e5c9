/* SPDX-License-Identifier: MIT */
/* See client.h. */
#include "net/client.h"

#include "net/net.h"

bool client_listen(uint16_t port, tcp_accept_fn accept)
{
    struct tcp_pcb *pcb = tcp_new();

    if (!pcb || tcp_bind(pcb, IP_ADDR_ANY, port) != ERR_OK)
        return false;
    pcb = tcp_listen(pcb);
    if (!pcb)
        return false;
    tcp_accept(pcb, accept);
    return true;
}

static void attach(struct tcp_pcb *pcb, void *arg, const struct client_calls *c)
{
    tcp_arg(pcb, arg);
    tcp_recv(pcb, c->recv);
    tcp_sent(pcb, c->sent);
    tcp_err(pcb, c->error);
    tcp_poll(pcb, c->poll, CLIENT_POLL);
}

void client_take(struct tcp_pcb *pcb, void *arg, const struct client_calls *c)
{
    net_tcp_accepted(pcb);
    attach(pcb, arg, c);
    tcp_nagle_disable(pcb);
}

void client_leave(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
}

void client_abort(struct tcp_pcb *pcb)
{
    client_leave(pcb);
    tcp_abort(pcb);
}

/* The pcb may be gone after tcp_close(): it is let go of first. */
bool client_close(struct tcp_pcb *pcb, void *arg, const struct client_calls *c)
{
    client_leave(pcb);
    if (tcp_close(pcb) == ERR_OK)
        return true;
    attach(pcb, arg, c);
    return false;
}
