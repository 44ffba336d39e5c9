/* SPDX-License-Identifier: MIT */
/*
 * The store's clients: rings of domains, and streams of the host's clients
 * (scree/channel.h). The engine stops by itself to work for who does not take
 * what was sent to him (store_room()); here his bytes wait, in the ring or in a
 * bounded queue, and nobody else.
 *
 * clients_pass() does a bounded part of what is to be done.
 */
#ifndef CONTROL_CLIENTS_H
#define CONTROL_CLIENTS_H

#include "control/calls.h"
#include "control/queue.h"
#include "control/table.h"
#include "store/store.h"

struct client;

struct client_list {
    struct client *first, **end;
};

struct client {
    struct table_link by_number;
    struct clients *all;
    struct store_connection *connection;
    uint32_t number; /* domain id, or the host's number for it */
    bool host;
    bool broken;     /* it will be thrown out */
    bool look;       /* its ring wants to be taken from */
    uint64_t epoch;  /* of the ring */
    struct queue in; /* of the host's: what the engine has no room for */
    struct queue out;
    struct client_list *list; /* it is in, or NULL */
    struct client *next;
};

struct clients {
    const struct calls *calls;
    struct store *store;
    struct queue *channel; /* frames to the host */
    struct table rings, hosts;
    struct client_list ready; /* something can be done */
    struct client_list held;  /* when the channel has room again */
    uint32_t host_count;
    uint8_t scratch[1024];
};

/* false: no memory. */
bool clients_open(struct clients *c, const struct calls *calls,
                  struct store *store, struct queue *channel);
/* All of them end; the store must still be there. */
void clients_close(struct clients *c);

/* For the engine: a packet for one of them. */
void client_send(void *user, struct store_connection *connection,
                 const void *packet, size_t size);

/* A domain's ring wants attention, or may. */
void client_ring(struct clients *c, uint32_t domain);
/* The domain has ended. */
void client_ring_gone(struct clients *c, uint32_t domain);

/* The frames. One that cannot be is answered by STORE_CLOSE. */
void client_host_open(struct clients *c, uint32_t number);
void client_host_input(struct clients *c, uint32_t number, const void *bytes,
                       size_t n);
void client_host_close(struct clients *c, uint32_t number);
/* The host begins anew. */
void clients_host_forget(struct clients *c);

/* true: there is more to do now. */
bool clients_pass(struct clients *c);

/* The channel holds so much that nothing new is begun for the host. */
#define CHANNEL_MOST (1024 * 1024)
#define CHANNEL_BUSY (128 * 1024)
static inline bool channel_busy(const struct queue *channel)
{
    return channel->size >= CHANNEL_BUSY;
}

#endif
