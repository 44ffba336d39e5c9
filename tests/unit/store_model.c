/* SPDX-License-Identifier: MIT */
/*
 * See store_model.h. Nothing here is clever: every question is a loop over
 * everything.
 */
#include "store_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t domid(unsigned client)
{
    return client < 2 ? 0 : client - 1;
}

static bool limited(unsigned client)
{
    return client >= 2;
}

static bool below(const char *path, const char *top)
{
    size_t n = strlen(top);

    if (!strcmp(top, "/"))
        return path[1] != 0;
    return !strncmp(path, top, n) && path[n] == '/';
}

static void parent_of(const char *path, char *parent)
{
    char *slash;

    strcpy(parent, path);
    slash = strrchr(parent, '/');
    slash[slash == parent] = 0;
}

/* ------------------------------------------------------------------ trees */

static struct model_node *find(struct model_tree *t, const char *path)
{
    for (unsigned i = 0; i < t->count; i++) {
        if (!strcmp(t->node[i].path, path))
            return &t->node[i];
    }
    return NULL;
}

static struct model_node *near(struct model_tree *t, const char *path)
{
    char at[MODEL_PATH];

    for (strcpy(at, path); !find(t, at);)
        parent_of(strcpy((char[MODEL_PATH]){0}, at), at);
    return find(t, at);
}

static struct model_node *add(struct model_tree *t, const char *path)
{
    unsigned i = 0;

    if (t->count == MODEL_NODES)
        abort();
    while (i < t->count && strcmp(t->node[i].path, path) < 0)
        i++;
    memmove(&t->node[i + 1], &t->node[i], (t->count - i) * sizeof(t->node[0]));
    t->count++;
    memset(&t->node[i], 0, sizeof(t->node[i]));
    strcpy(t->node[i].path, path);
    return &t->node[i];
}

static void cut(struct model_tree *t, const char *path)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < t->count; i++) {
        if (strcmp(t->node[i].path, path) != 0 && !below(t->node[i].path, path))
            t->node[kept++] = t->node[i];
    }
    t->count = kept;
}

static unsigned owned(struct model_tree *t, uint32_t id, bool made)
{
    unsigned n = 0;

    for (unsigned i = 0; i < t->count; i++)
        n += t->node[i].perm[0].id == id && (!made || t->node[i].made);
    return n;
}

static unsigned rights(const struct model_node *n, unsigned client)
{
    uint32_t id = domid(client);

    if (!limited(client) || n->perm[0].id == id)
        return MODEL_READ | MODEL_WRITE | MODEL_OWNER;
    for (unsigned i = 1; i < n->perms; i++) {
        if (n->perm[i].id == id)
            return n->perm[i].rights;
    }
    return n->perm[0].rights;
}

/* ----------------------------------------------------------------- watches */

static void hear(struct model *m, const struct model_watch *w, const char *path)
{
    struct model_event *e = &m->event[m->events++];

    if (m->events > MODEL_EVENTS)
        abort();
    e->client = w->client;
    strcpy(e->path, path);
    strcpy(e->token, w->token);
}

/* Whoever may read one of the three hears of it; NULL: there is none. */
static void fire(struct model *m, const char *path, bool exact,
                 struct model_node *const who[3])
{
    for (unsigned i = 0; i < m->watches; i++) {
        const struct model_watch *w = &m->watch[i];
        bool may = false;

        if (strcmp(w->path, path) != 0 && (exact || !below(path, w->path)))
            continue;
        for (unsigned k = 0; k < 3; k++)
            may |= who[k] && rights(who[k], w->client) & MODEL_READ;
        if (may)
            hear(m, w, path);
    }
}

static struct model_node *parent_node(struct model_tree *t, const char *path)
{
    char parent[MODEL_PATH];

    if (!strcmp(path, "/"))
        return NULL;
    parent_of(path, parent);
    return find(t, parent);
}

/* ------------------------------------------------------------ transactions */

