/* SPDX-License-Identifier: MIT */
/*
 * Connections of the HTTP server: what lwIP calls back, and what becomes of
 * the bytes. Which answer a request gets is decided in answer.c.
 *
 * A connection is in one of three phases: reading a head (left == 0), sending
 * a body (left > 0), or closing. Bytes of later requests that arrive while a
 * body is being sent wait in `kept`, and beyond that in TCP's window.
 * A callback that has aborted its own connection must return ERR_ABRT, and
 * nothing may touch the connection after that: functions that may end one
 * return false then.
 */
#include "http/server.h"

#include <stdlib.h>
#include <string.h>

#include "lwip/stats.h"

#include "http/answer.h"
#include "http/request.h"
#include "net/client.h"
#include "pebble.h"

#define SECOND       1000000000ull
#define HEAD_TIME    (10 * SECOND)
#define IDLE_TIME    (15 * SECOND)
#define STALL_TIME   (30 * SECOND)
#define POLL_SOON    1  /* while an answer waits for memory */
#define FIRST_WINDOW 10 /* segments before the first ACK (RFC 6928) */
#define SEGMENTS     (MEMP_NUM_TCP_SEG - 64) /* that bodies may occupy */
#define HEAP_RESERVE (20 * 1024) /* of lwIP's heap, for what must go on */
#define STALLED      (1 * SECOND)
#define KEPT_MAX     (HTTP_HEAD_MAX + TCP_MSS)

struct conn {
    struct tcp_pcb *pcb;
    struct conn *next_free;
    const uint8_t *body;
    uint64_t left;  /* bytes of body not yet given to lwIP */
    uint64_t since; /* when this phase began or last moved on */
    char *kept;     /* KEPT_MAX bytes, while kept_size > 0 */
    uint16_t kept_size;
    bool close;     /* when the answer is given to lwIP */
    bool peer_done; /* the client sends no more */
    bool in_head;   /* part of a head has arrived */
    bool answered;  /* at least one request */
    bool open;
};

static const struct http_server *server;
static struct conn *conns, *free_conns;
static struct http_counts counts;

/* The end of a connection. */

static void drop_kept(struct conn *c)
{
    free(c->kept);
    c->kept = NULL;
    c->kept_size = 0;
}

