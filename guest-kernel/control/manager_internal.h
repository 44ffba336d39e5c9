/* SPDX-License-Identifier: MIT */
/* What the files of the manager know of each other. */
#ifndef CONTROL_MANAGER_INTERNAL_H
#define CONTROL_MANAGER_INTERNAL_H

#include "control/manager.h"

/* registry.c: definitions in their tables. */

/* An empty one of this name, not in the tables; NULL: no memory. */
struct definition *definition_new(const char *name);
void definition_delete(struct definition *d);
/* By its name and serial. */
void registry_add(struct manager *m, struct definition *d);
void registry_remove(struct manager *m, struct definition *d);
/* By the id of its domain. */
void registry_bind(struct manager *m, struct definition *d);
void registry_unbind(struct manager *m, struct definition *d);

/* life.c */

/* Makes and starts its domain. 0 or a negative XEN_E*. */
int life_begin(struct manager *m, struct definition *d);
/* Its domain is seen to have changed to `s`. */
void life_seen(struct manager *m, struct definition *d,
               const struct scree_domain_state *s);
void life_event(struct manager *m, const struct definition *d, uint32_t event,
                uint64_t value);
/* It is down; with REMOVE it is gone after this. */
void life_down(struct manager *m, struct definition *d);
/* Takes it out of everything and frees it; it is down. */
void life_remove(struct manager *m, struct definition *d);

/* rebuild.c */

/* A domain that no definition is known for: makes one. */
void rebuild_domain(struct manager *m, const struct scree_domain_state *s);

/* run.c */

/* Counts this definition as a user of its objects, or no longer. */
void use_objects(struct manager *m, const struct definition *d, int change);

#endif
