/* SPDX-License-Identifier: MIT */
/*
 * A cell without a machine: takes QEMU's command line, listens on the sockets
 * that stand in it, goes into the background, and answers on the control
 * channel as domain 0 does, and on the monitor as QEMU does. screed is tried
 * against it, since it can also do what a good cell does not.
 *
 * What its domains do stands in their command line, a word each:
 *
 *   say=TEXT   prints the text and a newline when it starts
 *   exit=N     ends at once, with code N
 *   crash      ends at once, by a crash
 *   flood=N    prints N lines
 *   early      does all of that before RUN is answered
 *   deaf       does not answer a request to stop
 * and the cell's own:
 *   noise      sends rubbish before the answer
 *   hangup     closes the channel instead of answering
 *   rebirth    domain 0 begins anew instead of answering
 *   silent     never answers, and does nothing
 *   mute       never answers, but does it
 *   full       there is no memory
 *
 * The store answers each packet with the same packet.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>

#include "tests/screed/fake_cell.h"

#define IN_MAX (4u << 20)

static int channel = -1, monitor = -1;
static uint64_t life;
static uint64_t start_ns;

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t fake_time(void)
{
    return now_ns(CLOCK_REALTIME) - start_ns;
}

/* --------------------------------------------------------------- sending */

void fake_put(const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n && channel >= 0) {
        ssize_t done = send(channel, at, n, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            close(channel);
            channel = -1;
            return;
        }
        at += done;
        n -= (size_t)done;
    }
}

void fake_put_frame(uint16_t type, uint32_t tag, const void *bytes, size_t n)
{
    struct frame f;

    fake_put(&f, frame_make(&f, type, tag, bytes, n));
}

void fake_print(uint32_t domain, const char *text)
{
    uint8_t bytes[SCREE_FRAME_PAYLOAD];
    uint64_t time = fake_time();
    size_t n = strlen(text);

    memcpy(bytes, &time, sizeof(time));
    memcpy(bytes + sizeof(time), text, n);
    fake_put_frame(SCREE_FRAME_CONSOLE, domain, bytes, sizeof(time) + n);
}

static void synced(uint64_t nonce)
{
    static const uint8_t zeros[SCREE_FRAME_MAX];
    struct scree_sync s = {.nonce = nonce,
                           .version = SCREE_CHANNEL_VERSION,
                           .life = life,
                           .cell_life = start_ns};

    fake_put(zeros, sizeof(zeros));
    fake_put_frame(SCREE_FRAME_SYNCED, 0, &s, sizeof(s));
}

void fake_hangup(void)
{
    close(channel);
    channel = -1;
}

void fake_rebirth(void)
{
    life++;
    synced(0);
}

/* ------------------------------------------------------------- channel */

static void take_frame(const struct frame *f)
{
    struct scree_sync s;

    switch (f->head.type) {
    case SCREE_FRAME_SYNC:
        memcpy(&s, f->payload, sizeof(s));
        synced(s.nonce);
        break;
    case SCREE_FRAME_REQUEST:
        fake_take_request(f);
        break;
    case SCREE_FRAME_INPUT:
        fake_take_input(f);
        break;
    case SCREE_FRAME_STORE:
        fake_put_frame(SCREE_FRAME_STORE, f->head.tag, f->payload,
                       f->head.length);
        break;
    }
}

static void take_channel(void)
{
    static uint8_t in[IN_MAX];
    static size_t held;
    size_t at = 0, used;
    struct frame f;
    ssize_t n = recv(channel, in + held, IN_MAX - held, 0);

    if (n <= 0) {
        close(channel);
        channel = -1;
        held = 0;
        return;
    }
    held += (size_t)n;
    for (;;) {
        bool good = frame_take(in + at, held - at, &f, &used);
        at += used;
        if (good)
            take_frame(&f);
        else if (!used || at == held)
            break;
    }
    memmove(in, in + at, held - at);
    held -= at;
}