static void conn_release(struct conn *c)
{
    drop_kept(c);
    c->open = false;
    c->pcb = NULL;
    c->next_free = free_conns;
    free_conns = c;
    counts.open--;
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

static void conn_abort(struct conn *c)
{
    struct tcp_pcb *pcb = c->pcb;

    conn_release(c);
    client_abort(pcb);
}

/* Orderly; if that fails, the poll callback tries again. */
static void conn_close(struct conn *c)
{
    if (client_close(c->pcb, c, &calls))
        conn_release(c);
    else
        c->close = true;
}

/* Sending. */

/* lwIP's last reserves are for ACKs, new connections and those in progress. */
static bool memory_short(void)
{
    return lwip_stats.mem.used > MEM_SIZE - HEAP_RESERVE ||
           lwip_stats.memp[MEMP_TCP_SEG]->used > SEGMENTS;
}

/* Bytes this connection may hand to lwIP now: its share of what all have. */
static uint16_t allowance(const struct conn *c)
{
    uint32_t share = SEGMENTS / (counts.open + 1) * TCP_MSS;
    uint32_t queued = TCP_SND_BUF - tcp_sndbuf(c->pcb);

    if (share > TCP_SND_BUF)
        share = TCP_SND_BUF;
    if (memory_short())
        share = TCP_MSS;
    return queued < share ? (uint16_t)(share - queued) : 0;
}

/* Gives lwIP as much of the body as it takes now. */
static void push_body(struct conn *c)
{
    while (c->left > 0) {
        uint16_t part = allowance(c);
        err_t error;

        if (c->left < part)
            part = (uint16_t)c->left;
        if (part == 0)
            return;
        error = tcp_write(c->pcb, c->body, part,
                          part < c->left ? TCP_WRITE_FLAG_MORE : 0);
        if (error == ERR_MEM && part > TCP_MSS) {
            part = TCP_MSS;
            error = tcp_write(c->pcb, c->body, part, TCP_WRITE_FLAG_MORE);
        }
        if (error != ERR_OK)
            return; /* the next ACK or poll goes on */
        c->body += part;
        c->left -= part;
    }
}

/* Whether an answer can be begun: a head and a page fit what lwIP takes. */
static bool can_answer(const struct conn *c)
{
    return c->left == 0 && !c->close &&
           tcp_sndbuf(c->pcb) >= HTTP_REPLY_HEAD_MAX + HTTP_PAGE_MAX &&
           tcp_sndqueuelen(c->pcb) < TCP_SND_QUEUELEN / 2 && !memory_short();
}

/* Memory is short: the client that has not read for longest loses it. */
static void shed(const struct conn *asking)
{
    struct conn *worst = NULL;

    for (unsigned i = 0; i < server->connections; i++) {
        struct conn *c = &conns[i];

        if (c->open && c != asking && tcp_sndqueuelen(c->pcb) > 0 &&
            (!worst || c->since < worst->since))
            worst = c;
    }
    if (!worst || pebble_now() - worst->since < STALLED)
        return;
    counts.cut_off++;
    conn_abort(worst);
}

/* Writes the answer's head, and its body if that is made for this request. */
static bool push_head(struct conn *c, const struct http_answer *a)
{
    size_t size = a->head.size;
    err_t error;

    error = tcp_write(c->pcb, a->head.start, (u16_t)size,
                      TCP_WRITE_FLAG_COPY |
                          (a->size > 0 ? TCP_WRITE_FLAG_MORE : 0));
    if (error == ERR_OK && a->made.size > 0)
        error = tcp_write(c->pcb, a->made.start, (u16_t)a->made.size,
                          TCP_WRITE_FLAG_COPY);
    return error == ERR_OK;
}

static void widen_first_window(struct conn *c)
{
    uint32_t window = FIRST_WINDOW * (uint32_t)c->pcb->mss;

    if (!c->answered && c->pcb->cwnd < window)
        c->pcb->cwnd = (tcpwnd_size_t)window;
    c->answered = true;
}

/* False: the connection is gone. */
static bool respond(struct conn *c, const struct http_request *r, int error)
{
    char head[HTTP_REPLY_HEAD_MAX];
    static char page[HTTP_PAGE_MAX];
    struct http_answer a = {
        .unix_time = pebble_unix_time(),
        .head = text_in(head, sizeof(head)),
        .made = text_in(page, sizeof(page)),
    };

    counts.requests++;
    widen_first_window(c);
    http_answer(server, r, error, &a);
    counts.by_class[a.status / 100]++;
    if (server->log)
        pebble_log("http: %s %d %lu", error ? "(bad request)" : r->path,
                   a.status, (unsigned long)(a.size + a.made.size));
    if (!push_head(c, &a)) {
        conn_abort(c); /* no memory to answer in: say so at once */
        return false;
    }
    c->body = a.body;
    c->left = a.size;
    c->close = !a.keep_alive;
    c->since = pebble_now();
    push_body(c);
    return true;
}

/* Receiving. */

/* Answers the whole requests in text, until one cannot be finished now.
 * Returns the bytes used, or -1: the connection is gone. */
static long consume(struct conn *c, const char *text, size_t size)
{
    struct http_request r;
    size_t used = 0;

    if (memory_short())
        shed(c);
    while (used < size && can_answer(c)) {
        int n = http_parse(text + used, size - used, &r);

        if (n == 0)
            break;
        if (!respond(c, &r, n < 0 ? -n : 0))
            return -1;
        used = n < 0 ? size : used + (size_t)n;
    }
    return (long)(c->close ? size : used);
}

/* Keeps the bytes for later. False: no room. */
static bool keep(struct conn *c, const struct pbuf *p, size_t from)
{
    size_t size = p->tot_len - from;

    if (size == 0)
        return true;
    if (!c->kept)
        c->kept = malloc(KEPT_MAX);
    if (!c->kept || size > KEPT_MAX - (size_t)c->kept_size)
        return false;
    pbuf_copy_partial(p, c->kept + c->kept_size, (u16_t)size, (u16_t)from);
    c->kept_size = (uint16_t)(c->kept_size + size);
    return true;
}

/* Goes on with what was kept. False: the connection is gone. */
static bool consume_kept(struct conn *c)
{
    long used;

    if (c->kept_size == 0)
        return true;
    used = consume(c, c->kept, c->kept_size);
    if (used < 0)
        return false;
    c->kept_size = (uint16_t)(c->kept_size - used);
    if (c->kept_size == 0)
        drop_kept(c);
    else
        memmove(c->kept, c->kept + used, c->kept_size);
    return true;
}

/* After any progress: notes a head in parts, closes what is finished. What is
 * kept although it could be answered is part of a head. */
static void settle(struct conn *c)
{
    bool in_head = c->kept_size > 0 && can_answer(c);
    bool done = c->peer_done && (c->kept_size == 0 || in_head);

    if (in_head && !c->in_head)
        c->since = pebble_now();
    c->in_head = in_head;
    tcp_poll(c->pcb, on_poll,
             c->kept_size > 0 && !in_head ? POLL_SOON : CLIENT_POLL);
    if (c->left == 0 && (c->close || done))
        conn_close(c);
}

/* The usual case: whole requests in one piece, answered where they lie. */
static long consume_pbuf(struct conn *c, const struct pbuf *p)
{
    if (c->kept_size > 0 || p->next)
        return 0;
    return consume(c, p->payload, p->len);
}

/* Takes received bytes. False: the connection is gone. */
static bool take(struct conn *c, struct pbuf *p)
{
    struct tcp_pcb *pcb = c->pcb;
    long used = consume_pbuf(c, p);

    if (used < 0)
        return false;
    tcp_recved(pcb, p->tot_len);
    if (c->close || keep(c, p, (size_t)used))
        return consume_kept(c);
    conn_abort(c); /* no memory to keep it in */
    return false;
}

static bool fits(const struct conn *c, const struct pbuf *p)
{
    return p->tot_len <= KEPT_MAX - (size_t)c->kept_size;
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e)
{
    struct conn *c = arg;

    (void)e;
    if (!p) {
        c->peer_done = true;
        settle(c);
        return ERR_OK;
    }
    if (!c->close && !fits(c, p))
        return ERR_MEM; /* lwIP keeps it and offers it again */
    if (c->close) {
        tcp_recved(pcb, p->tot_len); /* not asked for any more */
    } else if (!take(c, p)) {
        pbuf_free(p);
        return ERR_ABRT;
    }
    pbuf_free(p);
    settle(c);
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t length)
{
    struct conn *c = arg;

    (void)pcb;
    (void)length;
    c->since = pebble_now();
    push_body(c);
    if (c->left == 0 && !consume_kept(c))
        return ERR_ABRT;
    settle(c);
    return ERR_OK;
}

static uint64_t allowed(const struct conn *c)
{
    if (c->left > 0 || c->close || c->pcb->unacked || c->pcb->unsent)
        return STALL_TIME;
    return c->in_head ? HEAD_TIME : IDLE_TIME;
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
    struct conn *c = arg;

    if (pebble_now() - c->since >= allowed(c)) {
        counts.timeouts++;
        if (c->left > 0 || c->close) {
            conn_abort(c);
            return ERR_ABRT;
        }
        conn_close(c);
        return ERR_OK;
    }
    push_body(c);
    if (!consume_kept(c))
        return ERR_ABRT;
    tcp_output(pcb); /* lwIP does not, once another connection was cut off */
    settle(c);
    return ERR_OK;
}

static void on_error(void *arg, err_t e)
{
    (void)e;
    conn_release(arg); /* lwIP has freed the pcb */
}

/* New connections. */

/* Ends the connection that waited longest for its client. */
static bool evict(void)
{
    struct conn *oldest = NULL;

    for (unsigned i = 0; i < server->connections; i++) {
        struct conn *c = &conns[i];

        if (c->open && c->left == 0 && (!oldest || c->since < oldest->since))
            oldest = c;
    }
    counts.evicted++;
    if (oldest)
        conn_abort(oldest);
    return oldest != NULL;
}

static void conn_open(struct conn *c, struct tcp_pcb *pcb)
{
    *c = (struct conn){.pcb = pcb, .open = true, .since = pebble_now()};
    counts.connections++;
    counts.open++;
    client_take(pcb, c, &calls);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
    struct conn *c;

    (void)arg;
    if (e != ERR_OK || !pcb)
        return ERR_VAL;
    if (!free_conns && !evict()) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    c = free_conns;
    free_conns = c->next_free;
    conn_open(c, pcb);
    return ERR_OK;
}

bool http_start(const struct http_server *s)
{
    server = s;
    conns = calloc(s->connections, sizeof(*conns));
    if (!conns)
        return false;
    for (unsigned i = s->connections; i > 0; i--) {
        conns[i - 1].next_free = free_conns;
        free_conns = &conns[i - 1];
    }
    return client_listen(s->port, on_accept);
}

void http_counts(struct http_counts *c)
{
    *c = counts;
}
