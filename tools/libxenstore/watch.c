/* SPDX-License-Identifier: MIT */
/*
 * Watches. Events wait in the handle's queue, as many as come; a byte in the
 * notice pipe says that there are some, or that none will come any more.
 */
#define _GNU_SOURCE /* pipe2 */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    struct ask a;
    bool started;

    pthread_mutex_lock(&h->request);
    started = receive_start(h);
    pthread_mutex_unlock(&h->request);
    if (!started)
        return false;
    ask_begin(&a, XS_WATCH, XBT_NULL);
    ask_string(&a, path);
    ask_string(&a, token);
    return ask_done(h, &a);
}

int xs_fileno(struct xs_handle *h)
{
    int fd;

    pthread_mutex_lock(&h->state);
    if (h->notice[0] < 0) {
        if (pipe2(h->notice, O_CLOEXEC | O_NONBLOCK) != 0)
            h->notice[0] = h->notice[1] = -1;
        else if (h->events || h->broken)
            notice_set(h);
    }
    fd = h->notice[0];
    pthread_mutex_unlock(&h->state);
    return fd;
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

/* Unlinks the event at *at; `state` is held. */
static struct packet *take_event(struct xs_handle *h, struct packet **at)
{
    struct packet *p = *at;

    *at = p->next;
    if (h->events_end == &p->next)
        h->events_end = at;
    if (!h->events && !h->broken)
        notice_clear(h);
    return p;
}

/* Until there is an event, or will be none. A thread may be cancelled here. */
static void wait_event(struct xs_handle *h)
{
    pthread_cleanup_push(unlock, &h->state);
    while (!h->events && !h->broken)
        pthread_cond_wait(&h->changed, &h->state);
    pthread_cleanup_pop(0);
}

/* NULL: there is none. */
static struct packet *next_event(struct xs_handle *h, bool wait)
{
    struct packet *p = NULL;

    pthread_mutex_lock(&h->state);
    if (wait)
        wait_event(h);
    if (h->events)
        p = take_event(h, &h->events);
    else
        errno = h->broken ? EINVAL : EAGAIN;
    pthread_mutex_unlock(&h->state);
    return p;
}

static char **read_event(struct xs_handle *h, unsigned *num, bool wait)
{
    struct packet *p = next_event(h, wait);
    char **strings;

    if (!p)
        return NULL;
    strings = strings_array(p->body, p->head.len, num);
    free(p);
    if (!strings)
        errno = ENOMEM;
    return strings;
}

char **xs_check_watch(struct xs_handle *h)
{
    unsigned num;

    return read_event(h, &num, false);
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    return read_event(h, num, true);
}

static bool is_stale(const struct packet *p, const char *path,
                     const char *token)
{
    const char *event_token = p->body + strlen(p->body) + 1;

    return strcmp(event_token, token) == 0 && xs_path_is_subpath(path, p->body);
}

static void drop_stale(struct xs_handle *h, const char *path, const char *token)
{
    struct packet **at;

    pthread_mutex_lock(&h->state);
    at = &h->events;
    while (*at) {
        if (is_stale(*at, path, token))
            free(take_event(h, at));
        else
            at = &(*at)->next;
    }
    pthread_mutex_unlock(&h->state);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    struct ask a;
    bool done;

    ask_begin(&a, XS_UNWATCH, XBT_NULL);
    ask_string(&a, path);
    ask_string(&a, token);
    done = ask_done(h, &a);
    if (h->unwatch_filter) {
        int why = errno;

        drop_stale(h, path, token);
        errno = why;
    }
    return done;
}
