/* SPDX-License-Identifier: MIT */
/*
 * What the suites about the `scree` command share: one cell named "t" of a
 * user's own, looked at by the command, by its API and by its processes.
 */
#ifndef SYSTEM_SCREE_H
#define SYSTEM_SCREE_H

#include <cjson/cJSON.h>

#include "tests/system/cell.h"
#include "tests/system/user.h"

/* "key": "value" in JSON output, as a regular expression. */
#define JSON(key, value) "\"" key "\":[[:space:]]*\"" value "\""

/* user_begin() and `scree up --name t OPTIONS`. */
bool scree_up(struct user *u, const char *options);
/* Checks that `scree down` ends the cell and leaves no process. */
void scree_down(struct user *u);

/* ------------------------------------------------------------ looking */

/* Waits until domain `name` is in the phase, a regular expression. */
bool scree_is(struct user *u, const char *name, const char *phase,
              unsigned seconds);
/* Waits until its console log has a line like that. */
bool scree_logged(struct user *u, const char *name, const char *regex,
                  unsigned seconds);
/* A number of `scree inspect NAME --json`, or -1. */
long long scree_value(struct user *u, const char *name, const char *key);
/* A number of `scree inspect --cell --json`, or -1. */
long long scree_cell_value(struct user *u, const char *key);
/* Waits until as many frames are available again. */
bool scree_frames_back(struct user *u, long long frames);

/* Waits until / at the port is answered with 200. */
bool scree_http(uint16_t port, unsigned seconds);

/* ---------------------------------------------------------- processes */

/* Of $D/home/t/FILE, or 0. */
pid_t scree_pid(const struct user *u, const char *file);
bool scree_alive(pid_t pid);
/* Waits until it is gone. */
bool scree_gone(pid_t pid, unsigned seconds);
/* Resident KiB, or -1. */
long scree_rss(pid_t pid);

/* ---------------------------------------------------------------- API */

struct api {
    int fd;
    size_t used;
    char bytes[128 * 1024];
};

/* A connected socket $D/home/t/NAME, or -1. */
int scree_socket(const struct user *u, const char *name);
bool api_open(struct api *a, const struct user *u);
void api_close(struct api *a);
/* Sends a line ('\n' is added). */
bool api_say(struct api *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The next line; NULL: none within 20 s, or no JSON. cJSON_Delete() it. */
cJSON *api_hear(struct api *a);
/* Takes one answer: NULL if it is ok, else its error's code; "": none came.
 * The text is valid until the next call. */
const char *api_error(struct api *a);

/* ----------------------------------------------------------- terminal */

/* A command on a terminal of its own. */
struct terminal {
    int fd;
    pid_t pid;
    size_t used;
    char text[64 * 1024];
};

/* Can there be one here? If not, says that the test is skipped. */
bool terminal_exists(void);
bool terminal_start(struct terminal *t, struct user *u, const char *command);
bool terminal_type(struct terminal *t, const char *text);
/* Waits until the text so far matches. */
bool terminal_shows(struct terminal *t, const char *regex, unsigned seconds);
/* Waits for its end: its exit status, or -1; then it is killed. */
int terminal_end(struct terminal *t, unsigned seconds);

#endif
