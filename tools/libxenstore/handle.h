/* SPDX-License-Identifier: MIT */
/*
 * libxenstore: XenStore's client library, API of Xen's <xenstore.h>, over a
 * Unix socket (or a xenbus device).
 *
 * A handle does one request at a time (lock `request`, held from its first byte
 * to its reply). Who reads the stream: the thread that waits for a reply, until
 * the first xs_watch() starts a reader thread; from then on only that one. What
 * was read becomes the reply of the waiting request or stands in the queue of
 * watch events (lock `state`).
 *
 * A stream that ends, stalls inside a packet or says what makes no sense is
 * broken for good: every call that waits or comes later fails, xs_fileno()
 * becomes readable and stays so.
 *
 *   connect.c      open and close
 *   receive.c      packets in, the reader thread
 *   request.c      a request and its reply
 *   watch.c        watches and their events
 *   calls.c        the operations
 *   directory.c    lists of children, small and large
 *   permissions.c  permissions as text
 *   path.c         where the server is, and what else needs no handle
 */
#ifndef LIBXENSTORE_HANDLE_H
#define LIBXENSTORE_HANDLE_H

#include <pthread.h>
#include <xenstore.h>

/* One packet that was received; `body` has a 0 behind its head.len bytes. */
struct packet {
    struct packet *next;
    struct xsd_sockmsg head;
    char body[];
};

struct xs_handle {
    int fd;
    bool unwatch_filter;

    pthread_mutex_t request; /* taken before `state` */
    uint32_t last_id;
    bool has_reader; /* the thread exists */
    pthread_t reader;
    int stop[2];  /* a pipe: a byte in it ends the reader */
    int patience; /* ms a packet may take from its first byte to its last */

    pthread_mutex_t state;
    pthread_cond_t changed;
    bool broken;
    bool waiting; /* for the reply to request last_id */
    struct packet *reply;
    struct packet *events, **events_end;
    int notice[2]; /* a pipe, or -1: readable while events wait */
};

/* A request being put together: its strings one after the other. */
struct ask {
    struct xsd_sockmsg head;
    char body[XENSTORE_PAYLOAD_MAX];
    bool too_long;
};

/* `type` of xs_wire.h in transaction t. */
void ask_begin(struct ask *a, uint32_t type, xs_transaction_t t);
void ask_bytes(struct ask *a, const void *bytes, size_t size);
void ask_string(struct ask *a, const char *string); /* with its 0 */
void ask_number(struct ask *a, unsigned long number);

/* Sends it and waits for the reply, which the caller frees. NULL: errno. */
struct packet *ask_reply(struct xs_handle *h, struct ask *a);
/* The same; true: the server said yes. */
bool ask_done(struct xs_handle *h, struct ask *a);
/* The same; the reply's bytes with a 0 behind them, for free(). */
void *ask_value(struct xs_handle *h, struct ask *a, unsigned *length);

/* Reads one packet and puts it where it belongs. -1: the stream is broken.
 * Called by the one thread that may read. */
int receive_packet(struct xs_handle *h);
/* Starts the reader thread if there is none. `request` is held. */
bool receive_start(struct xs_handle *h);
/* Marks the stream as broken and wakes all that wait. */
void receive_break(struct xs_handle *h);

/* `state` is held for both: events came, or the last was taken. */
void notice_set(struct xs_handle *h);
void notice_clear(struct xs_handle *h);

/* How many strings end within the bytes. */
unsigned strings_count(const char *bytes, size_t size);
/* An array of the strings in the bytes and the strings themselves in one piece,
 * for free(). NULL: no memory. */
char **strings_array(const char *bytes, size_t size, unsigned *count);

/* Where a xenbus device would be. */
const char *path_device(void);

#endif
