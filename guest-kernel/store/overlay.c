/* SPDX-License-Identifier: MIT */
/*
 * See overlay.h.
 */
#include "store/overlay.h"

#include <errno.h>

int overlay_find(struct request *r, struct view *v)
{
    (void)r;
    (void)v;
    return ENOSYS;
}
int overlay_put(struct request *r, struct view *v, const void *value,
                size_t size)
{
    (void)r;
    (void)v;
    (void)value;
    (void)size;
    return ENOSYS;
}
int overlay_remove(struct request *r, struct view *v)
{
    (void)r;
    (void)v;
    return ENOSYS;
}
int overlay_set_perms(struct request *r, struct view *v, struct perms *perms)
{
    (void)v;
    perms_drop(r->s, perms);
    return ENOSYS;
}
int overlay_list(struct request *r, struct view *v, struct view_list *list)
{
    (void)r;
    (void)v;
    (void)list;
    return ENOSYS;
}
