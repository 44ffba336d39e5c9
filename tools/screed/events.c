/* SPDX-License-Identifier: MIT */
/* See events.h. */
#define _GNU_SOURCE
#include "tools/screed/events.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/bundle/files.h"
#include "tools/lib/json.h"
#include "tools/screed/domain.h"

#define LOG_BYTES (1u << 20)
#define LOG_MOST  (4u << 20)
#define WAITING   (256u << 10)

struct entry {
    char *text;
    uint64_t time;
};

struct events {
    struct screed *screed;
    struct entry kept[EVENTS_KEPT];
    uint64_t next; /* number */
    struct events_follower *followers;
    struct buffer unwritten;
    struct event *later;
};

static const struct timeval delay = {.tv_usec = 100000};

static void keep(struct events *v, char *text, uint64_t time)
{
    struct entry *e = &v->kept[v->next++ % EVENTS_KEPT];

    free(e->text);
    *e = (struct entry){text, time};
}

/* ------------------------------------------------------------- the disk */

static void on_later(evutil_socket_t fd, short what, void *context)
{
    struct events *v = context;
    struct path p = screed_path(v->screed, "events.log");
    struct path old = screed_path(v->screed, "events.log.1");
    struct stat st;
    int file;

    (void)fd;
    (void)what;
    if (!stat(p.text, &st) && st.st_size > LOG_BYTES)
        rename(p.text, old.text);
    file = open(p.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                0600);
    if (file >= 0) {
        (void)!write(file, v->unwritten.bytes, v->unwritten.size);
        close(file);
    }
    buffer_free(&v->unwritten);
}

static void load(struct events *v, const char *file)
{
    struct path p = screed_path(v->screed, "%s", file);
    struct buffer b = {0};
    struct why w;
    char *rest, *line;

    if (!file_read(p.text, LOG_MOST, &b, &w))
        return;
    buffer_add(&b, "", 1);
    rest = (char *)b.bytes;
    while ((line = strsep(&rest, "\n"))) {
        cJSON *json = cJSON_Parse(line);
        const cJSON *time = cJSON_GetObjectItemCaseSensitive(json, "time");
        if (cJSON_IsNumber(time) && time->valuedouble >= 0)
            keep(v, must_copy(line, strlen(line)),
                 (uint64_t)(time->valuedouble * 1000) * 1000000);
        cJSON_Delete(json);
    }
    buffer_free(&b);
}

/* ------------------------------------------------------------- outside */

struct events *events_new(struct screed *s)
{
    struct events *v = must_alloc(1, sizeof(*v));

    v->screed = s;
    v->later = evtimer_new(s->base, on_later, v);
    load(v, "events.log.1");
    load(v, "events.log");
    return v;
}

void events_free(struct events *v)
{
    if (v->unwritten.size)
        on_later(-1, 0, v);
    for (size_t i = 0; i < EVENTS_KEPT; i++)
        free(v->kept[i].text);
    event_free(v->later);
    free(v);
}

void events_add(struct events *v, const char *event, const char *name,
                uint64_t unix_ns, cJSON *more)
{
    cJSON *o = more ? more : cJSON_CreateObject();
    char *text;

    json_put_text(o, "event", event);
    if (name)
        json_put_text(o, "name", name);
    json_put_time(o, "time", unix_ns);
    text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (!text)
        return;
    if (!v->unwritten.size)
        evtimer_add(v->later, &delay);
    if (v->unwritten.size < WAITING) {
        buffer_add(&v->unwritten, text, strlen(text));
        buffer_add(&v->unwritten, "\n", 1);
    }
    keep(v, text, unix_ns);
    for (struct events_follower *f = v->followers, *next; f; f = next) {
        next = f->next;
        f->event(f, text);
    }
}

void events_add_channel(struct events *v, const struct scree_event *e)
{
    static const char *const names[] = {
        [SCREE_EVENT_CREATED] = "created", [SCREE_EVENT_READY] = "ready",
        [SCREE_EVENT_ENDED] = "ended",     [SCREE_EVENT_BACKOFF] = "backoff",
        [SCREE_EVENT_DOWN] = "down",       [SCREE_EVENT_REMOVED] = "removed",
        [SCREE_EVENT_PAUSED] = "paused",   [SCREE_EVENT_RESUMED] = "resumed",
        [SCREE_EVENT_REFUSED] = "refused", [SCREE_EVENT_LOST] = "lost"};
    cJSON *o;

    if (!e->event || e->event >= sizeof(names) / sizeof(names[0]))
        return;
    o = cJSON_CreateObject();
    if (e->domain)
        json_put_number(o, "domain", e->domain);
    if (e->event == SCREE_EVENT_ENDED || e->event == SCREE_EVENT_DOWN) {
        json_put_text(o, "reason", domain_reason(e->reason));
        json_put_number(o, "code", e->code);
    }
    if (e->event == SCREE_EVENT_BACKOFF)
        json_put_number(o, "delay_ns", e->value);
    if (e->event == SCREE_EVENT_CREATED && e->ipv4)
        json_put_text(o, "address", address_text(e->ipv4).text);
    if (e->event == SCREE_EVENT_REFUSED)
        json_put_text(o, "why", strerror((int)e->value));
    events_add(v, names[e->event], e->name[0] ? e->name : NULL,
               screed_unix(v->screed, e->time), o);
}

uint64_t events_first(const struct events *v)
{
    return v->next > EVENTS_KEPT ? v->next - EVENTS_KEPT : 0;
}

uint64_t events_next(const struct events *v)
{
    return v->next;
}

const char *events_get(const struct events *v, uint64_t number,
                       uint64_t *unix_ns)
{
    const struct entry *e = &v->kept[number % EVENTS_KEPT];

    *unix_ns = e->time;
    return e->text;
}

void events_follow(struct events *v, struct events_follower *f)
{
    f->next = v->followers;
    v->followers = f;
    f->joined = true;
}

void events_leave(struct events *v, struct events_follower *f)
{
    struct events_follower **at = &v->followers;

    if (!f->joined)
        return;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    f->joined = false;
}
