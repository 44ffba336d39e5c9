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
 *   deaf       does not answer a request to stop
 * and the cell's own:
 *   noise      sends rubbish before the answer
 *   hangup     closes the channel instead of answering
 *   rebirth    domain 0 begins anew instead of answering
 *   silent     never answers
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

#include "scree/xen.h"
#include "tools/screed/frame.h"

#define DOMAINS 2048
#define OBJECTS 64
#define IN_MAX  (4u << 20)

struct fake_domain {
    bool used, running;
    uint32_t flags;
    struct scree_manage_state state;
    char cmdline[SCREE_CMDLINE_MAX];
};

struct fake_object {
    struct scree_control_object record;
    bool used;
};

static struct fake_domain domains[DOMAINS];
static struct fake_object objects[OBJECTS];
static int channel = -1, monitor = -1;
static uint32_t last_id = 1, last_serial;
static uint64_t life;
static uint64_t start_ns;

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t system_time(void)
{
    return now_ns(CLOCK_REALTIME) - start_ns;
}

/* --------------------------------------------------------------- sending */

static void put(const void *bytes, size_t n)
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

static void put_frame(uint16_t type, uint32_t tag, const void *bytes, size_t n)
{
    struct frame f;

    put(&f, frame_make(&f, type, tag, bytes, n));
}

static void reply(uint32_t tag, int error, const char *text, const void *answer,
                  size_t n)
{
    uint8_t bytes[SCREE_FRAME_PAYLOAD];
    struct scree_reply head = {.error = (uint32_t)error};

    snprintf(head.text, sizeof(head.text), "%s", error ? text : "");
    memcpy(bytes, &head, sizeof(head));
    if (n)
        memcpy(bytes + sizeof(head), answer, n);
    put_frame(SCREE_FRAME_REPLY, tag, bytes, sizeof(head) + n);
}

static void event(uint32_t what, const struct fake_domain *d)
{
    struct scree_event e = {.event = what,
                            .domain = d->state.domain.id,
                            .reason = d->state.reason,
                            .code = d->state.code,
                            .time = system_time(),
                            .ipv4 = d->state.domain.ipv4,
                            .serial = d->state.serial};

    memcpy(e.name, d->state.domain.name, sizeof(e.name));
    put_frame(SCREE_FRAME_EVENT, e.domain, &e, sizeof(e));
}

static void print(const struct fake_domain *d, const char *text)
{
    uint8_t bytes[SCREE_FRAME_PAYLOAD];
    uint64_t time = system_time();
    size_t n = strlen(text);

    memcpy(bytes, &time, sizeof(time));
    memcpy(bytes + sizeof(time), text, n);
    put_frame(SCREE_FRAME_CONSOLE, d->state.domain.id, bytes, sizeof(time) + n);
}

static void synced(uint64_t nonce)
{
    static const uint8_t zeros[SCREE_FRAME_MAX];
    struct scree_sync s = {.nonce = nonce,
                           .version = SCREE_CHANNEL_VERSION,
                           .life = life,
                           .cell_life = start_ns};

    put(zeros, sizeof(zeros));
    put_frame(SCREE_FRAME_SYNCED, 0, &s, sizeof(s));
}

/* --------------------------------------------------------------- domains */

static struct fake_domain *find(const char *name)
{
    for (size_t i = 0; i < DOMAINS; i++)
        if (domains[i].used &&
            !strncmp(domains[i].state.domain.name, name, SCREE_NAME_MAX))
            return &domains[i];
    return NULL;
}

static const char *word(const struct fake_domain *d, const char *key)
{
    static char value[SCREE_CMDLINE_MAX];
    char copy[SCREE_CMDLINE_MAX], *rest = copy, *item;
    size_t n = strlen(key);

    memcpy(copy, d->cmdline, sizeof(copy));
    while ((item = strsep(&rest, " "))) {
        if (strncmp(item, key, n) != 0 || (item[n] && item[n] != '='))
            continue;
        snprintf(value, sizeof(value), "%s", item[n] ? item + n + 1 : "");
        return value;
    }
    return NULL;
}

