/* SPDX-License-Identifier: MIT */
/*
 * A user at a shell: see user.h.
 */
#define _GNU_SOURCE
#include "tests/system/user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/cell.h"

#define COMMAND_MAX 8192

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool user_begin(struct user *u)
{
    u->size = 0;
    u->failures = CU_get_number_of_failures();
    strcpy(u->dir, "/tmp/scree-user-XXXXXX");
    if (!CHECK(mkdtemp(u->dir) != NULL))
        return false;
    return true;
}

_Noreturn void user_become(const struct user *u, const char *command)
{
    const char *build = cell_build();
    char text[4 * USER_PATH + 2048];
    char *path = getenv("PATH");

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL); /* ignored where the tests run in the background */
    snprintf(text, sizeof(text), "%s/home", u->dir);
    setenv("SCREE_HOME", text, 1);
    setenv("SCREE_LIB", build, 1);
    snprintf(text, sizeof(text), "%s/bin:%s", build, path ? path : "/bin");
    setenv("PATH", text, 1);
    setenv("S", build, 1);
    setenv("D", u->dir, 1);
    unsetenv("SCREE_CELL");
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Reads what the command says until it has ended or time is up: what a cell it
 * left running keeps open does not count. */
static void listen_to(struct user *u, int fd, pid_t pid, double end)
{
    siginfo_t info = {.si_pid = 0};
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (now() < end) {
        ssize_t n = 0;

        if (poll(&p, 1, 20) > 0)
            n = read(fd, u->text + u->size, USER_OUTPUT - u->size);
        if (n > 0) {
            u->size += (size_t)n;
            continue;
        }
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
            info.si_pid == pid)
            break;
        if (p.revents & POLLHUP)
            usleep(5000);
    }
    u->text[u->size] = 0;
}

static int finish(pid_t pid, double end)
{
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now() > end) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
        usleep(5000);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(struct user *u, unsigned seconds, const char *command)
{
    double end = now() + seconds;
    int fds[2];
    pid_t pid;

    u->size = 0;
    u->text[0] = 0;
    if (pipe2(fds, O_CLOEXEC))
        return u->status = -1;
    pid = fork();
    if (pid == 0) {
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(fds[1], 1);
        dup2(fds[1], 2);
        user_become(u, command);
    }
    close(fds[1]);
    listen_to(u, fds[0], pid, end);
    close(fds[0]);
    u->status = finish(pid, end);
    if (getenv("SYSTEM_VERBOSE"))
        printf("$ %s\n%s(%d)\n", command, u->text, u->status);
    return u->status;
}

static void show(const struct user *u, const char *command)
{
    printf("\n    $ %s\n    (status %d) %s\n", command, u->status, u->text);
}

#define COMMAND(text, format)                                                  \
    do {                                                                       \
        va_list list_;                                                         \
        va_start(list_, format);                                               \
        vsnprintf(text, sizeof(text), format, list_);                          \
        va_end(list_);                                                         \
    } while (0)

int user_run(struct user *u, unsigned seconds, const char *format, ...)
{
    char command[COMMAND_MAX];

    COMMAND(command, format);
    return run(u, seconds, command);
}

bool user_ok(struct user *u, const char *format, ...)
{
    char command[COMMAND_MAX];
    bool good;

    COMMAND(command, format);
    good = run(u, 20, command) == 0;
    if (!good)
        show(u, command);
    return CHECK(good);
}

bool user_refused(struct user *u, int status, const char *text,
                  const char *format, ...)
{
    char command[COMMAND_MAX];
    bool good;

    COMMAND(command, format);
    good = run(u, 20, command) == status && strstr(u->text, text) != NULL;
    if (!good)
        show(u, command);
    return CHECK(good);
}

bool user_says(const struct user *u, const char *text)
{
    return strstr(u->text, text) != NULL;
}

