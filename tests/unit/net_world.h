/* SPDX-License-Identifier: MIT */
/*
 * A world with a switch: 10.0.0.0/24, gateway 10.0.0.254, and domains 1..n at
 * 10.0.0.1.. with open net devices, running. Test code plays the guests.
 */
#ifndef UNIT_NET_WORLD_H
#define UNIT_NET_WORLD_H

#include "io/net_port.h"
#include "io/uplink.h"
#include "scree/bundle.h"
#include "world.h"

#define NET_WORLD_DOMAINS 4
#define NET_WORLD_GATEWAY 0x0a0000feu
#define NET_WORLD_TX      0x110000ull /* guest addresses of buffers, */
#define NET_WORLD_RX      0x150000ull /* 4096 bytes each */
#define OUTSIDE_MAC       0x665544332210ull

static inline uint32_t ip_of(unsigned n)
{
    return 0x0a000000u + n;
}

/* A NIC made of arrays. */
struct fake_nic {
    struct nic nic; /* first */
    uint8_t tx[64][1514], rx[80][2048];
    struct nic_buffer sent[64], incoming[80];
    unsigned sent_count, incoming_count, incoming_taken, recycled;
    unsigned flushes, tx_limit, tx_used; /* buffers; those not given back */
    bool wants_room, deaf;
};

struct net_world {
    struct world w;
    struct {
        struct scree_bundle head;
        struct scree_domain_config config[NET_WORLD_DOMAINS + 1];
    } bundle;
    struct domain *d[NET_WORLD_DOMAINS + 1]; /* by id; 0 is unused */
    struct fake_nic *nic;
};

void net_world_start(struct net_world *n);
/* The same on another machine than the default one. */
void net_world_start_on(struct net_world *n, const struct host_config *machine);
/* The same, after `change` had a look at the bundle. */
void net_world_start_with(struct net_world *n,
                          void (*change)(struct net_world *n));
void net_world_stop(struct net_world *n);
/* Makes the fake NIC the uplink; MAC OUTSIDE_MAC + 2. */
void net_world_uplink(struct net_world *n);

struct scree_vio_ring *net_ring(struct net_world *n, unsigned id);
struct net_counters *net_counters(struct net_world *n, unsigned id);

/* Puts a frame into the next transmit entry, `shift` bytes into its buffer. */
void net_fill(struct net_world *n, unsigned id, const void *frame,
              uint32_t length, uint32_t shift);
int64_t net_kick(struct net_world *n, unsigned id);
/* Both. */
int64_t net_send(struct net_world *n, unsigned id, const void *frame,
                 uint32_t length);
/* Posts `count` receive buffers of so many bytes. */
void net_post(struct net_world *n, unsigned id, unsigned count, uint32_t length,
              uint32_t shift);
/* Takes the next received frame; its length, or 0 for none. */
uint32_t net_take(struct net_world *n, unsigned id, uint8_t frame[1514]);
bool net_event(struct net_world *n, unsigned id, uint32_t port);

/* Build a frame; return its length. `payload` bytes behind the IPv4 header
 * count up. */
uint32_t make_ipv4(uint8_t *b, uint64_t to, uint64_t from, uint32_t source,
                   uint32_t destination, uint32_t payload);
uint32_t make_arp(uint8_t *b, uint16_t operation, uint64_t from, uint32_t ip,
                  uint32_t wanted);

/* A frame arrives from outside. */
void nic_arrive(struct fake_nic *f, const void *frame, uint32_t length);
/* Transmission ends: all buffers are free again. */
void nic_complete(struct fake_nic *f);

#endif
