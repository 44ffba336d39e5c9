/* SPDX-License-Identifier: MIT */
/*
 * READ, WRITE, MKDIR, RM, DIRECTORY, DIRECTORY_PART, GET_PERMS, SET_PERMS.
 */
#include <errno.h>
#include <string.h>

#include "store/ops.h"
#include "store/special.h"
#include "store/view.h"

/* The body is one path; the node there, if the caller may do this to it. */
static int get_only(struct request *r, uint32_t rights, struct view *v)
{
    const char *name = wire_only(r);
    int error = name ? wire_path(r, name) : EINVAL;

    return error ? error : view_get(r, rights, v);
}

int op_read(struct request *r)
{
    struct view v;
    int error = get_only(r, PERMS_READ, &v);

    if (!error)
        wire_reply(r, v.content->value, v.content->size);
    return error;
}

int op_directory(struct request *r)
{
    struct view v;
    struct view_list list = {
        .to = r->s->reply.body,
        .room = XENSTORE_PAYLOAD_MAX,
    };
    int error = get_only(r, PERMS_READ, &v);

    if (!error)
        error = view_list(r, &v, &list);
    if (error)
        return error;
    if (!list.end)
        return E2BIG;
    wire_reply_here(r, list.size);
    return 0;
}

/* Generation, then names; at the end of the list one empty name. */
int op_directory_part(struct request *r)
{
    const char *strings[2];
    struct view_list list = {0};
    struct view v;
    size_t head;
    int error;

    if (wire_strings(r, strings, 2) != 2)
        return EINVAL;
    error = wire_path(r, strings[0]);
    if (!error)
        error = view_get(r, PERMS_READ, &v);
    if (error)
        return error;
    if (!names_number(strings[1], &list.offset))
        return EINVAL;
    /* The longest generation there is leaves this much room. */
    list.to = r->s->reply.body + 21;
    list.room = XENSTORE_PAYLOAD_MAX - 22;
    error = view_list(r, &v, &list);
    if (error)
        return error;
    head = wire_number(list.generation, r->s->reply.body);
    memmove(r->s->reply.body + head, list.to, list.size);
    r->s->reply.body[head + list.size] = 0;
    wire_reply_here(r, head + list.size + list.end);
    return 0;
}

int op_write(struct request *r)
{
    const char *name = memchr(r->body, 0, r->size) ? r->body : NULL;
    struct view v;
    size_t skip;
    int error;

    if (!name)
        return EINVAL;
    skip = strlen(name) + 1;
    error = wire_path(r, name);
    if (!error)
        error = view_get(r, PERMS_WRITE, &v);
    if (!error || error == ENOENT)
        error = view_put(r, &v, r->body + skip, r->size - skip);
    if (!error)
        wire_ok(r);
    return error;
}

/* The node that the request's one string names, to be changed; ENOENT: there is
 * none, and *v says where it would be. */
static int get_to_write(struct request *r, struct view *v)
{
    const char *name = wire_only(r);
    int error = name ? wire_path(r, name) : EINVAL;

    return error ? error : view_get(r, PERMS_WRITE, v);
}

int op_mkdir(struct request *r)
{
    struct view v;
    int error = get_to_write(r, &v);

    if (error == ENOENT)
        error = view_put(r, &v, NULL, 0);
    if (!error)
        wire_ok(r);
    return error;
}

int op_rm(struct request *r)
{
    struct view v;
    int error = get_to_write(r, &v);

    if (error == ENOENT && v.parent)
        error = 0;
    else if (!error)
        error = r->at.length == 1 ? EINVAL : view_remove(r, &v);
    if (!error)
        wire_ok(r);
    return error;
}

/* Entries as strings; returns their size, 0: too many. */
static size_t print_perms(const struct perms *p, char *to, size_t room)
{
    size_t size = 0;

    for (uint32_t i = 0; i < p->count; i++) {
        if (size + PERMS_TEXT > room)
            return 0;
        size += perms_print(&p->entry[i], to + size) + 1;
    }
    return size;
}

static int reply_perms(struct request *r, const struct perms *p)
{
    size_t size = print_perms(p, r->s->reply.body, XENSTORE_PAYLOAD_MAX);

    if (!size)
        return E2BIG;
    wire_reply_here(r, size);
    return 0;
}

int op_get_perms(struct request *r)
{
    const char *name = wire_only(r);
    struct view v;
    int error;

    if (name && name[0] == '@')
        return special_get_perms(r, name, reply_perms);
    error = get_only(r, PERMS_READ, &v);
    return error ? error : reply_perms(r, v.content->perms);
}

/* The strings behind the first. *p: held. */
static int parse_perms(struct request *r, uint32_t count, struct perms **p)
{
    size_t bytes = count * sizeof(struct perms_entry);
    struct perms_entry *e = pool_alloc(&r->s->pool, bytes);
    const char *at = r->body + strlen(r->body) + 1;
    int error = 0;

    if (!e)
        return ENOMEM;
    for (uint32_t i = 0; i < count && !error; i++) {
        if (!perms_parse(at, &e[i]))
            error = EINVAL;
        at += strlen(at) + 1;
    }
    if (!error) {
        *p = perms_get(r->s, e, count, r->c->privileged);
        error = *p ? 0 : ENOMEM;
    }
    pool_free(&r->s->pool, e, bytes);
    return error;
}

/* Takes over p. */
static int set_perms(struct request *r, const char *name, struct perms *p)
{
    struct view v;
    int error = wire_path(r, name);

    if (!error)
        error = view_get(r, PERMS_WRITE | PERMS_OWNER, &v);
    if (!error && !r->c->privileged &&
        perms_owner(p) != perms_owner(v.content->perms))
        error = EPERM;
    if (error) {
        perms_drop(r->s, p);
        return error;
    }
    return view_set_perms(r, &v, p);
}

int op_set_perms(struct request *r)
{
    struct perms *p;
    unsigned n = wire_strings(r, NULL, 0);
    int error;

    if (n < 2)
        return EINVAL;
    if (!r->c->privileged && n - 1 > r->s->limits.permissions)
        return connection_refuse(r->c, ENOSPC);
    error = parse_perms(r, n - 1, &p);
    if (error)
        return error;
    if (r->body[0] == '@')
        error = special_set_perms(r, r->body, p);
    else
        error = set_perms(r, r->body, p);
    if (!error)
        wire_ok(r);
    return error;
}
