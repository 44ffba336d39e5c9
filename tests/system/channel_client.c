/* SPDX-License-Identifier: MIT */
/* See channel_client.h. */
#define _GNU_SOURCE
#include "tests/system/channel_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "scree/store.h"
#include "tools/bundle/object.h"

#define IN_ROOM (1u << 20)
#define HEAD    sizeof(struct scree_frame_head)
#define PART    3584 /* of an upload */

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---------------------------------------------------------- connection */

bool channel_open(struct channel_client *c, const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    uint64_t end = now_ms() + CHANNEL_SECONDS * 1000;

    memset(c, 0, sizeof(*c));
    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    c->in = malloc(IN_ROOM);
    c->console = calloc(1, 1);
    c->store = calloc(1, 1);
    do {
        c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (!connect(c->fd, (struct sockaddr *)&a, sizeof(a)))
            return true;
        close(c->fd);
        usleep(20000);
    } while (now_ms() < end);
    c->fd = -1;
    return false;
}

void channel_close(struct channel_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->in);
    free(c->console);
    free(c->store);
    memset(c, 0, sizeof(*c));
    c->fd = -1;
}

static bool send_all(struct channel_client *c, const void *bytes, size_t n)
{
    const char *p = bytes;
    uint64_t end = now_ms() + CHANNEL_SECONDS * 1000;

    while (n) {
        ssize_t done = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (done < 0 && errno != EAGAIN)
            return false;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        } else if (now_ms() > end || !channel_poll(c, 20)) {
            return false;
        }
    }
    return true;
}

bool channel_frame(struct channel_client *c, uint16_t type, uint32_t tag,
                   const void *payload, size_t n)
{
    uint8_t frame[SCREE_FRAME_MAX];
    struct scree_frame_head h = {
        .magic = SCREE_FRAME_MAGIC,
        .type = type,
        .length = (uint16_t)n,
        .tag = tag,
    };

    memcpy(frame, &h, HEAD);
    if (n)
        memcpy(frame + HEAD, payload, n);
    h.check = scree_frame_check(frame, HEAD + n);
    memcpy(frame, &h, HEAD);
    return send_all(c, frame, HEAD + n);
}

/* ----------------------------------------------------------- what comes */

static void append(char **text, size_t *size, const void *bytes, size_t n)
{
    *text = realloc(*text, *size + n + 1);
    memcpy(*text + *size, bytes, n);
    *size += n;
    (*text)[*size] = '\0';
}

static void take_reply(struct channel_client *c, uint32_t tag,
                       const uint8_t *payload, size_t n)
{
    if (n < sizeof(c->reply))
        return;
    memcpy(&c->reply, payload, sizeof(c->reply));
    c->answer_size = n - sizeof(c->reply);
    memcpy(c->answer, payload + sizeof(c->reply), c->answer_size);
    c->answer_tag = tag;
    c->answers++;
    c->refused += c->reply.error != 0;
}

static void take(struct channel_client *c, const struct scree_frame_head *h,
                 const uint8_t *payload)
{
    struct scree_sync s;

    switch (h->type) {
    case SCREE_FRAME_SYNCED:
        memcpy(&s, payload, sizeof(s));
        c->hello |= s.nonce == 0;
        if (s.nonce == c->nonce)
            c->synced = s;
        break;
    case SCREE_FRAME_REPLY:
        take_reply(c, h->tag, payload, h->length);
        break;
    case SCREE_FRAME_EVENT:
        memcpy(&c->events[c->event_count++ % CHANNEL_EVENTS], payload,
               sizeof(struct scree_event));
        break;
    case SCREE_FRAME_CONSOLE:
        append(&c->console, &c->console_size, payload + 8, h->length - 8u);
        break;
    case SCREE_FRAME_STORE:
        append(&c->store, &c->store_size, payload, h->length);
        break;
    default:
        break;
    }
}

static bool good(const struct scree_frame_head *h, const uint8_t *frame)
{
    uint8_t copy[SCREE_FRAME_MAX];

    memcpy(copy, frame, HEAD + h->length);
    memset(copy + offsetof(struct scree_frame_head, check), 0, 4);
    return scree_frame_check(copy, HEAD + h->length) == h->check;
}

