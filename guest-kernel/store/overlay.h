/* SPDX-License-Identifier: MIT */
/*
 * What a transaction has done so far.
 */
#ifndef STORE_OVERLAY_H
#define STORE_OVERLAY_H

#include "store/view.h"

int overlay_find(struct request *r, struct view *v);
int overlay_put(struct request *r, struct view *v, const void *value,
                size_t size);
int overlay_remove(struct request *r, struct view *v);
/* Takes over perms. */
int overlay_set_perms(struct request *r, struct view *v, struct perms *perms);
int overlay_list(struct request *r, struct view *v, struct view_list *list);

#endif
