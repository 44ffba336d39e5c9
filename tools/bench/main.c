/* SPDX-License-Identifier: MIT */
/*
 * scree-bench: runs the measurements and writes the reports. Never a test:
 * it fails only when something could not be measured at all.
 */
#include "tools/bench/bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void usage(FILE *f)
{
    fprintf(f, "usage: scree-bench [--build DIR] [--out DIR] [--repeats N]\n"
               "                   [--seconds S] [--only micro|net|control]\n"
               "Measures a built scree and writes DIR/report.json and "
               "DIR/report.txt.\n");
}

static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"build", 1, NULL, 'b'},   {"out", 1, NULL, 'o'},
        {"repeats", 1, NULL, 'r'}, {"seconds", 1, NULL, 's'},
        {"only", 1, NULL, 'y'},    {"help", 0, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == 'b')
            o->build = optarg;
        else if (c == 'o')
            o->out = optarg;
        else if (c == 'r')
            o->repeats = atoi(optarg);
        else if (c == 's')
            o->seconds = atof(optarg);
        else if (c == 'y') {
            o->micro = !strcmp(optarg, "micro");
            o->net = !strcmp(optarg, "net");
            o->control = !strcmp(optarg, "control");
        } else if (c == 'h') {
            usage(stdout);
            exit(0);
        } else
            return -1;
    }
    return o->repeats > 0 && o->seconds >= 1 &&
                   (o->micro || o->net || o->control) && optind == argc
               ? 0
               : -1;
}

int main(int argc, char **argv)
{
    struct options o = {.build = "build",
                        .out = "build/bench",
                        .repeats = 3,
                        .seconds = 3,
                        .micro = true,
                        .net = true,
                        .control = true};
    struct report *r;
    int rc = 0;

    if (parse(argc, argv, &o) != 0) {
        usage(stderr);
        return 2;
    }
    if (mkdir(o.out, 0755) != 0 && errno != EEXIST) {
        perror(o.out);
        return 1;
    }
    r = report_new();
    if (o.micro)
        rc |= bench_micro(r, &o);
    if (o.net)
        rc |= bench_net(r, &o);
    if (o.control)
        rc |= bench_control(r, &o);
    rc |= report_write(r, &o);
    report_free(r);
    return rc ? 1 : 0;
}