static void remove_domain(struct fake_domain *d)
{
    event(SCREE_EVENT_REMOVED, d);
    d->used = false;
}

static void end(struct fake_domain *d, uint32_t reason, uint32_t code)
{
    d->running = false;
    d->state.reason = reason;
    d->state.code = code;
    d->state.ended++;
    d->state.domain.state = SCREE_DOMAIN_ENDED;
    d->state.phase =
        reason == SHUTDOWN_crash ? SCREE_PHASE_CRASHED : SCREE_PHASE_DOWN;
    event(SCREE_EVENT_ENDED, d);
    event(SCREE_EVENT_DOWN, d);
    if (d->flags & SCREE_RUN_REMOVE)
        remove_domain(d);
}

static void start(struct fake_domain *d)
{
    d->running = true;
    d->state.domain.id = ++last_id;
    d->state.domain.state = SCREE_DOMAIN_RUNNING;
    d->state.domain.flags = SCREE_DOMAIN_READY;
    d->state.domain.created_ns = system_time();
    d->state.phase = SCREE_PHASE_READY;
    event(SCREE_EVENT_CREATED, d);
    event(SCREE_EVENT_READY, d);
}

static void act(struct fake_domain *d)
{
    const char *value;
    char text[SCREE_CMDLINE_MAX + 2];

    value = word(d, "say");
    if (value) {
        snprintf(text, sizeof(text), "%s\n", value);
        print(d, text);
    }
    value = word(d, "flood");
    for (long i = 0, n = value ? atol(value) : 0; i < n; i++) {
        snprintf(text, sizeof(text), "line %ld of a flood of many lines\n", i);
        print(d, text);
    }
    value = word(d, "exit");
    if (value)
        end(d, SHUTDOWN_poweroff, (uint32_t)atoi(value));
    else if (word(d, "crash"))
        end(d, SHUTDOWN_crash, 0);
}

static struct fake_domain *define(const struct scree_manage_run *r)
{
    for (size_t i = 0; i < DOMAINS; i++) {
        struct fake_domain *d = &domains[i];
        if (d->used)
            continue;
        *d = (struct fake_domain){.used = true, .flags = r->flags};
        memcpy(d->cmdline, r->config.cmdline, sizeof(d->cmdline));
        d->state.serial = ++last_serial;
        d->state.restart = r->restart;
        d->state.retries = r->retries;
        d->state.defined_ns = system_time();
        memcpy(d->state.domain.name, r->config.name, SCREE_NAME_MAX);
        d->state.domain.memory = r->config.memory;
        d->state.domain.weight = r->config.weight;
        d->state.domain.ipv4 = r->config.ipv4;
        memcpy(d->state.image, r->image, sizeof(r->image));
        memcpy(d->state.files, r->files, sizeof(r->files));
        return d;
    }
    return NULL;
}

static bool has_object(const uint8_t digest[SCREE_DIGEST_SIZE])
{
    for (size_t i = 0; i < OBJECTS; i++)
        if (objects[i].used &&
            (objects[i].record.flags & SCREE_OBJECT_SEALED) &&
            !memcmp(objects[i].record.digest, digest, SCREE_DIGEST_SIZE))
            return true;
    return false;
}

/* What a word in the command line makes of the answer; true: none is due. */
static bool misbehave(const struct fake_domain *d, uint32_t tag)
{
    static const char rubbish[] =
        "scrscrescrescre\x01\x02 rubbish scre\xff\xff";

    if (word(d, "noise"))
        put(rubbish, sizeof(rubbish));
    if (word(d, "full")) {
        reply(tag, ENOMEM, "not enough memory", NULL, 0);
        return true;
    }
    if (word(d, "hangup")) {
        close(channel);
        channel = -1;
        return true;
    }
    if (word(d, "rebirth")) {
        life++;
        synced(0);
        return true;
    }
    return word(d, "silent") != NULL;
}

