/* SPDX-License-Identifier: MIT */
/*
 * From a bundle's record to a domain that is ready to start: memory, image,
 * files, identity, network, console. Everything is promised or nothing made.
 */
#ifndef SYSTEM_BUILDER_H
#define SYSTEM_BUILDER_H

#include "core/domain.h"

/*
 * Builds the domain of record `index` of the bundle; its id is index + 1. A
 * refusal is said on the console with the domain's name. -XEN_EINVAL: the
 * record is bad; -XEN_ENOMEM; -XEN_EEXIST: it lives already, or still.
 */
must_check int domain_build(struct cell *cell, uint32_t index,
                            struct domain **out);
/* The reverse, for a domain that nobody can reach any more: a part of it, in
 * bounded time; true: what is left is little. */
must_check bool domain_dismantle(struct domain *d);
/* All of it, or the rest. d is gone. */
void domain_take_apart(struct domain *d);

#endif
