/* SPDX-License-Identifier: MIT */
/*
 * A request and its reply. One at a time per handle: what is waited for is the
 * packet with the request's id. Sending never raises SIGPIPE. A thread cannot
 * be cancelled in between, or the stream would be of no use to the others.
 */
#include "handle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void ask_begin(struct ask *a, uint32_t type, xs_transaction_t t)
{
    a->head = (struct xsd_sockmsg){.type = type, .tx_id = t};
    a->too_long = false;
}

void ask_bytes(struct ask *a, const void *bytes, size_t size)
{
    if (size > sizeof(a->body) - a->head.len) {
        a->too_long = true;
        return;
    }
    if (size > 0)
        memcpy(a->body + a->head.len, bytes, size);
    a->head.len += (uint32_t)size;
}

void ask_string(struct ask *a, const char *string)
{
    ask_bytes(a, string, strlen(string) + 1);
}

void ask_number(struct ask *a, unsigned long number)
{
    char text[24];

    snprintf(text, sizeof(text), "%lu", number);
    ask_string(a, text);
}

/* The device is no socket: it knows no flags, and no SIGPIPE. */
static ssize_t send_part(int fd, const char *bytes, size_t size)
{
    ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

    return n < 0 && errno == ENOTSOCK ? write(fd, bytes, size) : n;
}

static bool send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send_part(fd, bytes, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* Says which reply is waited for. False: there will be none. */
static bool expect(struct xs_handle *h, struct ask *a)
{
    bool good;

    pthread_mutex_lock(&h->state);
    good = !h->broken;
    a->head.req_id = ++h->last_id;
    h->waiting = good;
    pthread_mutex_unlock(&h->state);
    if (!good)
        errno = EBADF;
    return good;
}

/* Waits for the reply, reading it where no thread does. */
static struct packet *await(struct xs_handle *h)
{
    struct packet *reply;

    pthread_mutex_lock(&h->state);
    while (h->waiting && !h->broken) {
        if (h->has_reader) {
            pthread_cond_wait(&h->changed, &h->state);
        } else {
            pthread_mutex_unlock(&h->state);
            receive_packet(h);
            pthread_mutex_lock(&h->state);
        }
    }
    reply = h->reply;
    h->reply = NULL;
    h->waiting = false;
    pthread_mutex_unlock(&h->state);
    if (!reply)
        errno = EBADF;
    return reply;
}

static struct packet *exchange(struct xs_handle *h, struct ask *a)
{
    size_t size = sizeof(a->head) + a->head.len;

    if (!expect(h, a))
        return NULL;
    if (!send_all(h->fd, (const char *)&a->head, size)) {
        int why = errno;

        receive_break(h);
        free(await(h));
        errno = why;
        return NULL;
    }
    return await(h);
}

static int error_number(const char *name)
{
    size_t n = sizeof(xsd_errors) / sizeof(xsd_errors[0]);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, xsd_errors[i].errstring) == 0)
            return xsd_errors[i].errnum;
    }
    return EINVAL;
}

/* The reply itself, unless it says or is an error. */
static struct packet *judge(struct xs_handle *h, const struct ask *a,
                            struct packet *reply)
{
    int why;

    if (reply->head.type == a->head.type)
        return reply;
    if (reply->head.type == XS_ERROR) {
        why = error_number(reply->body);
    } else {
        receive_break(h);
        why = EBADF;
    }
    free(reply);
    errno = why;
    return NULL;
}

struct packet *ask_reply(struct xs_handle *h, struct ask *a)
{
    struct packet *reply;
    int cancel;

    if (a->too_long) {
        errno = E2BIG;
        return NULL;
    }
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&h->request);
    reply = exchange(h, a);
    if (reply)
        reply = judge(h, a, reply);
    pthread_mutex_unlock(&h->request);
    pthread_setcancelstate(cancel, NULL);
    return reply;
}

bool ask_done(struct xs_handle *h, struct ask *a)
{
    struct packet *reply = ask_reply(h, a);

    free(reply);
    return reply != NULL;
}

void *ask_value(struct xs_handle *h, struct ask *a, unsigned *length)
{
    struct packet *reply = ask_reply(h, a);
    uint32_t size;

    if (!reply)
        return NULL;
    size = reply->head.len;
    memmove(reply, reply->body, size + 1);
    if (length)
        *length = size;
    return reply;
}
