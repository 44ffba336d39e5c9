/* SPDX-License-Identifier: MIT */
/* The reading side of logs; see journal.h. */
#define _GNU_SOURCE
#include "tools/screed/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/bundle/why.h"

#define READ_BYTES (64u << 10) /* more than a line has */

static int open_stage(const struct journal_reader *r)
{
    struct path p =
        screed_path(r->screed, "logs/%s.log%s", r->name, r->stage ? "" : ".1");

    return open(p.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Where the last *lines lines of the file begin; *lines loses what it has. */
static off_t find_tail(int fd, uint64_t *lines)
{
    char bytes[4096];
    struct stat st;
    off_t at;

    if (fstat(fd, &st))
        return 0;
    at = st.st_size;
    while (at > 0) {
        size_t part = at < (off_t)sizeof(bytes) ? (size_t)at : sizeof(bytes);
        ssize_t n = pread(fd, bytes, part, at - (off_t)part);
        if (n <= 0)
            return at;
        for (ssize_t i = n - 1; i >= 0; i--) {
            off_t here = at - (off_t)part + i;
            if (bytes[i] != '\n' || here == st.st_size - 1)
                continue;
            if (*lines <= 1)
                return *lines ? (*lines = 0, here + 1) : st.st_size;
            (*lines)--;
        }
        at -= (off_t)part;
    }
    if (st.st_size && *lines)
        (*lines)--;
    return 0;
}

static uint64_t lines_in(const char *bytes, size_t n)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    return lines;
}

static void skip_memory(struct journal_reader *r,
                        const struct journal_log *memory, uint64_t lines)
{
    while (lines--) {
        const char *end =
            memchr(memory->bytes + r->memory, '\n', memory->size - r->memory);
        r->memory = (size_t)(end - memory->bytes) + 1;
    }
}

static void begin_tail(struct journal_reader *r, uint64_t tail,
                       const struct journal_log *memory)
{
    uint64_t held = memory ? lines_in(memory->bytes, memory->size) : 0;
    uint64_t partial = memory && memory->line_size ? 1 : 0;
    off_t at;

    tail -= tail < partial ? tail : partial;
    if (held > tail)
        skip_memory(r, memory, held - tail);
    tail -= tail < held ? tail : held;
    for (r->stage = 1; r->stage >= 0; r->stage--) {
        if (r->fd >= 0)
            close(r->fd);
        r->fd = open_stage(r);
        at = r->fd < 0 ? 0 : find_tail(r->fd, &tail);
        if (r->fd >= 0 && lseek(r->fd, at, SEEK_SET) >= 0 && !tail)
            return;
    }
    r->stage = 0;
}

void journal_read(struct journal_reader *r, const struct screed *s,
                  const char *name, uint64_t tail,
                  const struct journal_log *memory)
{
    *r = (struct journal_reader){.screed = s, .fd = -1};
    snprintf(r->name, sizeof(r->name), "%s", name);
    r->bytes = must_alloc(READ_BYTES, 1);
    if (tail == UINT64_MAX)
        r->fd = open_stage(r);
    else
        begin_tail(r, tail, memory);
}

/* Whether the open file is no longer the one of its name. */
static bool has_rotated(const struct journal_reader *r)
{
    struct path p = screed_path(r->screed, "logs/%s.log", r->name);
    struct stat now, open;

    return !stat(p.text, &now) && !fstat(r->fd, &open) &&
           now.st_ino != open.st_ino;
}

/* More bytes of this or the next file; false: the files have ended. */
static bool fill(struct journal_reader *r)
{
    size_t held = r->end - r->start;

    memmove(r->bytes, r->bytes + r->start, held);
    r->start = 0;
    r->end = held;
    while (r->stage < 2) {
        ssize_t n =
            r->fd < 0 ? 0 : read(r->fd, r->bytes + r->end, READ_BYTES - r->end);
        if (n > 0) {
            r->end += (size_t)n;
            return true;
        }
        if (r->stage == 0 || r->fd < 0 || !has_rotated(r))
            r->stage++;
        if (r->fd >= 0)
            close(r->fd);
        r->fd = r->stage < 2 ? open_stage(r) : -1;
    }
    return false;
}

static bool split(char *line, size_t length, uint64_t *ms, const char **text,
                  size_t *n)
{
    char *end;
    unsigned long long seconds = strtoull(line, &end, 10);
    unsigned long part = *end == '.' ? strtoul(end + 1, &end, 10) : 0;

    if (*end != ' ')
        return false;
    *ms = seconds * 1000 + part;
    *text = end + 1;
    *n = length - (size_t)(end + 1 - line);
    return true;
}

static bool next_in_files(struct journal_reader *r, uint64_t *ms,
                          const char **text, size_t *n)
{
    for (;;) {
        char *end = memchr(r->bytes + r->start, '\n', r->end - r->start);
        char *line = r->bytes + r->start;
        if (!end && r->end - r->start == READ_BYTES)
            r->start = r->end; /* no line of ours */
        if (!end && !fill(r))
            return false;
        if (!end)
            continue;
        *end = '\0';
        r->start = (size_t)(end - r->bytes) + 1;
        if (split(line, (size_t)(end - line), ms, text, n))
            return true;
    }
}

static bool next_in_memory(struct journal_reader *r,
                           const struct journal_log *memory, uint64_t *ms,
                           const char **text, size_t *n)
{
    if (memory && r->memory < memory->size) {
        const char *line = memory->bytes + r->memory;
        const char *end = memchr(line, '\n', memory->size - r->memory);
        size_t length = (size_t)(end - line);
        r->memory += length + 1;
        memcpy(r->bytes, line, length);
        r->bytes[length] = '\0';
        return split(r->bytes, length, ms, text, n);
    }
    r->stage = 3;
    if (!memory || !memory->line_size)
        return false;
    *ms = memory->line_time / 1000000;
    *text = memory->line;
    *n = memory->line_size;
    return true;
}

bool journal_next(struct journal_reader *r, const struct journal_log *memory,
                  uint64_t *ms, const char **text, size_t *n)
{
    if (r->stage < 2 && next_in_files(r, ms, text, n))
        return true;
    if (r->stage == 2)
        return next_in_memory(r, memory, ms, text, n);
    return false;
}

void journal_read_end(struct journal_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    free(r->bytes);
    *r = (struct journal_reader){.fd = -1};
}
