/* SPDX-License-Identifier: MIT */
/*
 * Where a cell's files are, and where the programs and images that come with
 * scree are.
 *
 *   $SCREE_HOME/CELL/FILE  SCREE_HOME: /var/lib/scree for root, else
 *                          ~/.local/state/scree
 *   $SCREE_LIB/FILE        hypervisor/scree.elf, guests/control.elf, ...;
 *                          without it ../lib/scree beside the running program,
 *                          or .. if that is a build tree
 *   programs               beside the running program
 */
#ifndef LIB_PATHS_H
#define LIB_PATHS_H

#include <stddef.h>

#include "tools/lib/error.h"

#define PATH_ROOM      1024
#define CELL_NAME_ROOM 32 /* with the final 0; names as domains have */
#define CELL_DEFAULT   "default"

/* Files of a cell. */
#define CELL_API       "api.sock"
#define CELL_STORE     "store.sock"
#define CELL_CHANNEL   "channel.sock"
#define CELL_QMP       "qmp.sock"
#define CELL_LOG       "cell.log"
#define CELL_SCREED    "screed.log"
#define CELL_OPTIONS   "cell.json"
#define CELL_STATE     "state.conf"
#define CELL_LOCK      "screed.pid" /* locked while there is a screed */
#define CELL_QEMU_PID  "qemu.pid"

struct path {
    char text[PATH_ROOM];
};

/* Makes SCREE_HOME and SCREE_LIB absolute, for us and those we start: call it
 * first, before anybody changes the directory. */
bool paths_settle(struct error *e);

/* a-z, 0-9 and inner '-', at most 31 bytes. */
bool paths_is_cell(const char *name);

/* The directory of all cells. */
bool paths_home(struct path *out, struct error *e);

/* A file of a cell; file NULL: its directory. Nothing need be there. */
bool paths_cell(struct path *out, const char *cell, const char *file,
                struct error *e);

/* A file that comes with scree; it is there. */
bool paths_library(struct path *out, const char *file, struct error *e);

/* A program beside the running one; it is there. */
bool paths_program(struct path *out, const char *name, struct error *e);

/* The names of the cells that have a directory with CELL_OPTIONS in it, sorted;
 * free each and the list. No home is no cell. */
bool paths_cells(char ***names, size_t *count, struct error *e);

/* Makes the directory and those above it, mode 0700. One that is there must be
 * ours, and becomes private. */
bool paths_make(const char *directory, struct error *e);

#endif
