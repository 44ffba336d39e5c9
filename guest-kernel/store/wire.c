/* SPDX-License-Identifier: MIT */
/*
 * From a packet to its operation, and back. Everything in a body is a
 * stranger's: strings end inside it or are none, paths are checked before
 * anything is looked up.
 */
#include "store/wire.h"

#include <errno.h>
#include <string.h>

#include "store/errors.h"
#include "store/history.h"
#include "store/ops.h"

struct operation {
    int (*run)(struct request *r);
    bool privileged;
    bool outside; /* the transaction's number is not looked at */
};

static const struct operation operations[XS_TYPE_COUNT] = {
    [XS_CONTROL] = {op_control, true, true},
    [XS_DIRECTORY] = {op_directory, false, false},
    [XS_READ] = {op_read, false, false},
    [XS_GET_PERMS] = {op_get_perms, false, false},
    [XS_WATCH] = {op_watch, false, true},
    [XS_UNWATCH] = {op_unwatch, false, true},
    [XS_TRANSACTION_START] = {op_transaction_start, false, false},
    [XS_TRANSACTION_END] = {op_transaction_end, false, false},
    [XS_INTRODUCE] = {op_introduce, true, true},
    [XS_RELEASE] = {op_release, true, true},
    [XS_GET_DOMAIN_PATH] = {op_domain_path, false, true},
    [XS_WRITE] = {op_write, false, false},
    [XS_MKDIR] = {op_mkdir, false, false},
    [XS_RM] = {op_rm, false, false},
    [XS_SET_PERMS] = {op_set_perms, false, false},
    [XS_IS_DOMAIN_INTRODUCED] = {op_is_introduced, true, true},
    [XS_RESUME] = {op_resume, true, true},
    [XS_SET_TARGET] = {op_set_target, true, true},
    [XS_RESET_WATCHES] = {op_reset_watches, false, true},
    [XS_DIRECTORY_PART] = {op_directory_part, false, false},
};

static void send_reply(struct request *r, uint32_t type, size_t size)
{
    r->s->reply.head = (struct xsd_sockmsg){
        .type = type,
        .req_id = r->head->req_id,
        .tx_id = r->head->tx_id,
        .len = (uint32_t)size,
    };
    connection_send(r->c, &r->s->reply);
}

void wire_reply_here(struct request *r, size_t size)
{
    send_reply(r, r->head->type, size);
}

void wire_reply(struct request *r, const void *body, size_t size)
{
    if (size)
        memcpy(r->s->reply.body, body, size);
    wire_reply_here(r, size);
}

void wire_ok(struct request *r)
{
    wire_reply(r, "OK", 3);
}

static void reply_error(struct request *r, int error)
{
    const char *name = store_error_name(error);
    size_t size = strlen(name) + 1;

    memcpy(r->s->reply.body, name, size);
    send_reply(r, XS_ERROR, size);
}

unsigned wire_strings(const struct request *r, const char **strings,
                      unsigned room)
{
    unsigned n = 0;
    const char *at = r->body, *end = r->body + r->size, *stop;

    while (at < end && (stop = memchr(at, 0, (size_t)(end - at)))) {
        if (n < room)
            strings[n] = at;
        n++;
        at = stop + 1;
    }
    return n;
}

size_t wire_number(uint64_t number, char *to)
{
    char digits[20];
    size_t n = 0, size = 0;

    do
        digits[n++] = (char)('0' + number % 10);
    while (number /= 10);
    while (n)
        to[size++] = digits[--n];
    to[size++] = 0;
    return size;
}

const char *wire_only(const struct request *r)
{
    if (r->size == 0 || memchr(r->body, 0, r->size) != r->body + r->size - 1)
        return NULL;
    return r->body;
}

int wire_path(struct request *r, const char *name)
{
    size_t home = 0, n = strlen(name);
    struct store *s = r->s;

    if (name[0] != '/') {
        if (name[0] == '@' || n > XENSTORE_REL_PATH_MAX)
            return EINVAL;
        home = names_home(r->c->domain->id, s->path);
    }
    if (home + n > STORE_PATH_MAX)
        return EINVAL;
    memcpy(s->path + home, name, n + 1);
    r->at = (struct spot){s, r->c, s->path, home + n};
    if (!names_valid(s->path, home + n))
        return EINVAL;
    if (!r->c->privileged && !names_short(s->path, home + n, s->limits.path))
        return connection_refuse(r->c, EINVAL);
    return 0;
}

static int run(struct request *r)
{
    const struct operation *op;

    if (r->head->type >= XS_TYPE_COUNT || !operations[r->head->type].run)
        return ENOSYS;
    if (!r->c->domain->known)
        return EIO;
    op = &operations[r->head->type];
    if (op->privileged && !r->c->privileged)
        return EACCES;
    if (!op->outside && r->head->tx_id) {
        r->t = transaction_find(r->c, r->head->tx_id);
        if (!r->t)
            return ENOENT;
    }
    return op->run(r);
}

void wire_request(struct store_connection *c, const struct xsd_sockmsg *head,
                  const char *body)
{
    struct request r = {
        .s = c->store,
        .c = c,
        .head = head,
        .body = body,
        .size = head->len,
    };
    int error;

    c->store->counts.requests++;
    error = run(&r);
    if (error)
        reply_error(&r, error);
    history_trim(c->store);
    history_bound(c->store);
}
