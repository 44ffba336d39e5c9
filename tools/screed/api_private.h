/* SPDX-License-Identifier: MIT */
/* What api.c (connections, lines) and op.c (ops, their answers, the locks of
 * domains) share; see api.h. */
#ifndef SCREED_API_PRIVATE_H
#define SCREED_API_PRIVATE_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "tools/screed/api.h"

struct connection {
    struct connection *next, **at;
    struct api *api;
    struct bufferevent *stream;
    struct op *ops, **last; /* all, in order of coming */
    unsigned ordered, loose;
    bool alone;      /* an OP_ALONE runs */
    struct op *held; /* an OP_ALONE that waits for those before it */
    bool closing;    /* after what was written */
    bool sent_all;   /* its client sends no more, but may read */
    bool gone;
    bool overdue; /* it does not read: it is cut off in a moment */
    bool processing;
    unsigned in_use;     /* functions of this file that are at work on it */
    struct event *again; /* looks for further lines; cuts off who is overdue */

    struct op *put; /* takes raw bytes */
    uint64_t put_left;
    void (*put_bytes)(struct op *op, const uint8_t *bytes, size_t n, bool last);
};

/* A line, unless the connection has gone. */
void api_write(struct connection *c, const char *text);

/* Starts it now, or when its domain's lock is free. */
void op_begin(struct op *op);

#endif
