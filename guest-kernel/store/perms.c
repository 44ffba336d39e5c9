/* SPDX-License-Identifier: MIT */
/*
 * See perms.h. Sets are found by a hash over ids, rights and records: two
 * domains that had one number after the other never share a set.
 */
#include "store/perms.h"

#include <string.h>

#include "store/state.h"

static size_t perms_size(uint32_t count)
{
    return sizeof(struct perms) + count * sizeof(struct perms_entry);
}

static bool same(const struct perms *p, const struct perms_entry *e,
                 uint32_t count)
{
    if (p->count != count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (p->entry[i].domain != e[i].domain || p->entry[i].id != e[i].id ||
            p->entry[i].rights != e[i].rights)
            return false;
    }
    return true;
}

/* A held set of entries whose records are filled in. */
static struct perms *intern(struct store *s, const struct perms_entry *e,
                            uint32_t count)
{
    uint32_t hash = hash_bytes(s->key, count, e, count * sizeof(*e));
    struct hash_link *l = hash_first(&s->perms, hash);
    struct perms *p;

    for (; l; l = hash_next(l)) {
        if (same((struct perms *)(void *)l, e, count))
            return perms_hold((struct perms *)(void *)l);
    }
    p = pool_alloc(&s->pool, perms_size(count));
    if (!p)
        return NULL;
    p->refs = 1;
    p->count = count;
    memcpy(p->entry, e, count * sizeof(*e));
    for (uint32_t i = 0; i < count; i++) {
        if (e[i].domain)
            owner_hold(e[i].domain);
    }
    hash_add(&s->perms, &p->link, hash);
    return p;
}

/* Fills in the records, held; false: no memory. */
static bool find_domains(struct store *s, struct perms_entry *e, uint32_t count,
                         bool may_create)
{
    for (uint32_t i = 0; i < count; i++)
        e[i].domain = NULL;
    for (uint32_t i = 0; i < count; i++) {
        bool create = may_create || i == 0;

        if (!create && !owner_find(s, e[i].id))
            continue;
        e[i].domain = owner_get(s, e[i].id);
        if (!e[i].domain)
            return false;
    }
    return true;
}

struct perms *perms_get(struct store *s, const struct perms_entry *entries,
                        uint32_t count, bool may_create)
{
    size_t size = count * sizeof(*entries);
    struct perms_entry *e = pool_alloc(&s->pool, size);
    struct perms *p = NULL;

    if (!e)
        return NULL;
    memcpy(e, entries, size);
    if (find_domains(s, e, count, may_create))
        p = intern(s, e, count);
    for (uint32_t i = 0; i < count; i++)
        owner_drop(s, e[i].domain);
    pool_free(&s->pool, e, size);
    return p;
}

struct perms *perms_with_owner(struct store *s, struct perms *p,
                               struct owner *owner)
{
    size_t size = p->count * sizeof(p->entry[0]);
    struct perms_entry *e;
    struct perms *q;

    if (perms_owner(p) == owner)
        return perms_hold(p);
    e = pool_alloc(&s->pool, size);
    if (!e)
        return NULL;
    memcpy(e, p->entry, size);
    e[0].domain = owner;
    e[0].id = owner->id;
    q = intern(s, e, p->count);
    pool_free(&s->pool, e, size);
    return q;
}

struct perms *perms_hold(struct perms *p)
{
    p->refs++;
    return p;
}

void perms_drop(struct store *s, struct perms *p)
{
    if (!p || --p->refs)
        return;
    hash_remove(&s->perms, &p->link);
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->entry[i].domain)
            owner_drop(s, p->entry[i].domain);
    }
    pool_free(&s->pool, p, perms_size(p->count));
}

uint32_t perms_rights(const struct perms *p, const struct store_connection *c)
{
    const struct owner *d = c->domain, *target = d->target;

    if (c->privileged || perms_owner(p) == d ||
        (target && perms_owner(p) == target))
        return PERMS_ALL;
    for (uint32_t i = 1; i < p->count; i++) {
        const struct owner *who = p->entry[i].domain;

        if (who && (who == d || who == target))
            return p->entry[i].rights;
    }
    return p->entry[0].rights;
}

static const char letters[] = "nrwb"; /* by rights */

bool perms_parse(const char *text, struct perms_entry *entry)
{
    const char *letter = *text ? strchr(letters, *text) : NULL;
    uint64_t id;

    if (!letter || !names_number(text + 1, &id) || id > UINT32_MAX)
        return false;
    *entry = (struct perms_entry){
        .id = (uint32_t)id,
        .rights = (uint32_t)(letter - letters),
    };
    return true;
}

size_t perms_print(const struct perms_entry *entry, char text[PERMS_TEXT])
{
    char home[NAMES_HOME_MAX];
    size_t n = names_home(entry->id, home) - sizeof(NAMES_HOME);

    text[0] = letters[entry->rights & 3];
    memcpy(text + 1, home + sizeof(NAMES_HOME) - 1, n);
    text[n + 1] = 0;
    return n + 1;
}