/* Takes all whole frames; bytes of none are dropped. */
static void take_frames(struct channel_client *c)
{
    struct scree_frame_head h;
    size_t at = 0;

    while (c->in_size - at >= HEAD) {
        memcpy(&h, c->in + at, HEAD);
        if (h.magic != SCREE_FRAME_MAGIC || h.length > SCREE_FRAME_PAYLOAD) {
            at++;
            continue;
        }
        if (c->in_size - at < HEAD + h.length)
            break;
        if (!good(&h, c->in + at)) {
            at++;
            continue;
        }
        take(c, &h, c->in + at + HEAD);
        at += HEAD + h.length;
    }
    c->in_size -= at;
    memmove(c->in, c->in + at, c->in_size);
}

bool channel_poll(struct channel_client *c, int ms)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    ssize_t n;

    if (poll(&p, 1, ms) <= 0)
        return true;
    n = recv(c->fd, c->in + c->in_size, IN_ROOM - c->in_size, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        return false;
    if (n > 0)
        c->in_size += (size_t)n;
    take_frames(c);
    return true;
}

/* ------------------------------------------------------------ requests */

bool channel_sync(struct channel_client *c)
{
    static const uint8_t zeros[SCREE_FRAME_MAX];
    struct scree_sync s = {.version = SCREE_CHANNEL_VERSION};
    uint64_t end = now_ms() + CHANNEL_SECONDS * 1000, again = 0;

    s.nonce = c->nonce = now_ms() << 8 | 1;
    c->synced.nonce = 0;
    while (c->synced.nonce != c->nonce && now_ms() < end) {
        if (now_ms() >= again) {
            again = now_ms() + 2000;
            if (!send_all(c, zeros, sizeof(zeros)) ||
                !channel_frame(c, SCREE_FRAME_SYNC, 0, &s, sizeof(s)))
                return false;
        }
        if (!channel_poll(c, 50))
            return false;
    }
    c->hello = false;
    return c->synced.nonce == c->nonce;
}

bool channel_ask(struct channel_client *c, uint32_t op, const void *record,
                 size_t n)
{
    uint8_t payload[SCREE_FRAME_PAYLOAD] = {0};

    memcpy(payload, &op, sizeof(op));
    if (n)
        memcpy(payload + 8, record, n);
    return channel_frame(c, SCREE_FRAME_REQUEST, ++c->tag, payload, n + 8);
}

bool channel_answers(struct channel_client *c, unsigned count)
{
    uint64_t end = now_ms() + CHANNEL_SECONDS * 1000;

    while (c->answers < count)
        if (now_ms() > end || !channel_poll(c, 50))
            return false;
    return true;
}

uint32_t channel_request(struct channel_client *c, uint32_t op,
                         const void *record, size_t n)
{
    uint64_t end = now_ms() + CHANNEL_SECONDS * 1000;

    if (!channel_ask(c, op, record, n))
        return UINT32_MAX;
    while (c->answer_tag != c->tag)
        if (now_ms() > end || !channel_poll(c, 50))
            return UINT32_MAX;
    return c->reply.error;
}

uint32_t channel_named(struct channel_client *c, uint32_t op, const char *name,
                       uint64_t value)
{
    struct scree_manage_name r = {.value = value};

    snprintf(r.name, sizeof(r.name), "%s", name);
    return channel_request(c, op, &r, sizeof(r));
}

/* ------------------------------------------------------------- objects */

/* Any name will do as long as it is the contents'. */
static void make_digest(const struct buffer *b,
                        uint8_t digest[SCREE_DIGEST_SIZE])
{
    for (size_t i = 0; i < SCREE_DIGEST_SIZE; i += 4) {
        uint32_t check = scree_frame_check(b->bytes + i, b->size - i);

        memcpy(digest + i, &check, 4);
    }
}

static bool put_parts(struct channel_client *c, const struct buffer *b,
                      uint32_t handle)
{
    struct {
        struct scree_manage_write w;
        uint8_t bytes[PART];
    } r = {.w.handle = handle};

    for (size_t at = 0; at < b->size; at += PART) {
        size_t n = b->size - at < PART ? b->size - at : PART;

        r.w.offset = at;
        memcpy(r.bytes, b->bytes + at, n);
        if (channel_request(c, SCREE_MANAGE_OBJECT_WRITE, &r, sizeof(r.w) + n))
            return false;
    }
    return true;
}

