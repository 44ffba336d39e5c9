/* SPDX-License-Identifier: MIT */
/*
 * scree-bench: every figure of docs/benchmarks.md with one command.
 *
 * main.c decides what runs; qemu.c starts and ends one emulated machine at a
 * time; micro.c reads what guests measured themselves; net.c measures HTTP,
 * UDP and streams from outside; control.c and store.c the control plane;
 * report.c keeps the samples and writes report.json and report.txt.
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
    const char *build;        /* the build directory */
    const char *out;          /* for report.json, report.txt and logs */
    int repeats;              /* of each machine, or of each load */
    double seconds;           /* of each load */
    bool micro, net, control; /* which parts to run */
};

/* ------------------------------------------------------------- report.c */

struct report;

struct report *report_new(void);
/* One sample of a row; the first one of (id, variant, unit) makes it. */
void report_add(struct report *r, const char *id, const char *variant,
                const char *unit, double value);
/* What produced the samples added from now on. */
void report_command(struct report *r, const char *command);
/* Writes both files into o->out. 0, or -1 with a message printed. */
int report_write(struct report *r, const struct options *o);
void report_free(struct report *r);

/* --------------------------------------------------------------- qemu.c */

#define QEMU_ARGS 64

struct qemu {
    char *argv[QEMU_ARGS];
    int argc;
    pid_t pid;
    int output; /* its serial line, to read from */
    char *log;  /* all of it so far, 0-terminated */
    size_t log_size;
};

/* A q35 machine with TCG, -cpu max, one CPU and a serial line. */
void qemu_init(struct qemu *q, const char *memory);
/* Adds one argument, printf-like. */
__attribute__((format(printf, 2, 3))) void qemu_arg(struct qemu *q,
                                                    const char *format, ...);
/* Starts it. 0, or -1 with a message printed. */
int qemu_start(struct qemu *q);
/* Reads until `text` has been printed. -1: not within so many seconds. */
int qemu_wait(struct qemu *q, const char *text, double seconds);
/* Ends it if it still runs, and forgets everything. */
void qemu_stop(struct qemu *q);
/* The command line, for the report; valid until qemu_stop(). */
const char *qemu_command(struct qemu *q);

/* Nanoseconds of CLOCK_MONOTONIC; the host's TSC ticks per nanosecond. */
uint64_t now_ns(void);
double tsc_per_ns(void);

/* --------------------------------------- micro.c, net.c and control.c */

int bench_micro(struct report *r, const struct options *o);
int bench_net(struct report *r, const struct options *o);
int bench_control(struct report *r, const struct options *o);

/* ----------------------------------------------------- store.c, for control */

/* Measures the store of the cell whose socket is `cell`, and others beside it,
 * in the folder `home`. */
int bench_store(struct report *r, const struct options *o, const char *home,
                const char *cell);
/* A Unix socket; -1: nobody is there. */
int bench_connect(const char *path);

#endif
