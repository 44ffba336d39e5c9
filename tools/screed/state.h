/* SPDX-License-Identifier: MIT */
/*
 * Definitions on disk. state.conf (the grammar of cell.conf) has them all; it
 * is written anew some time after a change, by the writer. Until then each
 * change stands in state.N, sections that are appended at once: the later one
 * of a name counts, and one whose image is `removed` says that it is gone. So
 * a screed that dies loses nothing, and nobody waits for a disk.
 */
#ifndef SCREED_STATE_H
#define SCREED_STATE_H

#include "tools/screed/screed.h"

/* Reads what is there and defines the domains. What cannot be read is refused
 * by file and line, not thrown away. */
struct state *state_new(struct screed *s, struct error *e);
/* Writes what is not yet written. */
void state_free(struct state *t);

/* The definition is new or has changed; it will be gone. */
void state_put(struct state *t, const struct domain *d);
void state_remove(struct state *t, const struct domain *d);

#endif