bool channel_upload(struct channel_client *c, const char *path,
                    uint8_t digest[SCREE_DIGEST_SIZE])
{
    struct scree_control_object o = {.handle = 0};
    struct buffer b = {0};
    struct why why;
    bool ok = object_make_image(path, &b, &why);

    if (ok) {
        make_digest(&b, digest);
        memcpy(o.digest, digest, SCREE_DIGEST_SIZE);
        o.size = b.size;
        ok = !channel_request(c, SCREE_MANAGE_OBJECT_BEGIN, &o, sizeof(o));
    }
    if (ok) {
        memcpy(&o, c->answer, sizeof(o));
        ok = put_parts(c, &b, o.handle) &&
             !channel_request(c, SCREE_MANAGE_OBJECT_SEAL, &o, sizeof(o));
    }
    buffer_free(&b);
    return ok;
}

struct scree_manage_run channel_run(const char *name,
                                    const uint8_t digest[SCREE_DIGEST_SIZE],
                                    const char *cmdline)
{
    struct scree_manage_run r = {
        .config = {.size = sizeof(r.config), .memory = 1 << 20, .weight = 256},
    };

    snprintf(r.config.name, sizeof(r.config.name), "%s", name);
    snprintf(r.config.cmdline, sizeof(r.config.cmdline), "%s", cmdline);
    memcpy(r.image, digest, SCREE_DIGEST_SIZE);
    return r;
}

bool channel_state(struct channel_client *c, const char *name,
                   struct scree_manage_state *s)
{
    struct scree_manage_list l = {.from = 0};

    snprintf(l.name, sizeof(l.name), "%s", name);
    if (channel_request(c, SCREE_MANAGE_LIST, &l, sizeof(l)) ||
        c->answer_size != sizeof(*s))
        return false;
    memcpy(s, c->answer, sizeof(*s));
    return true;
}

bool channel_cell(struct channel_client *c, struct scree_control_cell *cell)
{
    if (channel_request(c, SCREE_MANAGE_CELL, NULL, 0) ||
        c->answer_size != sizeof(*cell))
        return false;
    memcpy(cell, c->answer, sizeof(*cell));
    return true;
}

/* --------------------------------------------------------------- waits */

static bool has_event(const struct channel_client *c, unsigned from,
                      uint32_t event, const char *name)
{
    for (; from < c->event_count; from++) {
        const struct scree_event *e = &c->events[from % CHANNEL_EVENTS];

        if (e->event == event && !strcmp(e->name, name))
            return true;
    }
    return false;
}

bool channel_event(struct channel_client *c, unsigned from, uint32_t event,
                   const char *name)
{
    uint64_t end = now_ms() + CHANNEL_SECONDS * 1000;

    while (!has_event(c, from, event, name))
        if (now_ms() > end || !channel_poll(c, 50))
            return false;
    return true;
}

bool channel_says(struct channel_client *c, size_t from, const char *text)
{
    uint64_t end = now_ms() + CHANNEL_SECONDS * 1000;

    while (!strstr(c->console + from, text))
        if (now_ms() > end || !channel_poll(c, 50))
            return false;
    return true;
}

uint32_t channel_store(struct channel_client *c, uint32_t type,
                       const void *body, size_t n, char *answer)
{
    uint64_t end = now_ms() + CHANNEL_SECONDS * 1000;
    struct xsd_sockmsg head = {.type = type, .len = (uint32_t)n};
    uint8_t packet[sizeof(head) + XENSTORE_PAYLOAD_MAX];

    memcpy(packet, &head, sizeof(head));
    memcpy(packet + sizeof(head), body, n);
    c->store_size = 0;
    if (!channel_frame(c, SCREE_FRAME_STORE, 1, packet, sizeof(head) + n))
        return UINT32_MAX;
    do {
        if (now_ms() > end || !channel_poll(c, 50))
            return UINT32_MAX;
        if (c->store_size >= sizeof(head))
            memcpy(&head, c->store, sizeof(head));
    } while (c->store_size < sizeof(head) ||
             c->store_size < sizeof(head) + head.len);
    memcpy(answer, c->store + sizeof(head), head.len);
    answer[head.len] = '\0';
    return head.type;
}
