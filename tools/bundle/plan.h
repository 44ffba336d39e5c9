/* SPDX-License-Identifier: MIT */
/*
 * The domains that will really be: sections with their copies counted out, each
 * with its name, address and forwarded ports, all known to be distinct and
 * inside the cell's network.
 */
#ifndef BUNDLE_PLAN_H
#define BUNDLE_PLAN_H

#include "conf.h"

struct plan_domain {
    const struct conf_domain *conf;
    uint32_t copy; /* 0.. */
    uint32_t ipv4; /* or 0 */
    char name[SCREE_NAME_MAX];
};

struct plan {
    const struct conf *conf;
    size_t count;
    struct plan_domain *domains;
};

/* A forward of one domain, with the host's port worked out. */
struct plan_forward {
    const struct plan_domain *domain;
    uint16_t host;
    uint16_t guest;
    bool udp;
};

struct plan_forwards {
    size_t count;
    struct plan_forward *list; /* in the order of cell.conf */
};

/* c must outlive the plan; plan_free(p) is due either way. */
bool plan_make(struct plan *p, const struct conf *c, struct why *w);
void plan_free(struct plan *p);

/* The forwards with relative ports counted from first; free(f->list) is due
 * either way. */
bool plan_forward(const struct plan *p, uint32_t first, struct plan_forwards *f,
                  struct why *w);

#endif
