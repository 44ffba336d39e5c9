/* SPDX-License-Identifier: MIT */
/* See state.h. */
#define _GNU_SOURCE
#include "tools/screed/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/bundle/files.h"
#include "tools/screed/domain.h"
#include "tools/screed/objects.h"
#include "tools/screed/writer.h"

#define REMOVED    "removed"
#define END_MARK   "# end\n" /* an entry that has it is whole */
#define PART_MOST  (8u << 20)
#define BYTES_MOST (256u << 20)

struct state {
    struct screed *screed;
    struct writer *writer;
    unsigned number;  /* of the open state.N */
    unsigned written; /* those up to this are in what the writer writes */
    int fd;           /* of state.N, or -1 */
    bool changed;     /* since state.conf was given to the writer */
    struct event *later;
};

static const struct timeval delay = {.tv_sec = 1};

/* ------------------------------------------------------------- reading */

static void define(struct screed *s, struct conf_domain *def)
{
    struct domain *old = domain_find(s, def->name);
    struct domain *d;
    struct digest image;
    struct error e;

    if (old) {
        objects_use(s->objects, &old->image, -1);
        objects_use(s->objects, &old->files, -1);
        domain_remove(old);
    }
    if (!digest_parse(def->image, &image))
        return;
    if (def->address_kind == CONF_AUTO) {
        def->address_kind = CONF_FIXED;
        def->address = domain_free_address(s);
    }
    if (def->address_kind == CONF_FIXED &&
        !domain_check_address(s, def->address, &e)) {
        screed_log(s, "domain '%s' loses its address: %s", def->name, e.text);
        def->address_kind = CONF_NONE;
    }
    d = domain_add(s, def);
    objects_use(s->objects, &d->image, 1);
    objects_use(s->objects, &d->files, 1);
}

static bool parse(struct screed *s, const char *path, const char *text,
                  size_t size, struct error *e)
{
    struct conf c;
    struct why w;
    bool good = conf_parse(&c, path, text, size, &w);

    for (size_t i = 0; good && i < c.domain_count; i++)
        define(s, &c.domains[i]);
    conf_free(&c);
    return good || error_set(e, "bad-state",
                             "%s\nThe definitions of the cell's domains are "
                             "damaged; mend the file, or move it away to begin "
                             "without them",
                             w.text);
}

/* Where the last section within the next PART_MOST bytes begins. */
static size_t part_of(const char *text, size_t size)
{
    static const char begin[] = "\n[domain ";
    const size_t n = sizeof(begin) - 1;

    if (size <= PART_MOST)
        return size;
    for (size_t at = PART_MOST; at > n; at--)
        if (!memcmp(text + at - n, begin, n))
            return at - n + 1;
    return size;
}

/* A cell.conf has a limit that many domains together are above. */
static bool parse_parts(struct screed *s, const char *path,
                        const struct buffer *b, struct error *e)
{
    const char *text = (const char *)b->bytes;
    size_t left = b->size;

    while (left) {
        size_t part = part_of(text, left);
        if (!parse(s, path, text, part, e))
            return false;
        text += part;
        left -= part;
    }
    return true;
}

/* An entry without its end was being written when screed died. */
static void cut_unfinished(struct buffer *b)
{
    static const char mark[] = END_MARK;
    const size_t n = sizeof(mark) - 1;

    while (b->size &&
           (b->size < n || memcmp(b->bytes + b->size - n, mark, n) != 0))
        b->size--;
}

static bool read_one(struct screed *s, const char *file, bool entries,
                     struct error *e)
{
    struct path p = screed_path(s, "%s", file);
    struct buffer b = {0};
    struct why w;
    bool good = true;

    if (access(p.text, F_OK) && errno == ENOENT)
        return true;
    if (!file_read(p.text, BYTES_MOST, &b, &w))
        return error_set(e, "not-possible", "%s", w.text);
    if (entries)
        cut_unfinished(&b);
    if (b.size && memmem(b.bytes, b.size, "[domain ", 8))
        good = parse_parts(s, p.text, &b, e);
    buffer_free(&b);
    return good;
}

static int is_entries(const struct dirent *entry)
{
    uint64_t n;

    return !strncmp(entry->d_name, "state.", 6) &&
           value_number(entry->d_name + 6, 0, UINT32_MAX, &n);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    unsigned long x = strtoul((*a)->d_name + 6, NULL, 10);
    unsigned long y = strtoul((*b)->d_name + 6, NULL, 10);

    return x < y ? -1 : x > y;
}

