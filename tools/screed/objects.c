/* SPDX-License-Identifier: MIT */
/* The directory of objects, and objects that come in; see objects.h. */
#define _GNU_SOURCE
#include "tools/screed/objects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <sha2.h>

#include "scree/layout.h"
#include "tools/lib/json.h"
#include "tools/screed/domain.h"
#include "tools/screed/objects_private.h"

#define LOOK_BYTES 4096

static uint64_t key_of(const struct digest *d)
{
    uint64_t key;

    memcpy(&key, d->bytes, sizeof(key));
    return key;
}

struct object *objects_find(const struct objects *o, const struct digest *d)
{
    struct link *l = NULL;

    while ((l = table_find(&o->by_digest, key_of(d), l))) {
        struct object *object = table_item(l, struct object, by_digest);
        if (digest_same(&object->digest, d))
            return object;
    }
    return NULL;
}

struct object *objects_first(const struct objects *o)
{
    return o->first;
}

time_t objects_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

void objects_use(struct objects *o, const struct digest *d, int change)
{
    struct object *object = digest_is_none(d) ? NULL : objects_find(o, d);

    if (!object)
        return;
    object->users += (uint32_t)change;
    object->used = objects_now();
}

struct path objects_path(const struct objects *o, const struct digest *d)
{
    char text[DIGEST_ROOM];

    digest_text(d, text);
    return screed_path(o->screed, "objects/%s", text + 7);
}

/* Definitions that were read from disk may have been without it so far. */
static uint32_t count_users(const struct screed *s, const struct digest *d)
{
    uint32_t users = 0;

    for (const struct domain *u = s->domains.first; u; u = u->next)
        users += digest_same(&u->image, d) || digest_same(&u->files, d);
    return users;
}

static struct object *add(struct objects *o, const struct digest *d,
                          uint64_t size, const struct object_facts *f)
{
    struct object *object = must_alloc(1, sizeof(*object));

    object->digest = *d;
    object->size = size;
    object->facts = *f;
    object->users = count_users(o->screed, d);
    object->created = screed_now();
    object->used = objects_now();
    object->next = o->first;
    o->first = object;
    table_add(&o->by_digest, &object->by_digest, key_of(d));
    return object;
}

void objects_delete(struct objects *o, struct object *object)
{
    struct path p = objects_path(o, &object->digest);
    struct object **at = &o->first;

    unlink(p.text);
    while (*at != object)
        at = &(*at)->next;
    *at = object->next;
    table_remove(&o->by_digest, &object->by_digest);
    free(object);
}

/* -------------------------------------------------------------- the disk */

static bool look(int fd, uint64_t size, struct object_facts *f, struct error *e)
{
    uint8_t bytes[LOOK_BYTES];
    ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
    struct why w;

    if (n < 0)
        return error_set(e, "not-possible", "cannot read it: %s",
                         strerror(errno));
    return object_look(bytes, (size_t)n, size, f, &w) ||
           error_set(e, "bad-request", "%s", w.text);
}

