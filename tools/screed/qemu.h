/* SPDX-License-Identifier: MIT */
/*
 * The QEMU process of the cell. It is started detached (-daemonize), survives
 * screed, and is found again by its pid file: whoever has that pid must have
 * been started with this cell's monitor socket.
 */
#ifndef SCREED_QEMU_H
#define SCREED_QEMU_H

#include <sys/types.h>

#include "tools/screed/screed.h"

struct qemu_calls {
    void (*started)(struct screed *s);
    void (*refused)(struct screed *s, const struct error *e);
    void (*died)(struct screed *s);
};

struct qemu *qemu_new(struct screed *s, const struct qemu_calls *calls);
void qemu_free(struct qemu *q); /* QEMU goes on */

/* Whether there is a living one; then it is watched from now on. */
bool qemu_adopt(struct qemu *q);
/* Starts one: started or refused is called later, or false and e at once. */
bool qemu_start(struct qemu *q, struct error *e);

bool qemu_is_starting(const struct qemu *q);
pid_t qemu_pid(const struct qemu *q);        /* 0: there is none */
uint64_t qemu_started(const struct qemu *q); /* Unix time in ns */
void qemu_kill(struct qemu *q, int signal);

/* arguments.c: the command line, NULL at its end; free each and the list. Opens
 * a tap device if the cell has one: *tap, or -1. */
char **qemu_arguments(struct screed *s, int *tap, struct error *e);
void qemu_free_arguments(char **arguments);
/* The boot bundle: the control domain and the cell's network. */
bool qemu_make_bundle(struct screed *s, struct error *e);
/* tap.c: an open tap device for the cell's net; -1: e says what to do. */
int qemu_open_tap(const struct options *o, struct error *e);

#endif
