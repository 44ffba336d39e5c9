/* SPDX-License-Identifier: MIT */
/*
 * The console device of a domain: the same console as console_io's, in
 * batches.
 */
#ifndef IO_VIO_CONSOLE_H
#define IO_VIO_CONSOLE_H

#include "base/types.h"

struct domain;

/* SCREE_VIO_KICK of d's console device; d's lock is not held. */
int64_t vio_console_kick(struct domain *d, uint64_t limit);

/* Moves typed bytes that wait for d into posted buffers, if the device is open.
 * The caller raises the event. d's lock is not held. */
void vio_console_drain(struct domain *d);

#endif
