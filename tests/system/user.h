/* SPDX-License-Identifier: MIT */
/*
 * A user at a shell: a SCREE_HOME of its own, build/bin in PATH, and commands
 * whose exit status and output are looked at. Every command is bounded in time
 * and runs in a process group of its own; what it leaves running (cells) is
 * ended by user_end(), which also says what should not have been left.
 *
 * In every command $S stands for build/ (guests, site), $D for the user's own
 * directory, which SCREE_HOME is below.
 */
#ifndef SYSTEM_USER_H
#define SYSTEM_USER_H

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define USER_PATH   128
#define USER_OUTPUT (256 * 1024)

struct user {
    char dir[USER_PATH];
    unsigned failures;          /* CUnit's count at the start */
    char text[USER_OUTPUT + 1]; /* of the last command: stdout and stderr */
    size_t size;
    int status; /* of the last command; -1: not in time, or by a signal */
};

/* A directory in /tmp, short enough for sockets. */
bool user_begin(struct user *u);
/* Ends the user's cells, then removes the directory. */
void user_end(struct user *u);

/* Runs `sh -c` with the text, at most `seconds`: its exit status, or -1. */
int user_run(struct user *u, unsigned seconds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, at most 20 s, and it is a failed check if the status is not 0. */
bool user_ok(struct user *u, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Must fail with `status` and say `text`. */
bool user_refused(struct user *u, int status, const char *text,
                  const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* About the last command's output. */
bool user_says(const struct user *u, const char *text);
/* An extended regular expression; copies its first group. */
bool user_match(const struct user *u, const char *regex, char *group,
                size_t size);
/* The number behind `"key":` in JSON output, or -1. */
long long user_number(const struct user *u, const char *key);

/* Runs the command again and again until its output matches. */
bool user_until(struct user *u, unsigned seconds, const char *regex,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A command in the background, with its output in $D/NAME; leader of a process
 * group of its own. */
pid_t user_start(struct user *u, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Its exit status, or -1: not within `seconds`; then it is killed. */
int user_join(pid_t pid, unsigned seconds);

/* In a child: the user's environment, a process group of its own, then the
 * shell. */
_Noreturn void user_become(const struct user *u, const char *command);

/* The number in $D/home/CELL/FILE, or 0. */
pid_t user_pid(const struct user *u, const char *cell, const char *file);

/* Reads $D/NAME into text; its length. */
size_t user_file(struct user *u, const char *name);

#endif
