/* SPDX-License-Identifier: MIT */
/*
 * The special names: @introduceDomain and @releaseDomain, whose permissions
 * say who hears of domains that come and go. They are outside transactions.
 */
#ifndef STORE_SPECIAL_H
#define STORE_SPECIAL_H

#include "store/wire.h"

int special_get_perms(struct request *r, const char *name,
                      int (*reply)(struct request *, const struct perms *));
/* Takes over p. */
int special_set_perms(struct request *r, const char *name, struct perms *p);
/* Fires those who watch it, and for a release "@releaseDomain/DOMID". */
void special_fire(struct store *s, enum special which, uint32_t domid);

#endif
