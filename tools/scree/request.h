/* SPDX-License-Identifier: MIT */
/* The options of `run` as a section of cell.conf. Pure. */
#ifndef SCREE_REQUEST_H
#define SCREE_REQUEST_H

#include "tools/bundle/conf.h"
#include "tools/lib/error.h"
#include "tools/scree/args.h"

/* All but image and files; conf_domain_free(d) is due either way. */
bool request_read(const struct args *a, struct conf_domain *d, struct error *e);

#endif
