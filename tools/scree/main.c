/* SPDX-License-Identifier: MIT */
/*
 * scree: one command for the whole life of a cell. Finds the command, reads its
 * options, and leaves the rest to it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tools/scree/commands.h"
#include "tools/scree/nearest.h"

static void print_commands(FILE *out)
{
    fputs("usage: scree COMMAND [OPTIONS] ...\n\n", out);
    for (const struct command *k = commands; k->name; k++)
        if (!k->hidden)
            fprintf(out, "  %-9s %s\n", k->name, k->summary);
    fputs(
        "\n'scree COMMAND --help' says more of one; 'man scree' of all. There "
        "is no exec:\n'scree exec' says why.\n",
        out);
}

static int print_help(const struct command *k)
{
    printf("usage: scree %s [OPTIONS]%s%s\n\n%s\n", k->name,
           *k->words ? " " : "", k->words, k->summary);
    if (k->more)
        printf("\n%s\n", k->more);
    puts("\noptions:");
    args_help(stdout, k->options);
    return STATUS_GOOD;
}

static int unknown(const char *name)
{
    const char *nearest = NULL;
    unsigned least = 3; /* farther ones are no help */

    for (const struct command *k = commands; k->name; k++) {
        unsigned n = nearest_distance(name, k->name);
        if (n >= least)
            continue;
        least = n;
        nearest = k->name;
    }
    fprintf(stderr, "scree: there is no command '%.40s'", name);
    if (nearest)
        fprintf(stderr, "; did you mean '%s'?", nearest);
    fputs(" ('scree --help' lists all)\n", stderr);
    return STATUS_USAGE;
}

static int run(const struct command *k, int argc, char **argv, const char *cell)
{
    static struct cli c; /* large */
    struct error e;
    int status;

    c.command = k;
    if (!args_parse(&c.args, k->options, argc, argv, &e))
        return cli_usage(&c, "%s", e.text);
    if (args_has(&c.args, "help"))
        return print_help(k);
    if (cell && !args_has(&c.args, "cell"))
        c.args.given[c.args.given_count++] =
            (struct args_given){&args_common[0], cell};
    status = k->run(&c);
    if (c.open)
        client_close(&c.api);
    if (fflush(stdout) || ferror(stdout)) {
        perror("scree: cannot write");
        return status ? status : STATUS_FAILED;
    }
    return status;
}

/* "scree --cell NAME COMMAND": as if it stood behind the command. */
static const char *take_cell(int *argc, char ***argv)
{
    const char *cell = NULL;
    const char *first = *argc > 1 ? (*argv)[1] : "";
    int used = 0;

    if (!strncmp(first, "--cell=", 7)) {
        cell = first + 7;
        used = 1;
    } else if (!strcmp(first, "--cell") && *argc > 2) {
        cell = (*argv)[2];
        used = 2;
    }
    *argc -= used;
    *argv += used;
    return cell;
}

int main(int argc, char **argv)
{
    const char *cell = take_cell(&argc, &argv);
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *k;
    struct error e;

    signal(SIGPIPE, SIG_DFL);
    if (!paths_settle(&e))
        return cli_fail(&e);
    if (!strcmp(name, "--version") || !strcmp(name, "-V"))
        name = "version";
    if (!strcmp(name, "help") && argc > 2) {
        k = command_find(argv[2]);
        return k ? print_help(k) : unknown(argv[2]);
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
        !strcmp(name, "help")) {
        print_commands(stdout);
        return STATUS_GOOD;
    }
    if (!*name) {
        print_commands(stderr);
        return STATUS_USAGE;
    }
    k = command_find(name);
    if (!k)
        return unknown(name);
    return run(k, argc - 1, argv + 1, cell);
}
