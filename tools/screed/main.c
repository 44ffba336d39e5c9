/* SPDX-License-Identifier: MIT */
/*
 * screed: starts, and ends. Whoever starts it waits until the sockets are there
 * and QEMU runs, or reads why not on standard error; from then on it is a
 * daemon, unless --foreground was given. SIGTERM and SIGINT end screed and
 * leave the cell running.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bundle/why.h"
#include "tools/screed/api.h"
#include "tools/screed/cell.h"
#include "tools/screed/events.h"
#include "tools/screed/forwards.h"
#include "tools/screed/metrics.h"
#include "tools/screed/state.h"
#include "tools/screed/store.h"
#include "tools/screed/sweep.h"

#define FILES_WANTED 8192
#define LOCK_NAP     20 /* ms */
#define LOCK_TRIES   500

static const char usage[] =
    "usage: screed [--cell NAME] [--foreground]\n"
    "\n"
    "The daemon of one cell. 'scree up' starts it; so does systemd, by the\n"
    "unit scree@NAME. It starts the cell's QEMU, or adopts the one that runs.\n"
    "\n"
    "  --cell NAME    the cell (default)\n"
    "  --foreground   stay in the foreground\n"
    "\n"
    "SCREE_HOME  where cells have their directories\n"
    "SCREE_LIB   where hypervisor/ and guests/ are\n"
    "SCREE_QEMU  another program than qemu-system-x86_64\n";

/* Where success ("") or the error goes: whoever started us. */
static int starter = -1;

static void tell_starter(const char *text)
{
    if (starter < 0)
        return;
    (void)!write(starter, text, strlen(text) + 1);
    close(starter);
    starter = -1;
}

static int complain(const struct error *e)
{
    if (starter >= 0)
        tell_starter(e->text);
    else
        fprintf(stderr, "screed: %s\n", e->text);
    return 1;
}

/* ------------------------------------------------------------ daemon */

/* In the first process: waits for what the daemon says. */
static int await_daemon(int fd)
{
    char text[sizeof(((struct error *)0)->text)];
    size_t n = 0;

    for (;;) {
        ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || n + (size_t)got >= sizeof(text) - 1)
            break;
        n += (size_t)got;
    }
    text[n] = '\0';
    if (n && !text[0])
        return 0;
    fprintf(stderr, "screed: %s\n", n ? text : "it has died at its start");
    return 1;
}

static void daemonize(void)
{
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC))
        return;
    pid = fork();
    if (pid > 0) {
        close(ends[1]);
        exit(await_daemon(ends[0]));
    }
    close(ends[0]);
    starter = ends[1];
    setsid();
}

/* Nothing of the starter's terminal is kept. */
static void let_go(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return;
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    if (chdir("/"))
        return;
}

static void on_first(struct screed *s, const struct error *e)
{
    if (e) {
        complain(e);
        s->ending = s->refused = true;
        event_base_loopbreak(s->base);
        return;
    }
    if (starter >= 0) {
        tell_starter("");
        let_go();
    }
}

/* ---------------------------------------------------------------- start */

static int open_lock(const struct screed *s, struct error *e)
{
    struct path p = screed_path(s, CELL_LOCK);
    int fd = open(p.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        error_set(e, "not-possible",
                  "cannot write %s: %s; set SCREE_HOME to a directory that you "
                  "may write to",
                  p.text, strerror(errno));
    return fd;
}

/* The file may have been removed by the one that had the lock. */
static bool has_lock(const struct screed *s, int fd)
{
    struct path p = screed_path(s, CELL_LOCK);
    struct stat ours, there;

    return !flock(fd, LOCK_EX | LOCK_NB) && !fstat(fd, &ours) &&
           !stat(p.text, &there) && ours.st_ino == there.st_ino;
}

/* There is one screed of a cell. The lock ends with the process: one that ends
 * has no socket any more, but still writes what it knows, and is waited for. */
static bool lock(const struct screed *s, int *fd, struct error *e)
{
    struct path api = screed_path(s, CELL_API);
    char pid[16];
    int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());

    for (int tries = 0;; tries++) {
        *fd = open_lock(s, e);
        if (*fd < 0)
            return false;
        if (has_lock(s, *fd))
            break;
        close(*fd);
        if (tries >= LOCK_TRIES || !access(api.text, F_OK))
            return error_set(e, "bad-state",
                             "the cell '%s' has its screed already", s->cell);
        poll(NULL, 0, LOCK_NAP);
    }
    return (!ftruncate(*fd, 0) && write(*fd, pid, (size_t)n) == n) ||
           error_set(e, "no-memory", "cannot write %s: %s", CELL_LOCK,
                     strerror(errno));
}

