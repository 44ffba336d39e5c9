/* SPDX-License-Identifier: MIT */
/*
 * echo: RFC 862 on TCP and UDP.
 *
 * TCP sends back what it received as fast as the client takes it: the window
 * opens only by what was given to lwIP for sending, so a client that does not
 * read stops itself; the longest idle one makes room for a new one. UDP answers
 * each datagram, but never one that comes from a port of the small services
 * (below 64): two echo servers would talk for ever.
 *
 * Options: port=N (7), conns=N connections at once (32, at most 64), and those
 * of pebble.h. Runs in 768 KiB.
 */
#include "lwip/udp.h"

#include "net/client.h"
#include "pebble.h"

PEBBLE_IMAGE(768 * 1024);

#define IDLE_TIME      60000000000ull /* a minute */
#define CONNS_MAX      64
#define SMALL_SERVICES 64
#define WAITING_MAX    8 /* pbufs a connection may make us hold */

struct conn {
    struct tcp_pcb *pcb;
    struct pbuf *waiting; /* received, not yet given to lwIP for sending */
    uint64_t moved;       /* when bytes went either way last */
    bool peer_done;
};

static struct conn conns[CONNS_MAX];
static unsigned conns_most;

static void conn_free(struct conn *c)
{
    if (c->waiting)
        pbuf_free(c->waiting);
    c->waiting = NULL;
    c->pcb = NULL; /* free */
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e);
static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t length);
static err_t on_poll(void *arg, struct tcp_pcb *pcb);
static void on_error(void *arg, err_t e);

static const struct client_calls calls = {
    .recv = on_recv,
    .sent = on_sent,
    .poll = on_poll,
    .error = on_error,
};

static err_t conn_abort(struct conn *c)
{
    struct tcp_pcb *pcb = c->pcb;

    conn_free(c);
    client_abort(pcb);
    return ERR_ABRT;
}

/* If that fails, the poll callback tries again. */
static void conn_close(struct conn *c)
{
    if (client_close(c->pcb, c, &calls))
        conn_free(c);
}

/* Gives lwIP what waits, as far as it takes it; then closes if that was all
 * and the client is done. */
static void send_waiting(struct conn *c)
{
    while (c->waiting) {
        struct pbuf *p = c->waiting;
        uint16_t length = p->len;

        if (tcp_sndbuf(c->pcb) < length ||
            tcp_write(c->pcb, p->payload, length, TCP_WRITE_FLAG_COPY) !=
                ERR_OK)
            return;
        c->waiting = p->next;
        if (p->next)
            pbuf_ref(p->next);
        pbuf_free(p);
        tcp_recved(c->pcb, length);
    }
    if (c->peer_done)
        conn_close(c);
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e)
{
    struct conn *c = arg;

    (void)pcb;
    (void)e;
    c->moved = pebble_now();
    if (!p) {
        c->peer_done = true;
    } else if (!c->waiting) {
        c->waiting = p;
    } else {
        pbuf_cat(c->waiting, p);
    }
    if (c->waiting && pbuf_clen(c->waiting) > WAITING_MAX)
        return conn_abort(c);
    send_waiting(c);
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t length)
{
    struct conn *c = arg;

    (void)pcb;
    (void)length;
    c->moved = pebble_now();
    send_waiting(c);
    return ERR_OK;
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    struct conn *c = arg;

    (void)pcb;
    if (pebble_now() - c->moved >= IDLE_TIME)
        return conn_abort(c);
    send_waiting(c);
    return ERR_OK;
}

static void on_error(void *arg, err_t e)
{
    (void)e;
    conn_free(arg);
}

/* A free one, or else that of the longest idle client, which is cut off. */
static struct conn *conn_take(void)
{
    struct conn *oldest = &conns[0];

    for (unsigned i = 0; i < conns_most; i++) {
        if (!conns[i].pcb)
            return &conns[i];
        if (conns[i].moved < oldest->moved)
            oldest = &conns[i];
    }
    conn_abort(oldest);
    return oldest;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
    struct conn *c;

    (void)arg;
    if (e != ERR_OK || !pcb)
        return ERR_VAL;
    c = conn_take();
    *c = (struct conn){.pcb = pcb, .moved = pebble_now()};
    client_take(pcb, c, &calls);
    return ERR_OK;
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p,
                        const ip_addr_t *from, u16_t port)
{
    (void)arg;
    if (port >= SMALL_SERVICES)
        udp_sendto(pcb, p, from, port);
    pbuf_free(p);
}

static bool start_udp(uint16_t port)
{
    struct udp_pcb *pcb = udp_new();

    if (!pcb || udp_bind(pcb, IP_ADDR_ANY, port) != ERR_OK)
        return false;
    udp_recv(pcb, on_datagram, NULL);
    return true;
}

int main(void)
{
    uint16_t port = (uint16_t)pebble_option("port", 7, 1, 65535);

    conns_most = (unsigned)pebble_option("conns", 32, 1, CONNS_MAX);
    if (!client_listen(port, on_accept) || !start_udp(port))
        pebble_panic("echo: cannot listen");
    pebble_log("echo: port %u, TCP and UDP", port);
    pebble_loop();
}
