/* SPDX-License-Identifier: MIT */
/*
 * See requests.h. One table: operation, size of its record, what does it. A
 * handler refuses through the answer's reply and returns nothing.
 */
#include "control/requests.h"

#include <string.h>

#define OP_HEAD 8 /* u32 op, u32 0 */

/* A record may be followed by bytes only with MORE. */
struct request {
    struct manager *m;
    struct answer *a;
    const void *record;
    const uint8_t *more;
    size_t more_size;
    uint32_t op;
};

static void put(struct request *q, const void *bytes, size_t n)
{
    memcpy(q->a->bytes + q->a->size, bytes, n);
    q->a->size += n;
}

static void put_state(struct request *q, struct definition *d)
{
    struct scree_manage_state s;

    manager_refresh(q->m, d);
    definition_tell(d, calls_now(q->m->calls), &s);
    put(q, &s, sizeof(s));
}

static void do_cell(struct request *q)
{
    struct scree_control_cell cell = {.cpus = 0};
    int error =
        -calls_do(q->m->calls, SCREE_CONTROL_cell, 0, &cell, sizeof(cell));

    if (error)
        refuse(&q->a->reply, error, "the cell does not tell (error %d)", error);
    else
        put(q, &cell, sizeof(cell));
}

static void do_run(struct request *q)
{
    struct definition *d;

    if (!manager_run(q->m, q->record, &d, &q->a->reply))
        put_state(q, d);
}

static bool has_end(const char name[SCREE_NAME_MAX])
{
    return strnlen(name, SCREE_NAME_MAX) < SCREE_NAME_MAX;
}

static void list_one(struct request *q, const struct scree_manage_list *l)
{
    struct definition *d = manager_find(q->m, l->name);

    if (d && d->serial >= l->from)
        put_state(q, d);
}

static void do_list(struct request *q)
{
    const struct scree_manage_list *l = q->record;
    uint32_t from = l->from;

    if (!has_end(l->name)) {
        refuse(&q->a->reply, XEN_EINVAL, "a name without an end");
        return;
    }
    if (l->name[0]) {
        list_one(q, l);
        return;
    }
    for (unsigned i = 0; i < SCREE_LIST_MAX; i++) {
        struct definition *d = manager_list(q->m, from);

        if (!d)
            return;
        put_state(q, d);
        from = d->serial + 1;
    }
}

/* The definition of that name, or a refusal. */
static struct definition *named(struct request *q, const char *name)
{
    struct definition *d = has_end(name) ? manager_find(q->m, name) : NULL;

    if (!d)
        refuse(&q->a->reply, XEN_ESRCH,
               "no domain '%.31s'; scree ls lists them", name);
    return d;
}

static void do_named(struct request *q)
{
    const struct scree_manage_name *r = q->record;
    struct definition *d = named(q, r->name);
    struct scree_reply *why = &q->a->reply;

    if (!d)
        return;
    switch (q->op) {
    case SCREE_MANAGE_STOP:
        (void)manager_stop(q->m, d, r->value, why);
        break;
    case SCREE_MANAGE_KILL:
        (void)manager_kill(q->m, d, why);
        break;
    case SCREE_MANAGE_PAUSE:
        (void)manager_pause(q->m, d, why);
        break;
    case SCREE_MANAGE_RESUME:
        (void)manager_resume(q->m, d, why);
        break;
    case SCREE_MANAGE_START:
        if (!manager_start(q->m, d, why))
            put_state(q, d);
        break;
    default:
        (void)manager_remove(q->m, d, why);
        break;
    }
}

static void do_set(struct request *q)
{
    const struct scree_manage_set *s = q->record;
    struct definition *d = named(q, s->name);

    if (d)
        (void)manager_set(q->m, d, s, &q->a->reply);
}

static void refuse_object(struct request *q, int error)
{
    struct scree_reply *why = &q->a->reply;

    switch (error) {
    case XEN_ENOENT:
        refuse(why, error, "no such object");
        break;
    case XEN_EBUSY:
        refuse(why, error, "domains use it");
        break;
    case XEN_EEXIST:
        refuse(why, error, "the cell has it already");
        break;
    case XEN_ENOMEM:
        refuse(why, error, "not enough memory in the cell for it");
        break;
    case XEN_EINVAL:
        refuse(why, error, "it is no object that the cell takes");
        break;
    default:
        refuse(why, error, "the cell refuses the object (error %d)", error);
        break;
    }
}

