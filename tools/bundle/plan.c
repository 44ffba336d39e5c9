/* SPDX-License-Identifier: MIT */
/*
 * Counts copies out and gives addresses: first those that were asked for, then
 * free ones in the order of the file (copies in a row), starting after the
 * network's first host (which is the gateway unless another was named).
 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For finding duplicates by sorting: a 64-bit key and whose it is. */
struct claim {
    uint64_t key;
    const struct plan_domain *domain;
};

static int by_key(const void *left, const void *right)
{
    const struct claim *a = left, *b = right;

    return a->key < b->key ? -1 : a->key > b->key;
}

static int by_name(const void *left, const void *right)
{
    const struct plan_domain *const *a = left, *const *b = right;

    return strcmp((*a)->name, (*b)->name);
}

static bool refuse(const struct plan *p, const struct plan_domain *d,
                   struct why *w, const char *reason)
{
    return why_set(w, "%s:%u: domain '%s': %s", p->conf->file, d->conf->line,
                   d->name, reason);
}

static bool add_copies(struct plan *p, const struct conf_domain *c,
                       struct why *w)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct plan_domain *d = &p->domains[p->count++];
        int n;
        d->conf = c;
        d->copy = i;
        if (c->count == 1)
            n = snprintf(d->name, sizeof(d->name), "%s", c->name);
        else
            n = snprintf(d->name, sizeof(d->name), "%s-%u", c->name, i + 1);
        if (n >= (int)sizeof(d->name))
            return refuse(p, d, w,
                          "the name is too long for its copies; "
                          "shorten it");
    }
    return true;
}

static bool check_names(const struct plan *p, struct why *w)
{
    const struct plan_domain **order = must_alloc(p->count, sizeof(*order));
    bool good = true;

    for (size_t i = 0; i < p->count; i++)
        order[i] = &p->domains[i];
    qsort(order, p->count, sizeof(*order), by_name);
    for (size_t i = 1; good && i < p->count; i++)
        if (!strcmp(order[i - 1]->name, order[i]->name))
            good = refuse(p, order[i], w,
                          "a second domain of this name; "
                          "rename one");
    free(order);
    return good;
}

/* Whether address is one that a host of the network may have. */
static bool is_host(const struct conf *c, uint64_t address)
{
    uint64_t last = (uint64_t)c->network + (UINT32_MAX >> c->prefix);

    return address > c->network && address < last;
}

/* Gives the addresses that were asked for and lists them, sorted, with the
 * gateway's, in claims; refuses doubles. */
static bool give_fixed(struct plan *p, struct claim *claims, size_t *count,
                       struct why *w)
{
    const struct conf *c = p->conf;

    claims[(*count)++] = (struct claim){c->gateway, NULL};
    for (size_t i = 0; i < p->count; i++) {
        struct plan_domain *d = &p->domains[i];
        uint64_t address = (uint64_t)d->conf->address + d->copy;
        if (d->conf->address_kind != CONF_FIXED)
            continue;
        if (!is_host(c, address))
            return refuse(p, d, w,
                          "its address is not a host of the cell's "
                          "network");
        d->ipv4 = (uint32_t)address;
        claims[(*count)++] = (struct claim){address, d};
    }
    qsort(claims, *count, sizeof(*claims), by_key);
    for (size_t i = 1; i < *count; i++) {
        const struct claim *a = &claims[i - 1], *b = &claims[i];
        if (a->key == b->key)
            return refuse(p, b->domain ? b->domain : a->domain, w,
                          "its address is taken (or the gateway's); give it "
                          "another or 'auto'");
    }
    return true;
}

/* The first of count addresses in a row, from next up, that nobody claims. */
static uint64_t free_run(const struct claim *claims, size_t claim_count,
                         uint64_t next, uint32_t count)
{
    for (size_t i = 0; i < claim_count; i++) {
        if (claims[i].key < next)
            continue;
        if (claims[i].key - next >= count)
            break;
        next = claims[i].key + 1;
    }
    return next;
}

static bool give_automatic(struct plan *p, const struct claim *claims,
                           size_t claim_count, struct why *w)
{
    const struct conf *c = p->conf;
    uint64_t next = (uint64_t)c->network + 2;

    for (size_t i = 0; i < p->count; i++) {
        struct plan_domain *d = &p->domains[i];
        if (d->conf->address_kind != CONF_AUTO)
            continue;
        if (!d->copy)
            next = free_run(claims, claim_count, next, d->conf->count);
        if (!is_host(c, next))
            return refuse(p, d, w,
                          "no address is left in the network; make "
                          "it larger in [cell]");
        d->ipv4 = (uint32_t)next++;
    }
    return true;
}

static bool give_addresses(struct plan *p, struct why *w)
{
    struct claim *claims = must_alloc(p->count + 1, sizeof(*claims));
    size_t count = 0;
    bool good =
        give_fixed(p, claims, &count, w) && give_automatic(p, claims, count, w);

    free(claims);
    return good;
}

bool plan_make(struct plan *p, const struct conf *c, struct why *w)
{
    uint64_t total = 0;

    *p = (struct plan){.conf = c};
    for (size_t i = 0; i < c->domain_count; i++)
        total += c->domains[i].count;
    if (total > CONF_COPIES_MAX)
        return why_set(w, "%s: more than %d domains", c->file, CONF_COPIES_MAX);
    p->domains = must_alloc(total, sizeof(*p->domains));
    for (size_t i = 0; i < c->domain_count; i++)
        if (!add_copies(p, &c->domains[i], w))
            return false;
    return check_names(p, w) && give_addresses(p, w);
}

void plan_free(struct plan *p)
{
    free(p->domains);
    *p = (struct plan){0};
}

static bool add_forwards(const struct plan *p, const struct plan_domain *d,
                         uint32_t first, struct plan_forwards *f, struct why *w)
{
    for (uint32_t i = 0; i < d->conf->forward_count; i++) {
        const struct forward *from = &d->conf->forwards[i];
        uint32_t host = from->host + d->copy + (from->relative ? first : 0);
        if (!d->ipv4)
            return refuse(p, d, w,
                          "forwards a port but has no address; "
                          "remove one of the two lines");
        if (host > 65535)
            return refuse(p, d, w,
                          "forwards a host port above 65535; begin "
                          "lower");
        f->list[f->count++] =
            (struct plan_forward){d, (uint16_t)host, from->guest, from->udp};
    }
    return true;
}

static bool check_ports(const struct plan *p, const struct plan_forwards *f,
                        struct why *w)
{
    struct claim *claims = must_alloc(f->count, sizeof(*claims));
    bool good = true;

    for (size_t i = 0; i < f->count; i++)
        claims[i] = (struct claim){
            (uint64_t)f->list[i].host << 1 | f->list[i].udp, f->list[i].domain};
    qsort(claims, f->count, sizeof(*claims), by_key);
    for (size_t i = 1; good && i < f->count; i++)
        if (claims[i - 1].key == claims[i].key)
            good = refuse(p, claims[i].domain, w,
                          "forwards a host port that is forwarded already; "
                          "use another (copies take the next ones)");
    free(claims);
    return good;
}

bool plan_forward(const struct plan *p, uint32_t first, struct plan_forwards *f,
                  struct why *w)
{
    size_t total = 0;

    for (size_t i = 0; i < p->count; i++)
        total += p->domains[i].conf->forward_count;
    *f = (struct plan_forwards){.list = must_alloc(total, sizeof(*f->list))};
    for (size_t i = 0; i < p->count; i++)
        if (!add_forwards(p, &p->domains[i], first, f, w))
            return false;
    return check_ports(p, f, w);
}
