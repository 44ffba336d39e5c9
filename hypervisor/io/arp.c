/* SPDX-License-Identifier: MIT */
/*
 * ARP packets and the cache of neighbours: see arp.h.
 */
#include "io/arp.h"

#define HARDWARE_ETHERNET 1

static uint64_t get_mac(const uint8_t *b)
{
    uint64_t m = 0;

    for (unsigned i = 0; i < 6; i++)
        m |= (uint64_t)b[i] << (8 * i);
    return m;
}

static void put_mac(uint8_t *b, uint64_t mac)
{
    for (unsigned i = 0; i < 6; i++)
        b[i] = (uint8_t)(mac >> (8 * i));
}

static void put16(uint8_t *b, uint32_t v)
{
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

static void put32(uint8_t *b, uint32_t v)
{
    put16(b, v >> 16);
    put16(b + 2, v & 0xffff);
}

bool arp_parse(const struct packet *f, struct arp *a)
{
    const uint8_t *b = f->header.byte;

    if (f->length < ARP_BYTES || packet_get16(f, 12) != ETHERTYPE_ARP ||
        packet_get16(f, 14) != HARDWARE_ETHERNET ||
        packet_get16(f, 16) != ETHERTYPE_IPV4 || b[18] != 6 || b[19] != 4)
        return false;
    a->operation = packet_get16(f, 20);
    a->sender_mac = get_mac(b + 22);
    a->sender_ip = packet_get32(f, 28);
    a->target_mac = get_mac(b + 32);
    a->target_ip = packet_get32(f, 38);
    return a->operation == ARP_REQUEST || a->operation == ARP_REPLY;
}

void arp_build(struct packet *f, const struct arp *a, uint64_t from,
               uint64_t to)
{
    uint8_t *b = f->header.byte;

    f->length = ARP_BYTES;
    f->copied = ARP_BYTES;
    put_mac(b, to);
    put_mac(b + 6, from);
    put16(b + 12, ETHERTYPE_ARP);
    put16(b + 14, HARDWARE_ETHERNET);
    put16(b + 16, ETHERTYPE_IPV4);
    b[18] = 6;
    b[19] = 4;
    put16(b + 20, a->operation);
    put_mac(b + 22, a->sender_mac);
    put32(b + 28, a->sender_ip);
    put_mac(b + 32, a->target_mac);
    put32(b + 38, a->target_ip);
}

void arp_cache_init(struct arp_cache *c, uint32_t gateway)
{
    c->held = 0;
    c->gateway = gateway;
    for (unsigned i = 0; i < ARP_ENTRIES; i++)
        c->entry[i] = (struct arp_entry){.ipv4 = 0};
    c->entry[0].ipv4 = gateway;
}

/* Entry 0 is the gateway's; the others are hashed, one place per address. */
static struct arp_entry *place(struct arp_cache *c, uint32_t ipv4)
{
    uint32_t hash = (ipv4 * 2654435761u) >> 16;

    if (ipv4 == c->gateway)
        return &c->entry[0];
    return &c->entry[1 + hash % (ARP_ENTRIES - 1)];
}

struct arp_entry *arp_cache_peek(struct arp_cache *c, uint32_t ipv4)
{
    struct arp_entry *e = place(c, ipv4);

    return e->ipv4 == ipv4 && ipv4 != 0 ? e : NULL;
}

/* A neighbour that answers keeps its place from those that merely ask. */
static bool in_use(const struct arp_entry *e, uint64_t now)
{
    if (e->ipv4 == 0)
        return false;
    if (e->holding) /* an old one may, which has to be found anew */
        return true;
    if (e->resolved)
        return now - e->confirmed < ARP_REFRESH_NS;
    return now - e->asked < ARP_RETRY_NS;
}

static unsigned unresolved(const struct arp_cache *c, uint32_t owner,
                           uint64_t now)
{
    unsigned count = 0;

    for (unsigned i = 1; i < ARP_ENTRIES; i++) {
        const struct arp_entry *e = &c->entry[i];

        count += !e->resolved && e->owner == owner && in_use(e, now);
    }
    return count;
}

struct arp_entry *arp_cache_find(struct arp_cache *c, uint32_t ipv4,
                                 uint32_t owner, uint64_t now)
{
    struct arp_entry *e = place(c, ipv4);

    if (ipv4 == 0)
        return NULL;
    if (e->ipv4 == ipv4)
        return e;
    if (in_use(e, now) || unresolved(c, owner, now) >= ARP_UNRESOLVED)
        return NULL;
    *e = (struct arp_entry){.ipv4 = ipv4, .owner = owner};
    return e;
}

struct arp_entry *arp_cache_stale(struct arp_cache *c, uint64_t now)
{
    for (unsigned i = 0; i < ARP_ENTRIES; i++) {
        struct arp_entry *e = &c->entry[i];

        if (e->holding && now - e->held_since >= ARP_HOLD_NS)
            return e;
    }
    return NULL;
}

bool arp_usable(const struct arp_entry *e, uint64_t now)
{
    return e->resolved && now - e->confirmed < ARP_LIFETIME_NS;
}

bool arp_should_ask(struct arp_entry *e, uint64_t now)
{
    if (e->resolved && now - e->confirmed < ARP_REFRESH_NS)
        return false;
    if (e->asked != 0 && now - e->asked < ARP_RETRY_NS)
        return false;
    e->asked = now ? now : 1;
    return true;
}
