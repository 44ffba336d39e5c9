/* SPDX-License-Identifier: MIT */
/*
 * The store under load, over its socket:
 *
 *   store-read, store-write, store-txn
 *                   operations on a small node, another one for each client; a
 *                   transaction is start, read, write, end. Variants: cell (one
 *                   client, one at a time), cell-16 (16 clients), host (the
 *                   same engine as a Linux program), debian (Debian's
 *                   xenstored without Xen, where xen-utils is installed)
 *   store-read-at, store-write-at, store-txn-at
 *                   the engine alone, no socket; variants: nodes in the store
 */
#include "tools/bench/bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scree/store.h"

#define CLIENTS   16
#define XENSTORED "/usr/lib/xen-4.17/bin/xenstored"

int bench_connect(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = 10};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
        return fd;
    close(fd);
    return -1;
}

struct client {
    int fd;
    uint32_t transaction;
    int step; /* of a transaction */
    char node[32];
};

static int send_packet(struct client *c, uint32_t type, const char *body,
                       uint32_t n)
{
    struct xsd_sockmsg h = {
        .type = type, .req_id = 1, .tx_id = c->transaction, .len = n};
    char packet[sizeof(h) + 128];

    memcpy(packet, &h, sizeof(h));
    memcpy(packet + sizeof(h), body, n);
    n += (uint32_t)sizeof(h);
    return write(c->fd, packet, n) == (ssize_t)n ? 0 : -1;
}

/* The answer's body, 0-terminated. */
static int receive_packet(struct client *c, char *body, size_t size)
{
    struct xsd_sockmsg h;

    if (recv(c->fd, &h, sizeof(h), MSG_WAITALL) != sizeof(h) || h.len >= size)
        return -1;
    if (h.len && recv(c->fd, body, h.len, MSG_WAITALL) != (ssize_t)h.len)
        return -1;
    body[h.len] = 0;
    return h.type == XS_ERROR ? -1 : 0;
}

static int send_write(struct client *c)
{
    static const char value[] = "a small value";
    char body[64];
    size_t n = strlen(c->node) + 1;

    memcpy(body, c->node, n);
    memcpy(body + n, value, sizeof(value) - 1);
    return send_packet(c, XS_WRITE, body, (uint32_t)(n + sizeof(value) - 1));
}

/* Sends the client's next request of the kind: r, w, or t in four steps. */
static int ask(struct client *c, char kind)
{
    if (kind == 'r' || (kind == 't' && c->step == 1))
        return send_packet(c, XS_READ, c->node, (uint32_t)strlen(c->node) + 1);
    if (kind == 'w' || (kind == 't' && c->step == 2))
        return send_write(c);
    if (c->step == 0)
        return send_packet(c, XS_TRANSACTION_START, "", 1);
    return send_packet(c, XS_TRANSACTION_END, "T", 2);
}

/* Takes the answer; 1: an operation (a whole transaction) is done. */
static int take(struct client *c, char kind)
{
    char body[256];

    if (receive_packet(c, body, sizeof(body)))
        return -1;
    if (kind != 't')
        return 1;
    if (c->step == 0)
        c->transaction = (uint32_t)strtoul(body, NULL, 10);
    c->step = (c->step + 1) % 4;
    if (c->step)
        return 0;
    c->transaction = 0;
    return 1;
}

static bool open_clients(struct client *c, int clients, const char *path)
{
    bool good = true;

    for (int i = 0; i < clients; i++) {
        snprintf(c[i].node, sizeof(c[i].node), "/bench/node-%d", i);
        c[i].fd = bench_connect(path);
        good = good && c[i].fd >= 0;
    }
    return good;
}

static double rate(const char *path, int clients, char kind, double seconds)
{
    struct client c[CLIENTS] = {{0}};
    uint64_t from, end, done = 0;
    bool good = open_clients(c, clients, path);

    from = now_ns();
    end = from + (uint64_t)(seconds * 1e9);
    while (good && now_ns() < end) {
        for (int i = 0; i < clients; i++)
            good = good && ask(&c[i], kind) == 0;
        for (int i = 0; i < clients && good; i++) {
            int n = take(&c[i], kind);

            good = n >= 0;
            done += n > 0;
        }
    }
    for (int i = 0; i < clients; i++)
        close(c[i].fd);
    return good ? (double)done * 1e9 / (double)(now_ns() - from) : -1;
}

