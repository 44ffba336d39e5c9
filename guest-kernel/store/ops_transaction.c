/* SPDX-License-Identifier: MIT */
/*
 * TRANSACTION_START, TRANSACTION_END.
 */
#include <errno.h>

#include "store/ops.h"

int op_transaction_start(struct request *r)
{
    (void)r;
    return ENOSYS;
}

int op_transaction_end(struct request *r)
{
    (void)r;
    return ENOSYS;
}