static int object_op(struct request *q, struct scree_control_object *r)
{
    struct objects *o = &q->m->objects;

    switch (q->op) {
    case SCREE_MANAGE_OBJECT_BEGIN:
        return -object_begin(o, r);
    case SCREE_MANAGE_OBJECT_SEAL:
        return -object_seal(o, r);
    case SCREE_MANAGE_OBJECT_DROP:
        return -object_drop(o, r);
    default:
        return -object_get(o, r);
    }
}

static void do_object(struct request *q)
{
    struct scree_control_object r;
    int error;

    memcpy(&r, q->record, sizeof(r));
    error = object_op(q, &r);
    if (error)
        refuse_object(q, error);
    else
        put(q, &r, sizeof(r));
}

static void do_object_write(struct request *q)
{
    const struct scree_manage_write *w = q->record;
    int error = XEN_EINVAL;

    if (q->more_size)
        error = -object_write(&q->m->objects, w->handle, w->offset, q->more,
                              q->more_size);
    if (error)
        refuse_object(q, error);
}

static const struct {
    void (*run)(struct request *q);
    size_t size;
    bool more;
} operations[] = {
    [SCREE_MANAGE_CELL] = {do_cell, 0, false},
    [SCREE_MANAGE_RUN] = {do_run, sizeof(struct scree_manage_run), false},
    [SCREE_MANAGE_LIST] = {do_list, sizeof(struct scree_manage_list), false},
    [SCREE_MANAGE_STOP] = {do_named, sizeof(struct scree_manage_name), false},
    [SCREE_MANAGE_KILL] = {do_named, sizeof(struct scree_manage_name), false},
    [SCREE_MANAGE_PAUSE] = {do_named, sizeof(struct scree_manage_name), false},
    [SCREE_MANAGE_RESUME] = {do_named, sizeof(struct scree_manage_name), false},
    [SCREE_MANAGE_START] = {do_named, sizeof(struct scree_manage_name), false},
    [SCREE_MANAGE_REMOVE] = {do_named, sizeof(struct scree_manage_name), false},
    [SCREE_MANAGE_SET] = {do_set, sizeof(struct scree_manage_set), false},
    [SCREE_MANAGE_OBJECT_BEGIN] = {do_object,
                                   sizeof(struct scree_control_object), false},
    [SCREE_MANAGE_OBJECT_WRITE] = {do_object_write,
                                   sizeof(struct scree_manage_write), true},
    [SCREE_MANAGE_OBJECT_SEAL] = {do_object,
                                  sizeof(struct scree_control_object), false},
    [SCREE_MANAGE_OBJECT_DROP] = {do_object,
                                  sizeof(struct scree_control_object), false},
    [SCREE_MANAGE_OBJECT_GET] = {do_object, sizeof(struct scree_control_object),
                                 false},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

void request_answer(struct manager *m, const uint8_t *payload, size_t n,
                    struct answer *a)
{
    struct request q = {.m = m, .a = a};
    uint32_t head[2] = {0, 0};
    size_t size;

    memset(&a->reply, 0, sizeof(a->reply));
    a->size = 0;
    if (n >= OP_HEAD)
        memcpy(head, payload, OP_HEAD);
    if (head[0] >= OPERATIONS || !operations[head[0]].run || head[1]) {
        refuse(&a->reply, XEN_ENOSYS, "unknown request %u", head[0]);
        return;
    }
    size = operations[head[0]].size;
    if (n < OP_HEAD + size ||
        (!operations[head[0]].more && n != OP_HEAD + size)) {
        refuse(&a->reply, XEN_EINVAL, "request %u is of size %u", head[0],
               (unsigned)n);
        return;
    }
    q.op = head[0];
    q.record = payload + OP_HEAD;
    q.more = payload + OP_HEAD + size;
    q.more_size = n - OP_HEAD - size;
    operations[q.op].run(&q);
}
