/* SPDX-License-Identifier: MIT */
/*
 * What screed knows of a domain: its definition, which is screed's own, and
 * its state, as the cell has last told it. At most one op at a time changes a
 * domain: it holds `op`; others wait in line (api.h).
 */
#ifndef SCREED_DOMAIN_H
#define SCREED_DOMAIN_H

#include <cjson/cJSON.h>

#include "tools/bundle/conf.h"
#include "tools/lib/digest.h"
#include "tools/screed/journal.h"
#include "tools/screed/screed.h"

struct op;
struct watch;

struct domain {
    struct link by_name, by_id, by_address;
    struct domain *next, **at; /* of all */
    struct screed *screed;

    struct conf_domain def;     /* image, files: digests as text; address_kind:
                                 * none or fixed */
    struct digest image, files; /* files all 0: none */

    bool in_cell; /* the cell has its definition, and state is true */
    bool asked;   /* RUN has been sent and not answered */
    bool gone;    /* removed itself while an op had the lock */
    bool seen;    /* in the sweep that is under way */
    struct scree_manage_state state;
    char crash[96]; /* what the hypervisor said of its last crash, or "" */

    struct op *op, *waiting; /* see above */
    struct watch *watches;
    struct journal_log log;
};

/* Who wants to know what happens to a domain. */
struct watch {
    struct watch *next;
    struct domain *domain; /* NULL: not watching */
    /* e NULL: the cell has gone, and the domain with it. Last call with
     * SCREE_EVENT_REMOVED. May unwatch itself. */
    void (*event)(struct watch *w, const struct scree_event *e);
    void (*output)(struct watch *w, const uint8_t *bytes, size_t n); /* or 0 */
};

void domain_watch(struct domain *d, struct watch *w);
void domain_unwatch(struct watch *w);
void domain_tell(struct domain *d, const struct scree_event *e);
void domain_tell_output(struct domain *d, const uint8_t *bytes, size_t n);

struct domain *domain_find(const struct screed *s, const char *name);
struct domain *domain_by_id(const struct screed *s, uint32_t id);
struct domain *domain_by_address(const struct screed *s, uint32_t address);

/* Takes the definition, whose name and address are free. */
struct domain *domain_add(struct screed *s, struct conf_domain *def);
/* Nobody watches it any more after this, and it is freed. */
void domain_remove(struct domain *d);

void domain_set_state(struct domain *d, const struct scree_manage_state *state);
/* Notes what an event says. */
void domain_note(struct domain *d, const struct scree_event *e);
/* The cell has gone. */
void domain_lose(struct domain *d);

/* Not running, and will not by itself. */
bool domain_is_down(const struct domain *d);
const char *domain_phase(const struct domain *d);
const char *domain_reason(uint32_t reason);

/* The next free address for "auto"; 0: there is none. */
uint32_t domain_free_address(struct screed *s);
bool domain_check_address(struct screed *s, uint32_t address, struct error *e);

/* A name that nobody has. */
void domain_make_name(const struct screed *s, char name[SCREE_NAME_MAX]);

/* A state as the API gives it. */
cJSON *domain_json(const struct domain *d);

#endif
