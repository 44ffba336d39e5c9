/* SPDX-License-Identifier: MIT */
/* The list of commands, and those of a few lines. */
#include "tools/scree/commands.h"

#include <stdio.h>
#include <string.h>

#include "tools/scree/version.h"

static const struct args_option none[] = {{NULL, 0, NULL, NULL}};

static int exec_run(struct cli *c)
{
    (void)c;
    fputs("scree: there is no exec: a domain is one program on a virtual "
          "machine of its own,\n"
          "without processes, a shell or files to start another one from. "
          "Instead:\n"
          "  scree console NAME   what it prints, and typing to it\n"
          "  scree logs NAME      what it has printed\n"
          "  scree inspect NAME   its state and counters\n"
          "  scree store ls -r    what it tells in the store\n"
          "  scree run IMAGE      another domain beside it\n",
          stderr);
    return STATUS_USAGE;
}

static int version_run(struct cli *c)
{
    cJSON *o = cli_must(cJSON_CreateObject()), *answer = NULL;
    const cJSON *cell = NULL;
    struct error ignored;

    json_put_text(o, "scree", VERSION_TEXT);
    if (cli_open(c, &ignored))
        cell = cli_ask(c, "cell", "cell", &answer, &ignored);
    if (cell) {
        json_put_text(o, "cell", c->cell);
        json_put_text(o, "hypervisor", json_text(cell, "version", "?"));
    }
    cJSON_Delete(answer);
    if (args_has(&c->args, "json")) {
        cli_print_json(o);
        return STATUS_GOOD;
    }
    printf("scree %s\n", VERSION_TEXT);
    if (cell)
        printf("cell '%s': %s\n", c->cell, json_text(o, "hypervisor", "?"));
    cJSON_Delete(o);
    return STATUS_GOOD;
}

#define WHOM "NAME|GLOB... | -l KEY=VALUE"

const struct command commands[] = {
    {"up", "", "start a cell",
     "A cell that is up already is left as it is. Its options are kept for the "
     "next time.",
     up_options, up_run, false},
    {"down", "", "end a cell: its domains, QEMU and screed",
     "Definitions, images and logs stay, unless --rm is given; 'scree up' "
     "brings the\ncell back, and its domains as their restart policies say.",
     down_options, down_run, false},
    {"cells", "", "list the cells", NULL, json_options, cells_run, false},
    {"run", "IMAGE [-- ARGS...]", "make a domain of an image and start it",
     "IMAGE is a file, one that comes with scree (web, dns, echo, hello), or "
     "the\nsha256:... of one that the cell has. Without -d, its console is "
     "this terminal and\nits exit code that of 'scree run'; Ctrl-] leaves it, "
     "Ctrl-C asks it to stop, a\nsecond Ctrl-C kills it. A cell is started if "
     "there is none.",
     run_options, run_run, false},
    {"ls", "[NAME|GLOB...]", "list domains", NULL, ls_options, ls_run, false},
    {"top", "[NAME|GLOB...]", "watch who uses the cell",
     "Keys: n c m p w h sort by name, CPU, memory, packets, wake-ups, "
     "hypercalls;\nr turns the order; arrows, space and page keys move; q "
     "ends. CPU% is of one\nprocessor.",
     top_options, top_run, false},
    {"console", "NAME", "attach to the console of a domain",
     "Ctrl-] leaves it; the domain goes on.", console_options, console_run,
     false},
    {"logs", "[NAME|GLOB...]", "show what domains have printed",
     "Without a name: what the hypervisor has printed. Of several domains, "
     "each line\nbegins with its [name].",
     logs_options, logs_run, false},
    {"inspect", "NAME|GLOB... | --cell [CELL]",
     "show all about a domain, or "
     "about the cell",
     NULL, inspect_options, inspect_run, false},
    {"wait", WHOM, "wait until domains have ended; print their exit codes",
     NULL, wait_options, wait_run, false},
    {"events", "", "show what has happened in the cell", NULL, events_options,
     events_run, false},
    {"start", WHOM, "start domains that are down", NULL, act_options, act_run,
     false},
    {"pause", WHOM, "hold domains", NULL, act_options, act_run, false},
    {"resume", WHOM, "let paused domains go on", NULL, act_options, act_run,
     false},
    {"stop", WHOM, "ask domains to end; kill those that do not in time", NULL,
     stop_options, act_run, false},
    {"kill", WHOM, "end domains at once", NULL, act_options, act_run, false},
    {"rm", WHOM, "remove domains that are down", NULL, rm_options, act_run,
     false},
    {"set", WHOM " KEY=VALUE...", "change what may change while a domain runs",
     "Keys: weight, net-rate, restart, label.", act_options, set_run, false},
    {"image", "ls | rm NAME|DIGEST... | put FILE...",
     "list, remove or add images of the cell", NULL, image_options, image_run,
     false},
    {"store", "ls|read|write|mkdir|rm|exists|watch|chmod PATH...",
     "read and write the cell's store", NULL, store_options, store_run, false},
    {"apply", "FILE", "make the cell like a file says, and say what changes",
     "FILE is a cell.conf ('-': stdin). Marks: + made, ~ changed, - removed. "
     "Domains that\nthe file does not name stay, unless --prune is given. If "
     "anything is wrong with\nthe file, nothing is done.",
     apply_options, apply_run, false},
    {"export", "[NAME|GLOB...]", "write the domains as a file for apply", NULL,
     export_options, export_run, false},
    {"version", "", "show versions", NULL, json_options, version_run, false},
    {"exec", "", "why there is no exec", NULL, none, exec_run, true},
    {NULL, NULL, NULL, NULL, NULL, NULL, false},
};

/* What docker and others call it. */
static const struct {
    const char *alias, *name;
} aliases[] = {{"ps", "ls"},          {"list", "ls"},
               {"attach", "console"}, {"unpause", "resume"},
               {"images", "image"},   {"update", "set"}};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (!strcmp(name, aliases[i].alias))
            name = aliases[i].name;
    for (const struct command *k = commands; k->name; k++)
        if (!strcmp(name, k->name))
            return k;
    return NULL;
}
