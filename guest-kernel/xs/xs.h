/* SPDX-License-Identifier: MIT */
/*
 * XenStore for services: names and meaning as in Xen's <xenstore.h>
 * (libxenstore), without threads: a call waits for its answer, at most XS_WAIT,
 * and the network goes on meanwhile unless the call was made inside one of its
 * callbacks. The ring is opened by the first call and costs nothing before.
 * Results that are allocated belong to the caller: free(). On failure NULL or
 * false and errno: ENOENT, EACCES, EINVAL, EEXIST, EAGAIN, ENOSPC (quota, or
 * more than 8 transactions open), E2BIG, EIO (no store), ETIMEDOUT.
 *
 * A restart of the store goes unnoticed: calls are made again, watches are set
 * again, and each fires once then, as it does when it is first set. But
 * transactions end: what is done in one fails with EIO, its end with EAGAIN.
 */
/*
 * XenStore for services: names and meaning as in Xen's <xenstore.h>
 * (libxenstore), without threads: a call runs pebble's loop until its answer is
 * there, at most XS_WAIT. The ring is opened by the first call and costs
 * nothing before. Results that are allocated belong to the caller: free(). On
 * failure NULL or false and errno: ENOENT, EACCES, EINVAL, EAGAIN, ENOSPC
 * (quota), E2BIG, EIO (no store, or it has just been restarted: try again),
 * ETIMEDOUT.
 *
 * Watches survive a restart of the store: they are set again, and each fires
 * once then, as it does when it is first set.
 */
#ifndef PEBBLE_XS_H
#define PEBBLE_XS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t xs_transaction_t;
#define XBT_NULL 0
#define XS_WAIT  5000000000ull /* ns */

char **xs_directory(xs_transaction_t t, const char *path, unsigned *count);
/* Calls each() for the children of a node, a packet's worth at a time; each()
 * may make other calls. When children come or go meanwhile it begins again, so
 * each() may meet one twice. Not in Xen's library. */
typedef void xs_child(void *user, const char *name);
bool xs_each(xs_transaction_t t, const char *path, xs_child *each, void *user);
void *xs_read(xs_transaction_t t, const char *path, unsigned *length);
bool xs_write(xs_transaction_t t, const char *path, const void *value,
              unsigned length);
bool xs_mkdir(xs_transaction_t t, const char *path);
bool xs_rm(xs_transaction_t t, const char *path);
/* permissions: "n0 r5", as xenstore-chmod takes them. */
bool xs_set_permissions(xs_transaction_t t, const char *path,
                        const char *permissions);
xs_transaction_t xs_transaction_start(void); /* XBT_NULL: failed */
bool xs_transaction_end(xs_transaction_t t, bool abort);

/* fired is called from pebble_loop(), never from inside an xs_ call. */
typedef void xs_fired(void *user, const char *path, const char *token);
bool xs_watch(const char *path, const char *token, xs_fired *fired, void *user);
bool xs_unwatch(const char *path, const char *token);

#endif
