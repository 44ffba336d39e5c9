/* SPDX-License-Identifier: MIT */
/*
 * A thread that writes whole files so that they are either the old or the new
 * one, whatever happens: beside, fsync(), rename, fsync() of the directory. The
 * only work of screed that waits for a disk.
 */
#ifndef SCREED_WRITER_H
#define SCREED_WRITER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

typedef void writer_done(void *context, int error); /* an errno, or 0 */

/* done runs in the loop, once for each file. */
struct writer *writer_new(struct event_base *base, writer_done *done,
                          void *context);
/* Waits for what is under way. */
void writer_free(struct writer *w);

bool writer_is_busy(const struct writer *w);
/* Takes the bytes (malloc). Not while it is busy. */
void writer_put(struct writer *w, const char *path, char *bytes, size_t n);

/* The same at once, by the caller: 0 or an errno. */
int writer_write(const char *path, const char *bytes, size_t n);

#endif
