/* SPDX-License-Identifier: MIT */
/*
 * The host's end of the control channel: connection, SYNC, requests with their
 * replies, and frames of consoles, events and store clients as they come.
 *
 * Requests leave in the order in which they were made; CHANNEL_UNDER_WAY of
 * them are out at a time, the others wait here. Each is answered exactly once:
 * by its reply, when its time is over, or when the channel is lost. What a
 * callback does may make requests, but not end the channel.
 */
#ifndef SCREED_CHANNEL_H
#define SCREED_CHANNEL_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/channel.h"
#include "tools/lib/error.h"

#define CHANNEL_UNDER_WAY (SCREE_CHANNEL_REQUESTS - 4)
#define CHANNEL_SECONDS   8           /* to answer a request */
#define CHANNEL_BACKLOG   (256 << 10) /* not sent: store clients wait above */

struct channel;

struct channel_calls {
    /* It is in step; `life` tells whether domain 0 still knows what it knew. */
    void (*up)(void *user, const struct scree_sync *sync);
    /* It was up and is not: everything under way has been answered. */
    void (*down)(void *user);
    /* The connection itself is gone (up or not): channel_connect() again. */
    void (*lost)(void *user);
    void (*event)(void *user, const struct scree_event *e);
    void (*console)(void *user, uint32_t domain, uint64_t time,
                    const uint8_t *bytes, size_t n);
    /* type: SCREE_FRAME_STORE or _STORE_CLOSE */
    void (*store)(void *user, uint16_t type, uint32_t client,
                  const uint8_t *bytes, size_t n);
    /* What waited to be sent has become less than half of CHANNEL_BACKLOG. */
    void (*room)(void *user);
};

struct channel *channel_new(struct event_base *base,
                            const struct channel_calls *calls, void *user);
void channel_free(struct channel *c);

/* Connects to the socket and begins to get in step. */
bool channel_connect(struct channel *c, const char *path, struct error *e);
void channel_disconnect(struct channel *c);
bool channel_is_connected(const struct channel *c);
bool channel_is_up(const struct channel *c);
/* A request was not answered in time, and nothing has come since. */
bool channel_hangs(const struct channel *c);

/* e: why it failed, or NULL: n bytes of answer, which end with the call. */
typedef void channel_reply(void *context, const struct error *e,
                           const void *answer, size_t n);

struct reply_to {
    channel_reply *reply;
    void *context;
};

static inline struct reply_to reply_to(channel_reply *reply, void *context)
{
    return (struct reply_to){reply, context};
}

/* Whatever it is, it changes nothing. */
static inline struct reply_to reply_to_nobody(void)
{
    return (struct reply_to){NULL, NULL};
}

/* op: SCREE_MANAGE_*; n bytes of its struct (and what follows it). */
void channel_request(struct channel *c, uint32_t op, struct reply_to to,
                     const void *record, size_t n);

/* Frames without a reply; no effect while it is not up. */
void channel_send(struct channel *c, uint16_t type, uint32_t tag,
                  const void *bytes, size_t n);
size_t channel_backlog(const struct channel *c);

/* For the metrics. */
struct channel_counts {
    uint64_t received, sent; /* bytes */
    uint64_t skipped;        /* bytes that belonged to no frame */
    uint64_t requests, timeouts;
};
const struct channel_counts *channel_counts(const struct channel *c);

#endif
