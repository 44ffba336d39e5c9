/* SPDX-License-Identifier: MIT */
/* The commands of `scree`: the one list, and what one borrows of another. */
#ifndef SCREE_COMMANDS_H
#define SCREE_COMMANDS_H

#include "tools/scree/cli.h"

/* In the order of the help; ends with a name of NULL. */
extern const struct command commands[];

/* The command of this name or alias, or NULL. */
const struct command *command_find(const char *name);

/* up.c */
extern const struct args_option up_options[], down_options[];
int up_run(struct cli *c);
int down_run(struct cli *c);
/* Opens the chosen cell; starts it first if it is down. */
bool up_open(struct cli *c, struct error *e);
/* Until a cell that is just starting, or starting again, is up. */
bool up_wait(struct cli *c, struct error *e);

/* run.c */
extern const struct args_option run_options[];
int run_run(struct cli *c);

/* attach.c */
extern const struct args_option console_options[];
int console_run(struct cli *c);

/* list.c */
extern const struct args_option ls_options[], json_options[], wait_options[];
int ls_run(struct cli *c);
int cells_run(struct cli *c);

/* inspect.c */
extern const struct args_option inspect_options[];
int inspect_run(struct cli *c);

/* follow.c */
extern const struct args_option logs_options[], events_options[];
int logs_run(struct cli *c);
int events_run(struct cli *c);

/* act.c */
extern const struct args_option act_options[], stop_options[], rm_options[];
int act_run(struct cli *c);
int set_run(struct cli *c);
int wait_run(struct cli *c);

/* store.c */
extern const struct args_option store_options[];
int store_run(struct cli *c);

/* apply.c, export.c */
extern const struct args_option apply_options[], export_options[];
int apply_run(struct cli *c);
int export_run(struct cli *c);

/* top.c */
extern const struct args_option top_options[];
int top_run(struct cli *c);

/* images.c */
extern const struct args_option image_options[];
int image_run(struct cli *c);

#endif
