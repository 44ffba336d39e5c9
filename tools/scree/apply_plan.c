/* SPDX-License-Identifier: MIT */
/* See apply_plan.h. */
#include "tools/scree/apply_plan.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *left, const void *right)
{
    const struct apply_is *a = left, *b = right;

    return strcmp(a->domain.name, b->domain.name);
}

/* `is` is sorted by name. */
static struct apply_is *find(struct apply_is *is, size_t count,
                             const char *name)
{
    struct apply_is key;

    snprintf(key.domain.name, sizeof(key.domain.name), "%s", name);
    return count ? bsearch(&key, is, count, sizeof(*is), by_name) : NULL;
}

/* One that is like it should be, but for whether it runs. One that is down by
 * request is started; one that has ended by itself, and need not come back,
 * has done its work. */
static enum apply_kind kind_of_same(const struct apply_is *is,
                                    const struct conf_domain *want)
{
    bool down = !strcmp(is->phase, "down") || !strcmp(is->phase, "crashed");
    bool always = want->restart == SCREE_RESTART_ALWAYS ||
                  want->restart == SCREE_RESTART_UNLESS_STOPPED;

    if (want->stopped)
        return down ? APPLY_KEEP : APPLY_STOP;
    return down && (is->domain.stopped || always) ? APPLY_START : APPLY_KEEP;
}

static void plan_one(struct apply_step *s, struct apply_is *is,
                     const struct conf_domain *want)
{
    *s = (struct apply_step){.kind = APPLY_ADD, .want = want};
    if (!is)
        return;
    is->wanted = true;
    s->is = &is->domain;
    switch (definition_diff(&is->domain, want, s->text, sizeof(s->text))) {
    case CHANGE_REPLACE:
        s->kind = APPLY_REPLACE;
        break;
    case CHANGE_SET:
        s->kind = APPLY_SET;
        break;
    default:
        s->kind = kind_of_same(is, want);
        break;
    }
}

/* ------------------------------------------------------------- clashes */

/* What a domain has of which there is one only: an address or a port. */
struct claim {
    uint64_t key;
    const char *name;
};

struct claims {
    struct claim *list;
    size_t count;
};

static int by_key(const void *left, const void *right)
{
    const struct claim *a = left, *b = right;

    return a->key < b->key ? -1 : a->key > b->key;
}

static uint64_t port_key(const struct forward *f)
{
    return 1ull << 40 | (uint64_t)f->udp << 32 | f->host;
}

static void add_claims(struct claims *c, const struct conf_domain *d)
{
    if (d->address_kind == CONF_FIXED)
        c->list[c->count++] = (struct claim){d->address, d->name};
    for (uint32_t i = 0; i < d->forward_count; i++)
        c->list[c->count++] =
            (struct claim){port_key(&d->forwards[i]), d->name};
}

static bool refuse_clash(const struct claim *a, const struct claim *b,
                         struct error *e)
{
    const char *what = a->key >> 40 ? "host port" : "address";
    struct address_text address = address_text((uint32_t)a->key);
    char port[16];

    snprintf(port, sizeof(port), "%u", (unsigned)(a->key & 0xffff));
    return error_set(e, a->key >> 40 ? "port-taken" : "address-taken",
                     "%s %s is wanted for '%s', but '%s' has it, which is not "
                     "in the file; give another, or remove that one (--prune)",
                     what, a->key >> 40 ? port : address.text, b->name,
                     a->name);
}

/* What stays against what is wanted; each by itself has no doubles. */
static bool check_claims(const struct claims *stay, const struct claims *want,
                         struct error *e)
{
    if (!stay->count)
        return true;
    qsort(stay->list, stay->count, sizeof(*stay->list), by_key);
    for (size_t i = 0; i < want->count; i++) {
        const struct claim *found =
            bsearch(&want->list[i], stay->list, stay->count,
                    sizeof(*stay->list), by_key);
        if (found)
            return refuse_clash(found, &want->list[i], e);
    }
    return true;
}

static bool check_clashes(const struct apply_is *is, size_t is_count,
                          const struct apply_want *want, struct error *e)
{
    size_t each = 1 + CONF_FORWARDS_MAX;
    struct claims stay = {must_alloc(is_count * each, sizeof(struct claim)), 0};
    struct claims new = {must_alloc(want->count * each, sizeof(struct claim)),
                         0};
    bool good;

    for (size_t i = 0; i < is_count; i++)
        if (!is[i].wanted && !want->prune)
            add_claims(&stay, &is[i].domain);
    for (size_t i = 0; i < want->count; i++)
        add_claims(&new, &want->domains[i]);
    good = check_claims(&stay, &new, e);
    free(stay.list);
    free(new.list);
    return good;
}

bool apply_make(struct apply_plan *p, struct apply_is *is, size_t is_count,
                const struct apply_want *want, struct error *e)
{
    *p = (struct apply_plan){
        .steps = must_alloc(is_count + want->count, sizeof(*p->steps))};
    if (is_count)
        qsort(is, is_count, sizeof(*is), by_name);
    for (size_t i = 0; i < want->count; i++)
        plan_one(&p->steps[p->count++],
                 find(is, is_count, want->domains[i].name), &want->domains[i]);
    for (size_t i = 0; want->prune && i < is_count; i++)
        if (!is[i].wanted)
            p->steps[p->count++] =
                (struct apply_step){.kind = APPLY_REMOVE, .is = &is[i].domain};
    return check_clashes(is, is_count, want, e);
}

size_t apply_count(const struct apply_plan *p, enum apply_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < p->count; i++)
        n += p->steps[i].kind == kind;
    return n;
}
