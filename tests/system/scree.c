/* SPDX-License-Identifier: MIT */
/* See scree.h. */
#define _GNU_SOURCE
#include "tests/system/scree.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/http.h"

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool scree_up(struct user *u, const char *options)
{
    if (!user_begin(u))
        return false;
    (void)user_run(u, 30, "scree up --name t %s", options);
    if (u->status == 0)
        return true;
    printf("\n    scree up: %s\n", u->text);
    user_end(u); /* a suite that did not start is not stopped */
    return CHECK(false);
}

void scree_down(struct user *u)
{
    pid_t screed = scree_pid(u, "screed.pid"), qemu = scree_pid(u, "qemu.pid");

    CHECK(user_run(u, 20, "scree down --cell t") == 0);
    CHECK(scree_gone(screed, 5));
    CHECK(scree_gone(qemu, 5));
    user_end(u);
}

/* ------------------------------------------------------------ looking */

bool scree_is(struct user *u, const char *name, const char *phase,
              unsigned seconds)
{
    char regex[128];

    snprintf(regex, sizeof(regex), JSON("phase", "(%s)"), phase);
    return user_until(u, seconds, regex, "scree inspect %s --json", name);
}

bool scree_logged(struct user *u, const char *name, const char *regex,
                  unsigned seconds)
{
    return user_until(u, seconds, regex, "scree logs %s", name);
}

long long scree_value(struct user *u, const char *name, const char *key)
{
    (void)user_run(u, 20, "scree inspect %s --json", name);
    return user_number(u, key);
}

long long scree_cell_value(struct user *u, const char *key)
{
    (void)user_run(u, 20, "scree inspect --cell --json");
    return user_number(u, key);
}

bool scree_frames_back(struct user *u, long long frames)
{
    long long n = -1;

    for (unsigned i = 0; i < 50 && n != frames; i++) {
        if (i)
            usleep(100000);
        n = scree_cell_value(u, "frames_available");
    }
    if (n != frames)
        printf(" [frames: %lld before, %lld now]", frames, n);
    return n == frames;
}

bool scree_http(uint16_t port, unsigned seconds)
{
    double end = now() + seconds;

    do {
        if (http_try(port, "/", 1000) == 200)
            return true;
        usleep(20000);
    } while (now() < end);
    return false;
}

/* ---------------------------------------------------------- processes */

pid_t scree_pid(const struct user *u, const char *file)
{
    return user_pid(u, "t", file);
}

/* A zombie is not alive: who should take it may be a container's init. */
bool scree_alive(pid_t pid)
{
    char path[64], line[256] = "", *state;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    f = pid > 0 ? fopen(path, "r") : NULL;
    if (!f)
        return false;
    if (!fgets(line, sizeof(line), f))
        line[0] = 0;
    fclose(f);
    state = strrchr(line, ')');
    return state && state[1] && state[2] != 'Z';
}

bool scree_gone(pid_t pid, unsigned seconds)
{
    double end = now() + seconds;

    while (scree_alive(pid)) {
        if (now() > end)
            return false;
        usleep(20000);
    }
    return true;
}

long scree_rss(pid_t pid)
{
    char path[64], line[256];
    long kib = -1;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    if (!f)
        return -1;
    while (kib < 0 && fgets(line, sizeof(line), f))
        if (sscanf(line, "VmRSS: %ld", &kib) != 1)
            kib = -1;
    fclose(f);
    return kib;
}

/* ---------------------------------------------------------------- API */

int scree_socket(const struct user *u, const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if ((size_t)snprintf(a.sun_path, sizeof(a.sun_path), "%s/home/t/%s", u->dir,
                         name) < sizeof(a.sun_path)) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
            return fd;
    }
    close(fd);
    return -1;
}

bool api_open(struct api *a, const struct user *u)
{
    a->used = 0;
    a->fd = scree_socket(u, "api.sock");
    return CHECK(a->fd >= 0);
}

void api_close(struct api *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

bool api_say(struct api *a, const char *format, ...)
{
    char line[4096];
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(line, sizeof(line) - 1, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof(line) - 1)
        return false;
    line[n] = '\n';
    return send(a->fd, line, (size_t)n + 1, MSG_NOSIGNAL) == n + 1;
}

cJSON *api_hear(struct api *a)
{
    cJSON *json;
    char *end;
    ssize_t n;

    while (!(end = memchr(a->bytes, '\n', a->used))) {
        if (a->used == sizeof(a->bytes))
            return NULL;
        n = recv(a->fd, a->bytes + a->used, sizeof(a->bytes) - a->used, 0);
        if (n <= 0)
            return NULL;
        a->used += (size_t)n;
    }
    json = cJSON_ParseWithLength(a->bytes, (size_t)(end - a->bytes));
    a->used -= (size_t)(end + 1 - a->bytes);
    memmove(a->bytes, end + 1, a->used);
    return json;
}

const char *api_error(struct api *a)
{
    static char code[64];
    cJSON *answer = api_hear(a);
    const cJSON *error = cJSON_GetObjectItem(answer, "error");
    const cJSON *item = cJSON_GetObjectItem(error, "code");
    bool ok = cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok"));

    snprintf(code, sizeof(code), "%s",
             cJSON_IsString(item) ? item->valuestring : "");
    cJSON_Delete(answer);
    return ok ? NULL : code;
}

/* ----------------------------------------------------------- terminal */

bool terminal_exists(void)
{
    int master, slave;

    if (openpty(&master, &slave, NULL, NULL, NULL)) {
        printf(" [skipped: no terminal is to be had: %s]", strerror(errno));
        return false;
    }
    close(master);
    close(slave);
    return true;
}

bool terminal_start(struct terminal *t, struct user *u, const char *command)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};

    t->used = 0;
    t->text[0] = 0;
    t->pid = forkpty(&t->fd, NULL, NULL, &size);
    if (t->pid == 0)
        user_become(u, command);
    return CHECK(t->pid > 0);
}

bool terminal_type(struct terminal *t, const char *text)
{
    return write(t->fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Takes what has come, waiting at most `ms`. */
static void terminal_read(struct terminal *t, int ms)
{
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    ssize_t n;

    if (poll(&p, 1, ms) <= 0)
        return;
    if (t->used + 1 >= sizeof(t->text))
        t->used = 0;
    n = read(t->fd, t->text + t->used, sizeof(t->text) - 1 - t->used);
    if (n > 0)
        t->used += (size_t)n;
    else
        usleep(5000);
    t->text[t->used] = 0;
}

bool terminal_shows(struct terminal *t, const char *regex, unsigned seconds)
{
    double end = now() + seconds;
    bool found = false;
    regex_t r;

    if (regcomp(&r, regex, REG_EXTENDED | REG_NOSUB))
        return false;
    while (!found && now() < end) {
        terminal_read(t, 50);
        found = regexec(&r, t->text, 0, NULL, 0) == 0;
    }
    regfree(&r);
    if (!found)
        printf("\n    terminal: %s\n", t->text);
    return found;
}

int terminal_end(struct terminal *t, unsigned seconds)
{
    double end = now() + seconds;
    int status;
    pid_t done;

    while ((done = waitpid(t->pid, &status, WNOHANG)) == 0 && now() < end)
        terminal_read(t, 20);
    if (done == 0) {
        kill(t->pid, SIGKILL);
        waitpid(t->pid, &status, 0);
    } else {
        terminal_read(t, 0);
    }
    close(t->fd);
    return done > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
