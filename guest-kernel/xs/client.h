/* SPDX-License-Identifier: MIT */
/*
 * XenStore's wire, seen from a client: requests out, replies and watch events
 * in, as bytes in any portions. Pure but for malloc: it knows no ring and no
 * clock, so host tests drive it against the real store.
 *
 * Requests are sent one at a time, in the order they were made; the next begins
 * when the reply is there. Watches belong to the client: each has a token of
 * its own on the wire, so that events find it, and is set again after a reset.
 * Events wait in a bounded queue; what does not fit is remembered as "this
 * watch fires once more, for its own path".
 */
#ifndef XS_CLIENT_H
#define XS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XS_EVENT_BYTES  16384 /* of events that wait */
#define XS_TRANSACTIONS 8     /* open at once */

typedef void xs_client_fired(void *user, const char *path, const char *token);

/* A request with its place in the queue and, later, its reply. */
struct xs_request {
    struct xs_request *next;
    bool done;
    bool abandoned; /* nobody waits for it: it is freed when it is done */
    int error;      /* done: 0 or an errno */
    char *reply;    /* done, error 0: `length` bytes with a 0 behind them */
    uint32_t length;
    size_t size, sent; /* of bytes[] */
    char bytes[];      /* head and body */
};

struct xs_watched {
    struct xs_watched *next;
    uint32_t id; /* its token on the wire, in decimal */
    bool missed; /* an event did not fit */
    xs_client_fired *fired;
    void *user;
    char *token;
    char path[];
};

struct xs_event {
    struct xs_event *next;
    uint32_t watch;
    size_t size;
    char path[];
};

struct xs_client {
    struct xs_request *first, **last; /* the first is on the wire */
    uint32_t last_id;                 /* its id: counts requests */
    uint32_t last_watch;
    struct xs_watched *watches;
    struct xs_event *events, **events_last;
    size_t event_bytes;
    uint32_t transactions[XS_TRANSACTIONS]; /* of this connection; 0: free */
    /* the packet that is coming in */
    uint8_t head[16];
    size_t head_size;
    char *body;
    size_t body_size;
};

void xs_client_start(struct xs_client *c);

/* Queues a request of type `type` (xs_wire.h) in transaction t; its body is
 * the strings, each with its final 0, and then `size` bytes of value. NULL:
 * errno ENOMEM, E2BIG (longer than a packet). */
struct xs_strings {
    const char *at[2];
    unsigned count;
    const void *value;
    size_t size;
};
struct xs_request *xs_client_ask(struct xs_client *c, uint32_t type, uint32_t t,
                                 const struct xs_strings *body);
/* The caller is done with it, whether it is done or not. */
void xs_client_forget(struct xs_client *c, struct xs_request *r);

/* What can be sent now: *bytes and how many; xs_client_sent() says how many
 * have gone. */
size_t xs_client_output(struct xs_client *c, const char **bytes);
void xs_client_sent(struct xs_client *c, size_t n);
/* Takes n bytes. False: they make no sense; reset the connection. */
bool xs_client_input(struct xs_client *c, const void *bytes, size_t n);

/* The connection is lost and there is a new one: requests outside transactions
 * are sent again, watches are set again; transactions are gone, and what was
 * asked in one is done with EIO (its end: EAGAIN). */
void xs_client_reset(struct xs_client *c);
/* There is none: every request is done with EIO. */
void xs_client_fail(struct xs_client *c);

/* 0, or EEXIST, ENOMEM. *w: for the request that sets it. */
int xs_client_watch(struct xs_client *c, const char *path, const char *token,
                    struct xs_watched **w);
struct xs_watched *xs_client_find(struct xs_client *c, const char *path,
                                  const char *token);
void xs_client_unwatch(struct xs_client *c, struct xs_watched *w);
/* A request that sets it (XS_WATCH) or takes it back (XS_UNWATCH). */
struct xs_request *xs_client_ask_watch(struct xs_client *c, uint32_t type,
                                       const struct xs_watched *w);

/* Calls one watch that has fired. False: none has. */
bool xs_client_dispatch(struct xs_client *c);

/* Transactions of this connection: remembers one (false: too many), knows it,
 * forgets it. */
bool xs_client_began(struct xs_client *c, uint32_t t);
bool xs_client_knows(const struct xs_client *c, uint32_t t);
void xs_client_ended(struct xs_client *c, uint32_t t);

#endif
