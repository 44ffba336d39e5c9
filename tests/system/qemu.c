/* SPDX-License-Identifier: MIT */
/*
 * See qemu.h. The console text is guarded by `lock`; `grown` is signalled for
 * each piece that the reader thread adds and when the console closes.
 */
#define _GNU_SOURCE
#include "tests/system/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/net.h"

#define ARGUMENTS 96
#define PIECE     4096

struct qemu {
    pid_t pid;
    int input, output;
    bool ended;
    int status;
    pthread_t reader;
    /* under lock */
    pthread_mutex_t lock;
    pthread_cond_t grown;
    char *text; /* 0-terminated */
    size_t length, capacity;
    bool closed;
};

/* ------------------------------------------------------- command line */

struct arguments {
    char *list[ARGUMENTS + 1];
    unsigned count;
};

__attribute__((format(printf, 2, 3))) static void add(struct arguments *a,
                                                      const char *format, ...)
{
    va_list args;

    if (a->count == ARGUMENTS)
        abort();
    va_start(args, format);
    if (vasprintf(&a->list[a->count++], format, args) < 0)
        abort();
    va_end(args);
}

static void add_network(struct arguments *a, const struct qemu_options *o)
{
    char netdev[4096];
    bool mmio = o->machine && !strncmp(o->machine, "microvm", 7);
    size_t n = (size_t)snprintf(netdev, sizeof(netdev),
                                "user,id=n0,restrict=%s,net=%s,host=%s",
                                o->open ? "off" : "on", o->network, o->host);

    for (unsigned i = 0; i < o->forward_count; i++) {
        const struct forward *f = &o->forwards[i];

        n += (size_t)snprintf(
            netdev + n, sizeof(netdev) - n, ",hostfwd=%s:127.0.0.1:%u-%s:%u",
            f->udp ? "udp" : "tcp", f->host, f->guest, f->port);
    }
    add(a, "-netdev");
    add(a, "%s", netdev);
    add(a, "-device");
    add(a, mmio ? "virtio-net-device,netdev=n0"
                : "virtio-net-pci,netdev=n0,disable-legacy=on,romfile=");
}

static void add_boot(struct arguments *a, const struct qemu_options *o)
{
    if (o->kernel) {
        add(a, "-kernel");
        add(a, "%s", o->kernel);
    }
    if (o->initrd) {
        add(a, "-initrd");
        add(a, "%s", o->initrd);
    }
    if (o->append) {
        add(a, "-append");
        add(a, "%s", o->append);
    }
}

static void add_machine(struct arguments *a, const struct qemu_options *o)
{
    bool mmio = o->machine && !strncmp(o->machine, "microvm", 7);

    add(a, "qemu-system-x86_64");
    for (const char *const *s =
             (const char *[]){"-nodefaults", "-no-user-config", "-no-reboot",
                              "-display", "none", "-serial", "stdio", NULL};
         *s; s++)
        add(a, "%s", *s);
    add(a, "-machine");
    add(a, "%s", o->machine ? o->machine : "q35");
    add(a, "-accel");
    add(a, "tcg,thread=multi");
    add(a, "-cpu");
    add(a, "%s", o->cpu ? o->cpu : "max,-svm");
    add(a, "-smp");
    add(a, "%u", o->cpus ? o->cpus : 1);
    add(a, "-m");
    add(a, "%uM", o->memory_mib ? o->memory_mib : 256);
    if (mmio) {
        add(a, "-global");
        add(a, "virtio-mmio.force-legacy=false");
    }
    if (o->no_debug_exit)
        return;
    add(a, "-device");
    add(a, "isa-debug-exit,iobase=0xf4,iosize=4");
}

static void make_arguments(struct arguments *a, const struct qemu_options *o)
{
    add_machine(a, o);
    add_boot(a, o);
    if (o->network)
        add_network(a, o);
    for (unsigned i = 0; i < QEMU_ARGS && o->extra[i]; i++)
        add(a, "%s", o->extra[i]);
    a->list[a->count] = NULL;
}

static void free_arguments(struct arguments *a)
{
    while (a->count)
        free(a->list[--a->count]);
}

/* -------------------------------------------------------- the process */

static void append_text(struct qemu *q, const char *piece, size_t n)
{
    pthread_mutex_lock(&q->lock);
    if (q->length + n + 1 > q->capacity) {
        q->capacity = (q->length + n + 1) * 2;
        q->text = realloc(q->text, q->capacity);
        if (!q->text)
            abort();
    }
    for (size_t i = 0; i < n; i++)
        q->text[q->length++] = piece[i] ? piece[i] : '?';
    q->text[q->length] = '\0';
    pthread_cond_broadcast(&q->grown);
    pthread_mutex_unlock(&q->lock);
}

static void *read_console(void *arg)
{
    struct qemu *q = arg;
    char piece[PIECE];
    ssize_t n;

    while ((n = read(q->output, piece, sizeof(piece))) > 0 ||
           (n < 0 && errno == EINTR))
        if (n > 0)
            append_text(q, piece, (size_t)n);
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->grown);
    pthread_mutex_unlock(&q->lock);
    return NULL;
}

static void __attribute__((noreturn))
become_qemu(char **list, int in, int out, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    setpgid(0, 0);
    execvp(list[0], list);
    dprintf(2, "cannot start %s: %s\n", list[0], strerror(errno));
    _exit(127);
}

