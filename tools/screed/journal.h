/* SPDX-License-Identifier: MIT */
/*
 * Logs: what domains print, by lines, each with its time, in logs/NAME.log.
 * Bounded: a file that is over its limit becomes NAME.log.1, and what was that
 * is gone. No file is held open; lines are written in batches, a moment after
 * they came. A disk that is full costs lines, which are counted, and nothing
 * else.
 *
 *   1763622771.123 text as printed
 */
#ifndef SCREED_JOURNAL_H
#define SCREED_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/screed/screed.h"

#define JOURNAL_LINE_MAX   1024          /* a longer one is cut into several */
#define JOURNAL_WAITING    (64u << 10)   /* of one log, not on disk */
#define JOURNAL_HYPERVISOR "_hypervisor" /* no domain has that name */

struct journal_log {
    struct journal_log *next; /* with something to write */
    bool queued;
    const char *name; /* as long as the log is */
    char *bytes;      /* lines as on disk */
    size_t size, room;
    char *line; /* what has no end yet, JOURNAL_LINE_MAX; or NULL */
    size_t line_size;
    uint64_t line_time; /* Unix time in ns of its first byte */
};

struct journal *journal_new(struct screed *s, struct error *e);
/* Writes what waits, as far as it can. */
void journal_flush(struct journal *j);
void journal_free(struct journal *j);

struct journal_log *journal_hypervisor(struct journal *j);

void journal_put(struct journal *j, struct journal_log *l, uint64_t unix_ns,
                 const uint8_t *bytes, size_t n);
/* Who printed is gone: what has no end yet ends. */
void journal_end_line(struct journal *j, struct journal_log *l);

/* The log is freed; its files stay, or go. */
void journal_drop(struct journal *j, struct journal_log *l);
void journal_delete(struct journal *j, const char *name);

/* Each line as it ends. */
struct journal_follower {
    struct journal_follower *next;
    bool joined;
    void (*line)(struct journal_follower *f, const char *name, uint64_t unix_ms,
                 const char *text, size_t n);
};
void journal_follow(struct journal *j, struct journal_follower *f);
void journal_leave(struct journal *j, struct journal_follower *f);

/* Lines that were lost because they could not be written in time. */
uint64_t journal_lost(const struct journal *j);

/* ------------------------------------------------------------- reading */

/*
 * Reads a log from its beginning, or its last lines, as far as it goes now;
 * what is still in memory comes last. It bears that the files are written and
 * rotated meanwhile.
 */
struct journal_reader {
    const struct screed *screed;
    char name[40];
    int fd;
    int stage; /* 0: the old file, 1: the new one, 2: memory, 3: the end */
    char *bytes;
    size_t start, end;
    size_t memory; /* read of what is in memory */
};

/* tail: the last lines, or UINT64_MAX: all. */
void journal_read(struct journal_reader *r, const struct screed *s,
                  const char *name, uint64_t tail,
                  const struct journal_log *memory);
/* The next line: false at the end. It is valid until the next call. */
bool journal_next(struct journal_reader *r, const struct journal_log *memory,
                  uint64_t *unix_ms, const char **text, size_t *n);
void journal_read_end(struct journal_reader *r);

#endif
