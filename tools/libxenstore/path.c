/* SPDX-License-Identifier: MIT */
/*
 * Where the server is (XENSTORED_PATH, XENSTORED_RUNDIR), and the functions
 * that need no connection.
 */
#include "handle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNDIR    "/var/run/xenstored"
#define PATH_SIZE 4096

const char *xs_daemon_rundir(void)
{
    const char *given = getenv("XENSTORED_RUNDIR");

    return given ? given : RUNDIR;
}

const char *xs_daemon_socket(void)
{
    static _Thread_local char path[PATH_SIZE];
    const char *given = getenv("XENSTORED_PATH");
    int n;

    if (given)
        return given;
    n = snprintf(path, sizeof(path), "%s/socket", xs_daemon_rundir());
    return n < (int)sizeof(path) ? path : NULL;
}

/* There is one socket; "read only" is of the past. */
const char *xs_daemon_socket_ro(void)
{
    return xs_daemon_socket();
}

const char *path_device(void)
{
    const char *given = getenv("XENSTORED_PATH");

    if (given)
        return given;
    if (access("/dev/xen/xenbus", F_OK) == 0)
        return "/dev/xen/xenbus";
    return "/proc/xen/xenbus";
}

bool xs_write_all(int fd, const void *data, unsigned int len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (unsigned)n;
    }
    return true;
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
    size_t length = strlen(parent);

    if (strncmp(parent, child, length) != 0)
        return false;
    return child[length] == '\0' || child[length] == '/' ||
           (length == 1 && parent[0] == '/');
}

unsigned strings_count(const char *bytes, size_t size)
{
    unsigned count = 0;

    for (size_t i = 0; i < size; i++)
        count += bytes[i] == '\0';
    return count;
}

char **strings_array(const char *bytes, size_t size, unsigned *count)
{
    unsigned n = strings_count(bytes, size);
    char **array = malloc((n + 1) * sizeof(char *) + size);
    char *strings;

    if (!array)
        return NULL;
    strings = (char *)(array + n + 1);
    memcpy(strings, bytes, size);
    for (unsigned i = 0; i < n; i++) {
        array[i] = strings;
        strings += strlen(strings) + 1;
    }
    array[n] = NULL;
    *count = n;
    return array;
}
