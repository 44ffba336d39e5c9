/* SPDX-License-Identifier: MIT */
/* What several commands say of a domain's state, in few words. */
#ifndef SCREE_STATES_H
#define SCREE_STATES_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct states_text {
    char text[200];
};

/* It has a virtual machine that runs or is paused. */
bool states_runs(const cJSON *state);

/* "web", or the first digits of the digest. */
struct states_text states_image(const cJSON *state);

/* "8081->80, 8053->53/udp", or "-" */
struct states_text states_ports(const cJSON *state);

/* "tier=front, stage=prod", or "-" */
struct states_text states_labels(const cJSON *state);

#endif
