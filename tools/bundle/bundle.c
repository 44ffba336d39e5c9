/* SPDX-License-Identifier: MIT */
/*
 * The writer of bundles. Tables come first, with room made for them before
 * their contents are known; contents follow, each on a page of its own.
 */
#include "bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "elf64.h"
#include "files.h"
#include "record.h"

/* What several domains may share, found again by its path. */
struct content {
    char *path; /* as realpath() gives it; "@hosts" for that module */
    uint64_t least_memory; /* of an image */
};

struct maker {
    const struct plan *plan;
    const struct search *search;
    struct buffer *out;
    struct why *w;
    struct content *images, *modules;
    struct scree_bundle_image *image_table;
    struct scree_bundle_module *module_table;
    size_t image_count, module_count;
};

static bool refuse(struct maker *m, const struct conf_domain *d,
                   const char *what, const char *name, const char *reason)
{
    return why_set(m->w, "%s:%u: %s '%.200s' of domain '%s': %s",
                   m->plan->conf->file, d->line, what, name, d->name, reason);
}

/* The real path of a name in cell.conf, or NULL; free() is due. */
static char *find(struct maker *m, const char *name)
{
    char path[PATH_MAX];

    if (name[0] == '/')
        return realpath(name, NULL);
    for (size_t i = 0; i < m->search->count; i++) {
        char *real;
        int n = snprintf(path, sizeof(path), "%s/%s", m->search->directories[i],
                         name);
        if (n >= (int)sizeof(path))
            continue;
        real = realpath(path, NULL);
        if (real)
            return real;
    }
    return NULL;
}

static char *find_or_refuse(struct maker *m, const struct conf_domain *d,
                            const char *what, const char *name)
{
    char looked[512] = "not found; looked in";
    char *real = find(m, name);

    if (real)
        return real;
    for (size_t i = 0; i < m->search->count; i++) {
        size_t used = strlen(looked);
        snprintf(looked + used, sizeof(looked) - used, " %s",
                 m->search->directories[i]);
    }
    refuse(m, d, what, name, looked);
    return NULL;
}

static size_t look_up(const struct content *list, size_t count,
                      const char *path)
{
    size_t i = 0;

    while (i < count && strcmp(list[i].path, path) != 0)
        i++;
    return i;
}

/* Reads the image at path into slot i of the tables. */
static bool load_image(struct maker *m, const struct conf_domain *d,
                       const char *path, size_t i)
{
    struct buffer file;
    struct elf_image e;
    struct why reason;
    bool good;

    if (!file_read(path, ELF_BYTES_MAX, &file, &reason))
        return refuse(m, d, "image", d->image, reason.text);
    good = elf_read(&e, file.bytes, file.size, &reason);
    if (good) {
        m->images[i].least_memory = elf_least_memory(&e);
        record_write_image(m->out, path, &e, &m->image_table[i]);
    } else {
        refuse(m, d, "image", d->image, reason.text);
    }
    elf_free(&e);
    buffer_free(&file);
    return good;
}

static bool need_image(struct maker *m, const struct conf_domain *d,
                       uint32_t *index)
{
    char *path = find_or_refuse(m, d, "image", d->image);
    size_t i;

    if (!path)
        return false;
    i = look_up(m->images, m->image_count, path);
    *index = (uint32_t)i;
    if (i < m->image_count) {
        free(path);
        return true;
    }
    m->images[m->image_count++].path = path;
    return load_image(m, d, path, i);
}

static bool load_module(struct maker *m, const struct conf_domain *d,
                        const char *path, struct scree_bundle_module *to)
{
    struct why reason;

    record_label(to->name, path);
    to->offset = buffer_align(m->out, SCREE_PAGE_SIZE);
    if (!strcmp(path, "@hosts"))
        files_pack_hosts(m->plan, m->out);
    else if (!files_pack(path, m->out, &reason))
        return refuse(m, d, "files", d->files, reason.text);
    to->size = m->out->size - to->offset;
    buffer_align(m->out, SCREE_PAGE_SIZE);
    return true;
}

static bool need_module(struct maker *m, const struct conf_domain *d,
                        const char *files, uint32_t *index)
{
    char *path = files[0] == '@' ? must_copy(files, strlen(files))
                                 : find_or_refuse(m, d, "files", files);
    size_t i;

    if (!path)
        return false;
    i = look_up(m->modules, m->module_count, path);
    *index = (uint32_t)i;
    if (i < m->module_count) {
        free(path);
        return true;
    }
    m->modules[m->module_count++].path = path;
    return load_module(m, d, path, &m->module_table[i]);
}

static bool check_memory(struct maker *m, const struct conf_domain *d,
                         uint64_t least, uint64_t *memory)
{
    char text[128];

    *memory = d->memory ? d->memory : least;
    if (*memory >= least)
        return true;
    snprintf(text, sizeof(text),
             "needs %" PRIu64 "K of memory; write 'memory = %" PRIu64
             "K' or more",
             least >> 10, least >> 10);
    return refuse(m, d, "image", d->image, text);
}

