/* SPDX-License-Identifier: MIT */
/*
 * The store's socket byte by byte, for what no library would send.
 */
#ifndef SYSTEM_WIRE_H
#define SYSTEM_WIRE_H

#include <stdint.h>
#include <xen/io/xs_wire.h>

#include "tests/system/user.h"

struct wire {
    int fd;
    uint32_t id; /* of the last request */
    struct xsd_sockmsg head;
    char body[XENSTORE_PAYLOAD_MAX + 1]; /* 0-terminated */
};

bool wire_open(struct wire *w, const struct user *u);
void wire_close(struct wire *w);
/* Sends a head that promises `length` bytes, and n bytes. */
bool wire_send(struct wire *w, uint32_t type, uint32_t transaction,
               uint32_t length, const void *bytes, size_t n);
/* Takes one packet, at most 5 s; false: none, or the end. */
bool wire_take(struct wire *w);
/* A request of n bytes and its answer (watch events in between are dropped):
 * NULL, or the error's name; "end": the connection has ended. */
const char *wire_ask(struct wire *w, uint32_t type, uint32_t transaction,
                     const void *bytes, size_t n);
/* A transaction's number, or 0. */
uint32_t wire_begin(struct wire *w);
/* Like wire_ask(); "F" to abort, "T" to commit. */
const char *wire_finish(struct wire *w, uint32_t transaction, bool commit);
/* Has the other end closed, within 5 s? What comes before is dropped. */
bool wire_ended(struct wire *w);

#endif
