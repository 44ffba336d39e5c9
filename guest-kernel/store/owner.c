/* SPDX-License-Identifier: MIT */
/*
 * See owner.h.
 */
#include "store/owner.h"

#include "store/state.h"

static uint32_t hash_id(const struct store *s, uint32_t id)
{
    return hash_bytes(s->key, 0, &id, sizeof(id));
}

struct owner *owner_find(const struct store *s, uint32_t id)
{
    struct hash_link *l = hash_first(&s->domains, hash_id(s, id));

    for (; l; l = hash_next(l)) {
        if (((struct owner *)(void *)l)->id == id)
            break;
    }
    return (struct owner *)(void *)l;
}

struct owner *owner_get(struct store *s, uint32_t id)
{
    struct owner *d = owner_find(s, id);

    if (d)
        return owner_hold(d);
    d = pool_alloc(&s->pool, sizeof(*d));
    if (!d)
        return NULL;
    *d = (struct owner){.id = id, .known = true, .refs = 1};
    hash_add(&s->domains, &d->link, hash_id(s, id));
    return d;
}

struct owner *owner_hold(struct owner *d)
{
    d->refs++;
    return d;
}

/* Its target's record may go with it, and so on. */
void owner_drop(struct store *s, struct owner *d)
{
    while (d && --d->refs == 0) {
        struct owner *target = d->target;

        s->targets -= target != NULL;
        if (d->known)
            hash_remove(&s->domains, &d->link);
        pool_free(&s->pool, d, sizeof(*d));
        d = target;
    }
}

void owner_set_target(struct store *s, struct owner *d, struct owner *target)
{
    struct owner *before = d->target;

    if (target)
        owner_hold(target);
    d->target = target;
    s->targets += target != NULL;
    s->targets -= before != NULL;
    owner_drop(s, before);
}

void owner_retire(struct store *s, struct owner *d)
{
    if (!d->known)
        return;
    hash_remove(&s->domains, &d->link);
    d->known = false;
}

void owner_forget_all(struct store *s)
{
    struct hash_link *l;

    while (s->domains.count && (l = hash_any(&s->domains))) {
        struct owner *d = (struct owner *)(void *)l;

        if (d->target)
            owner_set_target(s, d, NULL);
        else
            owner_drop(s, d);
    }
}

void owner_charge(struct store *s, struct owner *d, int64_t bytes)
{
    d->bytes += (uint64_t)bytes;
    if (d != s->control)
        s->charged += (uint64_t)bytes;
}

bool owner_affords(const struct store *s, const struct owner *d, uint64_t bytes)
{
    if (d == s->control)
        return true;
    return d->bytes + bytes <= s->limits.memory &&
           s->charged + bytes <= s->limits.memory_all;
}