static void do_run(uint32_t tag, const struct scree_manage_run *r)
{
    struct fake_domain *d = find(r->config.name);

    if (d && (r->flags & SCREE_RUN_ADOPT)) {
        reply(tag, 0, "", &d->state, sizeof(d->state));
        return;
    }
    if (d) {
        reply(tag, EEXIST, "the name is taken", NULL, 0);
        return;
    }
    if (!has_object(r->image)) {
        reply(tag, ENOENT, "no such image", NULL, 0);
        return;
    }
    d = define(r);
    if (!(r->flags & (SCREE_RUN_DEFINE | SCREE_RUN_ADOPT)) &&
        misbehave(d, tag)) {
        d->used = false;
        return;
    }
    if (!(r->flags & SCREE_RUN_DEFINE))
        start(d);
    reply(tag, 0, "", &d->state, sizeof(d->state));
    if (!(r->flags & SCREE_RUN_DEFINE))
        act(d);
}

static void do_list(uint32_t tag, const struct scree_manage_list *l)
{
    struct scree_manage_state found[SCREE_LIST_MAX];
    uint32_t from = l->from;
    size_t n = 0;

    while (n < SCREE_LIST_MAX) {
        const struct fake_domain *next = NULL;
        for (size_t i = 0; i < DOMAINS; i++) {
            const struct fake_domain *d = &domains[i];
            if (!d->used || d->state.serial < from ||
                (l->name[0] && strcmp(l->name, d->state.domain.name) != 0))
                continue;
            if (!next || d->state.serial < next->state.serial)
                next = d;
        }
        if (!next)
            break;
        found[n++] = next->state;
        from = next->state.serial + 1;
    }
    reply(tag, 0, "", found, n * sizeof(found[0]));
}

static void do_name(uint32_t op, uint32_t tag,
                    const struct scree_manage_name *n)
{
    struct fake_domain *d = find(n->name);

    if (!d) {
        reply(tag, ESRCH, "no such domain", NULL, 0);
        return;
    }
    if ((op == SCREE_MANAGE_REMOVE || op == SCREE_MANAGE_START) == d->running) {
        reply(tag, EBUSY, "it is in another state", NULL, 0);
        return;
    }
    if (op == SCREE_MANAGE_START) {
        start(d);
        reply(tag, 0, "", &d->state, sizeof(d->state));
        act(d);
        return;
    }
    reply(tag, 0, "", NULL, 0);
    if (op == SCREE_MANAGE_KILL)
        end(d, SCREE_END_KILLED, 0);
    else if (op == SCREE_MANAGE_STOP && !word(d, "deaf"))
        end(d, SHUTDOWN_poweroff, 0);
    else if (op == SCREE_MANAGE_PAUSE || op == SCREE_MANAGE_RESUME) {
        bool pause = op == SCREE_MANAGE_PAUSE;
        d->state.phase = pause ? SCREE_PHASE_PAUSED : SCREE_PHASE_READY;
        event(pause ? SCREE_EVENT_PAUSED : SCREE_EVENT_RESUMED, d);
    } else if (op == SCREE_MANAGE_REMOVE) {
        remove_domain(d);
    }
}

/* --------------------------------------------------------------- objects */

static void do_begin(uint32_t tag, struct scree_control_object *r)
{
    for (uint32_t i = 0; i < OBJECTS; i++) {
        if (objects[i].used)
            continue;
        objects[i].used = true;
        objects[i].record = *r;
        objects[i].record.handle = i;
        objects[i].record.flags = 0;
        reply(tag, 0, "", &objects[i].record, sizeof(*r));
        return;
    }
    reply(tag, ENOMEM, "no room for objects", NULL, 0);
}

