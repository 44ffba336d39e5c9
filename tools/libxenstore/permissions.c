/* SPDX-License-Identifier: MIT */
/*
 * Permissions as the wire has them: a letter (n, r, w, b) and a domain id.
 */
#include "handle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "nrwb"; /* index: XS_PERM_READ | XS_PERM_WRITE */

static bool bad(void)
{
    errno = EINVAL;
    return false;
}

bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
                         const char *strings)
{
    for (unsigned i = 0; i < num; i++) {
        const char *letter = *strings ? strchr(letters, *strings) : NULL;
        char *end;

        if (!letter)
            return bad();
        perms[i].perms = (unsigned)(letter - letters);
        perms[i].id = (unsigned)strtol(strings + 1, &end, 0);
        if (end == strings + 1 || *end)
            return bad();
        strings = end + 1;
    }
    return true;
}

#define TEXT_ROOM 16

/* "r5" and so on. */
static bool permission_text(const struct xs_permissions *p,
                            char text[TEXT_ROOM])
{
    if (p->perms & ~(unsigned)(XS_PERM_READ | XS_PERM_WRITE))
        return bad();
    snprintf(text, TEXT_ROOM, "%c%u", letters[p->perms], p->id);
    return true;
}

struct xs_permissions *xs_get_permissions(struct xs_handle *h,
                                          xs_transaction_t t, const char *path,
                                          unsigned int *num)
{
    struct xs_permissions *list;
    struct packet *reply;
    struct ask a;

    ask_begin(&a, XS_GET_PERMS, t);
    ask_string(&a, path);
    reply = ask_reply(h, &a);
    if (!reply)
        return NULL;
    *num = strings_count(reply->body, reply->head.len);
    list = malloc((*num + 1) * sizeof(*list));
    if (list && !xs_strings_to_perms(list, *num, reply->body)) {
        free(list);
        list = NULL;
    }
    free(reply);
    return list;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    char text[TEXT_ROOM];
    struct ask a;

    ask_begin(&a, XS_SET_PERMS, t);
    ask_string(&a, path);
    for (unsigned i = 0; i < num_perms; i++) {
        if (!permission_text(&perms[i], text))
            return false;
        ask_string(&a, text);
    }
    return ask_done(h, &a);
}
