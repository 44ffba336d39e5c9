/* SPDX-License-Identifier: MIT */
/* See terminal.h. The saved mode is static since a signal handler needs it. */
#define _GNU_SOURCE
#include "tools/scree/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct {
    struct termios before;
    volatile sig_atomic_t changed;
    int pipe_in;
    bool registered;
} saved;

static const int asks[] = {SIGINT, SIGTERM, SIGHUP};
static const int dies[] = {SIGQUIT, SIGPIPE, SIGSEGV, SIGABRT,
                           SIGBUS,  SIGFPE,  SIGILL};

static void restore(void)
{
    if (saved.changed)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved.before);
    saved.changed = 0;
}

static void on_ask(int signal)
{
    unsigned char byte = (unsigned char)signal;

    if (write(saved.pipe_in, &byte, 1) < 0)
        return;
}

static void on_death(int signal)
{
    restore();
    raise(signal); /* SA_RESETHAND: now as if there were no handler */
}

static void handle(const int *list, size_t count, void (*handler)(int),
                   int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    for (size_t i = 0; i < count; i++)
        sigaction(list[i], &action, NULL);
}

/* Output stays cooked: guests end lines with a newline only. */
static bool make_raw(void)
{
    struct termios raw;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved.before))
        return false;
    raw = saved.before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | ISTRIP | BRKINT);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    saved.changed = 1;
    return !tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

bool terminal_begin(struct terminal *t)
{
    int ends[2];

    *t = (struct terminal){.signals_fd = -1};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return false;
    t->signals_fd = ends[0];
    saved.pipe_in = ends[1];
    if (!saved.registered)
        atexit(restore);
    saved.registered = true;
    handle(asks, sizeof(asks) / sizeof(asks[0]), on_ask, SA_RESTART);
    handle(dies, sizeof(dies) / sizeof(dies[0]), on_death,
           (int)(SA_RESETHAND | SA_NODEFER));
    t->raw = make_raw();
    return true;
}

void terminal_end(struct terminal *t)
{
    handle(asks, sizeof(asks) / sizeof(asks[0]), SIG_DFL, 0);
    handle(dies, sizeof(dies) / sizeof(dies[0]), SIG_DFL, 0);
    restore();
    close(t->signals_fd);
    close(saved.pipe_in);
    t->signals_fd = -1;
}
