/* SPDX-License-Identifier: MIT */
/*
 * The boot bundle, which whoever started the cell may have broken: every
 * offset, size, alignment, order and string end is checked here, once, before
 * anybody uses it. A bad header means no bundle; a bad image, module or domain
 * record is refused by itself, with its name, and the others are used.
 */
#ifndef SYSTEM_BUNDLE_H
#define SYSTEM_BUNDLE_H

#include "core/cell.h"
#include "scree/bundle.h"

#define BUNDLE_RECORDS_MAX 65536 /* images, modules, domains; each */

/*
 * Checks the machine's boot module, adopts its frames and fills in
 * cell->bundle, images and modules. Bad images and modules have record NULL.
 * 0 also when there is no module; -XEN_EINVAL: not a bundle (said so);
 * -XEN_ENOMEM.
 */
must_check int bundle_open(struct cell *cell);

/* Record `index` of the domains, index < bundle->domain_count. */
const struct scree_domain_config *bundle_domain(const struct cell *cell,
                                                uint32_t index);
/* Why this record cannot become a domain, or NULL. */
const char *bundle_check_domain(const struct cell *cell,
                                const struct scree_domain_config *config);
/* A record's name for a message: what is printable of it. */
void bundle_name(const char name[SCREE_NAME_MAX], char to[SCREE_NAME_MAX]);

#endif
