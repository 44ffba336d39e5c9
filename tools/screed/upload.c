/* SPDX-License-Identifier: MIT */
/*
 * Objects on their way into the cell, and out of it; see objects.h. An upload
 * reads its file as the cell takes it, UPLOAD_WINDOW parts under way, and seals
 * only what had the right digest. Whoever needs the object meanwhile waits for
 * the one upload.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <sha2.h>

#include "tools/screed/domain.h"
#include "tools/screed/objects_private.h"

#define UPLOAD_WINDOW 24
#define UPLOAD_PART                                                            \
    ((SCREE_FRAME_PAYLOAD - 8 - sizeof(struct scree_manage_write)) & ~7ull)
#define UNUSED_SECONDS 600

struct waiter {
    struct waiter *next;
    objects_done *done;
    void *context;
};

struct upload {
    struct objects *objects;
    struct object *object;
    int fd;
    uint64_t offset;
    unsigned under_way;
    bool begun, sealing, again;
    bool failed;
    struct error error;
    SHA2_CTX hash;
    struct waiter *waiters;
};

static struct scree_control_object record_of(const struct object *object)
{
    struct scree_control_object r = {.handle = object->handle,
                                     .size = object->size};

    memcpy(r.digest, object->digest.bytes, sizeof(r.digest));
    return r;
}

static void drop(struct objects *o, struct object *object)
{
    struct scree_control_object r = record_of(object);

    object->in_cell = false;
    channel_request(o->screed->channel, SCREE_MANAGE_OBJECT_DROP,
                    reply_to_nobody(), &r, sizeof(r));
}

/* -------------------------------------------------------------- uploads */

static void finish(struct upload *u)
{
    struct object *object = u->object;
    struct waiter *w = u->waiters;
    bool failed = u->failed;
    struct error e = u->error;

    if (failed && u->begun)
        drop(u->objects, object);
    object->upload = NULL;
    object->in_cell = !failed;
    close(u->fd);
    free(u);
    while (w) {
        struct waiter *next = w->next;
        w->done(w->context, failed ? &e : NULL);
        free(w);
        w = next;
    }
}

static void fail(struct upload *u, const struct error *e)
{
    if (!u->failed)
        u->error = *e;
    u->failed = true;
}

static void go_on(struct upload *u);

static void on_sealed(void *context, const struct error *e, const void *answer,
                      size_t n)
{
    struct upload *u = context;

    (void)answer;
    (void)n;
    if (e)
        fail(u, e);
    finish(u);
}

static void seal(struct upload *u)
{
    struct scree_control_object r = record_of(u->object);
    struct digest found;
    struct error e;

    SHA256Final(found.bytes, &u->hash);
    if (!digest_same(&found, &u->object->digest)) {
        u->object->damaged = true;
        error_set(&e, "no-such-image",
                  "the object on disk is damaged; run the image again");
        fail(u, &e);
        finish(u);
        return;
    }
    u->sealing = true;
    channel_request(u->objects->screed->channel, SCREE_MANAGE_OBJECT_SEAL,
                    reply_to(on_sealed, u), &r, sizeof(r));
}

static void on_part(void *context, const struct error *e, const void *answer,
                    size_t n)
{
    struct upload *u = context;

    (void)answer;
    (void)n;
    u->under_way--;
    if (e)
        fail(u, e);
    go_on(u);
}

static bool send_part(struct upload *u)
{
    uint8_t bytes[SCREE_FRAME_PAYLOAD];
    struct scree_manage_write head = {.handle = u->object->handle,
                                      .offset = u->offset};
    uint64_t left = u->object->size - u->offset;
    size_t n = left < UPLOAD_PART ? (size_t)left : (size_t)UPLOAD_PART;
    struct error e;

    memcpy(bytes, &head, sizeof(head));
    if (pread(u->fd, bytes + sizeof(head), n, (off_t)u->offset) != (ssize_t)n) {
        u->object->damaged = true;
        error_set(&e, "no-such-image", "cannot read the object on disk");
        fail(u, &e);
        return false;
    }
    SHA256Update(&u->hash, bytes + sizeof(head), n);
    u->offset += n;
    u->under_way++;
    channel_request(u->objects->screed->channel, SCREE_MANAGE_OBJECT_WRITE,
                    reply_to(on_part, u), bytes, sizeof(head) + n);
    return true;
}

/* A request that fails at once comes back here before it returns: `again`
 * keeps u from being finished below our feet. */
static void go_on(struct upload *u)
{
    if (u->again)
        return;
    u->again = true;
    while (!u->failed && u->offset < u->object->size &&
           u->under_way < UPLOAD_WINDOW)
        send_part(u);
    u->again = false;
    if (u->under_way)
        return;
    if (u->failed)
        finish(u);
    else
        seal(u);
}

static void begin(struct upload *u);

static void on_begun(void *context, const struct error *e, const void *answer,
                     size_t n)
{
    struct upload *u = context;
    struct scree_control_object r;

    if (e && !strcmp(e->code, "no-memory") && !u->begun &&
        objects_drop_unused(u->objects)) {
        begin(u); /* after the drops, which leave first */
        return;
    }
    if (e || n < sizeof(r)) {
        struct error odd;
        error_set(&odd, "bad-state", "an answer that is too short");
        fail(u, e ? e : &odd);
        finish(u);
        return;
    }
    memcpy(&r, answer, sizeof(r));
    u->object->handle = r.handle;
    u->begun = true;
    go_on(u);
}

