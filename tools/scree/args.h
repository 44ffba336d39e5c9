/* SPDX-License-Identifier: MIT */
/*
 * The command line of one command: options by a table, words, and what stands
 * after "--". Options may stand before and after words. The same table makes
 * the help. Pure: nothing is printed, nothing ends the program.
 */
#ifndef SCREE_ARGS_H
#define SCREE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/lib/error.h"

#define ARGS_MAX 4096 /* options and words of one command */

/* A table ends with a name of NULL. */
struct args_option {
    const char *name;  /* without "--" */
    char letter;       /* or 0 */
    const char *value; /* what it takes, for the help; "[X]": X may be left
                        * out; NULL: nothing */
    const char *help;  /* NULL: not in the help */
};

struct args_given {
    const struct args_option *option;
    const char *value; /* "" if it has none */
};

struct args {
    size_t given_count, word_count, rest_count;
    struct args_given given[ARGS_MAX];
    char *words[ARGS_MAX];
    char **rest; /* what stands after "--" */
};

/* Reads argv[1..]; options come from own or common. `e` has code "usage". */
bool args_parse(struct args *a, const struct args_option *own, int argc,
                char **argv, struct error *e);

/* --cell and --help, which every command has; own ones go first. */
extern const struct args_option args_common[];

bool args_has(const struct args *a, const char *name);

/* The value, NULL if it is not given; if it is given twice, the last. */
const char *args_value(const struct args *a, const char *name);

/* The values of one that may be given often: *at begins at 0; NULL: no more. */
const char *args_next(const struct args *a, const char *name, size_t *at);

/* One line for each option. */
void args_help(FILE *out, const struct args_option *own);

#endif
