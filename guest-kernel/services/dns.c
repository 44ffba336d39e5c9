/* SPDX-License-Identifier: MIT */
/*
 * dns: answers A and PTR for every name in the file "hosts" of the domain's
 * file module (the bundle tool makes one of the whole cell for
 * `files = @hosts`), over UDP and TCP.
 *
 * Options: port=N (53), domain=NAME (cell): names are also known as
 * NAME.domain, and those of pebble.h. Runs in 768 KiB with up to 5,000 names;
 * 32 bytes more for each further one.
 */
#include <stdlib.h>
#include <string.h>

#include "lwip/udp.h"

#include "dns/message.h"
#include "http/files.h"
#include "net/client.h"
#include "pebble.h"

PEBBLE_IMAGE(768 * 1024);

#define QUERY_MAX  512
#define CONNS_MAX  16
#define IDLE_POLLS 2 /* of CLIENT_POLL */

/* A TCP client: queries with two bytes of length before each. */
struct conn {
    struct tcp_pcb *pcb;
    unsigned idle;
    uint16_t size;
    uint8_t bytes[2 + QUERY_MAX];
};

static struct dns_zone zone;
static char suffix[DNS_LABEL_MAX + 1] = "cell";
static const struct dns_server server = {.zone = &zone, .suffix = suffix};
static unsigned conns_open;

/* UDP. */

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p,
                        const ip_addr_t *from, u16_t port)
{
    struct pbuf *out = pbuf_alloc(PBUF_TRANSPORT, DNS_UDP_MAX, PBUF_RAM);
    uint8_t query[QUERY_MAX];
    uint16_t size = pbuf_copy_partial(p, query, sizeof(query), 0);
    size_t length;

    (void)arg;
    pbuf_free(p);
    if (!out)
        return; /* no memory: the client asks again */
    length = dns_respond(&server, query, size, out->payload);
    if (length > 0) {
        pbuf_realloc(out, (u16_t)length);
        udp_sendto(pcb, out, from, port);
    }
    pbuf_free(out);
}

/* TCP. */

static void conn_end(struct conn *c)
{
    client_leave(c->pcb);
    free(c);
    conns_open--;
}

static err_t conn_abort(struct conn *c)
{
    struct tcp_pcb *pcb = c->pcb;

    conn_end(c);
    tcp_abort(pcb);
    return ERR_ABRT;
}

/* Answers the query that is whole in c->bytes. False: end the connection. */
static bool answer_one(struct conn *c, uint16_t length)
{
    uint8_t reply[2 + DNS_UDP_MAX];
    size_t size = dns_respond(&server, c->bytes + 2, length, reply + 2);

    reply[0] = (uint8_t)(size >> 8);
    reply[1] = (uint8_t)size;
    return size > 0 && tcp_write(c->pcb, reply, (u16_t)(size + 2),
                                 TCP_WRITE_FLAG_COPY) == ERR_OK;
}

/* Answers all whole queries. False: end the connection. */
static bool answer_all(struct conn *c)
{
    while (c->size >= 2) {
        uint16_t length = (uint16_t)(c->bytes[0] << 8 | c->bytes[1]);

        if (length > QUERY_MAX)
            return false;
        if (c->size < length + 2)
            return true;
        if (!answer_one(c, length))
            return false;
        c->size = (uint16_t)(c->size - length - 2);
        memmove(c->bytes, c->bytes + length + 2, c->size);
    }
    return true;
}

static bool take(struct conn *c, const struct pbuf *p)
{
    uint16_t at = 0;

    while (at < p->tot_len) {
        uint16_t room = (uint16_t)(sizeof(c->bytes) - c->size);
        uint16_t part = pbuf_copy_partial(p, c->bytes + c->size, room, at);

        c->size = (uint16_t)(c->size + part);
        at = (uint16_t)(at + part);
        if (!answer_all(c))
            return false;
    }
    return true;
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e)
{
    struct conn *c = arg;
    bool good;

    (void)e;
    if (!p) {
        conn_end(c);
        if (tcp_close(pcb) == ERR_OK)
            return ERR_OK;
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    c->idle = 0;
    tcp_recved(pcb, p->tot_len);
    good = take(c, p);
    pbuf_free(p);
    return good ? ERR_OK : conn_abort(c);
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    struct conn *c = arg;

    (void)pcb;
    return ++c->idle >= IDLE_POLLS ? conn_abort(c) : ERR_OK;
}

static void on_error(void *arg, err_t e)
{
    (void)e;
    free(arg);
    conns_open--;
}

static const struct client_calls calls = {
    .recv = on_recv,
    .poll = on_poll,
    .error = on_error,
};

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
    struct conn *c;

    (void)arg;
    if (e != ERR_OK || !pcb)
        return ERR_VAL;
    c = conns_open < CONNS_MAX ? calloc(1, sizeof(*c)) : NULL;
    if (!c) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    conns_open++;
    c->pcb = pcb;
    client_take(pcb, c, &calls);
    return ERR_OK;
}

/* Start. */

static void open_zone(void)
{
    const struct scree_info *info = env_info();
    struct file_tree tree;
    struct file hosts = {.data = (const uint8_t *)""};

    if (!info->files_start ||
        !files_open(&tree, (const void *)info->files_start, info->files_size) ||
        !files_find(&tree, SCREE_FILES_HOSTS, strlen(SCREE_FILES_HOSTS),
                    &hosts))
        pebble_log("dns: no file '%s': no name is known", SCREE_FILES_HOSTS);
    if (!dns_zone_open(&zone, (const char *)hosts.data, hosts.size))
        pebble_panic("dns: no memory for the names in '%s'", SCREE_FILES_HOSTS);
}

static bool listen_on(uint16_t port)
{
    struct udp_pcb *udp = udp_new();

    if (!udp || udp_bind(udp, IP_ADDR_ANY, port) != ERR_OK)
        return false;
    udp_recv(udp, on_datagram, NULL);
    return client_listen(port, on_accept);
}

int main(void)
{
    uint16_t port = (uint16_t)pebble_option("port", 53, 1, 65535);

    pebble_option_text("domain", suffix, sizeof(suffix));
    open_zone();
    if (!listen_on(port))
        pebble_panic("dns: cannot listen");
    pebble_log("dns: %lu names, port %u, domain %s", (unsigned long)zone.count,
               port, suffix);
    pebble_loop();
}