static void do_get(uint32_t tag, const struct scree_control_object *r)
{
    for (uint32_t i = r->handle; i < OBJECTS; i++) {
        if (!objects[i].used)
            continue;
        reply(tag, 0, "", &objects[i].record, sizeof(*r));
        return;
    }
    reply(tag, ENOENT, "no further object", NULL, 0);
}

static void do_object(uint32_t op, uint32_t tag, const void *record)
{
    struct scree_control_object r;

    memcpy(&r, record, sizeof(r));
    if (op == SCREE_MANAGE_OBJECT_BEGIN) {
        do_begin(tag, &r);
    } else if (op == SCREE_MANAGE_OBJECT_GET) {
        do_get(tag, &r);
    } else if (r.handle >= OBJECTS || !objects[r.handle].used) {
        reply(tag, ENOENT, "no such object", NULL, 0);
    } else {
        if (op == SCREE_MANAGE_OBJECT_SEAL)
            objects[r.handle].record.flags = SCREE_OBJECT_SEALED;
        else
            objects[r.handle].used = false;
        reply(tag, 0, "", &r, sizeof(r));
    }
}

static void do_cell(uint32_t tag)
{
    struct scree_control_cell c = {.cpus = 1,
                                   .domain_limit = DOMAINS,
                                   .now = system_time(),
                                   .frames_total = 1000,
                                   .frames_free = 900,
                                   .frames_available = 800,
                                   .version = "fake"};

    reply(tag, 0, "", &c, sizeof(c));
}

static void take_request(const struct frame *f)
{
    union {
        struct scree_manage_run run;
        struct scree_manage_list list;
        struct scree_manage_name name;
        uint8_t bytes[SCREE_FRAME_PAYLOAD];
    } u;
    uint32_t op;

    memset(&u, 0, sizeof(u));
    memcpy(&op, f->payload, sizeof(op));
    memcpy(u.bytes, f->payload + 8, f->head.length - 8u);
    if (op == SCREE_MANAGE_CELL)
        do_cell(f->head.tag);
    else if (op == SCREE_MANAGE_RUN)
        do_run(f->head.tag, &u.run);
    else if (op == SCREE_MANAGE_LIST)
        do_list(f->head.tag, &u.list);
    else if (op == SCREE_MANAGE_SET || op == SCREE_MANAGE_OBJECT_WRITE)
        reply(f->head.tag, 0, "", NULL, 0);
    else if (op >= SCREE_MANAGE_OBJECT_BEGIN)
        do_object(op, f->head.tag, u.bytes);
    else
        do_name(op, f->head.tag, &u.name);
}

/* ------------------------------------------------------------- channel */

static void take_input(const struct frame *f)
{
    char text[SCREE_FRAME_PAYLOAD];

    for (size_t i = 0; i < DOMAINS; i++) {
        if (!domains[i].running || domains[i].state.domain.id != f->head.tag)
            continue;
        snprintf(text, sizeof(text), "<%.*s>", (int)f->head.length,
                 (const char *)f->payload);
        print(&domains[i], text);
    }
}

static void take_frame(const struct frame *f)
{
    struct scree_sync s;

    switch (f->head.type) {
    case SCREE_FRAME_SYNC:
        memcpy(&s, f->payload, sizeof(s));
        synced(s.nonce);
        break;
    case SCREE_FRAME_REQUEST:
        take_request(f);
        break;
    case SCREE_FRAME_INPUT:
        take_input(f);
        break;
    case SCREE_FRAME_STORE:
        put_frame(SCREE_FRAME_STORE, f->head.tag, f->payload, f->head.length);
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

/* Host port 6666 can never be had. */
static void take_command(const char *line)
{
    if (strstr(line, "\"quit\""))
        exit(0);
    if (strstr(line, "hostfwd_add") && strstr(line, ":6666-"))
        say("{\"return\": \"could not set up host forwarding "
            "rule\\r\\n\"}\r\n");
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
