/* SPDX-License-Identifier: MIT */
/*
 * The xs_ functions: each is a request and what its reply means. See xs.h.
 */
#include "xs/xs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scree/store.h"
#include "text.h"
#include "xs/link.h"

/* Says what it answers with its reply, or NULL and errno. */
static char *ask(uint32_t type, xs_transaction_t t,
                 const struct xs_strings *body, uint32_t *length)
{
    struct xs_client *c = link_open();

    if (!c)
        return NULL;
    if (t != XBT_NULL && !xs_client_knows(c, t)) {
        errno = EIO; /* it went with a restart of the store */
        return NULL;
    }
    return link_reply(xs_client_ask(c, type, t, body), length);
}

static bool done(char *reply)
{
    free(reply);
    return reply != NULL;
}

static struct xs_strings one_path(const char *path)
{
    return (struct xs_strings){.at = {path}, .count = 1};
}

/* ------------------------------------------------------------- nodes */

void *xs_read(xs_transaction_t t, const char *path, unsigned *length)
{
    struct xs_strings body = one_path(path);

    return ask(XS_READ, t, &body, length);
}

bool xs_write(xs_transaction_t t, const char *path, const void *value,
              unsigned length)
{
    struct xs_strings body = one_path(path);

    body.value = value;
    body.size = length;
    return done(ask(XS_WRITE, t, &body, NULL));
}

bool xs_mkdir(xs_transaction_t t, const char *path)
{
    struct xs_strings body = one_path(path);

    return done(ask(XS_MKDIR, t, &body, NULL));
}

bool xs_rm(xs_transaction_t t, const char *path)
{
    struct xs_strings body = one_path(path);

    return done(ask(XS_RM, t, &body, NULL));
}

/* "n0 r5" is one string each on the wire. */
bool xs_set_permissions(xs_transaction_t t, const char *path,
                        const char *permissions)
{
    struct xs_strings body = one_path(path);
    char *words = strdup(permissions);
    bool good;

    if (!words)
        return false;
    body.value = words;
    body.size = strlen(words) + 1;
    for (char *at = words; *at; at++) {
        if (*at == ' ')
            *at = '\0';
    }
    good = done(ask(XS_SET_PERMS, t, &body, NULL));
    free(words);
    return good;
}

/* ------------------------------------------------------- directories */

#define GENERATION_SIZE 24
#define LIST_TRIES      10

/* An array of the strings, and the strings behind it, in one piece. */
static char **make_array(const char *strings, uint32_t size, unsigned *count)
{
    unsigned n = 0;
    char **array, *at;

    for (uint32_t i = 0; i < size; i++)
        n += strings[i] == '\0';
    array = malloc((n + 1) * sizeof(*array) + size);
    if (!array)
        return NULL;
    at = (char *)(array + n + 1);
    memcpy(at, strings, size);
    for (unsigned i = 0; i < n; i++, at += strlen(at) + 1)
        array[i] = at;
    array[n] = NULL;
    *count = n;
    return array;
}

/* A large directory is read in parts, each with the node's generation. */
struct list {
    char generation[GENERATION_SIZE];
    uint32_t offset; /* of the next part */
    char *names;     /* of this part */
    uint32_t size;
    bool whole; /* it is the last */
    char *packet;
};

/* 0, or an errno; EAGAIN: the directory has changed in between. */
static int open_part(struct list *l, uint32_t size)
{
    uint32_t head = (uint32_t)strlen(l->packet) + 1;

    if (head >= size || head > GENERATION_SIZE || l->packet[size - 1] != '\0')
        return EIO;
    if (l->offset == 0)
        memcpy(l->generation, l->packet, head);
    else if (strcmp(l->generation, l->packet) != 0)
        return EAGAIN;
    l->names = l->packet + head;
    l->size = size - head;
    l->whole = l->size == 1 || l->names[l->size - 2] == '\0';
    l->size -= l->whole; /* without the empty name at the end */
    l->offset += l->size;
    return 0;
}

static int read_part(xs_transaction_t t, const char *path, struct list *l)
{
    char offset[12] = {0};
    struct text number = text_in(offset, sizeof(offset) - 1);
    struct xs_strings body = {.at = {path, offset}, .count = 2};
    uint32_t size;

    text_decimal(&number, l->offset);
    free(l->packet);
    l->packet = ask(XS_DIRECTORY_PART, t, &body, &size);
    return l->packet ? open_part(l, size) : errno;
}

