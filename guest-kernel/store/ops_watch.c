/* SPDX-License-Identifier: MIT */
/*
 * WATCH, UNWATCH, RESET_WATCHES.
 */
#include <errno.h>
#include <string.h>

#include "store/ops.h"
#include "store/watch.h"

/* "path", "token": the path to watch, absolute or special. */
static int parse(struct request *r, const char **token, bool *relative)
{
    const char *strings[2];

    if (wire_strings(r, strings, 2) != 2)
        return EINVAL;
    *token = strings[1];
    *relative = strings[0][0] != '/' && strings[0][0] != '@';
    if (strings[0][0] != '@')
        return wire_path(r, strings[0]);
    if (strlen(strings[0]) > XENSTORE_REL_PATH_MAX)
        return EINVAL;
    r->at = (struct spot){r->s, r->c, strings[0], strlen(strings[0])};
    return 0;
}

static int quota_watch(struct request *r, const char *token)
{
    uint64_t cost = watch_cost(r->at.length, strlen(token));

    if (r->c->privileged)
        return 0;
    if (r->c->watch_count >= r->s->limits.watches)
        return connection_refuse(r->c, E2BIG);
    if (!owner_affords(r->s, r->c->domain, cost))
        return connection_refuse(r->c, ENOSPC);
    return 0;
}

int op_watch(struct request *r)
{
    const char *token;
    bool relative;
    struct watch *w;
    int error = parse(r, &token, &relative);

    if (error)
        return error;
    if (watch_find(r->c, r->at.path, r->at.length, token))
        return EEXIST;
    error = quota_watch(r, token);
    if (error)
        return error;
    w = watch_add(r->c, r->at.path, r->at.length, token);
    if (!w)
        return ENOMEM;
    w->relative = relative;
    wire_ok(r);
    watch_first(w);
    return 0;
}

int op_unwatch(struct request *r)
{
    const char *token;
    bool relative;
    struct watch *w;
    int error = parse(r, &token, &relative);

    /* Nobody watches what is no path. */
    if (error)
        return wire_strings(r, NULL, 0) == 2 ? ENOENT : error;
    w = watch_find(r->c, r->at.path, r->at.length, token);
    if (!w)
        return ENOENT;
    watch_remove(w);
    wire_ok(r);
    return 0;
}

int op_reset_watches(struct request *r)
{
    watch_remove_all(r->c);
    transaction_abort_all(r->c);
    wire_ok(r);
    return 0;
}