static void load_file(struct objects *o, const char *name)
{
    char text[DIGEST_ROOM];
    struct object_facts f;
    struct digest d;
    struct error e;
    struct path p;
    struct stat st;
    int fd;

    p = screed_path(o->screed, "objects/%s", name);
    if (!strncmp(name, "new.", 4))
        unlink(p.text); /* half of one that was coming */
    snprintf(text, sizeof(text), "sha256:%.64s", name);
    if (strlen(name) != 2 * DIGEST_SIZE || !digest_parse(text, &d))
        return;
    fd = open(p.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    if (!fstat(fd, &st) && look(fd, (uint64_t)st.st_size, &f, &e))
        add(o, &d, (uint64_t)st.st_size, &f)->created =
            (uint64_t)st.st_mtime * 1000000000;
    close(fd);
}

struct objects *objects_new(struct screed *s, struct error *e)
{
    struct objects *o = must_alloc(1, sizeof(*o));
    struct dirent *entry;
    DIR *dir;

    o->screed = s;
    o->directory = screed_path(s, "objects");
    if ((mkdir(o->directory.text, 0700) && errno != EEXIST) ||
        !(dir = opendir(o->directory.text))) {
        error_set(e, "not-possible", "%s: %s", o->directory.text,
                  strerror(errno));
        free(o);
        return NULL;
    }
    while ((entry = readdir(dir)))
        load_file(o, entry->d_name);
    closedir(dir);
    objects_upload_init(o);
    return o;
}

void objects_free(struct objects *o)
{
    objects_upload_end(o);
    while (o->first) {
        struct object *next = o->first->next;
        free(o->first);
        o->first = next;
    }
    table_free(&o->by_digest);
    free(o);
}

/* --------------------------------------------------------------- coming in */

struct incoming {
    struct objects *objects;
    struct digest digest;
    struct path path;
    uint64_t size, done;
    int fd;
    SHA2_CTX hash;
};

struct incoming *objects_begin(struct objects *o, const struct digest *d,
                               uint64_t size, struct error *e)
{
    struct incoming *in;

    if (size < SCREE_PAGE_SIZE || size > SCREE_OBJECT_SIZE_MAX) {
        error_set(e, "bad-request", "\"size\" must be from 4096 to %u bytes",
                  SCREE_OBJECT_SIZE_MAX);
        return NULL;
    }
    in = must_alloc(1, sizeof(*in));
    in->objects = o;
    in->digest = *d;
    in->size = size;
    in->path = screed_path(o->screed, "objects/new.%d.%u", (int)getpid(),
                           o->incoming++);
    SHA256Init(&in->hash);
    in->fd = open(in->path.text,
                  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (in->fd >= 0)
        return in;
    error_set(e, "not-possible", "cannot write %s: %s", in->path.text,
              strerror(errno));
    free(in);
    return NULL;
}

bool objects_bytes(struct incoming *in, const void *bytes, size_t n,
                   struct error *e)
{
    const uint8_t *at = bytes;

    SHA256Update(&in->hash, at, n);
    in->done += n;
    while (n) {
        ssize_t done = write(in->fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return error_set(e, "no-memory",
                             "cannot write %s: %s; make room on the disk",
                             in->path.text, strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static bool finish(struct incoming *in, struct error *e)
{
    struct objects *o = in->objects;
    struct path target = objects_path(o, &in->digest);
    struct object *old = objects_find(o, &in->digest);
    struct object_facts f;
    struct digest found;

    SHA256Final(found.bytes, &in->hash);
    if (!digest_same(&found, &in->digest))
        return error_set(e, "bad-request",
                         "what came does not have the digest that was said");
    if (!look(in->fd, in->size, &f, e))
        return false;
    if (old && !old->damaged)
        return true;
    if (rename(in->path.text, target.text))
        return error_set(e, "not-possible", "%s: %s", target.text,
                         strerror(errno));
    if (!old)
        old = add(o, &in->digest, in->size, &f);
    old->size = in->size;
    old->facts = f;
    old->damaged = false;
    return true;
}

bool objects_end(struct incoming *in, struct error *e)
{
    bool good = finish(in, e);

    objects_abandon(in);
    return good;
}

void objects_abandon(struct incoming *in)
{
    close(in->fd);
    unlink(in->path.text);
    free(in);
}

cJSON *objects_json(const struct object *object)
{
    cJSON *o = cJSON_CreateObject();
    char text[DIGEST_ROOM];

    digest_text(&object->digest, text);
    json_put_text(o, "digest", text);
    json_put_text(o, "kind", object->facts.is_image ? "image" : "files");
    json_put_text(o, "name", object->facts.name);
    json_put_number(o, "size", object->size);
    json_put_number(o, "users", object->users);
    json_put_bool(o, "in_cell", object->in_cell);
    json_put_time(o, "created", object->created);
    return o;
}