static int store_rows(struct report *r, const struct options *o,
                      const char *path, const char *variant, int clients)
{
    static const struct {
        const char *id;
        char kind;
    } rows[] = {{"store-write", 'w'}, {"store-read", 'r'}, {"store-txn", 't'}};

    for (int n = 0; n < o->repeats; n++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            double v = rate(path, clients, rows[i].kind, o->seconds);

            if (v < 0) {
                fprintf(stderr, "bench: %s: no store at %s\n", variant, path);
                return -1;
            }
            report_add(r, rows[i].id, variant, "per_s", v);
        }
    }
    return 0;
}

/* A server in the foreground, ended again. */
static int served(struct report *r, const struct options *o,
                  const char *variant, char *const argv[], const char *path)
{
    pid_t pid = fork();
    int rc = -1;

    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    for (int i = 0; i < 100; i++) {
        int fd = bench_connect(path);

        if (fd >= 0) {
            close(fd);
            rc = store_rows(r, o, path, variant, 1);
            break;
        }
        usleep(20000);
    }
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    return rc;
}

/* What noxen.c wants to find: domain 0's ring, its port, the pipe of events. */
static int make_noxen(const char *dir)
{
    char command[900];

    snprintf(command, sizeof(command),
             "mkdir -p %s && head -c 4096 /dev/zero >%s/0 && "
             "echo 1 >%s/port && mkfifo %s/kick",
             dir, dir, dir, dir);
    return system(command) ? -1 : 0;
}

static int debian(struct report *r, const struct options *o, const char *home)
{
    char dir[200], preload[400], noxen[220], path[240], socket_path[220];
    char *argv[] = {"/usr/bin/env", preload,        noxen,          path,
                    XENSTORED,      (char[]){"-N"}, (char[]){"-I"}, NULL};

    if (access(XENSTORED, X_OK)) {
        fprintf(stderr, "bench: no " XENSTORED ": no variant debian\n");
        return 0;
    }
    snprintf(dir, sizeof(dir), "%s/noxen", home);
    snprintf(socket_path, sizeof(socket_path), "%s/debian.sock", home);
    snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/tests/noxen.so",
             o->build);
    snprintf(noxen, sizeof(noxen), "NOXEN=%s", dir);
    snprintf(path, sizeof(path), "XENSTORED_PATH=%s", socket_path);
    if (make_noxen(dir))
        return -1;
    return served(r, o, "debian", argv, socket_path);
}

/* Lines of store-curve: nodes, reads, writes, transactions per second. */
static int curve(struct report *r, const struct options *o)
{
    char command[300], line[256], variant[32];
    double reads, writes, txns;
    unsigned nodes;
    FILE *f;

    snprintf(command, sizeof(command), "%s/bench/store-curve", o->build);
    f = popen(command, "r");
    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%u %lf %lf %lf", &nodes, &reads, &writes, &txns) != 4)
            continue;
        snprintf(variant, sizeof(variant), "%u", nodes);
        report_add(r, "store-read-at", variant, "per_s", reads);
        report_add(r, "store-write-at", variant, "per_s", writes);
        report_add(r, "store-txn-at", variant, "per_s", txns);
    }
    return f && pclose(f) == 0 ? 0 : -1;
}

int bench_store(struct report *r, const struct options *o, const char *home,
                const char *cell)
{
    char server[300], socket_path[300];
    int rc = store_rows(r, o, cell, "cell", 1);

    if (!rc)
        rc = store_rows(r, o, cell, "cell-16", CLIENTS);
    snprintf(server, sizeof(server), "%s/tests/store-server", o->build);
    snprintf(socket_path, sizeof(socket_path), "%s/host.sock", home);
    if (!rc)
        rc = served(r, o, "host", (char *[]){server, socket_path, NULL},
                    socket_path);
    if (!rc)
        rc = debian(r, o, home);
    return rc ? rc : curve(r, o);
}
