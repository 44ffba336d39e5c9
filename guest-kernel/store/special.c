/* SPDX-License-Identifier: MIT */
/*
 * See special.h.
 */
#include "store/special.h"

#include <errno.h>
#include <string.h>

#include "store/watch.h"

static const char *const names[SPECIALS] = {
    [SPECIAL_INTRODUCE] = "@introduceDomain",
    [SPECIAL_RELEASE] = "@releaseDomain",
};

/* NULL: there is no such name. */
static struct perms **find(struct store *s, const char *name)
{
    for (unsigned i = 0; i < SPECIALS; i++) {
        if (!strcmp(name, names[i]))
            return &s->special[i];
    }
    return NULL;
}

/* A name that is not there is as a node below the root. */
static int missing(struct request *r, uint32_t rights)
{
    bool may = perms_rights(r->s->root->content.perms, r->c) & rights;

    return may ? ENOENT : EACCES;
}

int special_get_perms(struct request *r, const char *name,
                      int (*reply)(struct request *, const struct perms *))
{
    struct perms **p = find(r->s, name);

    if (!p)
        return missing(r, PERMS_READ);
    if (!(perms_rights(*p, r->c) & PERMS_READ))
        return EACCES;
    return reply(r, *p);
}

int special_set_perms(struct request *r, const char *name, struct perms *p)
{
    struct perms **at = find(r->s, name);
    int error = 0;

    if (!at)
        error = missing(r, PERMS_WRITE | PERMS_OWNER);
    else if (!(perms_rights(*at, r->c) & PERMS_OWNER))
        error = EACCES;
    else if (!r->c->privileged && perms_owner(p) != perms_owner(*at))
        error = EPERM;
    if (error) {
        perms_drop(r->s, p);
        return error;
    }
    perms_drop(r->s, *at);
    *at = p;
    return 0;
}

void special_fire(struct store *s, enum special which, uint32_t domid)
{
    char one[32] = "@releaseDomain/", home[NAMES_HOME_MAX];
    size_t n = names_home(domid, home) - sizeof(NAMES_HOME);

    watch_fire_special(s, names[which], s->special[which]);
    if (which != SPECIAL_RELEASE)
        return;
    memcpy(one + 15, home + sizeof(NAMES_HOME) - 1, n);
    one[15 + n] = 0;
    watch_fire_special(s, one, s->special[which]);
}