static void begin(struct upload *u)
{
    struct scree_control_object r = record_of(u->object);

    r.handle = 0;
    channel_request(u->objects->screed->channel, SCREE_MANAGE_OBJECT_BEGIN,
                    reply_to(on_begun, u), &r, sizeof(r));
}

static void start(struct objects *o, struct object *object, objects_done *done,
                  void *context)
{
    struct path p = objects_path(o, &object->digest);
    struct upload *u = must_alloc(1, sizeof(*u));
    struct error e;

    u->objects = o;
    u->object = object;
    u->fd = open(p.text, O_RDONLY | O_CLOEXEC);
    if (u->fd < 0) {
        object->damaged = errno == ENOENT;
        error_set(&e, "no-such-image", "%s: %s", p.text, strerror(errno));
        free(u);
        done(context, &e);
        return;
    }
    SHA256Init(&u->hash);
    u->waiters = must_alloc(1, sizeof(*u->waiters));
    *u->waiters = (struct waiter){.done = done, .context = context};
    object->upload = u;
    begin(u);
}

void objects_need(struct objects *o, const struct digest *d, objects_done *done,
                  void *context)
{
    struct object *object = objects_find(o, d);
    struct waiter *w;
    struct error e;

    if (!object) {
        error_set(&e, "no-such-image", "the cell has no such object");
        done(context, &e);
        return;
    }
    object->used = objects_now();
    if (object->in_cell) {
        done(context, NULL);
        return;
    }
    if (!object->upload) {
        start(o, object, done, context);
        return;
    }
    w = must_alloc(1, sizeof(*w));
    *w = (struct waiter){object->upload->waiters, done, context};
    object->upload->waiters = w;
}

/* ------------------------------------------------------------ learning */

static void learn_from(struct objects *o, uint32_t handle);

static void on_learned(void *context, const struct error *e, const void *answer,
                       size_t n)
{
    struct scree_control_object r;
    struct objects *o = context;
    struct object *object;
    struct digest d;

    if (e || n < sizeof(r)) { /* there is no further one */
        bool end = e && !strcmp(e->code, "no-such-image");
        o->learned(o->learned_context, end ? NULL : e);
        return;
    }
    memcpy(&r, answer, sizeof(r));
    memcpy(d.bytes, r.digest, sizeof(d.bytes));
    object = objects_find(o, &d);
    if (object && (r.flags & SCREE_OBJECT_SEALED)) {
        object->in_cell = true;
        object->handle = r.handle;
    }
    learn_from(o, r.handle + 1);
}

static void learn_from(struct objects *o, uint32_t handle)
{
    struct scree_control_object r = {.handle = handle};

    channel_request(o->screed->channel, SCREE_MANAGE_OBJECT_GET,
                    reply_to(on_learned, o), &r, sizeof(r));
}

void objects_learn(struct objects *o, objects_done *done, void *context)
{
    o->learned = done;
    o->learned_context = context;
    learn_from(o, 0);
}

void objects_forget(struct objects *o)
{
    for (struct object *object = o->first; object; object = object->next)
        object->in_cell = false;
}

/* ------------------------------------------------------------- dropping */

unsigned objects_drop_unused(struct objects *o)
{
    unsigned dropped = 0;

    for (struct object *object = o->first; object; object = object->next) {
        if (!object->in_cell || object->users)
            continue;
        drop(o, object);
        dropped++;
    }
    return dropped;
}

static const char *first_user(const struct screed *s, const struct digest *d)
{
    for (const struct domain *u = s->domains.first; u; u = u->next)
        if (digest_same(&u->image, d) || digest_same(&u->files, d))
            return u->def.name;
    return "";
}

static bool refuse_used(const struct objects *o, const struct object *object,
                        struct error *e)
{
    const char *name = first_user(o->screed, &object->digest);

    if (!object->users)
        return error_set(e, "bad-state", "it is just being given to the cell");
    if (object->users == 1)
        return error_set(e, "bad-state",
                         "domain '%s' is made of it; remove that first", name);
    return error_set(e, "bad-state",
                     "domain '%s' and %u more are made of it; remove them "
                     "first",
                     name, object->users - 1);
}

bool objects_remove(struct objects *o, const struct digest *d, struct error *e)
{
    struct object *object = objects_find(o, d);

    if (!object)
        return error_set(e, "no-such-image", "the cell has no such image");
    if (object->users || object->upload)
        return refuse_used(o, object, e);
    if (object->in_cell)
        drop(o, object);
    objects_delete(o, object);
    return true;
}

static void on_minute(evutil_socket_t fd, short what, void *context)
{
    struct objects *o = context;

    (void)fd;
    (void)what;
    for (struct object *object = o->first; object; object = object->next)
        if (object->in_cell && !object->users &&
            objects_now() - object->used > UNUSED_SECONDS)
            drop(o, object);
}

void objects_upload_init(struct objects *o)
{
    static const struct timeval minute = {.tv_sec = 60};

    o->minute = event_new(o->screed->base, -1, EV_PERSIST, on_minute, o);
    event_add(o->minute, &minute);
}

void objects_upload_end(struct objects *o)
{
    event_free(o->minute);
}