static struct model_transaction *get_open(struct model *m, unsigned client,
                                          uint32_t id)
{
    for (unsigned i = 0; id && i < MODEL_OPEN; i++) {
        if (m->open[i].id == id && m->open[i].client == client)
            return &m->open[i];
    }
    return NULL;
}

static void note(struct model_transaction *t, char kind, const char *path)
{
    for (unsigned i = 0; i < t->notes; i++) {
        if (t->note[i].kind == kind && !strcmp(t->note[i].path, path))
            return;
    }
    if (t->notes == MODEL_NOTES)
        abort();
    t->note[t->notes].kind = kind;
    strcpy(t->note[t->notes++].path, path);
}

/* Below what was removed nothing of the store is seen any more. */
static bool hidden(const struct model_transaction *t, const char *path)
{
    for (unsigned i = 0; i < t->notes; i++) {
        if (t->note[i].kind == 's' && below(path, t->note[i].path))
            return true;
    }
    return false;
}

static void note_content(struct model_transaction *t, const char *path)
{
    struct model_node *up = parent_node(&t->before, path);

    if (!hidden(t, path) && (find(&t->before, path) || up))
        note(t, 'c', path);
}

/* Whoever finds nothing has seen the first that is missing, and what is above
 * it. */
static void note_look(struct model_transaction *t, const char *path)
{
    const struct model_node *n = near(&t->now, path);
    char first[MODEL_PATH];
    size_t at;

    if (!strcmp(n->path, path)) {
        note_content(t, path);
        return;
    }
    strcpy(first, path);
    at = strlen(n->path) + (n->path[1] != 0);
    first[at + strcspn(first + at, "/")] = 0;
    note_content(t, first);
    note_content(t, n->path);
}

static void forget_below(struct model_transaction *t, const char *path)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < t->notes; i++) {
        if (!below(t->note[i].path, path))
            t->note[kept++] = t->note[i];
    }
    t->notes = kept;
}

static bool same_stamp(const struct model_node *a, const struct model_node *b)
{
    return !a ? !b : b && a->changed == b->changed;
}

static bool same_below(struct model *m, struct model_transaction *t,
                       const char *path)
{
    for (unsigned i = 0; i < t->before.count; i++) {
        const struct model_node *n = &t->before.node[i], *now;

        if (strcmp(n->path, path) != 0 && !below(n->path, path))
            continue;
        now = find(&m->tree, n->path);
        if (!same_stamp(n, now) || n->listed != now->listed)
            return false;
    }
    return true;
}

