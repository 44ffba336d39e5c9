/* SPDX-License-Identifier: MIT */
/* cell.json: what `up` was told of a cell (docs/api.md). */
#ifndef SCREE_CELL_FILE_H
#define SCREE_CELL_FILE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "tools/lib/error.h"

/* The file of an earlier `up`; an empty object if there is none; NULL if it is
 * damaged. */
cJSON *cell_file_read(const char *path, struct error *e);

/* In one step: nobody sees half a file. */
bool cell_file_write(const char *path, const cJSON *o, struct error *e);

/* Moves options into those of an earlier `up`; *changed: some differ. */
void cell_file_merge(cJSON *into, cJSON *options, bool *changed);

/* The file as it is, to be freed; NULL: there is none. */
char *cell_file_text(const char *path);

/* A cell that could not be started with new options is as it was: old is what
 * cell_file_text() gave. */
void cell_file_undo(const char *path, const char *old);

#endif
