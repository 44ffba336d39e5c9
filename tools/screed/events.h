/* SPDX-License-Identifier: MIT */
/*
 * What happened to domains and to the cell: the last EVENTS_KEPT of it in
 * memory, the last megabyte in events.log, and each as it happens for whoever
 * follows. An event is the JSON object that the API gives, without "id" and
 * "more".
 */
#ifndef SCREED_EVENTS_H
#define SCREED_EVENTS_H

#include <cjson/cJSON.h>

#include "tools/screed/screed.h"

#define EVENTS_KEPT 4096

struct events *events_new(struct screed *s);
void events_free(struct events *v);

/* event: "created", ...; name may be NULL; more: further fields, taken. */
void events_add(struct events *v, const char *event, const char *name,
                uint64_t unix_ns, cJSON *more);
/* As the cell tells it. */
void events_add_channel(struct events *v, const struct scree_event *e);

/* Numbers grow by one with each event; first: of the oldest that is kept. */
uint64_t events_first(const struct events *v);
uint64_t events_next(const struct events *v);
/* The object's text, and its Unix time in ns. */
const char *events_get(const struct events *v, uint64_t number,
                       uint64_t *unix_ns);

struct events_follower {
    struct events_follower *next;
    bool joined;
    void (*event)(struct events_follower *f, const char *text);
};
void events_follow(struct events *v, struct events_follower *f);
void events_leave(struct events *v, struct events_follower *f);

#endif
