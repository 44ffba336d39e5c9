/* SPDX-License-Identifier: MIT */
/* See socket.h. */
#define _GNU_SOURCE
#include "tools/lib/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

/* Refuses a path that no Unix socket can have. */
static bool make_address(struct sockaddr_un *out, const char *path,
                         struct error *e)
{
    size_t n = strlen(path);

    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (n >= sizeof(out->sun_path))
        return error_set(e, "bad-request",
                         "%s: a socket's path has at most %zu bytes, this one "
                         "%zu; set SCREE_HOME to a shorter directory",
                         path, sizeof(out->sun_path) - 1, n);
    memcpy(out->sun_path, path, n);
    return true;
}

/* The mode is right before anybody can connect. */
static bool bind_private(int fd, const char *path, struct error *e)
{
    struct sockaddr_un address;
    mode_t old;
    int failed;

    if (!make_address(&address, path, e))
        return false;
    if (unlink(path) && errno != ENOENT)
        return error_set(e, "not-possible", "cannot replace %s: %s", path,
                         strerror(errno));
    old = umask(0177);
    failed = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(old);
    if (failed || listen(fd, BACKLOG))
        return error_set(e, "not-possible",
                         "cannot make the socket %s: %s; the directory must "
                         "be one that you may write to",
                         path, strerror(errno));
    return true;
}

int socket_listen(const char *path, struct error *e)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        error_set(e, "not-possible", "no socket: %s", strerror(errno));
        return -1;
    }
    if (!bind_private(fd, path, e)) {
        close(fd);
        return -1;
    }
    return fd;
}

int socket_connect(const char *path, struct error *e)
{
    struct sockaddr_un address;
    int fd;

    if (!make_address(&address, path, e))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    error_set(e, "cell-down", "cannot connect to %s: %s", path,
              strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}
