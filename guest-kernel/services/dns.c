/* SPDX-License-Identifier: MIT */
/*
 * dns: answers A and PTR for every domain of the cell, over UDP and TCP. In a
 * cell with a store the names come and go as /scree/names says; in another they
 * are those of the file "hosts" of the domain's file module (the bundle tool
 * makes one of the whole cell for `files = @hosts`). Other queries are handed
 * on to info.resolver, if there is one and it is somebody else, or to another
 * server.
 *
 * Options: port=N (53), domain=NAME: names are also known as NAME.domain
 * (otherwise the cell's name in the store, or "cell"), upstream=ADDRESS: where
 * foreign queries go (or "none"), and those of pebble.h. Runs in 768 KiB with
 * up to 5,000 names; 50 bytes more for each further one.
 */
#include <stdlib.h>
#include <string.h>

#include "lwip/udp.h"

#include "dns/follow.h"
#include "dns/forward.h"
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
static struct dns_names names;
static char suffix[DNS_LABEL_MAX + 1] = "cell";
static struct dns_server server = {.suffix = suffix};
static struct udp_pcb *udp;
static unsigned conns_open;

/* Hands a foreign query on. False: it is ours to answer. */
static bool hand_on(const struct dns_asker *asker, const uint8_t *query,
                    size_t size)
{
    size_t question;

    if (!dns_is_foreign(&server, query, size, &question))
        return false;
    forward_query(asker, query, size, question);
    return true;
}

/* UDP. */

static void answer_datagram(const struct dns_asker *asker, struct pbuf *p)
{
    ip_addr_t to = IPADDR4_INIT(asker->address);

    udp_sendto(udp, p, &to, asker->port);
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p,
                        const ip_addr_t *from, u16_t port)
{
    struct dns_asker asker = {.address = from->addr, .port = port};
    uint8_t query[QUERY_MAX];
    uint16_t size = pbuf_copy_partial(p, query, sizeof(query), 0);
    struct pbuf *out;
    size_t length;

    (void)arg;
    pbuf_free(p);
    if (hand_on(&asker, query, size))
        return;
    out = pbuf_alloc(PBUF_TRANSPORT, DNS_UDP_MAX, PBUF_RAM);
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
    forward_forget(c);
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

/* What another server has said. Without room it is lost, as a datagram is. */
static void answer_conn(struct conn *c, const struct pbuf *p)
{
    uint8_t length[2] = {(uint8_t)(p->tot_len >> 8), (uint8_t)p->tot_len};

    if (tcp_sndbuf(c->pcb) < p->tot_len + 2 ||
        tcp_sndqueuelen(c->pcb) > TCP_SND_QUEUELEN / 2)
        return;
    tcp_write(c->pcb, length, 2, TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE);
    for (; p; p = p->next)
        tcp_write(c->pcb, p->payload, p->len, TCP_WRITE_FLAG_COPY);
    tcp_output(c->pcb);
}

/* Answers the query that is whole in c->bytes. False: end the connection. */
static bool answer_one(struct conn *c, uint16_t length)
{
    struct dns_asker asker = {.address = c->pcb->remote_ip.addr,
                              .connection = c};
    uint8_t reply[2 + DNS_UDP_MAX];
    size_t size;

    if (hand_on(&asker, c->bytes + 2, length))
        return true;
    size = dns_respond(&server, c->bytes + 2, length, reply + 2);
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
    forward_forget(arg);
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

static void answer_asker(const struct dns_asker *asker, struct pbuf *p)
{
    if (asker->connection)
        answer_conn(asker->connection, p);
    else
        answer_datagram(asker, p);
}

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
    server.zone = &zone;
}

/* Who is asked for foreign names; 0: nobody. The cell's own resolver may well
 * be this domain. */
static uint32_t find_upstream(void)
{
    const struct scree_info *info = env_info();
    uint32_t address = info->resolver;
    char text[16];

    if (pebble_option_text("upstream", text, sizeof(text)) &&
        !dns_zone_parse(text, &address)) {
        if (strcmp(text, "none") != 0)
            pebble_log("dns: upstream=%s is no address", text);
        address = 0;
    }
    return address == info->ipv4 ? 0 : address;
}

static void open_forward(void)
{
    const struct scree_info *info = env_info();
    uint32_t upstream = find_upstream();

    server.mask = info->prefix ? UINT32_MAX << (32 - info->prefix) : 0;
    server.network = info->ipv4 & server.mask;
    if (upstream == 0)
        return;
    if (!forward_start(&server, upstream, answer_asker))
        pebble_panic("dns: no memory to ask others");
    server.forwards = true;
}

static uint64_t pass(uint64_t now)
{
    uint64_t follow = follow_pass(now), forward = forward_pass(now);

    return follow < forward ? follow : forward;
}

static bool listen_on(uint16_t port)
{
    udp = udp_new();
    if (!udp || udp_bind(udp, IP_ADDR_ANY, port) != ERR_OK)
        return false;
    udp_recv(udp, on_datagram, NULL);
    return client_listen(port, on_accept);
}

int main(void)
{
    uint16_t port = (uint16_t)pebble_option("port", 53, 1, 65535);

    bool named = pebble_option_text("domain", suffix, sizeof(suffix));
    bool store = env_info()->features & SCREE_FEATURE_STORE;

    if (store)
        follow_start(&server, &names, named ? NULL : suffix);
    else
        open_zone();
    if (!listen_on(port))
        pebble_panic("dns: cannot listen");
    open_forward();
    pebble_on_pass(pass);
    if (store)
        pebble_log("dns: names of the store, port %u", port);
    else
        pebble_log("dns: %lu names, port %u, domain %s",
                   (unsigned long)zone.count, port, suffix);
    pebble_loop();
}
