/* SPDX-License-Identifier: MIT */
/*
 * A screed of the test's own, sanitized, in a SCREE_HOME of its own, with the
 * fake cell (fake_cell.c) for QEMU. Every wait is bounded.
 */
#ifndef SCREED_TESTS_DAEMON_H
#define SCREED_TESTS_DAEMON_H

#include <CUnit/CUnit.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tools/lib/client.h"
#include "tools/lib/json.h"

#define CELL "t"

struct daemon {
    char home[64];
    pid_t pid; /* 0: none */
    struct client api;
    struct error error; /* of the last call that failed */
    char image[80];     /* digest of an image that was put */
};

/* Makes the directory and starts screed; then the cell is up, and has an
 * image. */
bool daemon_begin(struct daemon *d);
/* `down`, if it still runs; it must have ended well and left nothing. */
void daemon_end(struct daemon *d);

/* The parts of daemon_begin, for tests of starts that fail. */
void daemon_home(struct daemon *d);
bool daemon_start(struct daemon *d); /* and waits until it is up */
void daemon_spawn(struct daemon *d);
/* Its exit status; -1: by a signal; -2: it goes on. Waits at most 10 s. */
int daemon_wait(struct daemon *d);
void daemon_kill(struct daemon *d, int signal); /* and waits */
/* The text of a file of the cell; free() it. "" if there is none. */
char *daemon_file(const struct daemon *d, const char *name);
void daemon_path(const struct daemon *d, const char *name, char path[256]);
pid_t daemon_cell(const struct daemon *d); /* of the fake cell */
bool daemon_is_up(struct daemon *d);

/* One request, written with ' for ", to its end: the last line, or NULL and
 * d->error. cJSON_Delete() it. */
cJSON *daemon_ask(struct daemon *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same: whether it was answered well. */
bool daemon_ok(struct daemon *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* It must fail with that code. */
bool daemon_refused(struct daemon *d, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* run with a command line for the fake cell; more: further fields, or "". */
bool daemon_run(struct daemon *d, const char *name, const char *cmdline,
                const char *more);
/* A field of the domain's state in `ls`; free() it. NULL: no such domain. */
char *daemon_state(struct daemon *d, const char *name, const char *key);
bool daemon_is(struct daemon *d, const char *name, const char *key,
               const char *value);
/* Until it is, at most 10 s. */
bool daemon_until(struct daemon *d, const char *name, const char *key,
                  const char *value);

/* A connection of one's own; -1: none. Sends of it may be anything. */
int daemon_connect(struct daemon *d, const char *socket);
/* Reads at most n bytes within ms; how many: 0: it was closed; -1: nothing. */
ssize_t daemon_read(int fd, void *bytes, size_t n, int ms);

/* Puts an image: its digest is d->image. */
bool make_image(struct daemon *d);
bool put_object(struct daemon *d, const void *bytes, size_t n, char digest[80]);

void suite_life(void);
void suite_api(void);
void suite_faults(void);
void suite_hostile(void);
void suite_store(void);
void suite_parts(void);

#endif