static bool overtaken(struct model *m, struct model_transaction *t)
{
    for (unsigned i = 0; i < t->notes; i++) {
        const char *path = t->note[i].path;
        const struct model_node *a = find(&t->before, path);
        const struct model_node *b = find(&m->tree, path);

        if (t->note[i].kind == 'c' && !same_stamp(a, b))
            return true;
        if (t->note[i].kind == 'l' && (!b || a->listed != b->listed))
            return true;
        if (t->note[i].kind == 's' && !same_below(m, t, path))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------- operations */

static struct model_tree *tree(struct model *m, unsigned client, uint32_t t)
{
    struct model_transaction *x = get_open(m, client, t);

    return x ? &x->now : &m->tree;
}

void model_start(struct model *m, const struct store_limits *limits)
{
    static const char *const paths[] = {"/", "/local", "/local/domain"};
    char home[MODEL_PATH];

    memset(m, 0, sizeof(*m));
    m->limits = *limits;
    for (unsigned i = 0; i < 3; i++)
        add(&m->tree, paths[i])->perms = 1;
    for (unsigned client = 2; client < 8; client++) {
        struct model_node *n;

        snprintf(home, sizeof(home), "/local/domain/%u", domid(client));
        n = add(&m->tree, home);
        n->perms = 1;
        n->perm[0].id = domid(client);
    }
}

const char *model_get(struct model *m, unsigned client, uint32_t t,
                      const char *path, unsigned wanted)
{
    struct model_transaction *x = get_open(m, client, t);
    struct model_node *n = near(tree(m, client, t), path);
    unsigned has = rights(n, client);

    m->events = 0;
    if (x)
        note_look(x, path);
    if (strcmp(n->path, path) != 0)
        return has & wanted ? "ENOENT" : "EACCES";
    return (has & wanted) == wanted ? "OK" : "EACCES";
}

const struct model_node *model_node(struct model *m, unsigned client,
                                    uint32_t t, const char *path)
{
    return find(tree(m, client, t), path);
}

unsigned model_list(struct model *m, unsigned client, uint32_t t,
                    const char *path, char *names)
{
    struct model_transaction *x = get_open(m, client, t);
    struct model_tree *from = tree(m, client, t);
    unsigned size = 0;

    if (x && find(&x->before, path) && !hidden(x, path)) {
        bool gone = false;

        for (unsigned i = 0; i < x->notes; i++)
            gone |= x->note[i].kind == 's' && !strcmp(x->note[i].path, path);
        if (!gone)
            note(x, 'l', path);
    }
    for (unsigned i = 0; i < from->count; i++) {
        const char *p = from->node[i].path;
        const char *name = p + strlen(path) + (path[1] != 0);

        if (below(p, path) && !strchr(name, '/'))
            size += (unsigned)sprintf(names + size, "%s", name) + 1;
    }
    return size;
}

static bool may_make(struct model *m, unsigned client, uint32_t t,
                     const char *path)
{
    struct model_transaction *x = get_open(m, client, t);
    const struct model_node *n = near(tree(m, client, t), path);
    unsigned count = n->path[1] == 0, have = 0;

    if (!limited(client))
        return true;
    for (const char *p = path + strlen(n->path); *p; p++)
        count += *p == '/';
    if (!x || !x->removals)
        have = owned(&m->tree, domid(client), false);
    if (x)
        have += owned(&x->now, domid(client), true);
    return have + count <= m->limits.nodes;
}

/* The missing nodes of path, as their nearest parent is. */
static void make(struct model *m, unsigned client, struct model_tree *to,
                 const char *path)
{
    while (!find(to, path)) {
        struct model_node up = *near(to, path), *n;
        size_t at = strlen(up.path) + (up.path[1] != 0);
        char next[MODEL_PATH];

        strcpy(next, path);
        next[at + strcspn(next + at, "/")] = 0;
        n = add(to, next);
        n->perms = up.perms;
        memcpy(n->perm, up.perm, sizeof(n->perm));
        if (limited(client))
            n->perm[0].id = domid(client);
        n->made = n->dirty = true;
        n->changed = n->listed = m->generation;
        find(to, up.path)->listed = m->generation;
    }
}

/* A change of path that is done: now at once, or later. */
static void changed(struct model *m, unsigned client, uint32_t t,
                    const char *path, struct model_node *before)
{
    struct model_transaction *x = get_open(m, client, t);
    struct model_tree *to = tree(m, client, t);
    struct model_node *n = find(to, path);

    n->dirty = true;
    if (x) {
        note(x, 'n', path);
        return;
    }
    n->changed = m->generation;
    fire(m, path, false,
         (struct model_node *[3]){n, before, parent_node(to, path)});
}

static const char *put(struct model *m, unsigned client, uint32_t t,
                       const char *path, const char *value, unsigned size)
{
    struct model_tree *to = tree(m, client, t);
    struct model_node *n;

    if (limited(client) && size > m->limits.node_size)
        return "ENOSPC";
    if (!find(to, path) && !may_make(m, client, t, path))
        return "ENOSPC";
    m->generation++;
    make(m, client, to, path);
    n = find(to, path);
    memcpy(n->value, value, size);
    n->size = size;
    changed(m, client, t, path, NULL);
    return "OK";
}

const char *model_write(struct model *m, unsigned client, uint32_t t,
                        const char *path, const char *value, unsigned size)
{
    const char *error = model_get(m, client, t, path, MODEL_WRITE);

    if (strcmp(error, "EACCES") == 0)
        return error;
    return put(m, client, t, path, value, size);
}

const char *model_mkdir(struct model *m, unsigned client, uint32_t t,
                        const char *path)
{
    const char *error = model_get(m, client, t, path, MODEL_WRITE);

    return strcmp(error, "ENOENT") != 0 ? error
                                        : put(m, client, t, path, "", 0);
}

/* Those below hear of themselves, if somebody watches just them. */
static void fire_below(struct model *m, struct model_tree *t, const char *path)
{
    for (unsigned i = 0; i < t->count; i++) {
        struct model_node *n = &t->node[i];

        if (below(n->path, path))
            fire(m, n->path, true,
                 (struct model_node *[3]){n, NULL, parent_node(t, n->path)});
    }
}

static void remove_now(struct model *m, const char *path)
{
    m->generation++;
    fire_below(m, &m->tree, path);
    fire(m, path, false,
         (struct model_node *[3]){find(&m->tree, path), NULL,
                                  parent_node(&m->tree, path)});
    parent_node(&m->tree, path)->listed = m->generation;
    cut(&m->tree, path);
}

static void remove_later(struct model_transaction *t, const char *path)
{
    bool was = find(&t->before, path) && !hidden(t, path);

    forget_below(t, path);
    if (was)
        note(t, 's', path);
    note(t, 'n', path);
    t->removals = true;
    cut(&t->now, path);
}

const char *model_rm(struct model *m, unsigned client, uint32_t t,
                     const char *path)
{
    const char *error = model_get(m, client, t, path, MODEL_WRITE);
    struct model_transaction *x = get_open(m, client, t);

    if (!strcmp(error, "ENOENT"))
        return parent_node(tree(m, client, t), path) ? "OK" : error;
    if (strcmp(error, "OK") != 0)
        return error;
    if (!strcmp(path, "/"))
        return "EINVAL";
    if (x)
        remove_later(x, path);
    else
        remove_now(m, path);
    return "OK";
}

const char *model_set_perms(struct model *m, unsigned client, uint32_t t,
                            const char *path, const struct model_perm *perm,
                            unsigned perms)
{
    const char *error;
    struct model_node *n, before;

    if (limited(client) && perms > m->limits.permissions) {
        m->events = 0;
        return "ENOSPC";
    }
    error = model_get(m, client, t, path, MODEL_WRITE | MODEL_OWNER);
    if (strcmp(error, "OK") != 0)
        return error;
    n = find(tree(m, client, t), path);
    if (limited(client) && n->perm[0].id != perm[0].id)
        return "EPERM";
    before = *n;
    n->perms = perms;
    memcpy(n->perm, perm, perms * sizeof(*perm));
    m->generation++;
    changed(m, client, t, path, &before);
    return "OK";
}

static int find_watch(const struct model *m, unsigned client, const char *path,
                      const char *token)
{
    for (unsigned i = 0; i < m->watches; i++) {
        const struct model_watch *w = &m->watch[i];

        if (w->client == client && !strcmp(w->path, path) &&
            !strcmp(w->token, token))
            return (int)i;
    }
    return -1;
}

const char *model_watch(struct model *m, unsigned client, const char *path,
                        const char *token)
{
    struct model_watch *w = &m->watch[m->watches];
    unsigned count = 0;

    m->events = 0;
    if (find_watch(m, client, path, token) >= 0)
        return "EEXIST";
    for (unsigned i = 0; i < m->watches; i++)
        count += m->watch[i].client == client;
    if (limited(client) && count >= m->limits.watches)
        return "E2BIG";
    if (++m->watches > MODEL_WATCHES)
        abort();
    w->client = client;
    strcpy(w->path, path);
    strcpy(w->token, token);
    hear(m, w, path);
    return "OK";
}

const char *model_unwatch(struct model *m, unsigned client, const char *path,
                          const char *token)
{
    int i = find_watch(m, client, path, token);

    m->events = 0;
    if (i < 0)
        return "ENOENT";
    m->watch[i] = m->watch[--m->watches];
    return "OK";
}

const char *model_begin(struct model *m, unsigned client, uint32_t id)
{
    unsigned count = 0, i = 0;

    m->events = 0;
    for (unsigned k = 0; k < MODEL_OPEN; k++)
        count += m->open[k].id && m->open[k].client == client;
    if (limited(client) && count >= m->limits.transactions)
        return "ENOSPC";
    while (m->open[i].id)
        i++;
    m->open[i].id = id;
    m->open[i].client = client;
    m->open[i].notes = 0;
    m->open[i].removals = false;
    m->open[i].before = m->tree;
    for (unsigned k = 0; k < m->tree.count; k++)
        m->open[i].before.node[k].made = m->open[i].before.node[k].dirty =
            false;
    m->open[i].now = m->open[i].before;
    return "OK";
}

static bool too_many(struct model *m, struct model_transaction *t)
{
    uint32_t id = domid(t->client);
    unsigned made = owned(&t->now, id, true), removed = 0;

    for (unsigned i = 0; i < m->tree.count; i++) {
        const struct model_node *n = &m->tree.node[i];
        bool goes = false;

        for (unsigned k = 0; k < t->notes; k++)
            goes |=
                t->note[k].kind == 's' && (!strcmp(n->path, t->note[k].path) ||
                                           below(n->path, t->note[k].path));
        removed += goes && n->perm[0].id == id;
    }
    return limited(t->client) && made &&
           owned(&m->tree, id, false) - removed + made > m->limits.nodes;
}

static void apply(struct model *m, struct model_transaction *t)
{
    for (unsigned i = 0; i < t->notes; i++) {
        if (t->note[i].kind != 's')
            continue;
        fire_below(m, &m->tree, t->note[i].path);
        parent_node(&m->tree, t->note[i].path)->listed = m->generation;
        cut(&m->tree, t->note[i].path);
    }
    for (unsigned i = 0; i < t->now.count; i++) {
        struct model_node *from = &t->now.node[i], *to;

        if (!from->dirty)
            continue;
        to = find(&m->tree, from->path);
        if (!to) {
            to = add(&m->tree, from->path);
            to->listed = m->generation;
            parent_node(&m->tree, from->path)->listed = m->generation;
        }
        memcpy(to->value, from->value, sizeof(to->value));
        to->size = from->size;
        to->perms = from->perms;
        memcpy(to->perm, from->perm, sizeof(to->perm));
        to->changed = m->generation;
    }
}

static void fire_all(struct model *m, struct model_transaction *t,
                     struct model_tree *before)
{
    for (unsigned i = 0; i < t->notes; i++) {
        const char *path = t->note[i].path;
        struct model_node *now, *was = NULL;

        if (t->note[i].kind != 'n')
            continue;
        now = find(&m->tree, path);
        if (!hidden(t, path))
            was = find(before, path);
        if (now || was)
            fire(m, path, false,
                 (struct model_node *[3]){now, was,
                                          parent_node(&m->tree, path)});
    }
}

const char *model_end(struct model *m, unsigned client, uint32_t id,
                      bool commit)
{
    static struct model_tree before;
    struct model_transaction *t = get_open(m, client, id);

    m->events = 0;
    t->id = 0;
    if (!commit)
        return "OK";
    if (overtaken(m, t))
        return "EAGAIN";
    if (too_many(m, t))
        return "ENOSPC";
    m->generation++;
    before = m->tree;
    apply(m, t);
    fire_all(m, t, &before);
    return "OK";
}

void model_reset(struct model *m, unsigned client)
{
    m->events = 0;
    for (unsigned i = 0; i < MODEL_OPEN; i++) {
        if (m->open[i].client == client)
            m->open[i].id = 0;
    }
    for (unsigned i = 0; i < m->watches;) {
        if (m->watch[i].client == client)
            m->watch[i] = m->watch[--m->watches];
        else
            i++;
    }
}
