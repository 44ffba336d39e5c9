/* SPDX-License-Identifier: MIT */
/* See objects.h. */
#include "control/objects.h"

#include <stdlib.h>
#include <string.h>

bool object_digest_empty(const uint8_t *digest)
{
    uint8_t any = 0;

    for (unsigned i = 0; i < SCREE_DIGEST_SIZE; i++)
        any |= digest[i];
    return !any;
}

static uint32_t digest_hash(const uint8_t *digest)
{
    return lookup_hash_bytes(digest, SCREE_DIGEST_SIZE, 0);
}

static struct object *find_digest(const struct objects *o,
                                  const uint8_t *digest)
{
    struct lookup_link *l = lookup_first(&o->by_digest, digest_hash(digest));

    for (; l; l = l->next) {
        struct object *x = LOOKUP_OF(l, struct object, by_digest);

        if (!memcmp(x->digest, digest, SCREE_DIGEST_SIZE))
            return x;
    }
    return NULL;
}

struct object *object_find(const struct objects *o, const uint8_t *digest,
                           uint32_t kind)
{
    struct object *x = find_digest(o, digest);

    return x && x->kind == kind ? x : NULL;
}

struct object *object_by_handle(const struct objects *o, uint32_t handle)
{
    struct lookup_link *l =
        lookup_first(&o->by_handle, lookup_hash_number(handle));

    for (; l; l = l->next) {
        struct object *x = LOOKUP_OF(l, struct object, by_handle);

        if (x->handle == handle)
            return x;
    }
    return NULL;
}

static int call(struct objects *o, uint32_t op, struct scree_control_object *r)
{
    return calls_do(o->calls, op, 0, r, sizeof(*r));
}

static void open_link(struct objects *o, struct object *x)
{
    x->next_open = o->open;
    x->open_at = &o->open;
    if (o->open)
        o->open->open_at = &x->next_open;
    o->open = x;
}

static void open_unlink(struct object *x)
{
    if (!x->open_at)
        return;
    *x->open_at = x->next_open;
    if (x->next_open)
        x->next_open->open_at = x->open_at;
    x->open_at = NULL;
}

static struct object *add(struct objects *o,
                          const struct scree_control_object *r)
{
    struct object *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    x->handle = r->handle;
    x->kind = r->kind;
    memcpy(x->digest, r->digest, SCREE_DIGEST_SIZE);
    lookup_add(&o->by_digest, &x->by_digest, digest_hash(x->digest));
    lookup_add(&o->by_handle, &x->by_handle, lookup_hash_number(x->handle));
    if (!x->kind)
        open_link(o, x);
    return x;
}

static void forget(struct objects *o, struct object *x)
{
    open_unlink(x);
    lookup_remove(&o->by_digest, &x->by_digest);
    lookup_remove(&o->by_handle, &x->by_handle);
    free(x);
}

static void drop(struct objects *o, uint32_t handle)
{
    struct scree_control_object r = {.handle = handle};
    int result = call(o, SCREE_CONTROL_object_drop, &r);

    if (result)
        calls_say(o->calls, "control: object %u cannot be dropped (%d)", handle,
                  result);
}

void objects_drop_open(struct objects *o)
{
    while (o->open) {
        drop(o, o->open->handle);
        forget(o, o->open);
    }
}

bool objects_open(struct objects *o, const struct calls *calls)
{
    struct scree_control_object r = {0};

    *o = (struct objects){.calls = calls};
    if (!lookup_open(&o->by_digest) || !lookup_open(&o->by_handle))
        return false;
    while (!call(o, SCREE_CONTROL_object_get, &r)) {
        uint32_t next = r.handle + 1;

        if (!(r.flags & SCREE_OBJECT_SEALED))
            drop(o, r.handle);
        else if (!add(o, &r))
            return false;
        if (!next)
            break;
        r = (struct scree_control_object){.handle = next};
    }
    return true;
}

static void clear(struct lookup *by_handle)
{
    if (!by_handle->heads)
        return;
    for (uint32_t i = 0; i < by_handle->size; i++) {
        struct lookup_link *next;

        for (struct lookup_link *l = by_handle->heads[i]; l; l = next) {
            next = l->next;
            free(LOOKUP_OF(l, struct object, by_handle));
        }
    }
}

void objects_close(struct objects *o)
{
    clear(&o->by_handle);
    lookup_clear(&o->by_handle);
    lookup_clear(&o->by_digest);
    o->open = NULL;
}

/* An upload of the same that was never sealed gives way. */
static int begin_check(struct objects *o, struct scree_control_object *r)
{
    struct object *x;

    if (object_digest_empty(r->digest))
        return -XEN_EINVAL;
    x = find_digest(o, r->digest);
    if (!x)
        return 0;
    if (x->kind) {
        r->handle = x->handle;
        return -XEN_EEXIST;
    }
    drop(o, x->handle);
    forget(o, x);
    return 0;
}

int object_begin(struct objects *o, struct scree_control_object *r)
{
    struct scree_control_object c = {.size = r->size};
    int result = begin_check(o, r);

    if (result)
        return result;
    memcpy(c.digest, r->digest, SCREE_DIGEST_SIZE);
    result = call(o, SCREE_CONTROL_object_begin, &c);
    if (result)
        return result;
    c.kind = 0;
    if (!add(o, &c)) {
        drop(o, c.handle);
        return -XEN_ENOMEM;
    }
    *r = c;
    return 0;
}

int object_write(struct objects *o, uint32_t handle, uint64_t offset,
                 const void *bytes, size_t n)
{
    struct scree_control_transfer t = {
        .address = (uint64_t)(uintptr_t)bytes,
        .offset = offset,
        .length = (uint32_t)n,
    };

    return calls_do(o->calls, SCREE_CONTROL_object_write, handle, &t,
                    sizeof(t));
}

int object_seal(struct objects *o, struct scree_control_object *r)
{
    struct object *x = object_by_handle(o, r->handle);
    struct scree_control_object c = {.handle = r->handle};
    int result;

    if (!x)
        return -XEN_ENOENT;
    if (x->kind)
        return -XEN_EINVAL;
    result = call(o, SCREE_CONTROL_object_seal, &c);
    if (result)
        return result;
    result = object_get(o, &c);
    if (result)
        return result;
    x->kind = c.kind;
    open_unlink(x);
    *r = c;
    return 0;
}

int object_drop(struct objects *o, struct scree_control_object *r)
{
    struct object *x = object_by_handle(o, r->handle);
    struct scree_control_object c = {.handle = r->handle};
    int result;

    if (!x)
        return -XEN_ENOENT;
    if (x->users)
        return -XEN_EBUSY;
    result = call(o, SCREE_CONTROL_object_drop, &c);
    if (!result)
        forget(o, x);
    return result;
}

int object_get(struct objects *o, struct scree_control_object *r)
{
    struct scree_control_object c = {.handle = r->handle};
    int result = call(o, SCREE_CONTROL_object_get, &c);

    if (!result)
        *r = c;
    return result;
}
