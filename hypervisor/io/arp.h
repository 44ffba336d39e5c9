/* SPDX-License-Identifier: MIT */
/*
 * ARP: the packet, and the cache of neighbours on the uplink.
 *
 * The cache learns only about addresses somebody here sends to; the gateway's
 * entry is never given up. While an entry is unresolved it holds one frame for
 * a while. One domain has few unresolved entries at a time, so that it cannot
 * keep others from finding their neighbours. Under the uplink's lock.
 */
#ifndef IO_ARP_H
#define IO_ARP_H

#include "io/packet.h"
#include "io/nic.h"

#define ARP_REQUEST 1
#define ARP_REPLY   2
#define ARP_BYTES   42 /* with the Ethernet header */

struct arp {
    uint16_t operation;
    uint64_t sender_mac, target_mac;
    uint32_t sender_ip, target_ip;
};

/* Parses a whole frame. false: not Ethernet/IPv4 ARP, or too short. */
must_check bool arp_parse(const struct packet *f, struct arp *a);
/* Builds a frame of ARP_BYTES from a, addressed `from` -> `to`. */
void arp_build(struct packet *f, const struct arp *a, uint64_t from,
               uint64_t to);

#define ARP_ENTRIES     48 /* 0 is the gateway's */
#define ARP_HELD        8  /* frames held, without the gateway's */
#define ARP_UNRESOLVED  4  /* entries that one domain made */
#define ARP_HOLD_NS     3000000000ull
#define ARP_RETRY_NS    1000000000ull
#define ARP_REFRESH_NS  60000000000ull
#define ARP_LIFETIME_NS 300000000000ull

struct arp_entry {
    uint32_t ipv4; /* 0: free */
    bool resolved;
    bool holding;
    uint32_t owner; /* domain that made it */
    uint64_t mac;
    uint64_t held_since;
    uint64_t asked;     /* when we last asked; 0: never */
    uint64_t confirmed; /* when it last answered */
    struct nic_buffer held;
};

struct arp_cache {
    uint32_t gateway;
    uint32_t held;
    struct arp_entry entry[ARP_ENTRIES];
};

void arp_cache_init(struct arp_cache *c, uint32_t gateway);
/* The entry for ipv4, made for domain `owner` if need be; NULL when its place
 * is taken by one that is in use, or owner has too many unresolved ones. */
struct arp_entry *arp_cache_find(struct arp_cache *c, uint32_t ipv4,
                                 uint32_t owner, uint64_t now);
/* An entry that has held its frame for too long, or NULL. */
struct arp_entry *arp_cache_stale(struct arp_cache *c, uint64_t now);
/* The entry of ipv4 if there is one. */
struct arp_entry *arp_cache_peek(struct arp_cache *c, uint32_t ipv4);
/* Should a request for e go out now? Notes that it does. */
bool arp_should_ask(struct arp_entry *e, uint64_t now);
/* May e's MAC be used? */
bool arp_usable(const struct arp_entry *e, uint64_t now);

#endif
