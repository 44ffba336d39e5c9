/* SPDX-License-Identifier: MIT */
/*
 * See peer.h.
 */
#include "peer.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Of 100 us: xenstored makes those wait who write a lot. */
#define TURNS 600000

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

void peer_socket(struct peer *p, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(p, 0, sizeof(*p));
    if (strlen(path) >= sizeof(address.sun_path))
        fail("the path is too long");
    strcpy(address.sun_path, path);
    p->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(p->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(path);
}

void peer_ring(struct peer *p, const char *dir, unsigned domid)
{
    char path[256];
    int fd;

    memset(p, 0, sizeof(*p));
    p->domid = domid;
    snprintf(path, sizeof(path), "%s/kick", dir);
    p->fd = open(path, O_RDWR);
    snprintf(path, sizeof(path), "%s/%u", dir, domid);
    fd = open(path, O_RDWR);
    if (fd < 0 || p->fd < 0)
        fail(path);
    p->ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p->ring == MAP_FAILED)
        fail(path);
    close(fd);
}

static void kick(struct peer *p)
{
    unsigned char domid = (unsigned char)p->domid;

    if (write(p->fd, &domid, 1) != 1)
        fail("cannot send an event");
}

/* Until *a and *b differ by another number than n. */
static void await(const volatile uint32_t *a, const volatile uint32_t *b,
                  uint32_t n)
{
    for (unsigned i = 0; *a - *b == n; i++) {
        if (i == TURNS)
            fail("the ring stands still");
        usleep(100);
    }
}

static void ring_put(struct peer *p, const char *from, size_t n)
{
    struct xenstore_domain_interface *r = p->ring;

    for (size_t i = 0; i < n; i++) {
        await(&r->req_prod, &r->req_cons, XENSTORE_RING_SIZE);
        r->req[MASK_XENSTORE_IDX(r->req_prod)] = from[i];
        __sync_synchronize();
        r->req_prod++;
        if (i % 256 == 255 || i + 1 == n)
            kick(p);
    }
}

static void ring_get(struct peer *p, char *to, size_t n)
{
    struct xenstore_domain_interface *r = p->ring;

    for (size_t i = 0; i < n; i++) {
        await(&r->rsp_prod, &r->rsp_cons, 0);
        __sync_synchronize();
        to[i] = r->rsp[MASK_XENSTORE_IDX(r->rsp_cons)];
        __sync_synchronize();
        r->rsp_cons++;
        if (i % 256 == 255 || i + 1 == n)
            kick(p);
    }
}

static void get(struct peer *p, void *to, size_t n)
{
    if (p->ring) {
        ring_get(p, to, n);
        return;
    }
    for (size_t at = 0; at < n;) {
        ssize_t got = read(p->fd, (char *)to + at, n - at);

        if (got <= 0)
            fail("the server has gone");
        at += (size_t)got;
    }
}

static void keep_event(struct peer *p)
{
    if (p->events == PEER_EVENTS)
        fail("too many events");
    p->event[p->events] = malloc(p->head.len + 1);
    memcpy(p->event[p->events], p->body, p->head.len + 1);
    p->events++;
}

void peer_send(struct peer *p, uint32_t type, uint32_t tx, const char *body,
               size_t size)
{
    char packet[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg head = {
        .type = type,
        .tx_id = tx,
        .len = (uint32_t)size,
    };

    memcpy(packet, &head, sizeof(head));
    memcpy(packet + sizeof(head), body, size);
    size += sizeof(head);
    if (p->ring)
        ring_put(p, packet, size);
    else if (write(p->fd, packet, size) != (ssize_t)size)
        fail("cannot write");
}

void peer_receive(struct peer *p)
{
    for (;;) {
        get(p, &p->head, sizeof(p->head));
        get(p, p->body, p->head.len);
        p->body[p->head.len] = 0;
        if (p->head.type != XS_WATCH_EVENT)
            return;
        keep_event(p);
    }
}

void peer_ask(struct peer *p, uint32_t type, uint32_t tx, const char *body,
              size_t size)
{
    peer_send(p, type, tx, body, size);
    peer_receive(p);
}

void peer_forget(struct peer *p)
{
    while (p->events)
        free(p->event[--p->events]);
}
