/* SPDX-License-Identifier: MIT */
/* The writing side of logs; see journal.h. */
#define _GNU_SOURCE
#include "tools/screed/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/bundle/why.h"

#define STAMP_ROOM  32
#define BATCH       256         /* logs written in one turn */
#define ALL_WAITING (16u << 20) /* of all logs together */
#define EARLY       (16u << 10) /* of one log: written without delay */

struct journal {
    struct screed *screed;
    struct journal_log hypervisor;
    struct journal_log *first, **last; /* queued */
    struct journal_follower *followers;
    struct event *flush;
    size_t waiting; /* bytes in all logs */
    uint64_t lost;
    bool failing; /* said so in screed.log */
};

static const struct timeval soon = {.tv_usec = 50000};
static const struct timeval at_once = {0};
static const struct timeval retry = {.tv_sec = 2};

/* ------------------------------------------------------------- writing */

static void rotate(const struct journal *j, const char *name)
{
    struct path now = screed_path(j->screed, "logs/%s.log", name);
    struct path old = screed_path(j->screed, "logs/%s.log.1", name);

    if (j->screed->options.log_files)
        rename(now.text, old.text);
    else
        unlink(now.text);
}

static int open_log(const struct journal *j, const char *name)
{
    struct path p = screed_path(j->screed, "logs/%s.log", name);

    return open(p.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                0600);
}

static int open_rotated(const struct journal *j, const char *name)
{
    int fd = open_log(j, name);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) ||
        (uint64_t)st.st_size < j->screed->options.log_bytes)
        return fd;
    close(fd);
    rotate(j, name);
    return open_log(j, name);
}

/* Whole lines only: of a write that fell short, what goes beyond the last
 * whole line is taken back. */
static size_t write_lines(int fd, const char *bytes, size_t n)
{
    ssize_t done = write(fd, bytes, n);
    const char *end;
    struct stat st;
    size_t whole;

    if (done <= 0 || (size_t)done == n)
        return done > 0 ? n : 0;
    end = memrchr(bytes, '\n', (size_t)done);
    whole = end ? (size_t)(end - bytes) + 1 : 0;
    if (!fstat(fd, &st) &&
        ftruncate(fd, st.st_size - ((off_t)done - (off_t)whole)))
        return whole;
    return whole;
}

static bool write_log(struct journal *j, struct journal_log *l)
{
    int fd = open_rotated(j, l->name);
    size_t done = fd < 0 ? 0 : write_lines(fd, l->bytes, l->size);
    int error = errno;

    if (fd >= 0)
        close(fd);
    l->size -= done;
    j->waiting -= done;
    if (l->size) {
        memmove(l->bytes, l->bytes + done, l->size);
        if (!j->failing)
            screed_log(j->screed,
                       "cannot write logs/%s.log: %s; lines are "
                       "kept in memory while there is room",
                       l->name, strerror(error));
        j->failing = true;
        return false;
    }
    free(l->bytes);
    l->bytes = NULL;
    l->room = 0;
    return true;
}

static void enqueue(struct journal *j, struct journal_log *l)
{
    if (l->queued)
        return;
    l->queued = true;
    l->next = NULL;
    *j->last = l;
    j->last = &l->next;
}

static void dequeue(struct journal *j, struct journal_log *l)
{
    struct journal_log **at = &j->first;

    if (!l->queued)
        return;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    if (j->last == &l->next)
        j->last = at;
    l->queued = false;
}

static void on_flush(evutil_socket_t fd, short what, void *context)
{
    struct journal *j = context;
    bool good = true;

    (void)fd;
    (void)what;
    for (unsigned i = 0; i < BATCH && good && j->first; i++) {
        struct journal_log *l = j->first;
        dequeue(j, l);
        good = write_log(j, l);
        if (!good)
            enqueue(j, l);
    }
    if (good && j->failing) {
        screed_log(j->screed,
                   "logs are written again; %" PRIu64 " lines were "
                   "lost so far",
                   j->lost);
        j->failing = false;
    }
    if (j->first)
        evtimer_add(j->flush, good ? &at_once : &retry);
}

/* --------------------------------------------------------------- lines */

static bool make_room(struct journal *j, struct journal_log *l, size_t n)
{
    if (l->size + n > JOURNAL_WAITING || j->waiting + n > ALL_WAITING)
        return false;
    if (l->size + n > l->room) {
        l->room = (l->size + n) * 2 + 256;
        l->bytes = must_grow(l->bytes, l->room, 1);
    }
    return l->bytes != NULL;
}

/* What waits too long is written now, so that a lively domain loses nothing
 * while the disk has room. */
