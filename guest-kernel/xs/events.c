/* SPDX-License-Identifier: MIT */
/*
 * Watches and the events that wait for them. See client.h.
 */
#include "xs/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scree/store.h"
#include "text.h"

#define NUMBER_SIZE 12

static struct xs_watched *watch_of(struct xs_client *c, uint32_t id)
{
    for (struct xs_watched *w = c->watches; w; w = w->next) {
        if (w->id == id)
            return w;
    }
    return NULL;
}

/* ----------------------------------------------------------- watches */

struct xs_watched *xs_client_find(struct xs_client *c, const char *path,
                                  const char *token)
{
    for (struct xs_watched *w = c->watches; w; w = w->next) {
        if (strcmp(w->path, path) == 0 && strcmp(w->token, token) == 0)
            return w;
    }
    return NULL;
}

int xs_client_watch(struct xs_client *c, const char *path, const char *token,
                    struct xs_watched **watch)
{
    size_t path_size = strlen(path) + 1, token_size = strlen(token) + 1;
    struct xs_watched *w;

    if (xs_client_find(c, path, token))
        return EEXIST;
    w = malloc(sizeof(*w) + path_size + token_size);
    if (!w)
        return ENOMEM;
    *w = (struct xs_watched){.next = c->watches, .id = ++c->last_watch};
    memcpy(w->path, path, path_size);
    w->token = w->path + path_size;
    memcpy(w->token, token, token_size);
    c->watches = w;
    *watch = w;
    return 0;
}

void xs_client_unwatch(struct xs_client *c, struct xs_watched *w)
{
    struct xs_watched **at = &c->watches;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    free(w);
}

struct xs_request *xs_client_ask_watch(struct xs_client *c, uint32_t type,
                                       const struct xs_watched *w)
{
    char id[NUMBER_SIZE] = {0};
    struct text t = text_in(id, sizeof(id) - 1);

    text_decimal(&t, w->id);
    return xs_client_ask(c, type, 0,
                         &(struct xs_strings){.at = {w->path, id}, .count = 2});
}

/* ------------------------------------------------------------ events */

static void queue_event(struct xs_client *c, struct xs_watched *w,
                        const char *path)
{
    size_t size = strlen(path) + 1;
    struct xs_event *e = NULL;

    if (c->event_bytes + sizeof(*e) + size <= XS_EVENT_BYTES)
        e = malloc(sizeof(*e) + size);
    if (!e) {
        w->missed = true;
        return;
    }
    *e = (struct xs_event){.watch = w->id, .size = sizeof(*e) + size};
    memcpy(e->path, path, size);
    c->event_bytes += e->size;
    *c->events_last = e;
    c->events_last = &e->next;
}

/* Events of watches that are no more are passed over. */
bool xs_events_take(struct xs_client *c, const char *body, size_t size)
{
    size_t path = strlen(body) + 1;
    struct xs_watched *w;

    if (path >= size || path + strlen(body + path) + 1 > size)
        return false;
    w = watch_of(c, (uint32_t)strtoul(body + path, NULL, 10));
    if (w)
        queue_event(c, w, body);
    return true;
}

static struct xs_event *next_event(struct xs_client *c)
{
    struct xs_event *e = c->events;

    if (!e)
        return NULL;
    c->events = e->next;
    if (!c->events)
        c->events_last = &c->events;
    c->event_bytes -= e->size;
    return e;
}

void xs_events_drop(struct xs_client *c)
{
    struct xs_event *e;

    while ((e = next_event(c)))
        free(e);
}

static bool dispatch_missed(struct xs_client *c)
{
    struct xs_watched *w = c->watches;

    while (w && !w->missed)
        w = w->next;
    if (!w)
        return false;
    w->missed = false;
    w->fired(w->user, w->path, w->token);
    return true;
}

bool xs_client_dispatch(struct xs_client *c)
{
    struct xs_event *e = next_event(c);
    struct xs_watched *w;

    if (!e)
        return dispatch_missed(c);
    w = watch_of(c, e->watch);
    if (w)
        w->fired(w->user, e->path, w->token);
    free(e);
    return true;
}
