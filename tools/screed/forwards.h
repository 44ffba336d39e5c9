/* SPDX-License-Identifier: MIT */
/*
 * Ports of 127.0.0.1 that lead to domains, on a live user network: rules of
 * QEMU's, added and removed through its monitor. They exist as long as the
 * definition does, and are added again when QEMU was.
 */
#ifndef SCREED_FORWARDS_H
#define SCREED_FORWARDS_H

#include "tools/screed/screed.h"

struct conf_domain;

struct forwards *forwards_new(struct screed *s);
void forwards_free(struct forwards *f);

/* Whether the domain may have its forwards: network, ports of other domains and
 * of other programs. */
bool forwards_check(struct forwards *f, const struct conf_domain *def,
                    struct error *e);

/* Notes them (they were checked), and adds them; done may be NULL. If one
 * cannot be added none of them stays. */
typedef void forwards_done(void *context, const struct error *e);
void forwards_add(struct forwards *f, struct domain *d, forwards_done *done,
                  void *context);
/* done (or NULL) is called when QEMU has closed them. */
void forwards_remove(struct forwards *f, const struct domain *d,
                     forwards_done *done, void *context);

/* The monitor is ready. fresh: QEMU is new and has no rules; else those that it
 * has stay. */
void forwards_renew(struct forwards *f, bool fresh);

#endif
