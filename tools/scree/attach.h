/* SPDX-License-Identifier: MIT */
/* The console of a domain on this terminal. */
#ifndef SCREE_ATTACH_H
#define SCREE_ATTACH_H

#include "tools/scree/cli.h"

enum attach_end { ATTACH_ENDED, ATTACH_LEFT, ATTACH_FAILED };

struct attach {
    struct cli *cli;
    uint64_t id;   /* of the request whose lines are the console's */
    bool stops;    /* Ctrl-C asks the guest to stop; else it gets the byte */
    char name[64]; /* of the domain; "" until the cell has said it */
    cJSON *last;   /* ATTACH_ENDED: the line with reason and code */
};

/* After the request was sent: until the domain ends, or the user leaves by
 * Ctrl-]. cJSON_Delete(a->last) is due. */
enum attach_end attach_run(struct attach *a, struct error *e);

#endif
