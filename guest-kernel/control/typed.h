/* SPDX-License-Identifier: MIT */
/*
 * What the host types for domains' consoles and a console has no room for yet:
 * kept, in bounds, and tried again, at first soon and then ever more rarely, as
 * long as the domain lives.
 */
#ifndef CONTROL_TYPED_H
#define CONTROL_TYPED_H

#include "control/calls.h"
#include "control/queue.h"

struct typed_input;

struct typed {
    const struct calls *calls;
    struct typed_input *first;
    unsigned count;
};

void typed_open(struct typed *t, const struct calls *calls);
void typed_close(struct typed *t);
/* What is over the bounds is lost. */
void typed_put(struct typed *t, uint32_t domain, const void *bytes, size_t n);
/* Tries again what is due; when that is to be done next. */
uint64_t typed_pass(struct typed *t);
void typed_forget(struct typed *t, uint32_t domain);

#endif