static bool find_directory(struct screed *s, struct error *e)
{
    struct path p;

    if (!paths_cell(&p, s->cell, NULL, e) || !paths_make(p.text, e))
        return false;
    if (strlen(p.text) + sizeof("/" CELL_CHANNEL) > 108)
        return error_set(e, "bad-request",
                         "the path %s is too long for sockets (%zu bytes, at "
                         "most %zu); set SCREE_HOME to a shorter directory",
                         p.text, strlen(p.text),
                         108 - sizeof("/" CELL_CHANNEL));
    snprintf(s->directory, sizeof(s->directory), "%s", p.text);
    return true;
}

/* 1,000 clients and more are served, if the system lets us. */
static void raise_limits(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= FILES_WANTED)
        return;
    r.rlim_cur = r.rlim_max < FILES_WANTED ? r.rlim_max : FILES_WANTED;
    setrlimit(RLIMIT_NOFILE, &r);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    struct screed *s = context;

    (void)what;
    screed_log(s, "screed ends by signal %d; the cell goes on", (int)number);
    event_base_loopbreak(s->base);
}

static bool make_parts(struct screed *s, struct error *e)
{
    struct path options = screed_path(s, CELL_OPTIONS);

    if (!options_read(&s->options, options.text, e))
        return false;
    s->base = event_base_new();
    s->sweep = sweep_new(s);
    s->events = events_new(s);
    s->forwards = forwards_new(s);
    return (s->journal = journal_new(s, e)) &&
           (s->objects = objects_new(s, e)) && (s->state = state_new(s, e)) &&
           (s->metrics = metrics_new(s, e)) && (s->store = store_new(s, e)) &&
           (s->api = api_new(s, e));
}

static void free_domains(struct screed *s)
{
    for (struct domain *d = s->domains.first; d; d = d->next)
        journal_end_line(s->journal, &d->log);
    if (s->journal)
        journal_flush(s->journal);
    while (s->domains.first)
        domain_remove(s->domains.first);
    table_free(&s->domains.by_name);
    table_free(&s->domains.by_id);
    table_free(&s->domains.by_address);
}

static void free_parts(struct screed *s)
{
    if (s->api)
        api_free(s->api);
    if (s->lifecycle)
        cell_free(s->lifecycle);
    if (s->store)
        store_free(s->store);
    if (s->metrics)
        metrics_free(s->metrics);
    if (s->state)
        state_free(s->state);
    free_domains(s);
    if (s->objects)
        objects_free(s->objects);
    if (s->journal)
        journal_free(s->journal);
    forwards_free(s->forwards);
    events_free(s->events);
    sweep_free(s->sweep);
    event_base_free(s->base);
}

static void remove_files(struct screed *s, const char *const *names)
{
    for (; *names; names++)
        unlink(screed_path(s, "%s", *names).text);
}

/* First nobody can connect any more; the lock goes when all is written. */
static void end(struct screed *s)
{
    static const char *const sockets[] = {CELL_API, CELL_STORE, NULL};
    static const char *const cell[] = {CELL_CHANNEL, CELL_QMP, CELL_QEMU_PID,
                                       "cell.bundle", NULL};
    static const char *const locks[] = {CELL_LOCK, NULL};

    remove_files(s, sockets);
    if (s->ending)
        remove_files(s, cell);
    if (s->base)
        free_parts(s);
    remove_files(s, locks);
}

static int run(struct screed *s)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct event *events[2];
    struct error e;

    if (!make_parts(s, &e)) {
        complain(&e);
        end(s);
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a full disk, too, is an error of write() */
    for (int i = 0; i < 2; i++) {
        events[i] = evsignal_new(s->base, signals[i], on_signal, s);
        event_add(events[i], NULL);
    }
    s->lifecycle = cell_new(s, on_first);
    screed_log(s, "screed begins, process %d", (int)getpid());
    cell_begin(s->lifecycle);
    if (!s->refused)
        event_base_dispatch(s->base);
    for (int i = 0; i < 2; i++)
        event_free(events[i]);
    end(s);
    return s->refused;
}

static bool parse(int argc, char **argv, struct screed *s, bool *foreground)
{
    static const struct option names[] = {
        {"cell", required_argument, NULL, 'c'},
        {"foreground", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    snprintf(s->cell, sizeof(s->cell), "%s", CELL_DEFAULT);
    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            exit(0);
        }
        if (option == 'f')
            *foreground = true;
        else if (option == 'c' && paths_is_cell(optarg))
            snprintf(s->cell, sizeof(s->cell), "%s", optarg);
        else
            return false;
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    static struct screed s;
    bool foreground = false;
    struct error e;
    int fd, status;

    if (!parse(argc, argv, &s, &foreground)) {
        fputs(usage, stderr);
        return 2;
    }
    umask(077);
    close_range(3, ~0u, 0); /* locks and pipes of whoever started us */
    s.started = screed_now();
    if (!paths_settle(&e) || !find_directory(&s, &e))
        return complain(&e);
    if (!foreground)
        daemonize();
    if (!lock(&s, &fd, &e))
        return complain(&e);
    raise_limits();
    status = run(&s);
    close(fd);
    return status;
}