static void each_name(const struct list *l, xs_child *each, void *user)
{
    for (uint32_t at = 0; at < l->size;) {
        const char *name = l->names + at;

        at += (uint32_t)strlen(name) + 1;
        each(user, name);
    }
}

bool xs_each(xs_transaction_t t, const char *path, xs_child *each, void *user)
{
    struct list l = {0};
    int error = 0;

    for (unsigned tries = 0; !l.whole && !error && tries < LIST_TRIES;) {
        error = read_part(t, path, &l);
        if (!error) {
            each_name(&l, each, user);
        } else if (error == EAGAIN && ++tries < LIST_TRIES) {
            l.offset = 0;
            error = 0;
        }
    }
    free(l.packet);
    errno = error;
    return error == 0;
}

/* Puts a part's names behind those of the parts before it. */
static int append(char **names, const struct list *l)
{
    uint32_t before = l->offset - l->size;
    char *larger = realloc(*names, l->offset + 1);

    if (!larger)
        return ENOMEM;
    memcpy(larger + before, l->names, l->size);
    *names = larger;
    return 0;
}

static char **read_large(xs_transaction_t t, const char *path, unsigned *count)
{
    struct list l = {0};
    char *names = NULL, **array = NULL;
    int error = 0;

    for (unsigned tries = 0; !l.whole && !error && tries < LIST_TRIES;) {
        error = read_part(t, path, &l);
        if (!error) {
            error = append(&names, &l);
        } else if (error == EAGAIN && ++tries < LIST_TRIES) {
            l.offset = 0;
            error = 0;
        }
    }
    errno = error;
    if (!error)
        array = make_array(names, l.offset, count);
    free(names);
    free(l.packet);
    return array;
}

char **xs_directory(xs_transaction_t t, const char *path, unsigned *count)
{
    struct xs_strings body = one_path(path);
    uint32_t size;
    char *names = ask(XS_DIRECTORY, t, &body, &size), **array;

    if (!names)
        return errno == E2BIG ? read_large(t, path, count) : NULL;
    array = make_array(names, size, count);
    free(names);
    return array;
}

/* ------------------------------------------------------ transactions */

xs_transaction_t xs_transaction_start(void)
{
    char *text = ask(XS_TRANSACTION_START, XBT_NULL,
                     &(struct xs_strings){.at = {""}, .count = 1}, NULL);
    xs_transaction_t t;

    if (!text)
        return XBT_NULL;
    t = (xs_transaction_t)strtoul(text, NULL, 10);
    free(text);
    if (t != XBT_NULL && xs_client_began(link_open(), t))
        return t;
    errno = ENOSPC;
    return XBT_NULL;
}

/* One that went with a restart of the store is one to be tried again. */
bool xs_transaction_end(xs_transaction_t t, bool abort)
{
    struct xs_strings body = one_path(abort ? "F" : "T");
    struct xs_client *c = link_open();
    bool good;

    if (!c)
        return false;
    if (!xs_client_knows(c, t)) {
        errno = EAGAIN;
        return abort;
    }
    good = done(ask(XS_TRANSACTION_END, t, &body, NULL));
    xs_client_ended(c, t);
    return good;
}

/* ----------------------------------------------------------- watches */

bool xs_watch(const char *path, const char *token, xs_fired *fired, void *user)
{
    struct xs_client *c = link_open();
    struct xs_watched *w;

    if (!c)
        return false;
    errno = xs_client_watch(c, path, token, &w);
    if (errno)
        return false;
    w->fired = fired;
    w->user = user;
    if (done(link_reply(xs_client_ask_watch(c, XS_WATCH, w), NULL)))
        return true;
    xs_client_unwatch(c, w);
    return false;
}

bool xs_unwatch(const char *path, const char *token)
{
    struct xs_client *c = link_open();
    struct xs_watched *w = c ? xs_client_find(c, path, token) : NULL;
    struct xs_request *r;

    if (!w) {
        errno = c ? ENOENT : EIO;
        return false;
    }
    r = xs_client_ask_watch(c, XS_UNWATCH, w);
    xs_client_unwatch(c, w);
    return done(link_reply(r, NULL));
}
