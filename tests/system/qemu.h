/* SPDX-License-Identifier: MIT */
/*
 * One QEMU process: started with a pid of our own, its serial console captured
 * by a reader thread, ended by pid. Every wait is bounded. A QEMU dies with
 * the test program whatever happens to that.
 */
#ifndef SYSTEM_QEMU_H
#define SYSTEM_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_ARGS     24
#define QEMU_FORWARDS 16

/* A host port that reaches a guest's. */
struct forward {
    bool udp;
    uint16_t host;     /* on 127.0.0.1; 0: qemu_start() picks a free one */
    const char *guest; /* address, dotted */
    uint16_t port;
};

struct qemu_options {
    const char *machine; /* NULL: q35 */
    const char *cpu;     /* NULL: max,-svm */
    unsigned cpus;       /* 0: 1 */
    unsigned memory_mib; /* 0: 256 */
    const char *kernel;  /* or NULL: boots from `extra` */
    const char *initrd;
    bool no_debug_exit; /* else isa-debug-exit: QEMU ends with the cell */
    const char *append;
    const char *network; /* NET/PREFIX of the user network; NULL: no NIC */
    const char *host;    /* address of its gateway */
    bool open;           /* else guests reach forwarded TCP only */
    struct forward forwards[QEMU_FORWARDS];
    unsigned forward_count;
    const char *extra[QEMU_ARGS]; /* more arguments, NULL-terminated */
};

struct qemu;

/* Starts it; picks the host ports that are 0 in o->forwards. NULL: failed. */
struct qemu *qemu_start(struct qemu_options *o);

/* The console so far is a text that only grows; positions are offsets in it. */
/* Waits until a line after `from` matches the extended regular expression.
 * The offset behind the match, or 0: timeout or QEMU has ended. */
size_t qemu_wait(struct qemu *q, size_t from, const char *regex,
                 unsigned seconds);
/* The same; copies what the first group matched. */
size_t qemu_match(struct qemu *q, size_t from, const char *regex,
                  unsigned seconds, char *group, size_t size);
/* Matches after `from`, now. */
unsigned qemu_count(struct qemu *q, size_t from, const char *regex);
/* A copy of the console text after `from`; free() it. */
char *qemu_text(struct qemu *q, size_t from);
/* Types into the serial console. */
bool qemu_type(struct qemu *q, const char *text);

/* Waits for QEMU to end by itself: its exit status, or -1: it did not. */
int qemu_wait_exit(struct qemu *q, unsigned seconds);
/* Ends it if needed and frees everything. */
void qemu_stop(struct qemu *q);
/* Prints the last lines of the console. */
void qemu_print_tail(struct qemu *q, unsigned lines);

#endif
