/* SPDX-License-Identifier: MIT */
/* See apply_file.h. */
#include "tools/scree/apply_file.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bundle/files.h"
#include "tools/bundle/plan.h"

struct reader {
    struct apply_file *out;
    const char *path;
    const char *directory; /* of the file: relative paths begin there */
    struct error *e;
};

/* ---------------------------------------------------------------- text */

static bool read_stdin(struct buffer *out, struct error *e)
{
    char chunk[4096];
    ssize_t n;

    while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0) {
        if (out->size + (size_t)n > CONF_BYTES_MAX)
            return error_set(e, "failed", "stdin: more than %u bytes",
                             CONF_BYTES_MAX);
        buffer_add(out, chunk, (size_t)n);
    }
    return n == 0 || error_set(e, "failed", "stdin: %s", strerror(errno));
}

/* A file that was cut within a line would mean something else. */
static bool check_end(const struct buffer *text, const char *path,
                      struct error *e)
{
    if (!text->size || text->bytes[text->size - 1] == '\n')
        return true;
    return error_set(e, "failed",
                     "%.300s: its last line has no end; was it cut short? If "
                     "not, add a newline",
                     path);
}

static bool read_text(const char *path, struct buffer *out, struct error *e)
{
    struct why w;
    bool good;

    *out = (struct buffer){0};
    if (!strcmp(path, "-"))
        good = read_stdin(out, e);
    else
        good = file_read(path, CONF_BYTES_MAX, out, &w) || cli_why(e, &w);
    return good && check_end(out, path, e);
}

/* ------------------------------------------------------------- objects */

static struct object *look_up(struct apply_file *f, const char *name,
                              bool is_image)
{
    for (size_t i = 0; i < f->object_count; i++)
        if (f->objects[i].is_image == is_image &&
            !strcmp(f->objects[i].name, name))
            return &f->objects[i].object;
    return NULL;
}

/* The object of a name in the file, compiled when it is first met. */
static struct object *need(struct reader *r, const struct conf_domain *d,
                           const char *name, bool is_image)
{
    struct apply_file *f = r->out;
    struct object *o = look_up(f, name, is_image);
    struct apply_object *new;
    struct error why;

    if (o)
        return o;
    if ((f->object_count & (f->object_count - 1)) == 0)
        f->objects =
            must_grow(f->objects, f->object_count * 2 + 1, sizeof(*f->objects));
    new = &f->objects[f->object_count++];
    *new = (struct apply_object){.name = must_copy(name, strlen(name)),
                                 .is_image = is_image};
    if (is_image ? image_load(&new->object, name, r->directory, &why)
                 : files_load(&new->object, name, r->directory, &why))
        return &new->object;
    error_set(r->e, "failed", "%.200s:%u: domain '%s': %.700s", r->path,
              d->line, d->name, why.text);
    return NULL;
}

static void take_source(char **to, const struct object *o)
{
    if (!o->source)
        return;
    free(*to);
    *to = must_copy(o->source, strlen(o->source));
}

static bool resolve_image(struct reader *r, const struct conf_domain *from,
                          struct conf_domain *to)
{
    const struct object *o = need(r, from, from->image, true);

    if (!o)
        return false;
    if (to->memory && to->memory < o->least_memory)
        return error_set(r->e, "failed",
                         "%.200s:%u: domain '%s' needs %lluK of memory; write "
                         "'memory = %lluK' or more",
                         r->path, from->line, from->name,
                         (unsigned long long)o->least_memory >> 10,
                         (unsigned long long)o->least_memory >> 10);
    if (!to->memory)
        to->memory = o->least_memory;
    to->image = must_copy(o->digest, strlen(o->digest));
    take_source(&to->source_image, o);
    return true;
}

static bool resolve_files(struct reader *r, const struct conf_domain *from,
                          struct conf_domain *to)
{
    const struct object *o;

    if (!from->files)
        return true;
    if (from->files[0] == '@') {
        fprintf(stderr,
                "scree: %s:%u: domain '%s': files = %s is left out; in a live "
                "cell names are in the store\n",
                r->path, from->line, from->name, from->files);
        return true;
    }
    o = need(r, from, from->files, false);
    if (!o)
        return false;
    to->files = must_copy(o->digest, strlen(o->digest));
    take_source(&to->source_files, o);
    return true;
}

/* ------------------------------------------------------------- domains */

static char *copy_or_null(const char *text)
{
    return text ? must_copy(text, strlen(text)) : NULL;
}

