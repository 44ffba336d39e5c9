/* SPDX-License-Identifier: MIT */
/*
 * CONTROL: quotas here; anything else is the user's.
 */
#include <errno.h>
#include <string.h>

#include "store/ops.h"

#define WORDS 16u

int op_control(struct request *r)
{
    const char *words[WORDS];
    unsigned n = wire_strings(r, words, WORDS);
    char *answer = r->s->reply.body;
    int error;

    if (n == 0 || n > WORDS)
        return EINVAL;
    if (!r->s->calls->control)
        return ENOSYS;
    answer[0] = 0;
    error = r->s->calls->control(r->s->user, words, n, answer,
                                 XENSTORE_PAYLOAD_MAX);
    if (!error)
        wire_reply_here(r, strlen(answer) + 1);
    return error;
}
