/* SPDX-License-Identifier: MIT */
/*
 * The operations that are a request and its reply, and no more.
 */
#include "handle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------- nodes */

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    struct ask a;

    ask_begin(&a, XS_READ, t);
    ask_string(&a, path);
    return ask_value(h, &a, len);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len)
{
    struct ask a;

    ask_begin(&a, XS_WRITE, t);
    ask_string(&a, path);
    ask_bytes(&a, data, len);
    return ask_done(h, &a);
}

static bool about_path(struct xs_handle *h, uint32_t type, xs_transaction_t t,
                       const char *path)
{
    struct ask a;

    ask_begin(&a, type, t);
    ask_string(&a, path);
    return ask_done(h, &a);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return about_path(h, XS_MKDIR, t, path);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return about_path(h, XS_RM, t, path);
}

/* ------------------------------------------------------ transactions */

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    xs_transaction_t t;
    char *text;
    struct ask a;

    ask_begin(&a, XS_TRANSACTION_START, XBT_NULL);
    ask_string(&a, "");
    text = ask_value(h, &a, NULL);
    if (!text)
        return XBT_NULL;
    t = (xs_transaction_t)strtoul(text, NULL, 0);
    free(text);
    return t;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
    struct ask a;

    ask_begin(&a, XS_TRANSACTION_END, t);
    ask_string(&a, abort ? "F" : "T");
    return ask_done(h, &a);
}

/* ----------------------------------------------------------- domains */

static void begin_domain(struct ask *a, uint32_t type, unsigned domid)
{
    ask_begin(a, type, XBT_NULL);
    ask_number(a, domid);
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
                         unsigned long mfn, unsigned int eventchn)
{
    struct ask a;

    begin_domain(&a, XS_INTRODUCE, domid);
    ask_number(&a, mfn);
    ask_number(&a, eventchn);
    return ask_done(h, &a);
}

bool xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target)
{
    struct ask a;

    begin_domain(&a, XS_SET_TARGET, domid);
    ask_number(&a, target);
    return ask_done(h, &a);
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
    struct ask a;

    begin_domain(&a, XS_RESUME, domid);
    return ask_done(h, &a);
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    struct ask a;

    begin_domain(&a, XS_RELEASE, domid);
    return ask_done(h, &a);
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    struct ask a;

    begin_domain(&a, XS_GET_DOMAIN_PATH, domid);
    return ask_value(h, &a, NULL);
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
    char *text;
    struct ask a;
    bool introduced;

    begin_domain(&a, XS_IS_DOMAIN_INTRODUCED, domid);
    text = ask_value(h, &a, NULL);
    introduced = text && strcmp(text, "T") == 0;
    free(text);
    return introduced;
}

int xs_suspend_evtchn_port(int domid)
{
    struct xs_handle *h = xs_open(0);
    char path[64], *text;
    int port = -1;

    if (!h)
        return -1;
    snprintf(path, sizeof(path),
             "/local/domain/%d/device/suspend/event-channel", domid);
    text = xs_read(h, XBT_NULL, path, NULL);
    if (text)
        port = atoi(text);
    free(text);
    xs_close(h);
    return port;
}

/* ------------------------------------------------------- the server */

char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
                         unsigned int len)
{
    struct ask a;

    ask_begin(&a, XS_CONTROL, XBT_NULL);
    ask_string(&a, cmd);
    ask_bytes(&a, data, len);
    return ask_value(h, &a, NULL);
}

char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
                       unsigned int len)
{
    return xs_control_command(h, cmd, data, len);
}

/* XenStore has no such thing any more: it fails, always. */
bool xs_restrict(struct xs_handle *h, unsigned domid)
{
    (void)h;
    (void)domid;
    errno = ENOSYS;
    return false;
}