/* One copy of a section, still without image and files. */
static void copy_domain(struct conf_domain *to, const struct plan_domain *from)
{
    const struct conf_domain *c = from->conf;

    *to = *c;
    memcpy(to->name, from->name, sizeof(to->name));
    to->count = 1;
    to->image = to->files = NULL;
    to->source_image = copy_or_null(c->source_image);
    to->source_files = copy_or_null(c->source_files);
    for (uint32_t i = 0; i < c->label_count; i++)
        to->labels[i] = must_copy(c->labels[i], strlen(c->labels[i]));
    if (c->address_kind == CONF_FIXED)
        to->address = from->ipv4;
    to->forward_count = 0;
    if (c->on_crash == SCREE_ON_CRASH_RESTART) {
        to->on_crash = SCREE_ON_CRASH_DESTROY;
        if (to->restart == SCREE_RESTART_NO)
            to->restart = SCREE_RESTART_ON_FAILURE;
    }
}

static bool check_section(struct reader *r, const struct conf_domain *d)
{
    if (d->control)
        return error_set(r->e, "failed",
                         "%.200s:%u: domain '%s': control = yes is for boot "
                         "bundles; a live cell has its control domain",
                         r->path, d->line, d->name);
    if (d->remove && d->restart != SCREE_RESTART_NO)
        return error_set(r->e, "failed",
                         "%.200s:%u: domain '%s': remove = yes and restart "
                         "exclude each other; what comes back is not removed",
                         r->path, d->line, d->name);
    return true;
}

static bool make_domains(struct reader *r, const struct plan *p,
                         const struct plan_forwards *forwards)
{
    struct apply_file *f = r->out;
    size_t next = 0;

    f->domains = must_alloc(p->count, sizeof(*f->domains));
    for (size_t i = 0; i < p->count; i++) {
        const struct plan_domain *from = &p->domains[i];
        struct conf_domain *to = &f->domains[f->count++];
        copy_domain(to, from);
        for (; next < forwards->count && forwards->list[next].domain == from;
             next++)
            to->forwards[to->forward_count++] =
                (struct forward){.host = forwards->list[next].host,
                                 .guest = forwards->list[next].guest,
                                 .udp = forwards->list[next].udp};
        if (!check_section(r, from->conf) ||
            !resolve_image(r, from->conf, to) ||
            !resolve_files(r, from->conf, to))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------- network */

/* The file's network must be the cell's, or lie in it. */
static bool check_network(struct reader *r, const struct conf *c,
                          const struct apply_network *net)
{
    uint32_t mask = ~(uint32_t)(UINT32_MAX >> net->prefix);
    bool given = c->present & CONF_HAS_NETWORK;

    if (!net->prefix)
        mask = 0;
    if (given &&
        (c->prefix < net->prefix || (c->network & mask) != net->network))
        return error_set(r->e, "failed",
                         "%.200s: its network %s/%u is not in the cell's, "
                         "%s/%u, which 'scree up --cidr' sets",
                         r->path, address_text(c->network).text, c->prefix,
                         address_text(net->network).text, net->prefix);
    if (c->present & (CONF_HAS_GATEWAY | CONF_HAS_RESOLVER))
        fprintf(stderr,
                "scree: %s: gateway and resolver are left out; 'scree up' "
                "sets them\n",
                r->path);
    return true;
}

static bool plan_all(struct reader *r, struct conf *c,
                     const struct apply_network *net, uint32_t first_port)
{
    struct plan_forwards forwards = {0};
    struct plan plan = {0};
    struct why w;
    bool good;

    if (!check_network(r, c, net))
        return false;
    c->network = net->network;
    c->prefix = net->prefix;
    c->gateway = net->gateway;
    good = (plan_make(&plan, c, &w) &&
            plan_forward(&plan, first_port, &forwards, &w)) ||
           cli_why(r->e, &w);
    good = good && make_domains(r, &plan, &forwards);
    free(forwards.list);
    plan_free(&plan);
    return good;
}

bool apply_file_read(struct apply_file *f, const char *path,
                     const struct apply_network *net, uint32_t first_port,
                     struct error *e)
{
    char *copy = must_copy(path, strlen(path));
    struct reader r = {.out = f, .path = path, .e = e};
    struct buffer text;
    struct conf conf = {0};
    struct why w;
    bool good;

    *f = (struct apply_file){0};
    r.directory = strcmp(path, "-") == 0 ? NULL : dirname(copy);
    good = read_text(path, &text, e);
    if (good)
        good =
            conf_parse(&conf, path, (const char *)text.bytes, text.size, &w) ||
            cli_why(e, &w);
    good = good && plan_all(&r, &conf, net, first_port);
    conf_free(&conf);
    buffer_free(&text);
    free(copy);
    return good;
}

void apply_file_free(struct apply_file *f)
{
    for (size_t i = 0; i < f->count; i++)
        conf_domain_free(&f->domains[i]);
    for (size_t i = 0; i < f->object_count; i++) {
        free(f->objects[i].name);
        object_free(&f->objects[i].object);
    }
    free(f->domains);
    free(f->objects);
    *f = (struct apply_file){0};
}
