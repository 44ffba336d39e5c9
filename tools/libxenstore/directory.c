/* SPDX-License-Identifier: MIT */
/*
 * Lists of children. One that is larger than a packet is read in parts, each
 * with the node's generation: when that changes in between, from the start.
 */
#include "handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX       100
#define LIST_MAX        (64u << 20) /* bytes */
#define GENERATION_SIZE 24

struct list {
    char *bytes;
    size_t size;
    char *generation; /* GENERATION_SIZE bytes */
};

enum progress { FAILED, MORE, WHOLE, AGAIN };

static enum progress fail(int why)
{
    errno = why;
    return FAILED;
}

/* Makes room for one more part. */
static bool grow(struct list *l)
{
    char *larger;

    if (l->size > LIST_MAX) {
        errno = E2BIG;
        return false;
    }
    larger = realloc(l->bytes, l->size + XENSTORE_PAYLOAD_MAX);
    if (larger)
        l->bytes = larger;
    return larger != NULL;
}

/* Adds the names of a part; an empty name is the list's end. */
static enum progress add_names(struct list *l, const char *names, size_t size)
{
    bool last = size == 1 || (size > 1 && names[size - 2] == '\0');

    if (size == 0 || names[size - 1] != '\0')
        return fail(EIO);
    memcpy(l->bytes + l->size, names, size);
    l->size += size - last;
    return last ? WHOLE : MORE;
}

static enum progress add_part(struct list *l, const struct packet *part)
{
    size_t length = strlen(part->body);

    if (length >= part->head.len || length >= GENERATION_SIZE)
        return fail(EIO);
    if (l->size == 0)
        strcpy(l->generation, part->body);
    else if (strcmp(l->generation, part->body) != 0)
        return AGAIN;
    return add_names(l, part->body + length + 1, part->head.len - length - 1);
}

static enum progress read_part(struct xs_handle *h, xs_transaction_t t,
                               const char *path, struct list *l)
{
    struct packet *part;
    enum progress p;
    struct ask a;

    ask_begin(&a, XS_DIRECTORY_PART, t);
    ask_string(&a, path);
    ask_number(&a, l->size);
    part = ask_reply(h, &a);
    if (!part)
        return FAILED;
    p = add_part(l, part);
    free(part);
    return p;
}

/* The whole list, unless it keeps changing. */
static enum progress read_list(struct xs_handle *h, xs_transaction_t t,
                               const char *path, struct list *l)
{
    enum progress p = MORE;

    for (unsigned tries = 0; p == MORE || p == AGAIN;) {
        if (p == AGAIN && ++tries > TRIES_MAX)
            return fail(EAGAIN);
        if (p == AGAIN)
            l->size = 0;
        p = grow(l) ? read_part(h, t, path, l) : FAILED;
    }
    return p;
}

static char **read_parts(struct xs_handle *h, xs_transaction_t t,
                         const char *path, unsigned *num)
{
    char generation[GENERATION_SIZE];
    struct list l = {.generation = generation};
    char **names = NULL;

    if (read_list(h, t, path, &l) == WHOLE)
        names = strings_array(l.bytes, l.size, num);
    free(l.bytes);
    return names;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
                    unsigned int *num)
{
    struct packet *reply;
    char **names;
    struct ask a;

    ask_begin(&a, XS_DIRECTORY, t);
    ask_string(&a, path);
    reply = ask_reply(h, &a);
    if (!reply)
        return errno == E2BIG && !a.too_long ? read_parts(h, t, path, num)
                                             : NULL;
    names = strings_array(reply->body, reply->head.len, num);
    free(reply);
    return names;
}
