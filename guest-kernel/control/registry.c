/* SPDX-License-Identifier: MIT */
/*
 * Definitions in their tables: by name, by the id of the domain, and in a list
 * in the order of serials. See manager_internal.h.
 */
#include "control/manager_internal.h"

#include <stdlib.h>
#include <string.h>

static uint32_t name_hash(const char *name)
{
    return lookup_hash_bytes(name, strlen(name), 0);
}

struct definition *definition_new(const char *name)
{
    struct definition *d = calloc(1, sizeof(*d));

    if (d)
        strncpy(d->state.name, name, SCREE_NAME_MAX - 1);
    return d;
}

void definition_delete(struct definition *d)
{
    free(d->cmdline);
    free(d);
}

struct definition *manager_find(const struct manager *m, const char *name)
{
    struct lookup_link *l = lookup_first(&m->by_name, name_hash(name));

    for (; l; l = l->next) {
        struct definition *d = LOOKUP_OF(l, struct definition, by_name);

        if (!strcmp(d->state.name, name))
            return d;
    }
    return NULL;
}

struct definition *manager_by_domain(const struct manager *m, uint32_t domain)
{
    struct lookup_link *l =
        lookup_first(&m->by_domain, lookup_hash_number(domain));

    for (; l; l = l->next) {
        struct definition *d = LOOKUP_OF(l, struct definition, by_domain);

        if (d->state.id == domain)
            return d;
    }
    return NULL;
}

/* Serials mostly grow: the place is looked for from the end. */
static void list_add(struct manager *m, struct definition *d)
{
    struct definition *before = m->last;

    while (before && before->serial > d->serial)
        before = before->previous;
    d->previous = before;
    d->next = before ? before->next : m->first;
    if (d->next)
        d->next->previous = d;
    else
        m->last = d;
    if (before)
        before->next = d;
    else
        m->first = d;
    m->count++;
}

static void list_remove(struct manager *m, struct definition *d)
{
    if (m->cursor == d)
        m->cursor = d->next;
    if (d->next)
        d->next->previous = d->previous;
    else
        m->last = d->previous;
    if (d->previous)
        d->previous->next = d->next;
    else
        m->first = d->next;
    m->count--;
}

void registry_add(struct manager *m, struct definition *d)
{
    lookup_add(&m->by_name, &d->by_name, name_hash(d->state.name));
    list_add(m, d);
    if (d->serial >= m->next_serial)
        m->next_serial = d->serial + 1;
}

void registry_remove(struct manager *m, struct definition *d)
{
    lookup_remove(&m->by_name, &d->by_name);
    list_remove(m, d);
}

void registry_bind(struct manager *m, struct definition *d)
{
    lookup_add(&m->by_domain, &d->by_domain, lookup_hash_number(d->state.id));
}

void registry_unbind(struct manager *m, struct definition *d)
{
    lookup_remove(&m->by_domain, &d->by_domain);
}

/* Is it the first with a serial of at least `from`? */
static bool begins(const struct definition *d, uint32_t from)
{
    return d && d->serial >= from &&
           (!d->previous || d->previous->serial < from);
}

struct definition *manager_list(struct manager *m, uint32_t from)
{
    struct definition *d = m->cursor;

    if (!begins(d, from))
        for (d = m->first; d && d->serial < from; d = d->next)
            ;
    m->cursor = d ? d->next : NULL;
    return d;
}
