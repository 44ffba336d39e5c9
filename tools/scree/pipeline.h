/* SPDX-License-Identifier: MIT */
/*
 * Many requests on one connection, sent ahead of their answers, so that a
 * thousand take a few round trips and stopping many takes as long as the
 * slowest.
 */
#ifndef SCREE_PIPELINE_H
#define SCREE_PIPELINE_H

#include "tools/scree/cli.h"

struct pipeline {
    struct cli *cli;
    size_t count;
    void *context;
    /* The i-th request, without an id. */
    cJSON *(*make)(void *context, size_t i);
    /* Its last line: ok, or with an error. In the order of arrival. */
    void (*done)(void *context, size_t i, const cJSON *line);
    const char *what; /* for the line about what takes long; NULL: none */
};

/* False if the connection fails; answers may be missing then. */
bool pipeline_run(struct pipeline *p, struct error *e);

#endif