/* ------------------------------------------------------------- monitor */

static void say(const char *text)
{
    (void)!send(monitor, text, strlen(text), MSG_NOSIGNAL);
}

/* Host port 6666 can never be had; whether 6667 can is never said. */
static void take_command(const char *line)
{
    if (strstr(line, "\"quit\""))
        exit(0);
    if (strstr(line, "hostfwd_add") && strstr(line, ":6666-"))
        say("{\"return\": \"could not set up host forwarding "
            "rule\\r\\n\"}\r\n");
    else if (strstr(line, "hostfwd_add") && strstr(line, ":6667-"))
        return;
    else if (strstr(line, "human-monitor-command"))
        say("{\"return\": \"\"}\r\n");
    else
        say("{\"return\": {}}\r\n");
}

static void take_monitor(void)
{
    static char in[65536];
    static size_t held;
    ssize_t n = recv(monitor, in + held, sizeof(in) - 1 - held, 0);
    char *end;

    if (n <= 0) {
        close(monitor);
        monitor = -1;
        held = 0;
        return;
    }
    held += (size_t)n;
    in[held] = '\0';
    while ((end = strchr(in, '\n'))) {
        *end = '\0';
        take_command(in);
        held -= (size_t)(end + 1 - in);
        memmove(in, end + 1, held + 1);
    }
}

/* --------------------------------------------------------------- start */

static int listen_on(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 8)) {
        fprintf(stderr, "fake-cell: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    return fd;
}

/* The text between `from` and the next comma in the argument that has it. */
static const char *between(char **argv, const char *from)
{
    static char found[2][256];
    static int turn;

    turn = !turn;
    for (; *argv; argv++) {
        const char *at = strstr(*argv, from);
        if (!at)
            continue;
        at += strlen(from);
        snprintf(found[turn], sizeof(found[turn]), "%.*s",
                 (int)strcspn(at, ","), at);
        return found[turn];
    }
    return "/";
}

static void write_pid(char **argv)
{
    FILE *f = NULL;

    for (; *argv && !f; argv++)
        if (!strcmp(*argv, "-pidfile"))
            f = fopen(argv[1], "w");
    if (!f)
        exit(1);
    fprintf(f, "%d\n", (int)getpid());
    fclose(f);
}

/* The parent goes when all is there, as with -daemonize. */
static void daemonize(char **argv)
{
    int ends[2], null = open("/dev/null", O_RDWR);
    char byte;

    if (pipe(ends))
        exit(1);
    if (fork()) {
        close(ends[1]);
        exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
    }
    setsid();
    write_pid(argv);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    (void)!write(ends[1], "", 1);
    close(ends[0]);
    close(ends[1]);
}

static void take_connection(int listener, int *fd)
{
    int next = accept(listener, NULL, NULL);

    if (*fd >= 0)
        close(*fd);
    *fd = next;
}

int main(int argc, char **argv)
{
    int channel_door, monitor_door;

    (void)argc;
    if (getenv("FAKE_CELL_REFUSES")) {
        fprintf(stderr, "fake-cell: refuses, as asked for\n");
        return 1;
    }
    start_ns = now_ns(CLOCK_REALTIME);
    life = start_ns;
    channel_door = listen_on(between(argv, "id=ctl,path="));
    monitor_door = listen_on(between(argv, "unix:"));
    daemonize(argv);
    for (;;) {
        struct pollfd p[4] = {{.fd = channel_door, .events = POLLIN},
                              {.fd = monitor_door, .events = POLLIN},
                              {.fd = channel, .events = POLLIN},
                              {.fd = monitor, .events = POLLIN}};
        if (poll(p, 4, -1) < 0)
            continue;
        if (p[2].revents)
            take_channel();
        if (p[3].revents)
            take_monitor();
        if (p[0].revents)
            take_connection(channel_door, &channel);
        if (p[1].revents)
            take_connection(monitor_door, &monitor);
    }
}
