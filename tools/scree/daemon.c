/* SPDX-License-Identifier: MIT */
/* See daemon.h. */
#define _GNU_SOURCE
#include "tools/scree/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 20

/* Its output goes into a file, since what it leaves running may keep a pipe
 * open; of what we were given open (locks, pipes) it gets nothing. */
static pid_t spawn(const char *program, const char *cell, int output)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    dup2(output, STDERR_FILENO);
    dup2(output, STDOUT_FILENO);
    close(STDIN_FILENO);
    open("/dev/null", O_RDONLY);
    close_range(STDERR_FILENO + 1, ~0u, 0);
    execl(program, "screed", "--cell", cell, (char *)NULL);
    dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
    _exit(127);
}

/* What it said; "screed: " is not repeated. */
static void say_output(int fd, struct error *e)
{
    char text[sizeof(e->text)];
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    char *s = text;

    if (n < 0)
        n = 0;
    while (n && text[n - 1] == '\n')
        n--;
    text[n] = '\0';
    if (!strncmp(s, "screed: ", 8))
        s += 8;
    error_set(e, "failed", "%s", *s ? s : "screed ended without a word");
}

static bool wait_for(pid_t pid, int *status, struct progress *p, int seconds)
{
    uint64_t end = progress_now_ms() + (uint64_t)seconds * 1000;

    while (waitpid(pid, status, WNOHANG) == 0) {
        if (progress_now_ms() > end)
            return false;
        progress_tick(p, 0, 0);
        poll(NULL, 0, 5);
    }
    return true;
}

bool daemon_start(const struct cli *c, struct progress *p, int seconds,
                  struct error *e)
{
    struct path program;
    int output, status = 0;
    bool good;
    pid_t pid;

    if (!paths_program(&program, "screed", e))
        return false;
    output = memfd_create("screed", MFD_CLOEXEC);
    pid = output < 0 ? -1 : spawn(program.text, c->cell, output);
    if (pid < 0)
        return error_set(e, "failed", "cannot start screed: %s",
                         strerror(errno));
    good = wait_for(pid, &status, p, seconds);
    if (!good) {
        kill(pid, SIGTERM);
        error_set(e, "timeout",
                  "screed did not start within %d s; its log is "
                  "screed.log of the cell",
                  seconds);
    } else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        say_output(output, e);
        good = false;
    }
    close(output);
    return good;
}

/* The state of the cell, "" if it does not answer. */
static bool cell_state(struct cli *c, char *state, size_t size, struct error *e)
{
    cJSON *answer;
    const cJSON *cell;

    *state = '\0';
    if (!cli_open(c, e))
        return false;
    cell = cli_ask(c, "cell", "cell", &answer, e);
    snprintf(state, size, "%s", cell ? json_text(cell, "state", "") : "");
    if (!cell) {
        client_close(&c->api);
        c->open = false;
    }
    cJSON_Delete(answer);
    return cell != NULL;
}

bool daemon_wait(struct cli *c, struct progress *p, int seconds,
                 struct error *e)
{
    uint64_t end = progress_now_ms() + (uint64_t)seconds * 1000;
    char state[16];

    for (;;) {
        bool answers = cell_state(c, state, sizeof(state), e);
        if (answers && !strcmp(state, "up"))
            return true;
        if (!answers)
            return false; /* screed has died since */
        if (progress_now_ms() > end)
            return error_set(e, "timeout",
                             "the cell '%s' is not up after %d s (%s); its "
                             "logs: scree logs --cell %s, and screed.log "
                             "beside cell.json",
                             c->cell, seconds, *state ? state : "no answer",
                             c->cell);
        progress_tick(p, 0, 0);
        poll(NULL, 0, POLL_MS);
    }
}

/* The first bytes of a file, 0 if it cannot be read. */
static size_t read_some(const char *path, char *to, size_t size)
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(to, 1, size, f) : 0;

    if (f)
        fclose(f);
    return n;
}

pid_t daemon_find_qemu(const struct cli *c)
{
    char name[64], text[8192], wanted[PATH_ROOM + 16];
    struct error ignored;
    struct path file;
    size_t n, length;
    long pid;

    if (!paths_cell(&file, c->cell, CELL_QEMU_PID, &ignored))
        return 0;
    length = 1 + (size_t)snprintf(wanted, sizeof(wanted), "-pidfile%c%s", '\0',
                                  file.text);
    n = read_some(file.text, text, sizeof(text) - 1);
    text[n] = '\0';
    pid = strtol(text, NULL, 10);
    if (pid < 2)
        return 0;
    snprintf(name, sizeof(name), "/proc/%ld/cmdline", pid);
    n = read_some(name, text, sizeof(text));
    return memmem(text, n, wanted, length) ? (pid_t)pid : 0;
}
