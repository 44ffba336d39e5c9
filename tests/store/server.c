/* SPDX-License-Identifier: MIT */
/*
 * The store alone on a Unix socket, for tests and for trying it out:
 *
 *     store-server SOCKET [DOMID...]
 *
 * Clients of SOCKET have the rights of domain 0; those of SOCKET.DOMID are that
 * domain, with its quotas, and own /local/domain/DOMID. A poll loop: no client
 * waits for another.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/store.h"

#define CLIENTS 2000
#define DOMAINS 16 /* the first is domain 0 */

struct client {
    struct store_connection *connection; /* NULL: free */
    int fd;
    bool dead;
    char *out; /* not yet written: [at, end) */
    size_t at, end, room;
};

struct server {
    struct store *store;
    uint32_t domids[DOMAINS];
    struct client clients[CLIENTS];
    size_t top; /* no client from here on */
    /* who connects to which domain, then the clients */
    struct pollfd polls[DOMAINS + CLIENTS];
};

/* The engine bounds what comes before store_sent(). */
static void send_packet(void *user, struct store_connection *connection,
                        const void *packet, size_t size)
{
    struct client *c = store_connection_user(connection);

    (void)user;
    if (c->at == c->end)
        c->at = c->end = 0;
    if (c->room - c->end < size) {
        c->room = 2 * c->room + size;
        c->out = realloc(c->out, c->room);
        if (!c->out)
            abort();
    }
    memcpy(c->out + c->end, packet, size);
    c->end += size;
}

static int introduce(void *user, uint32_t domid, uint64_t mfn, uint32_t port)
{
    struct server *v = user;

    (void)mfn;
    (void)port;
    store_domain_introduced(v->store, domid);
    return 0;
}

static int release(void *user, uint32_t domid)
{
    struct server *v = user;

    store_domain_released(v->store, domid);
    return 0;
}

static void end_client(struct server *v, size_t i)
{
    struct client *c = &v->clients[i];

    store_disconnect(c->connection);
    close(c->fd);
    free(c->out);
    *c = (struct client){0};
    v->polls[DOMAINS + i].fd = -1;
    while (v->top && !v->clients[v->top - 1].connection)
        v->top--;
}

static void begin_client(struct server *v, unsigned domain)
{
    int fd =
        accept4(v->polls[domain].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    uint32_t domid = v->domids[domain];
    size_t i = 0;

    if (fd < 0)
        return;
    while (i < CLIENTS && v->clients[i].connection)
        i++;
    if (i < CLIENTS)
        v->clients[i].connection =
            store_connect(v->store, domid, domid == 0, &v->clients[i]);
    if (i == CLIENTS || !v->clients[i].connection) {
        close(fd);
        return;
    }
    v->clients[i].fd = fd;
    v->polls[DOMAINS + i].fd = fd;
    v->top = i < v->top ? v->top : i + 1;
}

static void write_out(struct client *c)
{
    ssize_t n = write(c->fd, c->out + c->at, c->end - c->at);

    if (n > 0) {
        c->at += (size_t)n;
        c->dead = !store_sent(c->connection, (size_t)n);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        c->dead = true;
    }
}

static void read_in(struct client *c)
{
    char bytes[STORE_ROOM];
    ssize_t n = read(c->fd, bytes, sizeof(bytes));

    if (n > 0)
        c->dead = !store_input(c->connection, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        c->dead = true;
}

static void serve(struct server *v, size_t i)
{
    struct client *c = &v->clients[i];
    short got = v->polls[DOMAINS + i].revents;

    if (!c->connection || !got)
        return;
    if (got & POLLOUT)
        write_out(c);
    else
        read_in(c);
    if (c->dead)
        end_client(v, i);
}

static void turn(struct server *v)
{
    for (size_t i = 0; i < v->top; i++) {
        const struct client *c = &v->clients[i];
        short wants = 0;

        if (c->connection) {
            wants = store_room(c->connection) ? POLLIN : 0;
            wants |= c->at < c->end ? POLLOUT : 0;
        }
        v->polls[DOMAINS + i].events = wants;
    }
    if (poll(v->polls, DOMAINS + v->top, -1) < 0)
        return;
    for (size_t i = v->top; i-- > 0;)
        serve(v, i);
    for (unsigned i = 0; i < DOMAINS; i++) {
        if (v->polls[i].fd >= 0 && v->polls[i].revents)
            begin_client(v, i);
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return -1;
    strcpy(address.sun_path, path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, 128) < 0)
        return -1;
    return fd;
}

static void make_home(struct server *v, uint32_t domid)
{
    char home[32], owner[16];

    snprintf(home, sizeof(home), "/local/domain/%u", domid);
    snprintf(owner, sizeof(owner), "n%u", domid);
    store_domain_introduced(v->store, domid);
    store_write(v->store, home, "", 0);
    store_permit(v->store, home, owner);
}

/* false: no socket there. */
static bool begin_domain(struct server *v, unsigned i, const char *socket_path,
                         const char *domid)
{
    char path[128];

    snprintf(path, sizeof(path), "%s%s%s", socket_path, i ? "." : "", domid);
    v->domids[i] = (uint32_t)strtoul(domid, NULL, 10);
    if (i)
        make_home(v, v->domids[i]);
    v->polls[i].fd = listen_at(path);
    v->polls[i].events = POLLIN;
    return v->polls[i].fd >= 0;
}

int main(int argc, char **argv)
{
    static const struct store_calls calls = {
        .send = send_packet,
        .introduce = introduce,
        .release = release,
    };
    static struct server v;

    if (argc < 2) {
        fprintf(stderr, "usage: store-server SOCKET [DOMID...]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    v.store = store_create(NULL, &calls, &v, (uint64_t)getpid());
    for (size_t i = 0; i < CLIENTS + DOMAINS; i++)
        v.polls[i].fd = -1;
    for (int i = 0; i < argc - 1 && i < DOMAINS; i++) {
        if (!v.store ||
            !begin_domain(&v, (unsigned)i, argv[1], i ? argv[i + 1] : "")) {
            perror(argv[1]);
            return 1;
        }
    }
    for (;;)
        turn(&v);
}
