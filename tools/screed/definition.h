/* SPDX-License-Identifier: MIT */
/*
 * Definitions of domains in their three forms: JSON of the API, a section of
 * cell.conf (state.conf, conf.h), the record for domain 0.
 */
#ifndef SCREED_DEFINITION_H
#define SCREED_DEFINITION_H

#include <cjson/cJSON.h>

#include "scree/channel.h"
#include "tools/bundle/conf.h"
#include "tools/lib/error.h"

struct domain;

/* Fills *out; what is wrong is named. The name may be empty (one is to be
 * made), the address automatic. conf_domain_free(out) is due either way. */
bool definition_parse(struct conf_domain *out, const cJSON *json,
                      struct error *e);
bool definition_labels(struct conf_domain *d, const cJSON *labels,
                       struct error *e);

/* Adds the keys of the definition to the object. */
void definition_put(cJSON *object, const struct conf_domain *d);

/* Whether the definition has every label of the object {key: value}. */
bool definition_has_labels(const struct conf_domain *d, const cJSON *labels);

/* flags: SCREE_RUN_*; REMOVE is added as the definition says. */
struct scree_manage_run definition_record(const struct domain *d,
                                          uint32_t flags);

#endif
