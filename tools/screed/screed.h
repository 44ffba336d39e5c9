/* SPDX-License-Identifier: MIT */
/*
 * screed: the host daemon of one cell. One thread with an event loop does
 * everything but fsync() (writer.h); nothing in it blocks.
 *
 *   api      lines of JSON from clients, ops_*.c: what they ask for
 *   domain   what screed knows of each domain, by name, id and address
 *   cell     QEMU's life, the channel's life, and making domains again
 *   channel  frames to and from domain 0        qmp  QEMU's monitor
 *   state    definitions on disk                object  images on disk
 *   store    clients of the store socket        forward  host ports
 *   journal  logs of consoles                   events, metrics
 *
 * All state hangs off struct screed.
 */
#ifndef SCREED_SCREED_H
#define SCREED_SCREED_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "scree/channel.h"
#include "tools/lib/error.h"
#include "tools/lib/paths.h"
#include "tools/screed/channel.h"
#include "tools/screed/options.h"
#include "tools/screed/qmp.h"
#include "tools/screed/table.h"

struct domain;
struct api;
struct events;
struct op;
struct tell;
struct metrics;
struct objects;
struct journal;
struct qemu;
struct state;
struct store;
struct forwards;
struct cell;
struct sweep;

enum cell_phase { CELL_STARTING, CELL_UP, CELL_DOWN };

/* All domains, in the order in which they were defined. */
struct domains {
    struct table by_name, by_id, by_address;
    struct domain *first, **last;
    uint32_t next_address; /* none is free below */
    struct tell *tells;    /* that go on now, the innermost first */
};

struct screed {
    struct event_base *base;
    char cell[CELL_NAME_ROOM];
    char directory[PATH_ROOM];
    struct options options;
    uint64_t started; /* screed itself, Unix time in ns */

    enum cell_phase phase;
    bool ending;        /* `down` was asked for */
    bool refused;       /* QEMU did not start at all */
    uint64_t life;      /* of domain 0, 0: not known yet */
    uint64_t cell_life; /* of the cell: differs between any two */
    uint64_t epoch;     /* Unix time in ns at the cell's system time 0, or 0 */
    struct channel *channel;
    struct qmp *qmp;
    struct qemu *qemu;
    struct cell *lifecycle;
    struct sweep *sweep;

    struct op *ready; /* they have their domain's lock, and start next */
    bool starting;

    struct domains domains;
    struct objects *objects;
    struct state *state;
    struct journal *journal;
    struct events *events;
    struct forwards *forwards;
    struct store *store;
    struct api *api;
    struct metrics *metrics;
};

/* Unix time in ns; and of a system time of the cell. */
uint64_t screed_now(void);
uint64_t screed_unix(const struct screed *s, uint64_t system_ns);

/* Text from the cell, that goes to people: what is not printable ASCII becomes
 * '?'. */
void screed_clean(char *text);

/* The path of a file of the cell. The directory is short enough for sockets. */
struct path screed_path(const struct screed *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line in screed.log, with the time. Said once in a while, not per request:
 * the file is cut to half a megabyte when it has one. */
void screed_log(struct screed *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* If the file has more than limit bytes it is copied to FILE.1 and cut. */
void screed_shorten(struct screed *s, const char *file, uint64_t limit);

#endif
