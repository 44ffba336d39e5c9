/* SPDX-License-Identifier: MIT */
/*
 * HTTP as a user's client speaks it: libcurl against 127.0.0.1. Every request
 * is bounded to HTTP_SECONDS.
 */
#ifndef SYSTEM_HTTP_H
#define SYSTEM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_SECONDS 15
#define HTTP_BODY    65536

struct http_reply {
    long status;      /* 0: no reply */
    size_t length;    /* of the body; may be more than was kept */
    long connections; /* opened for this request */
    double declared;  /* Content-Length, or -1 */
    char type[64];    /* Content-Type */
    char body[HTTP_BODY + 1];
};

/* Once, at the start of the program. */
bool http_init(void);

/* GET http://127.0.0.1:port/path on a new connection: the status, or 0. */
long http_get(uint16_t port, const char *path, struct http_reply *r);
/* The same, given up after `ms`. */
long http_try(uint16_t port, const char *path, long ms);
long http_head(uint16_t port, const char *path, struct http_reply *r);

/* `count` GETs one after the other through one handle. How many had status
 * 200; *connections: how many connections it took. */
unsigned http_keep_alive(uint16_t port, const char *path, unsigned count,
                         long *connections);

/* `count` connections, opened one after the other, then `count` GETs at once.
 * How many had status 200 and a whole body. */
unsigned http_concurrent(uint16_t port, const char *path, unsigned count);

/* Polls `path` from a thread of its own until told to stop. */
struct http_poller;
struct http_poller *http_poll_start(uint16_t port, const char *path);
/* good, bad: replies with status 200, and everything else. */
void http_poll_stop(struct http_poller *p, unsigned *good, unsigned *bad);

#endif
