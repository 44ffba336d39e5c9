/* SPDX-License-Identifier: MIT */
/* See wire.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/system/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/system/scree.h"

bool wire_open(struct wire *w, const struct user *u)
{
    struct timeval limit = {.tv_sec = 5};

    memset(w, 0, sizeof(*w));
    w->fd = scree_socket(u, "store.sock");
    if (w->fd >= 0)
        setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    return CHECK(w->fd >= 0);
}

void wire_close(struct wire *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

bool wire_send(struct wire *w, uint32_t type, uint32_t transaction,
               uint32_t length, const void *bytes, size_t n)
{
    struct xsd_sockmsg h = {
        .type = type, .req_id = ++w->id, .tx_id = transaction, .len = length};

    return send(w->fd, &h, sizeof(h), MSG_NOSIGNAL) == sizeof(h) &&
           (!n || send(w->fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
}

bool wire_take(struct wire *w)
{
    ssize_t n = recv(w->fd, &w->head, sizeof(w->head), MSG_WAITALL);

    if (n != sizeof(w->head) || w->head.len > XENSTORE_PAYLOAD_MAX)
        return false;
    n = w->head.len ? recv(w->fd, w->body, w->head.len, MSG_WAITALL) : 0;
    w->body[n > 0 ? n : 0] = 0;
    return n == (ssize_t)w->head.len;
}

const char *wire_ask(struct wire *w, uint32_t type, uint32_t transaction,
                     const void *bytes, size_t n)
{
    if (!wire_send(w, type, transaction, (uint32_t)n, bytes, n))
        return "end";
    do {
        if (!wire_take(w))
            return "end";
    } while (w->head.type == XS_WATCH_EVENT);
    if (w->head.req_id != w->id)
        return "wrong req_id";
    if (w->head.type == XS_ERROR)
        return w->body;
    return w->head.type == type ? NULL : "wrong type";
}

uint32_t wire_begin(struct wire *w)
{
    if (wire_ask(w, XS_TRANSACTION_START, 0, "", 1))
        return 0;
    return (uint32_t)strtoul(w->body, NULL, 10);
}

const char *wire_finish(struct wire *w, uint32_t transaction, bool commit)
{
    return wire_ask(w, XS_TRANSACTION_END, transaction, commit ? "T" : "F", 2);
}

bool wire_ended(struct wire *w)
{
    char bytes[4096];
    ssize_t n;

    do
        n = recv(w->fd, bytes, sizeof(bytes), 0);
    while (n > 0);
    return n == 0 || errno == ECONNRESET;
}