bool user_match(const struct user *u, const char *regex, char *group,
                size_t size)
{
    regmatch_t m[2];
    regex_t r;
    int rc;

    if (regcomp(&r, regex, REG_EXTENDED | REG_NEWLINE))
        return false;
    rc = regexec(&r, u->text, 2, m, 0);
    regfree(&r);
    if (rc)
        return false;
    if (group && m[1].rm_so >= 0)
        snprintf(group, size, "%.*s", (int)(m[1].rm_eo - m[1].rm_so),
                 u->text + m[1].rm_so);
    return true;
}

long long user_number(const struct user *u, const char *key)
{
    char regex[128], value[32];

    snprintf(regex, sizeof(regex), "\"%s\":[[:space:]]*(-?[0-9]+)", key);
    return user_match(u, regex, value, sizeof(value)) ? atoll(value) : -1;
}

bool user_until(struct user *u, unsigned seconds, const char *regex,
                const char *format, ...)
{
    double end = now() + seconds;
    char command[COMMAND_MAX];

    COMMAND(command, format);
    do {
        run(u, seconds, command);
        if (user_match(u, regex, NULL, 0))
            return true;
        usleep(50000);
    } while (now() < end);
    show(u, command);
    return false;
}

pid_t user_start(struct user *u, const char *name, const char *format, ...)
{
    char command[COMMAND_MAX], path[2 * USER_PATH];
    pid_t pid;
    int fd;

    COMMAND(command, format);
    snprintf(path, sizeof(path), "%s/%s", u->dir, name);
    pid = fork();
    if (pid)
        return pid;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(fd, 1);
    dup2(fd, 2);
    user_become(u, command);
}

int user_join(pid_t pid, unsigned seconds)
{
    return finish(pid, now() + seconds);
}

size_t user_file(struct user *u, const char *name)
{
    char path[2 * USER_PATH];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", u->dir, name);
    u->size = 0;
    f = fopen(path, "r");
    if (f) {
        u->size = fread(u->text, 1, USER_OUTPUT, f);
        fclose(f);
    }
    u->text[u->size] = 0;
    return u->size;
}

/* ------------------------------------------------------------------ end */

pid_t user_pid(const struct user *u, const char *cell, const char *name)
{
    char path[4 * USER_PATH];
    long pid = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/home/%s/%s", u->dir, cell, name);
    f = fopen(path, "r");
    if (!f)
        return 0;
    if (fscanf(f, "%ld", &pid) != 1)
        pid = 0;
    fclose(f);
    return (pid_t)pid;
}

static void end_cell(struct user *u, const char *cell)
{
    static const char *const files[] = {"screed.pid", "qemu.pid"};
    pid_t pids[2];

    for (unsigned i = 0; i < 2; i++)
        pids[i] = user_pid(u, cell, files[i]);
    if (pids[0] || pids[1])
        (void)user_run(u, 15, "scree down --cell %s", cell);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned n = 0; n < 40 && pids[i] && !kill(pids[i], 0); n++)
            usleep(50000);
        if (pids[i] && CHECK(kill(pids[i], 0) != 0) == CU_FALSE)
            kill(pids[i], SIGKILL);
    }
}

void user_end(struct user *u)
{
    char path[2 * USER_PATH];
    struct dirent *e;
    DIR *d;

    if (CU_get_number_of_failures() > u->failures && !getenv("SYSTEM_VERBOSE"))
        (void)user_run(u, 10,
                       "tail -n 15 $D/home/*/screed.log $D/home/*/cell.log"),
            puts(u->text);
    snprintf(path, sizeof(path), "%s/home", u->dir);
    d = opendir(path);
    while (d && (e = readdir(d))) {
        if (e->d_name[0] != '.')
            end_cell(u, e->d_name);
    }
    if (d)
        closedir(d);
    if (!getenv("SYSTEM_KEEP"))
        (void)user_run(u, 30, "rm -rf %s", u->dir);
}
