/* SPDX-License-Identifier: MIT */
/*
 * QEMU's monitor (QMP) on its Unix socket: commands are sent at once, answers
 * come in their order. What QEMU prints is distrusted no less than a guest.
 */
#ifndef SCREED_QMP_H
#define SCREED_QMP_H

#include <event2/event.h>
#include <stdbool.h>

#include "tools/lib/error.h"

#define QMP_SECONDS 8 /* to answer a command */

struct qmp;

struct qmp_calls {
    void (*ready)(void *user); /* the first command was answered */
    void (*lost)(void *user);  /* all commands under way have been answered */
};

/* e: why it failed, or NULL; text: what a monitor line printed, or "". */
typedef void qmp_reply(void *context, const struct error *e, const char *text);

struct qmp *qmp_new(struct event_base *base, const struct qmp_calls *calls,
                    void *user);
void qmp_free(struct qmp *q);
bool qmp_connect(struct qmp *q, const char *path, struct error *e);
void qmp_disconnect(struct qmp *q);
bool qmp_is_connected(const struct qmp *q);
bool qmp_is_ready(const struct qmp *q);

/* A line of the human monitor, such as "hostfwd_add ...". */
void qmp_line(struct qmp *q, const char *line, qmp_reply *reply, void *context);
/* A command without arguments, such as "quit". */
void qmp_command(struct qmp *q, const char *name, qmp_reply *reply,
                 void *context);

#endif