static bool read_all(struct state *t, struct error *e)
{
    struct dirent **list = NULL;
    int n = scandir(t->screed->directory, &list, is_entries, by_number);
    bool good = read_one(t->screed, CELL_STATE, false, e);

    for (int i = 0; i < n; i++) {
        good = good && read_one(t->screed, list[i]->d_name, true, e);
        t->number = (unsigned)strtoul(list[i]->d_name + 6, NULL, 10);
        t->changed = true;
        free(list[i]);
    }
    free(list);
    return good;
}

/* ------------------------------------------------------------- writing */

static struct path numbered(const struct state *t, unsigned number)
{
    return screed_path(t->screed, "state.%u", number);
}

static void remove_entries(struct state *t, unsigned last)
{
    struct dirent **list = NULL;
    int n = scandir(t->screed->directory, &list, is_entries, by_number);

    for (int i = 0; i < n; i++) {
        unsigned number = (unsigned)strtoul(list[i]->d_name + 6, NULL, 10);
        struct path p = numbered(t, number);
        if (number <= last)
            unlink(p.text);
        free(list[i]);
    }
    free(list);
}

static void on_written(void *context, int error)
{
    struct state *t = context;

    if (!error) {
        remove_entries(t, t->written);
        return;
    }
    screed_log(t->screed, "cannot write %s/%s: %s; trying again",
               t->screed->directory, CELL_STATE, strerror(error));
    t->changed = true;
    event_add(t->later, &delay);
}

static char *compose(struct screed *s, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);

    if (!out)
        return NULL;
    fprintf(out, "# The domains of this cell, by screed. To change them, use "
                 "the scree command.\n");
    for (const struct domain *d = s->domains.first; d; d = d->next) {
        fputc('\n', out);
        conf_write_domain(out, &d->def);
    }
    return fclose(out) ? NULL : text;
}

/* From here on changes go to the next state.N. */
static void next_number(struct state *t)
{
    t->written = t->number++;
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    t->changed = false;
}

static void on_later(evutil_socket_t fd, short what, void *context)
{
    struct state *t = context;
    struct path p = screed_path(t->screed, CELL_STATE);
    size_t size = 0;
    char *text;

    (void)fd;
    (void)what;
    if (!t->changed)
        return;
    text = writer_is_busy(t->writer) ? NULL : compose(t->screed, &size);
    if (!text) {
        event_add(t->later, &delay);
        return;
    }
    next_number(t);
    writer_put(t->writer, p.text, text, size);
}

/* All of it, or nothing: what comes behind half an entry could not be read. */
static bool write_whole(int fd, const char *text, size_t n)
{
    struct stat before;
    ssize_t done;
    int error;

    if (fd < 0 || fstat(fd, &before))
        return false;
    done = write(fd, text, n);
    if (done == (ssize_t)n)
        return true;
    error = done < 0 ? errno : ENOSPC;
    if (done > 0 && ftruncate(fd, before.st_size))
        error = errno;
    errno = error;
    return false;
}

static void append(struct state *t, const char *text, size_t n)
{
    if (t->fd < 0) {
        struct path p = numbered(t, t->number);
        t->fd =
            open(p.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                 0600);
    }
    if (!write_whole(t->fd, text, n) && !t->changed)
        screed_log(t->screed, "cannot note a change in %s: %s",
                   t->screed->directory, strerror(errno));
    if (!t->changed)
        event_add(t->later, &delay);
    t->changed = true;
}

static void append_domain(struct state *t, const struct conf_domain *def)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return;
    conf_write_domain(out, def);
    fputs(END_MARK, out);
    if (!fclose(out))
        append(t, text, size);
    free(text);
}

void state_put(struct state *t, const struct domain *d)
{
    append_domain(t, &d->def);
}

void state_remove(struct state *t, const struct domain *d)
{
    struct conf_domain gone;
    char removed[] = REMOVED;

    conf_domain_init(&gone, d->def.name);
    gone.image = removed;
    append_domain(t, &gone);
}

struct state *state_new(struct screed *s, struct error *e)
{
    struct state *t = must_alloc(1, sizeof(*t));

    t->screed = s;
    t->fd = -1;
    if (!read_all(t, e)) {
        free(t);
        return NULL;
    }
    t->number++;
    t->writer = writer_new(s->base, on_written, t);
    t->later = evtimer_new(s->base, on_later, t);
    if (t->changed)
        event_add(t->later, &delay);
    return t;
}

void state_free(struct state *t)
{
    struct path p = screed_path(t->screed, CELL_STATE);
    size_t size = 0;
    char *text;

    writer_free(t->writer); /* it may tell us that something failed */
    text = t->changed ? compose(t->screed, &size) : NULL;
    if (text && !writer_write(p.text, text, size))
        remove_entries(t, t->number);
    free(text);
    if (t->fd >= 0)
        close(t->fd);
    event_free(t->later);
    free(t);
}