static bool spawn(struct qemu *q, char **list)
{
    int in[2], out[2];
    pid_t parent = getpid();

    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
        return false;
    q->pid = fork();
    if (q->pid == 0)
        become_qemu(list, in[0], out[1], parent);
    close(in[0]);
    close(out[1]);
    q->input = in[1];
    q->output = out[0];
    return q->pid > 0;
}

struct qemu *qemu_start(struct qemu_options *o)
{
    struct qemu *q = calloc(1, sizeof(*q));
    struct arguments a = {.count = 0};
    pthread_condattr_t clock;

    if (!q)
        return NULL;
    for (unsigned i = 0; i < o->forward_count; i++)
        if (!o->forwards[i].host)
            o->forwards[i].host = net_free_port(o->forwards[i].udp);
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&q->grown, &clock);
    append_text(q, "", 0);
    make_arguments(&a, o);
    if (getenv("SYSTEM_VERBOSE")) {
        for (unsigned i = 0; i < a.count; i++)
            printf("%s ", a.list[i]);
        printf("\n");
    }
    if (!spawn(q, a.list) ||
        pthread_create(&q->reader, NULL, read_console, q) != 0)
        abort();
    free_arguments(&a);
    return q;
}

int qemu_wait_exit(struct qemu *q, unsigned seconds)
{
    for (unsigned i = 0; i <= seconds * 50 && !q->ended; i++) {
        if (waitpid(q->pid, &q->status, WNOHANG) == q->pid)
            q->ended = true;
        else
            usleep(20000);
    }
    if (!q->ended)
        return -1;
    return WIFEXITED(q->status) ? WEXITSTATUS(q->status) : 255;
}

void qemu_stop(struct qemu *q)
{
    if (!q)
        return;
    if (!q->ended && qemu_wait_exit(q, 0) < 0) {
        kill(q->pid, SIGTERM);
        if (qemu_wait_exit(q, 3) < 0) {
            kill(q->pid, SIGKILL);
            waitpid(q->pid, &q->status, 0);
        }
    }
    close(q->input);
    pthread_join(q->reader, NULL);
    close(q->output);
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->grown);
    free(q->text);
    free(q);
}

/* -------------------------------------------------------- the console */

char *qemu_text(struct qemu *q, size_t from)
{
    char *copy;

    pthread_mutex_lock(&q->lock);
    copy = strdup(q->text + (from < q->length ? from : q->length));
    pthread_mutex_unlock(&q->lock);
    if (!copy)
        abort();
    return copy;
}

static regex_t compile(const char *regex)
{
    regex_t r;

    if (regcomp(&r, regex, REG_EXTENDED | REG_NEWLINE)) {
        fprintf(stderr, "bad regular expression: %s\n", regex);
        abort();
    }
    return r;
}

/* Looks once; the lock is held. */
static size_t look(struct qemu *q, size_t from, const regex_t *r,
                   regmatch_t groups[2])
{
    if (from > q->length ||
        regexec(r, q->text + from, 2, groups, from ? REG_NOTBOL : 0))
        return 0;
    return from + (size_t)groups[0].rm_eo;
}

static void copy_group(const char *text, const regmatch_t *g, char *to,
                       size_t size)
{
    size_t n = g->rm_so < 0 ? 0 : (size_t)(g->rm_eo - g->rm_so);

    if (!to)
        return;
    if (n >= size)
        n = size - 1;
    if (g->rm_so >= 0)
        memcpy(to, text + g->rm_so, n);
    to[n] = '\0';
}

size_t qemu_match(struct qemu *q, size_t from, const char *regex,
                  unsigned seconds, char *group, size_t size)
{
    regex_t r = compile(regex);
    regmatch_t groups[2];
    struct timespec end;
    size_t found;
    int late = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    pthread_mutex_lock(&q->lock);
    while (!(found = look(q, from, &r, groups)) && !late && !q->closed)
        late = pthread_cond_timedwait(&q->grown, &q->lock, &end);
    if (!found)
        found = look(q, from, &r, groups);
    if (found)
        copy_group(q->text + from, &groups[1], group, size);
    pthread_mutex_unlock(&q->lock);
    regfree(&r);
    return found;
}

size_t qemu_wait(struct qemu *q, size_t from, const char *regex,
                 unsigned seconds)
{
    return qemu_match(q, from, regex, seconds, NULL, 0);
}

unsigned qemu_count(struct qemu *q, size_t from, const char *regex)
{
    regex_t r = compile(regex);
    char *text = qemu_text(q, from), *p = text;
    regmatch_t m;
    unsigned n = 0;

    for (; !regexec(&r, p, 1, &m, p == text ? 0 : REG_NOTBOL) && m.rm_eo > 0;
         p += m.rm_eo)
        n++;
    free(text);
    regfree(&r);
    return n;
}

bool qemu_type(struct qemu *q, const char *text)
{
    size_t n = strlen(text);

    return write(q->input, text, n) == (ssize_t)n;
}

void qemu_print_tail(struct qemu *q, unsigned lines)
{
    char *text = qemu_text(q, 0), *p = text + strlen(text);

    for (; p > text && lines; p--)
        lines -= p[-1] == '\n';
    printf("\n    ---- console, the end of it ----\n%s\n"
           "    --------------------------------\n",
           p);
    free(text);
}
