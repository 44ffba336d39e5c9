/* SPDX-License-Identifier: MIT */
/*
 * What programs inside the emulated machine measured themselves, by TSC: once
 * under -icount shift=0, where a tick is an instruction, then against real
 * time. A sample is a line
 *   BENCH <id> <ticks or ns> <how many> <operations>
 * and the program ends with "BENCH done" and powers off.
 */
#include "tools/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
    const char *kernel; /* below the build directory */
    const char *bundle; /* or NULL */
    const char *memory;
};

static const struct program programs[] = {
    {"bench/bare.elf", NULL, "64M"},
    {"hypervisor/scree.elf", "cells/bench.bundle", "1G"},
};

/* Operations that take long are told in a unit of their own. */
static double unit_of(const char *id, bool instructions, const char **unit)
{
    if (instructions) {
        *unit = "instructions";
        return 1;
    }
    if (!strcmp(id, "cell-boot")) {
        *unit = "ms";
        return 1e-6;
    }
    if (!strcmp(id, "domain-create")) {
        *unit = "us";
        return 1e-3;
    }
    *unit = "ns";
    return 1;
}

/* Adds every sample line of the log; returns how many. `per_ns` is the TSC's
 * rate, 0 under -icount, where ticks and nanoseconds are instructions. */
static int parse(struct report *r, const char *log, double per_ns)
{
    const char *line = log;
    int found = 0;

    while ((line = strstr(line, "BENCH ")) != NULL) {
        char id[64], kind[64];
        const char *unit;
        double amount, operations;

        line += strlen("BENCH ");
        if (sscanf(line, "%63s %63s %lf %lf", id, kind, &amount, &operations) !=
            4)
            continue;
        if (per_ns != 0 && !strcmp(kind, "ticks"))
            amount /= per_ns;
        amount *= unit_of(id, per_ns == 0, &unit);
        report_add(r, id, "", unit, amount / operations);
        found++;
    }
    return found;
}

static int run(struct report *r, const struct options *o,
               const struct program *p, bool instructions)
{
    struct qemu q;
    int rc = -1;

    qemu_init(&q, p->memory);
    qemu_arg(&q, "-kernel");
    qemu_arg(&q, "%s/%s", o->build, p->kernel);
    if (p->bundle) {
        qemu_arg(&q, "-initrd");
        qemu_arg(&q, "%s/%s", o->build, p->bundle);
    }
    if (instructions) {
        qemu_arg(&q, "-icount");
        qemu_arg(&q, "shift=0");
    }
    report_command(r, qemu_command(&q));
    if (qemu_start(&q) == 0 && qemu_wait(&q, "BENCH done", 120) == 0 &&
        parse(r, q.log, instructions ? 0 : tsc_per_ns()) > 0)
        rc = 0;
    qemu_stop(&q);
    return rc;
}

int bench_micro(struct report *r, const struct options *o)
{
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        /* Instructions repeat exactly: one run says it. */
        if (run(r, o, &programs[i], true) != 0)
            return -1;
        for (int n = 0; n < o->repeats; n++)
            if (run(r, o, &programs[i], false) != 0)
                return -1;
    }
    return 0;
}
