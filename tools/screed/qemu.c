/* SPDX-License-Identifier: MIT */
/* The life of QEMU; see qemu.h. */
#define _GNU_SOURCE
#include "tools/screed/qemu.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bundle/files.h"

#define START_SECONDS 30
#define CMDLINE_MOST  (64u << 10)
#define OUTPUT_MOST   4096

struct qemu {
    struct screed *screed;
    struct qemu_calls calls;
    pid_t starter; /* until it ends: it makes the daemon */
    int output;    /* what the starter prints, or -1 */
    char said[OUTPUT_MOST];
    size_t said_size;
    struct event *child, *too_long;
    pid_t pid;
    uint64_t started;
    int pidfd;
    struct event *died;
};

/* ---------------------------------------------------------- the process */

static void forget(struct qemu *q)
{
    if (!q->died)
        return;
    event_free(q->died);
    close(q->pidfd);
    q->died = NULL;
    q->pid = 0;
}

static void on_died(evutil_socket_t fd, short what, void *context)
{
    struct qemu *q = context;
    struct path p = screed_path(q->screed, CELL_QEMU_PID);

    (void)fd;
    (void)what;
    forget(q);
    unlink(p.text);
    q->calls.died(q->screed);
}

/* Whether this cell's pid file is among the arguments of the process. */
static bool is_ours(const struct qemu *q, pid_t pid)
{
    struct path p = screed_path(q->screed, CELL_QEMU_PID);
    char file[32], wanted[PATH_ROOM + 16];
    int n = snprintf(wanted, sizeof(wanted), "-pidfile%c%s", '\0', p.text);
    struct buffer b = {0};
    bool found = false;
    int fd;

    snprintf(file, sizeof(file), "/proc/%d/cmdline", (int)pid);
    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    buffer_add(&b, NULL, CMDLINE_MOST);
    for (size_t at = 0; at < CMDLINE_MOST;) {
        ssize_t got = read(fd, b.bytes + at, CMDLINE_MOST - at);
        if (got <= 0) {
            found = memmem(b.bytes, at, wanted, (size_t)n + 1) != NULL;
            break;
        }
        at += (size_t)got;
    }
    close(fd);
    buffer_free(&b);
    return found;
}

static pid_t read_pid(const struct qemu *q)
{
    struct path p = screed_path(q->screed, CELL_QEMU_PID);
    FILE *f = fopen(p.text, "re");
    int pid = 0;

    if (f) {
        if (fscanf(f, "%d", &pid) != 1)
            pid = 0;
        fclose(f);
    }
    return pid;
}

bool qemu_adopt(struct qemu *q)
{
    struct path p = screed_path(q->screed, CELL_QEMU_PID);
    pid_t pid = read_pid(q);
    struct stat st;
    int fd;

    if (pid <= 0)
        return false;
    fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0 || !is_ours(q, pid)) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    forget(q);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    q->pid = pid;
    q->pidfd = fd;
    q->started =
        stat(p.text, &st) ? screed_now() : (uint64_t)st.st_mtime * 1000000000;
    q->died = event_new(q->screed->base, fd, EV_READ, on_died, q);
    event_add(q->died, NULL);
    return true;
}

/* -------------------------------------------------------------- starting */

static void read_output(struct qemu *q)
{
    char *text = q->said;

    while (q->said_size < OUTPUT_MOST - 1) {
        ssize_t n = read(q->output, text + q->said_size,
                         OUTPUT_MOST - 1 - q->said_size);
        if (n <= 0)
            break;
        q->said_size += (size_t)n;
    }
    text[q->said_size] = '\0';
    while (q->said_size && text[q->said_size - 1] == '\n')
        text[--q->said_size] = '\0';
    close(q->output);
    q->output = -1;
}

static void refuse(struct qemu *q, int status)
{
    struct error e;

    if (q->said_size)
        error_set(&e, "not-possible", "QEMU does not start: %.900s", q->said);
    else
        error_set(&e, "not-possible", "QEMU does not start (status %d)",
                  status);
    q->calls.refused(q->screed, &e);
}

static void on_child(evutil_socket_t number, short what, void *context)
{
    struct qemu *q = context;
    int status;

    (void)number;
    (void)what;
    if (!q->starter || waitpid(q->starter, &status, WNOHANG) != q->starter)
        return;
    q->starter = 0;
    event_del(q->too_long);
    read_output(q);
    if (status == 0 && qemu_adopt(q))
        q->calls.started(q->screed);
    else
        refuse(q, status);
}

static void on_too_long(evutil_socket_t fd, short what, void *context)
{
    struct qemu *q = context;

    (void)fd;
    (void)what;
    if (q->starter)
        kill(q->starter, SIGKILL);
}

/* In the child: only async-signal-safe calls. */
static void run(char **arguments, int output, int tap)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(null, 0);
    dup2(output, 1);
    dup2(output, 2);
    if (tap >= 0)
        fcntl(tap, F_SETFD, 0);
    execvp(arguments[0], arguments);
    dprintf(2, "cannot run %s: %s; install qemu-system-x86", arguments[0],
            strerror(errno));
    _exit(127);
}

static bool spawn(struct qemu *q, char **arguments, int tap, struct error *e)
{
    static const struct timeval limit = {.tv_sec = START_SECONDS};
    int ends[2];

    if (pipe2(ends, O_CLOEXEC))
        return error_set(e, "no-memory", "no pipe: %s", strerror(errno));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    q->starter = fork();
    if (q->starter == 0)
        run(arguments, ends[1], tap);
    close(ends[1]);
    if (q->starter < 0) {
        q->starter = 0;
        close(ends[0]);
        return error_set(e, "no-memory", "no process: %s", strerror(errno));
    }
    q->output = ends[0];
    q->said_size = 0;
    event_add(q->too_long, &limit);
    return true;
}

bool qemu_start(struct qemu *q, struct error *e)
{
    int tap = -1;
    char **arguments;
    bool good;

    if (!qemu_make_bundle(q->screed, e))
        return false;
    arguments = qemu_arguments(q->screed, &tap, e);
    if (!arguments)
        return false;
    good = spawn(q, arguments, tap, e);
    qemu_free_arguments(arguments);
    if (tap >= 0)
        close(tap);
    return good;
}

/* ------------------------------------------------------------- outside */

struct qemu *qemu_new(struct screed *s, const struct qemu_calls *calls)
{
    struct qemu *q = must_alloc(1, sizeof(*q));

    q->screed = s;
    q->calls = *calls;
    q->output = -1;
    q->child = evsignal_new(s->base, SIGCHLD, on_child, q);
    event_add(q->child, NULL);
    q->too_long = evtimer_new(s->base, on_too_long, q);
    return q;
}

void qemu_free(struct qemu *q)
{
    forget(q);
    event_free(q->child);
    event_free(q->too_long);
    if (q->output >= 0)
        close(q->output);
    free(q);
}

bool qemu_is_starting(const struct qemu *q)
{
    return q->starter != 0;
}

pid_t qemu_pid(const struct qemu *q)
{
    return q->pid;
}

uint64_t qemu_started(const struct qemu *q)
{
    return q->started;
}

void qemu_kill(struct qemu *q, int signal)
{
    if (q->pid)
        syscall(SYS_pidfd_send_signal, q->pidfd, signal, NULL, 0);
}
