/* SPDX-License-Identifier: MIT */
/* What ops share; the table of all ops is in ops.c. */
#ifndef SCREED_OPS_H
#define SCREED_OPS_H

#include "tools/screed/api.h"

void op_run(struct op *op);
void op_start(struct op *op);
void op_stop(struct op *op);
void op_kill(struct op *op);
void op_pause(struct op *op);
void op_resume(struct op *op);
void op_rm(struct op *op);
void op_set(struct op *op);
void op_wait(struct op *op);
void op_console(struct op *op);
void op_ls(struct op *op);
void op_logs(struct op *op);
void op_events(struct op *op);
void op_cell(struct op *op);
void op_down(struct op *op);
void op_image_ls(struct op *op);
void op_image_has(struct op *op);
void op_image_put(struct op *op);
void op_image_rm(struct op *op);

/* Removes the op's domain for good, killing it first if it runs; then the op
 * fails with op->error if op->failed is set, else it is answered. */
void op_remove_domain(struct op *op);

/* A request about the op's domain: SCREE_MANAGE_KILL and the like. */
void op_ask_name(struct op *op, uint32_t what, uint64_t value,
                 channel_reply *reply);

/* {"reason": ..., "code": ...} of the last end. */
cJSON *op_end_fields(const struct domain *d);

/* Output of the watched domain goes to the op; input comes from it. */
void op_attach(struct op *op, struct domain *d);

/* "since", a Unix time, in ns; 0: absent. */
bool op_get_since(const struct op *op, uint64_t *ns, struct error *e);

/* A copy that is UTF-8: what is not becomes U+FFFD. free() it. */
char *op_clean_text(const char *text, size_t n);

#endif
