/* SPDX-License-Identifier: MIT */
/*
 * A XenStore server of a test's own: a socket and a thread that runs one
 * function on the one connection it accepts. XENSTORED_PATH names the socket,
 * so that xs_open() finds it.
 */
#ifndef UNIT_FAKE_STORE_H
#define UNIT_FAKE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <xenstore.h>

struct fake_store {
    char directory[32], path[64];
    int listener;
    pthread_t thread;
    void (*serve)(int fd, void *user);
    void *user;
};

/* Starts it; fake_store_start() also opens a handle. */
void fake_store_listen(struct fake_store *f, void (*serve)(int fd, void *user),
                       void *user);
struct xs_handle *fake_store_start(struct fake_store *f,
                                   void (*serve)(int fd, void *user),
                                   void *user);
/* Closes the handle (NULL: none), waits for the thread, cleans up. */
void fake_store_end(struct fake_store *f, struct xs_handle *h);

/* For serve(): takes one request whole; false: the client has gone. */
struct fake_store_request {
    struct xsd_sockmsg head;
    char body[XENSTORE_PAYLOAD_MAX + 1]; /* with a 0 behind it */
};
bool fake_store_take(int fd, struct fake_store_request *r);
/* Sends a packet with that type; id and transaction are those of r. */
void fake_store_answer(int fd, const struct fake_store_request *r,
                       uint32_t type, const void *body, size_t size);
void fake_store_event(int fd, const char *path, const char *token);
void fake_store_bytes(int fd, const void *bytes, size_t size);

#endif
