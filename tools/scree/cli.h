/* SPDX-License-Identifier: MIT */
/*
 * What the commands of `scree` share: the command line, the cell it is about,
 * the connection to that cell's API, and how a failure becomes a message and an
 * exit status.
 */
#ifndef SCREE_CLI_H
#define SCREE_CLI_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "tools/bundle/why.h"
#include "tools/lib/client.h"
#include "tools/lib/error.h"
#include "tools/lib/json.h"
#include "tools/lib/paths.h"
#include "tools/scree/args.h"

/* Exit statuses; scree(1) lists them. */
enum status {
    STATUS_GOOD = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NO_DOMAIN = 3,
    STATUS_CELL_DOWN = 4,
    STATUS_RUN = 125, /* `run` attached: scree's own failure */
};

struct command;

struct cli {
    const struct command *command;
    struct args args;
    char cell[CELL_NAME_ROOM]; /* once chosen */
    bool named;                /* by the user */
    bool open;
    struct client api;
};

struct command {
    const char *name;
    const char *words; /* what follows the options, for the usage line */
    const char *summary;
    const char *more; /* of its help; or NULL */
    const struct args_option *options;
    int (*run)(struct cli *c);
    bool hidden; /* not in the list of commands */
};

/* "scree: text" on stderr; the status that belongs to the code. */
int cli_fail(const struct error *e);

/* The same for a wrong use of this command. */
int cli_usage(const struct cli *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* From why (tools/bundle) to error: always false. */
bool cli_why(struct error *e, const struct why *w);

/*
 * Which cell is meant: --cell, SCREE_CELL, the only one there is, the only one
 * that runs, "default" if there is none.
 */
bool cli_choose(struct cli *c, struct error *e);

/* Chooses, and connects to its API; code "cell-down" says how to start it. */
bool cli_open(struct cli *c, struct error *e);

/* A request of this op; never NULL. */
cJSON *cli_request(const char *op);

/* client_call() on the open cell, with a line on stderr if it takes longer
 * than a second. */
bool cli_collect(struct cli *c, cJSON *request,
                 const struct client_lines *lines, cJSON **answer,
                 struct error *e);
bool cli_call(struct cli *c, cJSON *request, cJSON **answer, struct error *e);

/* {"op": op} to its answer's field; cJSON_Delete(*answer) is due. */
const cJSON *cli_ask(struct cli *c, const char *op, const char *field,
                     cJSON **answer, struct error *e);

/* Seconds since the epoch. */
double cli_now(void);

void *cli_must(void *p);

/* Prints json on lines of its own, indented; takes it. */
void cli_print_json(cJSON *json);

#endif
