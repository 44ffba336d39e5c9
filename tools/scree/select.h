/* SPDX-License-Identifier: MIT */
/*
 * Which domains a command is about: names, globs (* ? [...]), and labels.
 */
#ifndef SCREE_SELECT_H
#define SCREE_SELECT_H

#include "tools/scree/cli.h"

bool select_is_glob(const char *word);

/* Adds "names" and "labels" to a request of ls or logs: the words, and each
 * -l KEY=VALUE. False if a label is not one. */
bool select_put(const struct args *a, char *const *words, size_t count,
                cJSON *request, struct error *e);

/* All states that `names` and `labels` of the request choose; NULL on failure.
 * cJSON_Delete() it. */
cJSON *select_states(struct cli *c, cJSON *request, double *now,
                     struct error *e);

struct selection {
    char **names;
    size_t count;
};

/*
 * The names that the words mean; select_free() is due in any case. A plain
 * name stands for itself, also if there is no such domain; a glob or label that
 * matches nothing is code "no-such-domain".
 */
bool select_names(struct cli *c, char *const *words, size_t count,
                  struct selection *s, struct error *e);
void select_free(struct selection *s);

#endif