/* A boot bundle has no manager: what only one can do is refused, where a
 * domain would otherwise live by other rules than written. Labels and the
 * like are left out. */
static bool check_boot(struct maker *m, const struct conf_domain *d)
{
    static const char live[] = "only a live cell can do so; use 'scree apply'";

    if (value_is_digest(d->image))
        return refuse(m, d, "image", d->image, live);
    if (d->files && value_is_digest(d->files))
        return refuse(m, d, "files", d->files, live);
    if (d->stopped)
        return refuse(m, d, "stopped =", "yes", live);
    if (d->restart != SCREE_RESTART_NO &&
        d->restart != SCREE_RESTART_ON_FAILURE)
        return refuse(m, d, "restart =",
                      conf_restart_text(d->restart, d->retries).text, live);
    return true;
}

/* The records of one section: as many as it has copies. */
static bool make_domains(struct maker *m, const struct plan_domain *from,
                         struct scree_domain_config *to)
{
    const struct conf_domain *d = from->conf;
    struct scree_domain_config r = {.size = sizeof(r),
                                    .module = SCREE_NO_MODULE,
                                    .on_crash = d->on_crash,
                                    .weight = d->weight,
                                    .group = d->group,
                                    .net_rate = d->net_rate,
                                    .flags =
                                        d->control ? SCREE_CONFIG_CONTROL : 0};

    if (d->restart == SCREE_RESTART_ON_FAILURE)
        r.on_crash = SCREE_ON_CRASH_RESTART;
    if (!check_boot(m, d) || !need_image(m, d, &r.image) ||
        !check_memory(m, d, m->images[r.image].least_memory, &r.memory))
        return false;
    if (d->files && !need_module(m, d, d->files, &r.module))
        return false;
    memcpy(r.cmdline, d->cmdline, sizeof(r.cmdline));
    for (uint32_t i = 0; i < d->count; i++) {
        memcpy(r.name, from[i].name, sizeof(r.name));
        r.ipv4 = from[i].ipv4;
        to[i] = r;
    }
    return true;
}

static bool make_all(struct maker *m, struct scree_domain_config *domains)
{
    const struct plan *p = m->plan;
    uint32_t hosts;

    for (size_t i = 0; i < p->count; i += p->domains[i].conf->count)
        if (!make_domains(m, &p->domains[i], &domains[i]))
            return false;
    return need_module(m, p->domains[0].conf, "@hosts", &hosts);
}

static void make_header(const struct maker *m, const uint64_t seed[4],
                        struct scree_bundle *h)
{
    const struct conf *c = m->plan->conf;

    h->magic = SCREE_BUNDLE_MAGIC;
    h->version = SCREE_BUNDLE_VERSION;
    h->header_size = sizeof(*h);
    h->size = m->out->size;
    h->image_count = (uint32_t)m->image_count;
    h->module_count = (uint32_t)m->module_count;
    h->domain_count = (uint32_t)m->plan->count;
    memcpy(h->seed, seed, sizeof(h->seed));
    h->network = c->network;
    h->prefix = c->prefix;
    h->gateway = c->gateway;
    h->resolver = c->resolver;
}

static void free_contents(struct content *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].path);
    free(list);
}

/* Tables are sized for the worst case: every section its own image and
 * module, and @hosts. What stays unused is zero and is not counted. */
bool bundle_make(const struct plan *plan, const struct search *search,
                 const uint64_t seed[4], struct buffer *out, struct why *w)
{
    size_t n = plan->conf->domain_count + 1;
    struct maker m = {.plan = plan, .search = search, .out = out, .w = w};
    struct scree_bundle header = {0};
    struct scree_domain_config *domains =
        must_alloc(plan->count, sizeof(*domains));
    bool good;

    m.images = must_alloc(n, sizeof(*m.images));
    m.modules = must_alloc(n, sizeof(*m.modules));
    m.image_table = must_alloc(n, sizeof(*m.image_table));
    m.module_table = must_alloc(n, sizeof(*m.module_table));
    buffer_add(out, NULL, sizeof(header));
    header.images = buffer_add(out, NULL, n * sizeof(*m.image_table));
    header.modules = buffer_add(out, NULL, n * sizeof(*m.module_table));
    header.domains = buffer_add(out, NULL, plan->count * sizeof(*domains));
    good = make_all(&m, domains);
    make_header(&m, seed, &header);
    buffer_put(out, 0, &header, sizeof(header));
    buffer_put(out, header.images, m.image_table, n * sizeof(*m.image_table));
    buffer_put(out, header.modules, m.module_table,
               n * sizeof(*m.module_table));
    buffer_put(out, header.domains, domains, plan->count * sizeof(*domains));
    free_contents(m.images, m.image_count);
    free_contents(m.modules, m.module_count);
    free(m.image_table);
    free(m.module_table);
    free(domains);
    return good;
}
