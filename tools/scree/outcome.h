/* SPDX-License-Identifier: MIT */
/* How a domain ended, as an exit status and in words. */
#ifndef SCREE_OUTCOME_H
#define SCREE_OUTCOME_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "tools/scree/text.h"

/*
 * Of a line with `reason` and `code`: the guest's own code (255 if it is
 * larger), 134 after a crash, 142 after its watchdog, 137 if it was killed.
 */
int outcome_status(const cJSON *line);

/* Whether the line knows an end at all: a domain that has not run since the
 * cell started, or went with it, has none. */
bool outcome_is_known(const cJSON *line);

/* "ready", "backoff (1), next try in 3.2 s", "down (0)", ... */
struct outcome_text {
    char text[160];
};
struct outcome_text outcome_phase(const cJSON *state, double now);

#endif
