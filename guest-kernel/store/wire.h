/* SPDX-License-Identifier: MIT */
/*
 * A request while it is done, and its reply. Operations return 0 after they
 * have replied, or an errno that becomes the reply.
 */
#ifndef STORE_WIRE_H
#define STORE_WIRE_H

#include "store/connection.h"
#include "store/transaction.h"
#include "store/tree.h"

struct request {
    struct store *s;
    struct store_connection *c;
    struct transaction *t; /* NULL: outside any */
    const struct xsd_sockmsg *head;
    const char *body;
    size_t size;
    struct spot at; /* as wire_path() made it; the path is in s->path */
};

void wire_reply(struct request *r, const void *body, size_t size);
/* s->reply.body holds it already. */
void wire_reply_here(struct request *r, size_t size);
void wire_ok(struct request *r);

/* The strings of the body: how many there are; the first `room` of them. Bytes
 * behind the last end of a string are not looked at. */
unsigned wire_strings(const struct request *r, const char **strings,
                      unsigned room);
/* The body is one string: it; else NULL. */
const char *wire_only(const struct request *r);

/* A number in decimal with its end; the size of both, at most 21. */
size_t wire_number(uint64_t number, char *to);

/* Makes name absolute and checks it. 0 or EINVAL. */
int wire_path(struct request *r, const char *name);

#endif
