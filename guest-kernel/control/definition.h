/* SPDX-License-Identifier: MIT */
/*
 * A definition: a name, what its domain is made of, what is to happen when it
 * ends, and the domain itself, if it lives. What a definition must not forget
 * when the control domain restarts goes with the domain, in its tag.
 */
#ifndef CONTROL_DEFINITION_H
#define CONTROL_DEFINITION_H

#include "control/deadlines.h"
#include "control/lookup.h"
#include "scree/channel.h"

enum definition_life {
    LIFE_DOWN,
    LIFE_LIVE,    /* state.id is a domain, ended or not */
    LIFE_BACKOFF, /* comes back when `due` is */
};

/* definition.flags */
#define DEFINITION_BOOT       1  /* of the boot bundle: the cell's own */
#define DEFINITION_STOPPING   2  /* its end was asked for */
#define DEFINITION_READY      4  /* said that it is ready */
#define DEFINITION_CRASH_SAID 8  /* preserved: its end was counted */
#define DEFINITION_WATCHDOG   16 /* back after the watchdog */
#define DEFINITION_UNKNOWN    32 /* rebuilt without its command line */

struct definition {
    struct lookup_link by_name, by_domain;
    struct definition *previous, *next; /* in the order of serials */
    struct deadline due;                /* next try, or kill */
    enum definition_life life;
    uint32_t flags;
    uint32_t serial;
    uint32_t tries; /* since the last good life */
    /* what it is made of */
    uint8_t image[SCREE_DIGEST_SIZE], files[SCREE_DIGEST_SIZE];
    char *cmdline; /* NULL: empty */
    uint32_t on_crash;
    uint32_t address; /* SCREE_ADDRESS_*; state.ipv4 is it */
    uint32_t restart, retries;
    uint32_t run_flags; /* SCREE_RUN_REMOVE */
    /* how it went */
    uint32_t restarts, ended, reason, code;
    uint64_t defined_ns;
    /* of the domain as it is or last was; name, memory, weight, group,
     * net_rate and ipv4 are also those of the next one */
    struct scree_domain_state state;
    struct definition *next_asked; /* domain0.c */
    bool asked;
};

static inline const char *definition_name(const struct definition *d)
{
    return d->state.name;
}

/* The phase by what state says at `now`. */
uint32_t definition_phase(const struct definition *d, uint64_t now);
/* All of it, as LIST tells it. */
void definition_tell(const struct definition *d, uint64_t now,
                     struct scree_manage_state *to);
/* The request to create its domain, but for the handles. */
void definition_config(const struct definition *d,
                       struct scree_domain_config *c);

/* What goes into the tag, and back. false: it is none of ours. */
void tag_write(const struct definition *d, uint8_t tag[SCREE_TAG_MAX]);
bool tag_read(struct definition *d, const uint8_t tag[SCREE_TAG_MAX]);

/* A name as in cell.conf, and ended within its room. */
bool definition_name_good(const char name[SCREE_NAME_MAX]);

#endif
