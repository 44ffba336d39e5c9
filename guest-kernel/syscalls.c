/* SPDX-License-Identifier: MIT */
/*
 * What libc (newlib) asks of a system. There are no files and no processes:
 * descriptors 0..2 are the console, everything else is an honest error.
 */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "drivers-generic/serial.h"
#include "pebble.h"

#define CONSOLE_LAST 2

static int fail(int why)
{
    errno = why;
    return -1;
}

static bool is_console(int fd)
{
    return fd >= 0 && fd <= CONSOLE_LAST;
}

int close(int fd)
{
    return is_console(fd) ? 0 : fail(EBADF);
}

int fstat(int fd, struct stat *st)
{
    if (!is_console(fd))
        return fail(EBADF);
    *st = (struct stat){.st_mode = S_IFCHR, .st_blksize = 256};
    return 0;
}

pid_t getpid(void)
{
    return 1;
}

int isatty(int fd)
{
    return is_console(fd) ? 1 : fail(EBADF);
}

int kill(pid_t pid, int signal)
{
    (void)pid;
    (void)signal;
    env_stop(true);
}

off_t lseek(int fd, off_t offset, int whence)
{
    (void)offset;
    (void)whence;
    return fail(is_console(fd) ? ESPIPE : EBADF);
}

int read(int fd, void *bytes, size_t size)
{
    return is_console(fd) ? (int)serial_read(bytes, size) : fail(EBADF);
}

int write(int fd, const void *bytes, size_t size)
{
    if (!is_console(fd))
        return fail(EBADF);
    serial_write(bytes, size);
    return (int)size;
}

_Noreturn void _exit(int status)
{
    env_exit((uint8_t)status, false);
}
