/* SPDX-License-Identifier: MIT */
/*
 * The options of a cell: cell.json in its directory, written by `scree up`
 * (docs/api.md names the keys). What is absent has its default.
 */
#ifndef SCREED_OPTIONS_H
#define SCREED_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/lib/error.h"

enum options_net { NET_USER, NET_TAP, NET_BRIDGE };

struct options {
    uint64_t cpus;
    uint64_t memory;         /* of the cell, bytes */
    uint64_t control_memory; /* of domain 0, bytes */
    enum options_net net;
    char interface[16]; /* tap or bridge */
    uint32_t network, prefix;
    uint32_t gateway;      /* or 0 */
    uint32_t resolver;     /* or 0 */
    char accel[8];         /* kvm, tcg: never auto */
    char hypervisor[1024]; /* its command line */
    char control[384];     /* domain 0's command line: store quotas */
    char metrics[64];      /* address; empty: none */
    uint64_t metrics_port; /* 0: a free one */
    uint64_t log_bytes;    /* of one file */
    uint64_t log_files;    /* old ones that are kept, 0 or 1 */
};

/* Reads and checks the file; one that is absent is all defaults. */
bool options_read(struct options *o, const char *path, struct error *e);
bool options_parse(struct options *o, const char *text, struct error *e);

/* "user", "tap:tap0", ... */
struct options_text {
    char text[32];
};
struct options_text options_net_text(const struct options *o);

#endif
