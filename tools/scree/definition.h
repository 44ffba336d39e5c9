/* SPDX-License-Identifier: MIT */
/*
 * The definition of a domain: as a section of cell.conf (struct conf_domain),
 * as JSON of the API, and what would change between two of them. `image` and
 * `files` are digests here. Pure.
 */
#ifndef SCREE_DEFINITION_H
#define SCREE_DEFINITION_H

#include <cjson/cJSON.h>

#include "tools/bundle/conf.h"
#include "tools/lib/error.h"

/* For the API's `run`. Without a name the cell makes one; memory 0 is what the
 * image needs. Forwards are not relative. */
cJSON *definition_to_json(const struct conf_domain *d);

/* From a state of the API; conf_domain_free(d) is due either way. Unknown
 * fields are ignored. */
bool definition_from_json(const cJSON *state, struct conf_domain *d,
                          struct error *e);

enum change {
    CHANGE_NONE,
    CHANGE_SET,     /* op `set` can do it while it runs */
    CHANGE_REPLACE, /* the domain must be made anew */
};

/* What must be done to make *is like *want; says what differs. Where want
 * leaves a choice (memory 0, address auto), nothing differs. */
enum change definition_diff(const struct conf_domain *is,
                            const struct conf_domain *want, char *text,
                            size_t size);

#endif
