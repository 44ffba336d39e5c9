/* SPDX-License-Identifier: MIT */
/*
 * A client of a store for tests: on a Unix socket, or on a ring in a file as
 * noxen.c has them. Whatever goes wrong ends the program.
 */
#ifndef STORE_PEER_H
#define STORE_PEER_H

#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#define PEER_EVENTS 4096

struct peer {
    int fd; /* the socket, or the pipe for events */
    struct xenstore_domain_interface *ring; /* NULL: a socket */
    unsigned domid;
    struct xsd_sockmsg head; /* the last answer */
    char body[XENSTORE_PAYLOAD_MAX + 1];
    char *event[PEER_EVENTS]; /* "path", "token", with their ends */
    unsigned events;
};

void peer_socket(struct peer *p, const char *path);
/* Domain `domid` of xenstored; `dir`: NOXEN. */
void peer_ring(struct peer *p, const char *dir, unsigned domid);
void peer_send(struct peer *p, uint32_t type, uint32_t tx, const char *body,
               size_t size);
/* The next answer; events that come before it are kept. */
void peer_receive(struct peer *p);
/* A request and its answer. */
void peer_ask(struct peer *p, uint32_t type, uint32_t tx, const char *body,
              size_t size);
void peer_forget(struct peer *p);

#endif
