/* SPDX-License-Identifier: MIT */
/*
 * Packets in: read whole, checked, and given to whom they are for. Once its
 * first byte is there a packet must be whole in h->patience, or a server that
 * stops in the middle would hold its clients for ever.
 */
#include "handle.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOREVER -1

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for bytes until `deadline`. False: too late, or told to stop. */
static bool wait_readable(struct xs_handle *h, int64_t deadline)
{
    struct pollfd fds[] = {
        {.fd = h->fd, .events = POLLIN},
        {.fd = h->stop[0], .events = POLLIN},
    };

    for (;;) {
        int64_t left = deadline == FOREVER ? FOREVER : deadline - now_ms();
        int n;

        if (deadline != FOREVER && left < 0)
            return false;
        n = poll(fds, 2, (int)left);
        if (n > 0)
            return fds[1].revents == 0;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

/* Reads just `size` bytes. *deadline: FOREVER until the first has come. */
static bool read_exactly(struct xs_handle *h, void *bytes, size_t size,
                         int64_t *deadline)
{
    char *at = bytes;

    while (size > 0) {
        ssize_t n;

        if (!wait_readable(h, *deadline))
            return false;
        n = read(h->fd, at, size);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return false;
        if (*deadline == FOREVER)
            *deadline = now_ms() + h->patience;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* NULL: the stream has ended, or is none of packets. */
static struct packet *read_packet(struct xs_handle *h)
{
    struct xsd_sockmsg head;
    int64_t deadline = FOREVER;
    struct packet *p;

    if (!read_exactly(h, &head, sizeof(head), &deadline) ||
        head.len > XENSTORE_PAYLOAD_MAX)
        return NULL;
    p = malloc(sizeof(*p) + head.len + 1);
    if (!p)
        return NULL;
    p->next = NULL;
    p->head = head;
    p->body[head.len] = '\0';
    if (read_exactly(h, p->body, head.len, &deadline))
        return p;
    free(p);
    return NULL;
}

void notice_set(struct xs_handle *h)
{
    if (h->notice[1] >= 0)
        (void)!write(h->notice[1], "", 1);
}

void notice_clear(struct xs_handle *h)
{
    char byte;

    if (h->notice[0] >= 0)
        (void)!read(h->notice[0], &byte, 1);
}

static bool put_event(struct xs_handle *h, struct packet *p)
{
    if (strings_count(p->body, p->head.len) < 2)
        return false;
    if (!h->events)
        notice_set(h);
    *h->events_end = p;
    h->events_end = &p->next;
    return true;
}

static bool put_reply(struct xs_handle *h, struct packet *p)
{
    if (!h->waiting || p->head.req_id != h->last_id)
        return false;
    h->reply = p;
    h->waiting = false;
    return true;
}

/* False: nobody is waiting for such a packet. */
static bool put_packet(struct xs_handle *h, struct packet *p)
{
    bool good;

    pthread_mutex_lock(&h->state);
    good = p->head.type == XS_WATCH_EVENT ? put_event(h, p) : put_reply(h, p);
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->state);
    return good;
}

int receive_packet(struct xs_handle *h)
{
    struct packet *p = read_packet(h);

    if (p && put_packet(h, p))
        return 0;
    free(p);
    receive_break(h);
    return -1;
}

void receive_break(struct xs_handle *h)
{
    pthread_mutex_lock(&h->state);
    if (!h->broken && !h->events)
        notice_set(h);
    h->broken = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->state);
}

static void *reader(void *handle)
{
    while (receive_packet(handle) == 0)
        continue;
    return NULL;
}

/* The thread takes none of the program's signals. */
bool receive_start(struct xs_handle *h)
{
    sigset_t all, before;
    int why;

    if (h->has_reader)
        return true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    why = pthread_create(&h->reader, NULL, reader, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    h->has_reader = why == 0;
    if (why)
        errno = why;
    return why == 0;
}
