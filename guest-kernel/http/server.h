/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP/1.1 server on lwIP's raw API: GET and HEAD, keep-alive,
 * pipelining, file bodies sent from the file module without a copy.
 *
 * Against hostile clients: a bounded number of connections, of which the one
 * idle for longest is closed for a new one; a request head of at most 3 KiB
 * that must be whole 10 s after its first byte; 15 s without a request or 30 s
 * without progress of a response end a connection. Memory for packets is shared
 * out among the open connections; when it runs short all the same, the one
 * whose client has not read for longest is cut off.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "http/files.h"
#include "text.h"

/* A page made for each request: writes the body and says its media type.
 * False: no such page. */
typedef bool (*http_page)(const char *path, struct text *body,
                          const char **type);

#define HTTP_PAGE_MAX 3072 /* bytes of such a body */

struct http_server {
    const struct file_tree *tree; /* or NULL: pages only */
    http_page page;               /* asked first */
    uint16_t port;
    unsigned connections; /* at most, 1..64 */
    bool log;
};

struct http_counts {
    uint64_t requests;
    uint64_t by_class[6]; /* answers by status / 100 */
    uint64_t connections; /* accepted */
    uint64_t evicted;     /* closed for a newer one, or not accepted */
    uint64_t timeouts;
    uint64_t cut_off; /* for want of memory */
    unsigned open;
};

/* Listens. The server must stay valid for ever. False: out of memory. */
bool http_start(const struct http_server *server);
void http_counts(struct http_counts *counts);

#endif
