/* SPDX-License-Identifier: MIT */
/*
 * One emulated machine: its arguments, its process, its serial line. Every
 * wait is bounded; the process dies with us.
 */
#include "tools/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

double tsc_per_ns(void)
{
    uint64_t t0 = now_ns(), c0 = __rdtsc();

    usleep(200000);
    return (double)(__rdtsc() - c0) / (double)(now_ns() - t0);
}

void qemu_init(struct qemu *q, const char *memory)
{
    memset(q, 0, sizeof(*q));
    q->output = -1;
    q->log = strdup("");
    qemu_arg(q, "qemu-system-x86_64");
    qemu_arg(q, "-accel");
    qemu_arg(q, "tcg");
    qemu_arg(q, "-machine");
    qemu_arg(q, "q35");
    qemu_arg(q, "-cpu");
    qemu_arg(q, "max");
    qemu_arg(q, "-m");
    qemu_arg(q, "%s", memory);
    qemu_arg(q, "-display");
    qemu_arg(q, "none");
    qemu_arg(q, "-serial");
    qemu_arg(q, "stdio");
    qemu_arg(q, "-no-reboot");
    qemu_arg(q, "-device");
    qemu_arg(q, "isa-debug-exit,iobase=0xf4");
}

void qemu_arg(struct qemu *q, const char *format, ...)
{
    va_list args;

    if (q->argc == QEMU_ARGS - 1) {
        fprintf(stderr, "bench: too many QEMU arguments\n");
        exit(1);
    }
    va_start(args, format);
    if (vasprintf(&q->argv[q->argc++], format, args) < 0)
        exit(1);
    va_end(args);
}

static void child(struct qemu *q, int write_end)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(write_end, STDOUT_FILENO);
    dup2(write_end, STDERR_FILENO);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    execvp(q->argv[0], q->argv);
    dprintf(STDERR_FILENO, "bench: %s: %s\n", q->argv[0], strerror(errno));
    _exit(127);
}

int qemu_start(struct qemu *q)
{
    int ends[2];

    if (pipe(ends) != 0 || (q->pid = fork()) < 0) {
        perror("bench: qemu");
        return -1;
    }
    if (q->pid == 0)
        child(q, ends[1]);
    close(ends[1]);
    q->output = ends[0];
    return 0;
}

/* Takes what is there. 1: some, 0: none within the time, -1: end of file. */
static int take(struct qemu *q, int milliseconds)
{
    struct pollfd p = {.fd = q->output, .events = POLLIN};
    char bytes[4096];
    ssize_t n;

    if (poll(&p, 1, milliseconds) <= 0)
        return 0;
    n = read(q->output, bytes, sizeof(bytes));
    if (n <= 0)
        return -1;
    q->log = realloc(q->log, q->log_size + (size_t)n + 1);
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i])
            q->log[q->log_size++] = bytes[i];
    q->log[q->log_size] = 0;
    return 1;
}

int qemu_wait(struct qemu *q, const char *text, double seconds)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

    while (!strstr(q->log, text))
        if (now_ns() > end || take(q, 100) < 0) {
            fprintf(stderr, "bench: no \"%s\" from QEMU; it said:\n%s\n", text,
                    q->log);
            return -1;
        }
    return 0;
}

void qemu_stop(struct qemu *q)
{
    if (q->pid > 0) {
        kill(q->pid, SIGKILL);
        waitpid(q->pid, NULL, 0);
    }
    if (q->output >= 0)
        close(q->output);
    for (int i = 0; i < q->argc; i++)
        free(q->argv[i]);
    free(q->log);
    memset(q, 0, sizeof(*q));
    q->output = -1;
}

const char *qemu_command(struct qemu *q)
{
    static char text[4096];
    size_t n = 0;

    text[0] = 0;
    for (int i = 0; i < q->argc && n < sizeof(text); i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? " " : "",
                              q->argv[i]);
    return text;
}
