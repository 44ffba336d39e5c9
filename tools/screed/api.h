/* SPDX-License-Identifier: MIT */
/*
 * The API socket (docs/api.md): connections, lines, and requests under way. An
 * op is one request. Ops of a connection run at the same time as far as they
 * are about different domains, but are answered in their order; those of kind
 * OP_ALONE wait for all before them and keep back those after them; those of
 * kind OP_LOOSE are answered when they are.
 *
 * An op of kind OP_DOMAIN has its domain's lock from before it starts until it
 * is answered: ops on one domain happen one after the other, whoever asks.
 *
 * An op whose client has gone runs to its end, unless it has `cancel`.
 */
#ifndef SCREED_API_H
#define SCREED_API_H

#include <cjson/cJSON.h>

#include "tools/screed/domain.h"
#include "tools/screed/events.h"
#include "tools/screed/journal.h"
#include "tools/screed/objects.h"

#define API_LINE_MAX   (64u << 10)
#define API_UNREAD     (1u << 20) /* then a connection is cut off */
#define API_PUMP_BELOW (256u << 10)
#define API_UNDER_WAY  64  /* ops of one connection */
#define API_STREAMS    256 /* loose ones */

#define OP_ALONE       1
#define OP_LOOSE       2
#define OP_DOMAIN      4 /* "name" names one that exists */
#define OP_NEW_DOMAIN  8 /* "domain"."name" may name one that exists */

struct connection;
struct op;

struct op_kind {
    const char *name;
    unsigned flags;
    void (*start)(struct op *op);
    const char *keys[8]; /* besides "id" and "op" */
};

struct op {
    struct screed *s;
    struct connection *c; /* NULL: nobody reads the answer */
    const struct op_kind *kind;
    unsigned flags; /* of the kind; the op may make itself loose */
    cJSON *request, *id;
    struct op *next; /* of the connection */
    bool done;
    char *answer; /* done, and not yet sent */

    struct domain *d;        /* whose lock it has */
    struct op *next_waiting; /* for the lock */
    char name[SCREE_NAME_MAX];

    /* For the ops' own use. */
    unsigned step;
    bool failed;
    struct error error;
    struct event *timer; /* freed with the op */
    struct watch watch;
    struct journal_follower follower;
    struct events_follower events;
    void *data;
    void (*free_data)(void *data);
    /* The connection has room (again): writes until there is none, or until it
     * has no more: then it sets pump to NULL, or ends the op. */
    void (*pump)(struct op *op);
    /* {"in": ...} lines come here. */
    void (*input)(struct op *op, const uint8_t *bytes, size_t n);
    /* The connection has gone: the op shall be answered now. */
    void (*cancel)(struct op *op);
};

/* The op ends: fields (taken, may be NULL) with "ok": true; or an error. */
void op_answer(struct op *op, cJSON *fields);
void op_fail(struct op *op, const struct error *e);
void op_refuse(struct op *op, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line with "more": true. The op may be cancelled by it: look at op->c. */
void op_more(struct op *op, cJSON *fields);
/* Whether a pumping op should go on now. */
bool op_has_room(const struct op *op);
/* From now on it is loose, and not kept back by others' answers. */
void op_loosen(struct op *op);
/* Takes the lock of a domain that was made by the op, or gives it up. */
void op_lock(struct op *op, struct domain *d);
void op_unlock(struct op *op);
/* cell_forget_domain(), and who waits for its lock learns of it. */
void op_forget_domain(struct domain *d);

struct api *api_new(struct screed *s, struct error *e);
void api_free(struct api *a);
unsigned api_connections(const struct api *a);

/* The table of ops.c; NULL: there is none of that name. */
const struct op_kind *op_find(const char *name);

/* image-put: raw bytes for it, as long as `size` says. */
void api_expect_bytes(struct op *op, uint64_t size,
                      void (*bytes)(struct op *op, const uint8_t *bytes,
                                    size_t n, bool last));

/* Selecting domains by "names" (globs) and "labels" of a request. */
bool op_check_selection(const struct op *op, struct error *e);
bool op_selects(const struct op *op, const struct domain *d);

#endif
