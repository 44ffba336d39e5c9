/* SPDX-License-Identifier: MIT */
/*
 * cell.conf as read: one record per section, values checked one by one, copies
 * not yet made (see plan.h). The grammar is docs/cell-conf.md. Works on a text
 * in memory, so that tests and the fuzzer need no files.
 */
#ifndef BUNDLE_CONF_H
#define BUNDLE_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scree/bundle.h"
#include "scree/channel.h"
#include "scree/layout.h"
#include "value.h"
#include "why.h"

#define CONF_BYTES_MAX    (16u << 20)
#define CONF_LINE_MAX     4096
#define CONF_COPIES_MAX   131072 /* domains of one cell, copies counted */
#define CONF_FORWARDS_MAX 16     /* of one domain */
#define CONF_LABELS_MAX   16     /* of one domain */
#define CONF_DEFAULT_NET  0x0a000000u
#define CONF_DEFAULT_BITS 24

enum conf_address { CONF_AUTO, CONF_NONE, CONF_FIXED };

struct conf_domain {
    unsigned line;    /* of its section header */
    uint32_t present; /* bit per key that was given */
    char name[SCREE_NAME_MAX];
    char *image;
    char *files;     /* or NULL */
    uint64_t memory; /* bytes; 0: what the image asks for */
    uint64_t net_rate;
    uint32_t weight;
    uint32_t group;
    uint32_t on_crash; /* SCREE_ON_CRASH_* */
    uint32_t count;
    enum conf_address address_kind;
    uint32_t address;
    uint32_t forward_count;
    struct forward forwards[CONF_FORWARDS_MAX];
    char cmdline[SCREE_CMDLINE_MAX];
    bool control; /* it is the control domain; boot bundles only */
    /* What only a live cell can do (docs/cell-conf.md): */
    uint32_t restart; /* SCREE_RESTART_* */
    uint32_t retries; /* on failure, at most; 0: no limit */
    bool stopped;     /* by request, or only to be defined */
    bool remove;      /* when it is down for good */
    uint32_t label_count;
    char *labels[CONF_LABELS_MAX]; /* KEY=VALUE */
    char *source_image; /* for people: where it was read from, or NULL */
    char *source_files;
};

/* conf.present */
#define CONF_HAS_NETWORK  1u
#define CONF_HAS_GATEWAY  2u
#define CONF_HAS_RESOLVER 4u

struct conf {
    const char *file; /* for messages; not owned */
    uint32_t present;
    uint32_t network;
    uint32_t prefix;
    uint32_t gateway;  /* or 0 */
    uint32_t resolver; /* or 0 */
    size_t domain_count;
    struct conf_domain *domains;
};

/* Fills *c from text; on failure says file, line and reason in *w. Either
 * way conf_free(c) is due. */
bool conf_parse(struct conf *c, const char *file, const char *text,
                size_t length, struct why *w);
void conf_free(struct conf *c);

/* What a section has that says nothing but its name. */
void conf_domain_init(struct conf_domain *d, const char *name);
void conf_domain_free(struct conf_domain *d);

/* Writes the section so that conf_parse() gives the same; keys with their
 * default value are left out. Values must be such as conf_parse() takes. */
void conf_write_domain(FILE *out, const struct conf_domain *d);

/* "no", "on-failure:3", ...: as in cell.conf. */
bool conf_restart(const char *text, uint32_t *restart, uint32_t *retries);
struct restart_text {
    char text[32];
};
struct restart_text conf_restart_text(uint32_t restart, uint32_t retries);

#endif