static void hasten(struct journal *j, struct journal_log *l)
{
    if (l->size < EARLY || j->failing)
        return;
    dequeue(j, l);
    if (!write_log(j, l))
        enqueue(j, l);
}

static void end_line(struct journal *j, struct journal_log *l)
{
    uint64_t ms = l->line_time / 1000000;
    char stamp[STAMP_ROOM];
    int n = snprintf(stamp, sizeof(stamp), "%" PRIu64 ".%03u ", ms / 1000,
                     (unsigned)(ms % 1000));
    size_t size = l->line_size;

    if (size && l->line[size - 1] == '\r')
        size--;
    hasten(j, l);
    if (make_room(j, l, (size_t)n + size + 1)) {
        memcpy(l->bytes + l->size, stamp, (size_t)n);
        memcpy(l->bytes + l->size + n, l->line, size);
        l->bytes[l->size + (size_t)n + size] = '\n';
        l->size += (size_t)n + size + 1;
        j->waiting += (size_t)n + size + 1;
    } else {
        j->lost++;
    }
    for (struct journal_follower *f = j->followers, *next; f; f = next) {
        next = f->next;
        f->line(f, l->name, ms, l->line, size);
    }
    l->line_size = 0;
}

static void add_to_line(struct journal *j, struct journal_log *l,
                        const uint8_t *bytes, size_t n)
{
    while (n) {
        size_t part = JOURNAL_LINE_MAX - l->line_size;
        if (part > n)
            part = n;
        memcpy(l->line + l->line_size, bytes, part);
        l->line_size += part;
        bytes += part;
        n -= part;
        if (l->line_size == JOURNAL_LINE_MAX)
            end_line(j, l);
    }
}

void journal_put(struct journal *j, struct journal_log *l, uint64_t unix_ns,
                 const uint8_t *bytes, size_t n)
{
    while (n) {
        const uint8_t *end = memchr(bytes, '\n', n);
        size_t part = end ? (size_t)(end - bytes) : n;
        if (!l->line)
            l->line = must_alloc(JOURNAL_LINE_MAX, 1);
        if (!l->line_size)
            l->line_time = unix_ns;
        add_to_line(j, l, bytes, part);
        if (!end)
            break;
        end_line(j, l);
        bytes += part + 1;
        n -= part + 1;
    }
    if (!l->line_size) {
        free(l->line);
        l->line = NULL;
    }
    if (!l->size)
        return;
    enqueue(j, l);
    if (!evtimer_pending(j->flush, NULL))
        evtimer_add(j->flush, j->failing ? &retry : &soon);
}

void journal_end_line(struct journal *j, struct journal_log *l)
{
    static const uint8_t end = '\n';

    if (l->line_size)
        journal_put(j, l, l->line_time, &end, 1);
}

/* ------------------------------------------------------------- outside */

struct journal *journal_new(struct screed *s, struct error *e)
{
    struct path p = screed_path(s, "logs");
    struct journal *j;

    if (mkdir(p.text, 0700) && errno != EEXIST) {
        error_set(e, "not-possible", "%s: %s", p.text, strerror(errno));
        return NULL;
    }
    j = must_alloc(1, sizeof(*j));
    j->screed = s;
    j->last = &j->first;
    j->hypervisor.name = JOURNAL_HYPERVISOR;
    j->flush = evtimer_new(s->base, on_flush, j);
    return j;
}

void journal_flush(struct journal *j)
{
    while (j->first) {
        struct journal_log *l = j->first;
        dequeue(j, l);
        write_log(j, l);
    }
}

void journal_free(struct journal *j)
{
    journal_end_line(j, &j->hypervisor);
    journal_flush(j);
    free(j->hypervisor.bytes);
    free(j->hypervisor.line);
    event_free(j->flush);
    free(j);
}

struct journal_log *journal_hypervisor(struct journal *j)
{
    return &j->hypervisor;
}

void journal_drop(struct journal *j, struct journal_log *l)
{
    dequeue(j, l);
    j->waiting -= l->size;
    free(l->bytes);
    free(l->line);
    l->bytes = l->line = NULL;
    l->size = l->line_size = 0;
}

void journal_delete(struct journal *j, const char *name)
{
    struct path now = screed_path(j->screed, "logs/%s.log", name);
    struct path old = screed_path(j->screed, "logs/%s.log.1", name);

    unlink(now.text);
    unlink(old.text);
}

void journal_follow(struct journal *j, struct journal_follower *f)
{
    f->next = j->followers;
    j->followers = f;
    f->joined = true;
}

void journal_leave(struct journal *j, struct journal_follower *f)
{
    struct journal_follower **at = &j->followers;

    if (!f->joined)
        return;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    f->joined = false;
}

uint64_t journal_lost(const struct journal *j)
{
    return j->lost;
}
