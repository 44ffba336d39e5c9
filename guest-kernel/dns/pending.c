/* SPDX-License-Identifier: MIT */
/*
 * The table of queries that wait. See pending.h.
 */
#include "dns/pending.h"

#include <string.h>

#define HEADER_SIZE 12
#define RESPONSE    0x80 /* in the third byte */

/* A place for this asker, an older one's if need be; NULL: it has enough. */
static struct dns_pending *choose(struct dns_pending_table *t,
                                  const struct dns_asker *asker, uint16_t id)
{
    struct dns_pending *best = &t->places[0];
    unsigned have = 0;

    for (unsigned i = 0; i < DNS_PENDING_MAX; i++) {
        struct dns_pending *p = &t->places[i];

        if (p->deadline < best->deadline)
            best = p;
        if (p->deadline == 0)
            continue;
        have += p->asker.address == asker->address;
        if (p->id == id)
            return NULL;
    }
    return have < DNS_PENDING_EACH ? best : NULL;
}

struct dns_pending *dns_pending_add(struct dns_pending_table *t,
                                    const struct dns_asker *asker,
                                    const uint8_t *query, size_t size,
                                    uint16_t id)
{
    struct dns_pending *p = choose(t, asker, id);

    if (!p || size < HEADER_SIZE || size > sizeof(p->query))
        return NULL;
    p->asker = *asker;
    p->id = id;
    p->size = (uint16_t)size;
    memcpy(p->query, query, size);
    return p;
}

static bool answers(const struct dns_pending *p, const uint8_t *response,
                    size_t size)
{
    uint16_t id = (uint16_t)(response[0] << 8 | response[1]);

    return p->deadline != 0 && id == p->id && size >= p->size &&
           (response[2] & RESPONSE) && response[4] == 0 && response[5] == 1 &&
           memcmp(response + HEADER_SIZE, p->query + HEADER_SIZE,
                  p->size - HEADER_SIZE) == 0;
}

struct dns_pending *dns_pending_match(struct dns_pending_table *t,
                                      const uint8_t *response, size_t size)
{
    for (unsigned i = 0; size >= HEADER_SIZE && i < DNS_PENDING_MAX; i++) {
        if (answers(&t->places[i], response, size))
            return &t->places[i];
    }
    return NULL;
}

struct dns_pending *dns_pending_expired(struct dns_pending_table *t,
                                        uint64_t now)
{
    for (unsigned i = 0; i < DNS_PENDING_MAX; i++) {
        struct dns_pending *p = &t->places[i];

        if (p->deadline != 0 && p->deadline <= now)
            return p;
    }
    return NULL;
}

uint64_t dns_pending_next(const struct dns_pending_table *t)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 0; i < DNS_PENDING_MAX; i++) {
        uint64_t deadline = t->places[i].deadline;

        if (deadline != 0 && deadline < next)
            next = deadline;
    }
    return next;
}

void dns_pending_free(struct dns_pending *p)
{
    p->deadline = 0;
}

void dns_pending_forget(struct dns_pending_table *t, const void *connection)
{
    for (unsigned i = 0; i < DNS_PENDING_MAX; i++) {
        if (t->places[i].asker.connection == connection)
            dns_pending_free(&t->places[i]);
    }
}
