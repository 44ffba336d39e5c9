/* SPDX-License-Identifier: MIT */
/*
 * INTRODUCE, RELEASE, RESUME, IS_DOMAIN_INTRODUCED, GET_DOMAIN_PATH,
 * SET_TARGET: about domains, which the engine's user knows.
 */
#include <errno.h>
#include <string.h>

#include "store/ops.h"

static int parse_domid(const char *text, uint32_t *domid)
{
    uint64_t n;

    if (!text || !names_number(text, &n) || n > UINT32_MAX)
        return EINVAL;
    *domid = (uint32_t)n;
    return 0;
}

static int done(struct request *r, int error)
{
    if (!error)
        wire_ok(r);
    return error;
}

int op_introduce(struct request *r)
{
    const char *strings[3];
    uint64_t mfn, port;
    uint32_t domid;

    if (wire_strings(r, strings, 3) < 3 || parse_domid(strings[0], &domid) ||
        !names_number(strings[1], &mfn) || !names_number(strings[2], &port) ||
        port > UINT32_MAX)
        return EINVAL;
    if (!r->s->calls->introduce)
        return ENOSYS;
    return done(r,
                r->s->calls->introduce(r->s->user, domid, mfn, (uint32_t)port));
}

/* The one domain of the body, by a call of the user's. */
static int by_call(struct request *r, int (*call)(void *, uint32_t))
{
    uint32_t domid;
    int error = parse_domid(wire_only(r), &domid);

    if (!error && domid == 0)
        error = EINVAL;
    if (!error)
        error = call ? call(r->s->user, domid) : ENOSYS;
    return done(r, error);
}

int op_release(struct request *r)
{
    return by_call(r, r->s->calls->release);
}

int op_resume(struct request *r)
{
    return by_call(r, r->s->calls->resume);
}

static bool is_introduced(struct request *r, uint32_t domid)
{
    const struct owner *d = owner_find(r->s, domid);

    if (domid == DOMID_SELF || domid == 0)
        return true;
    if (r->s->calls->is_introduced)
        return r->s->calls->is_introduced(r->s->user, domid);
    return d && d->introduced;
}

int op_is_introduced(struct request *r)
{
    uint32_t domid;
    int error = parse_domid(wire_only(r), &domid);

    if (!error)
        wire_reply(r, is_introduced(r, domid) ? "T" : "F", 2);
    return error;
}

int op_domain_path(struct request *r)
{
    uint32_t domid;
    char home[NAMES_HOME_MAX];
    size_t n;
    int error = parse_domid(wire_only(r), &domid);

    if (error)
        return error;
    n = names_home(domid, home);
    home[n - 1] = 0;
    wire_reply(r, home, n);
    return 0;
}

/* The domain acts for another: both must be known. A chain of targets is not
 * followed, but must not be a ring, or its records would never go. */
int op_set_target(struct request *r)
{
    const char *strings[2];
    uint32_t domid, target;
    struct owner *d, *t;

    if (wire_strings(r, strings, 2) < 2 || parse_domid(strings[0], &domid) ||
        parse_domid(strings[1], &target))
        return EINVAL;
    d = owner_find(r->s, domid);
    t = owner_find(r->s, target);
    if (!d || !t)
        return ENOENT;
    for (const struct owner *at = t; at; at = at->target) {
        if (at == d)
            return EINVAL;
    }
    owner_set_target(r->s, d, t);
    wire_ok(r);
    return 0;
}
