/* SPDX-License-Identifier: MIT */
/* See writer.h. */
#define _GNU_SOURCE
#include "tools/screed/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tools/bundle/why.h"
#include "tools/lib/paths.h"

/* The thread reads `job` between the two events; the loop at other times. */
struct writer {
    pthread_t thread;
    int begin, end; /* eventfds */
    struct event *ended;
    bool busy, stop;
    struct {
        struct path path;
        char *bytes;
        size_t size;
        int error;
    } job;
    writer_done *done;
    void *context;
};

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno;
        bytes += done;
        n -= (size_t)done;
    }
    return fsync(fd) ? errno : 0;
}

static void sync_directory(const char *path)
{
    struct path directory;
    char *slash;
    int fd;

    snprintf(directory.text, sizeof(directory.text), "%s", path);
    slash = strrchr(directory.text, '/');
    if (slash)
        *slash = '\0';
    fd = open(directory.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int writer_write(const char *path, const char *bytes, size_t n)
{
    char beside[PATH_ROOM + 8];
    int fd, error;

    snprintf(beside, sizeof(beside), "%s.new", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
              0600);
    if (fd < 0)
        return errno;
    error = write_all(fd, bytes, n);
    close(fd);
    if (!error && rename(beside, path))
        error = errno;
    if (error)
        unlink(beside);
    else
        sync_directory(path);
    return error;
}

static void signal_event(int fd)
{
    static const uint64_t one = 1;

    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

static void *work(void *context)
{
    struct writer *w = context;
    uint64_t n;

    for (;;) {
        if (read(w->begin, &n, sizeof(n)) < 0)
            continue;
        if (w->stop)
            return NULL;
        w->job.error =
            writer_write(w->job.path.text, w->job.bytes, w->job.size);
        signal_event(w->end);
    }
}

static void on_end(evutil_socket_t fd, short what, void *context)
{
    struct writer *w = context;
    uint64_t n;

    (void)what;
    if (read(fd, &n, sizeof(n)) < 0)
        return;
    free(w->job.bytes);
    w->job.bytes = NULL;
    w->busy = false;
    w->done(w->context, w->job.error);
}

struct writer *writer_new(struct event_base *base, writer_done *done,
                          void *context)
{
    struct writer *w = must_alloc(1, sizeof(*w));

    w->done = done;
    w->context = context;
    w->begin = eventfd(0, EFD_CLOEXEC);
    w->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->ended = event_new(base, w->end, EV_READ | EV_PERSIST, on_end, w);
    event_add(w->ended, NULL);
    pthread_create(&w->thread, NULL, work, w);
    return w;
}

void writer_free(struct writer *w)
{
    struct pollfd p = {.fd = w->end, .events = POLLIN};

    while (w->busy && (poll(&p, 1, -1) >= 0 || errno == EINTR))
        on_end(w->end, 0, w);
    w->stop = true;
    signal_event(w->begin);
    pthread_join(w->thread, NULL);
    event_free(w->ended);
    close(w->begin);
    close(w->end);
    free(w);
}

bool writer_is_busy(const struct writer *w)
{
    return w->busy;
}

void writer_put(struct writer *w, const char *path, char *bytes, size_t n)
{
    snprintf(w->job.path.text, sizeof(w->job.path.text), "%s", path);
    w->job.bytes = bytes;
    w->job.size = n;
    w->busy = true;
    signal_event(w->begin);
}
