/* SPDX-License-Identifier: MIT */
/*
 * TRANSACTION_START, TRANSACTION_END.
 */
#include <errno.h>
#include <string.h>

#include "store/ops.h"

static int quota_transaction(struct request *r)
{
    if (r->c->privileged)
        return 0;
    if (r->c->transaction_count >= r->s->limits.transactions ||
        !owner_affords(r->s, r->c->domain, sizeof(*r->t) + shadow_cost(0)))
        return connection_refuse(r->c, ENOSPC);
    return 0;
}

int op_transaction_start(struct request *r)
{
    struct transaction *t;
    int error = r->t ? EBUSY : quota_transaction(r);

    if (error)
        return error;
    t = transaction_start(r->c);
    if (!t)
        return ENOMEM;
    wire_reply_here(r, wire_number(t->id, r->s->reply.body));
    return 0;
}

int op_transaction_end(struct request *r)
{
    const char *how = wire_only(r);
    int error = 0;

    if (!how || (strcmp(how, "T") != 0 && strcmp(how, "F") != 0))
        return EINVAL;
    if (!r->t)
        return ENOENT;
    if (how[0] == 'T')
        error = transaction_commit(r->t);
    else
        transaction_abort(r->t);
    if (!error)
        wire_ok(r);
    return error;
}
