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

struct list {
    char *names;
    uint32_t size;
};

/* The array points into the names, which stand behind it in one piece. */
static char **make_array(const struct list *l, unsigned *count)
{
    unsigned n = 0;
    char **array, *name;

    for (uint32_t i = 0; i < l->size; i++)
        n += l->names[i] == '\0';
    array = malloc((n + 1) * sizeof(*array) + l->size);
    if (!array)
        return NULL;
    name = (char *)(array + n + 1);
    memcpy(name, l->names, l->size);
    for (unsigned i = 0; i < n; i++, name += strlen(name) + 1)
        array[i] = name;
    array[n] = NULL;
    *count = n;
    return array;
}

/* Adds a part (generation, names) to the list. 0 and *whole, or an errno;
 * EAGAIN: the directory has changed in between. */
static int add_part(struct list *l, const char *part, uint32_t size,
                    char generation[24], bool *whole)
{
    uint32_t head = (uint32_t)strlen(part) + 1, n = size - head;
    char *larger;

    if (head >= size || head > 24 || part[size - 1] != '\0')
        return EIO;
    if (l->size == 0)
        memcpy(generation, part, head);
    else if (strcmp(generation, part) != 0)
        return EAGAIN;
    *whole = n == 1 || part[size - 2] == '\0';
    larger = realloc(l->names, l->size + n);
    if (!larger)
        return ENOMEM;
    memcpy(larger + l->size, part + head, n);
    l->names = larger;
    l->size += n - *whole;
    return 0;
}

static int read_part(xs_transaction_t t, const char *path, struct list *l,
                     char generation[24], bool *whole)
{
    struct xs_strings body = one_path(path);
    char offset[12] = {0}, *part;
    struct text number = text_in(offset, sizeof(offset) - 1);
    uint32_t size;
    int error;

    text_decimal(&number, l->size);
    body.at[1] = offset;
    body.count = 2;
    part = ask(XS_DIRECTORY_PART, t, &body, &size);
    if (!part)
        return errno;
    error = add_part(l, part, size, generation, whole);
    free(part);
    return error;
}

static bool read_parts(xs_transaction_t t, const char *path, struct list *l)
{
    char generation[24];
    bool whole = false;

    for (unsigned again = 0; !whole;) {
        int error = read_part(t, path, l, generation, &whole);

        if (error == EAGAIN && again++ < 10)
            l->size = 0;
        else if (error) {
            errno = error;
            return false;
        }
    }
    return true;
}

char **xs_directory(xs_transaction_t t, const char *path, unsigned *count)
{
    struct xs_strings body = one_path(path);
    struct list l = {0};
    char **array = NULL;

    l.names = ask(XS_DIRECTORY, t, &body, &l.size);
    if (l.names || (errno == E2BIG && read_parts(t, path, &l)))
        array = make_array(&l, count);
    free(l.names);
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
