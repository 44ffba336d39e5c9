/* SPDX-License-Identifier: MIT */
/*
 * The store's clients: rings of domains, and streams of the host's clients
 * (scree/channel.h). The engine stops by itself to work for who does not take
 * what was sent to him (store_room()); here his bytes wait, in the ring or in a
 * bounded queue, and nobody else.
 *
 * peers_pass() does a bounded part of what is to be done.
 */
#ifndef CONTROL_PEERS_H
#define CONTROL_PEERS_H

#include "control/calls.h"
#include "control/queue.h"
#include "control/lookup.h"
#include "store/store.h"

struct peer;

struct peer_list {
    struct peer *first, **end;
};

struct peer {
    struct lookup_link by_number;
    struct peers *all;
    struct store_connection *connection;
    uint32_t number; /* domain id, or the host's number for it */
    bool host;
    bool broken;     /* it will be thrown out */
    bool look;       /* its ring wants to be taken from */
    uint64_t epoch;  /* of the ring */
    struct queue in; /* of the host's: what the engine has no room for */
    struct queue out;
    struct peer_list *list; /* it is in, or NULL */
    struct peer *next, **at;
};

struct peers {
    const struct calls *calls;
    struct store *store;
    struct queue *channel; /* frames to the host */
    struct lookup rings, hosts;
    struct peer_list ready; /* something can be done */
    struct peer_list held;  /* when the channel has room again */
    size_t waiting; /* bytes of the host's clients that the engine has no room
                     * for */
    uint8_t scratch[1024];
};

/* false: no memory. */
bool peers_open(struct peers *c, const struct calls *calls, struct store *store,
                struct queue *channel);
/* All of them end; the store must still be there. */
void peers_close(struct peers *c);

/* For the engine: a packet for one of them. */
void peer_send(void *user, struct store_connection *connection,
               const void *packet, size_t size);

/* A domain's ring wants attention, or may. */
void peer_ring(struct peers *c, uint32_t domain);
/* The domain has ended. */
void peer_ring_gone(struct peers *c, uint32_t domain);

/* The frames. One that cannot be is answered by STORE_CLOSE. */
void peer_host_open(struct peers *c, uint32_t number);
void peer_host_input(struct peers *c, uint32_t number, const void *bytes,
                     size_t n);
void peer_host_close(struct peers *c, uint32_t number);
/* The host begins anew. */
void peers_host_forget(struct peers *c);

/* true: there is more to do now. */
bool peers_pass(struct peers *c);

/* The channel holds so much that nothing new is begun for the host. */
#define CHANNEL_MOST (1024 * 1024)
#define CHANNEL_BUSY (128 * 1024)
static inline bool channel_busy(const struct queue *channel)
{
    return channel->size >= CHANNEL_BUSY;
}
/* So much waits for the host to take answers that no more is asked of it. */
#define PEERS_BUSY (64 * 1024)
static inline bool peers_busy(const struct peers *c)
{
    return channel_busy(c->channel) || c->waiting >= PEERS_BUSY;
}

#endif
