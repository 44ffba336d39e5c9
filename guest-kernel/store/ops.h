/* SPDX-License-Identifier: MIT */
/*
 * The operations: one function for each message that a client may send, called
 * by wire.c. See docs/store.md for the table.
 */
#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "store/wire.h"

/* ops_node.c */
int op_read(struct request *r);
int op_directory(struct request *r);
int op_directory_part(struct request *r);
int op_get_perms(struct request *r);
int op_write(struct request *r);
int op_mkdir(struct request *r);
int op_rm(struct request *r);
int op_set_perms(struct request *r);

/* ops_watch.c */
int op_watch(struct request *r);
int op_unwatch(struct request *r);
int op_reset_watches(struct request *r);

/* ops_transaction.c */
int op_transaction_start(struct request *r);
int op_transaction_end(struct request *r);

/* ops_domain.c */
int op_introduce(struct request *r);
int op_release(struct request *r);
int op_resume(struct request *r);
int op_is_introduced(struct request *r);
int op_domain_path(struct request *r);
int op_set_target(struct request *r);

/* ops_control.c */
int op_control(struct request *r);

#endif
