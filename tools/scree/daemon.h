/* SPDX-License-Identifier: MIT */
/* The host processes of a cell, seen from outside: screed and its QEMU. */
#ifndef SCREE_DAEMON_H
#define SCREE_DAEMON_H

#include <sys/types.h>

#include "tools/scree/cli.h"
#include "tools/scree/progress.h"

/* Starts the screed of the chosen cell, whose cell.json is there; returns when
 * its sockets are there. What it says against it is in e. */
bool daemon_start(const struct cli *c, struct progress *p, int seconds,
                  struct error *e);

/* Waits until the cell is up; code "cell-down": screed has died meanwhile. */
bool daemon_wait(struct cli *c, struct progress *p, int seconds,
                 struct error *e);

/* The cell's QEMU, which may outlive screed; 0: there is none. A number that
 * another program has by now does not name the cell's socket. */
pid_t daemon_find_qemu(const struct cli *c);

#endif
