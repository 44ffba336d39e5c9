/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing: the server's socket, or else a xenbus device.
 */
#define _GNU_SOURCE /* pipe2 */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE 10000 /* ms */

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, why;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int open_path(const char *path)
{
    struct stat st;

    if (!path)
        errno = ENAMETOOLONG;
    if (!path || stat(path, &st) != 0)
        return -1;
    return S_ISSOCK(st.st_mode) ? open_socket(path)
                                : open(path, O_RDWR | O_CLOEXEC);
}

static struct xs_handle *make_handle(const char *path)
{
    struct xs_handle *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    h->fd = open_path(path);
    if (h->fd < 0 || pipe2(h->stop, O_CLOEXEC) != 0) {
        int why = errno;

        if (h->fd >= 0)
            close(h->fd);
        free(h);
        errno = why;
        return NULL;
    }
    h->notice[0] = h->notice[1] = -1;
    h->patience = PATIENCE;
    h->events_end = &h->events;
    pthread_mutex_init(&h->request, NULL);
    pthread_mutex_init(&h->state, NULL);
    pthread_cond_init(&h->changed, NULL);
    return h;
}

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *h = make_handle(xs_daemon_socket());

    if (!h)
        h = make_handle(path_device());
    if (h)
        h->unwatch_filter = (flags & XS_UNWATCH_FILTER) != 0;
    return h;
}

struct xs_handle *xs_daemon_open(void)
{
    return xs_open(0);
}

struct xs_handle *xs_daemon_open_readonly(void)
{
    return xs_open(0);
}

struct xs_handle *xs_domain_open(void)
{
    return xs_open(0);
}

static void close_pair(const int pair[2])
{
    if (pair[0] < 0)
        return;
    close(pair[0]);
    close(pair[1]);
}

static void free_handle(struct xs_handle *h)
{
    struct packet *p;

    while ((p = h->events)) {
        h->events = p->next;
        free(p);
    }
    free(h->reply);
    close_pair(h->notice);
    close_pair(h->stop);
    close(h->fd);
    free(h);
}

void xs_daemon_close(struct xs_handle *h)
{
    if (h->has_reader) {
        (void)!write(h->stop[1], "", 1);
        pthread_join(h->reader, NULL);
    }
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->state);
    pthread_mutex_destroy(&h->request);
    free_handle(h);
}

void xs_close(struct xs_handle *h)
{
    if (h)
        xs_daemon_close(h);
}

/* In a child of fork() there is no reader, and locks may be held by nobody. */
void xs_daemon_destroy_postfork(struct xs_handle *h)
{
    free_handle(h);
}
