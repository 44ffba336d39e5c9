/* SPDX-License-Identifier: MIT */
/*
 * The way on to another server. See forward.h. lwIP takes responses from that
 * server's address and port only; id and question are checked here.
 */
#include "dns/forward.h"

#include "pebble.h"

#define DNS_PORT   53
#define PORT_FIRST 49152
#define PORT_TRIES 8

static struct {
    const struct dns_server *server;
    struct udp_pcb *pcb;
    forward_answer *answer;
    struct dns_pending_table table;
} forward;

/* Puts the asker's id in place and lets it have the response. */
static void give_back(struct dns_pending *p, struct pbuf *response)
{
    struct dns_asker asker = p->asker;

    pbuf_take(response, p->query, 2);
    dns_pending_free(p);
    forward.answer(&asker, response);
}

static void on_response(void *arg, struct udp_pcb *pcb, struct pbuf *p,
                        const ip_addr_t *from, u16_t port)
{
    uint8_t head[sizeof(((struct dns_pending *)0)->query)];
    uint16_t size = pbuf_copy_partial(p, head, sizeof(head), 0);
    struct dns_pending *found = dns_pending_match(&forward.table, head, size);

    (void)arg;
    (void)pcb;
    (void)from;
    (void)port;
    if (found)
        give_back(found, p);
    pbuf_free(p);
}

/* A port that nobody can guess. */
static bool bind_somewhere(struct udp_pcb *pcb)
{
    for (unsigned i = 0; i < PORT_TRIES; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + pebble_random() % 16384);

        if (udp_bind(pcb, IP_ADDR_ANY, port) == ERR_OK)
            return true;
    }
    return false;
}

bool forward_start(const struct dns_server *s, uint32_t resolver,
                   forward_answer *answer)
{
    ip_addr_t address = IPADDR4_INIT(lwip_htonl(resolver));

    forward.server = s;
    forward.answer = answer;
    forward.pcb = udp_new();
    if (!forward.pcb || !bind_somewhere(forward.pcb) ||
        udp_connect(forward.pcb, &address, DNS_PORT) != ERR_OK)
        return false;
    udp_recv(forward.pcb, on_response, NULL);
    return true;
}

static void fail(const struct dns_asker *asker, const uint8_t *question,
                 size_t size)
{
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);

    if (!p)
        return; /* no memory: the client asks again */
    dns_fail(forward.server, question, size, DNS_SERVFAIL, p->payload);
    forward.answer(asker, p);
    pbuf_free(p);
}

static bool send_on(const uint8_t *query, size_t size, uint16_t id)
{
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
    uint8_t wire[2] = {(uint8_t)(id >> 8), (uint8_t)id};
    bool sent;

    if (!p)
        return false;
    pbuf_take(p, query, (u16_t)size);
    pbuf_take(p, wire, sizeof(wire));
    sent = udp_send(forward.pcb, p) == ERR_OK;
    pbuf_free(p);
    return sent;
}

void forward_query(const struct dns_asker *asker, const uint8_t *query,
                   size_t size, size_t question)
{
    uint16_t id = (uint16_t)pebble_random();
    struct dns_pending *p =
        dns_pending_add(&forward.table, asker, query, question, id);

    if (p)
        p->deadline = pebble_now() + DNS_PENDING_TIME;
    if (p && send_on(query, size, id))
        return;
    if (p)
        dns_pending_free(p);
    fail(asker, query, question);
}

void forward_forget(const void *connection)
{
    dns_pending_forget(&forward.table, connection);
}

uint64_t forward_pass(uint64_t now)
{
    struct dns_pending *p;

    while ((p = dns_pending_expired(&forward.table, now))) {
        struct dns_asker asker = p->asker;

        dns_pending_free(p);
        fail(&asker, p->query, p->size);
    }
    return dns_pending_next(&forward.table);
}
