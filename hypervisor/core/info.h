/* SPDX-License-Identifier: MIT */
/*
 * The info page of a domain, the clock page of the cell, and the time fields
 * that Xen puts into vcpu_info: everything a guest reads to know who and when
 * it is. Written here only.
 */
#ifndef CORE_INFO_H
#define CORE_INFO_H

#include "base/types.h"

struct cell;
struct domain;
struct scree_domain_config;
struct vcpu_time_info;

/* Makes the cell's clock page. -XEN_ENOMEM. */
must_check int info_clock_init(struct cell *cell);
/* Fills what config and machine know; the builder adds image, files and
 * network. */
void info_init(struct domain *d, const struct scree_domain_config *config);
/* Xen's form of the same scaling. */
void info_xen_time(struct vcpu_time_info *t);

#endif
