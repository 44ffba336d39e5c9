/* SPDX-License-Identifier: MIT */
/* What fake_cell.c (sockets, frames) and fake_domains.c (requests) share. */
#ifndef SCREED_TESTS_FAKE_CELL_H
#define SCREED_TESTS_FAKE_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/screed/frame.h"

uint64_t fake_time(void); /* the cell's system time, ns */

/* To the host, whole; nothing while nobody is connected. */
void fake_put(const void *bytes, size_t n);
void fake_put_frame(uint16_t type, uint32_t tag, const void *bytes, size_t n);
void fake_print(uint32_t domain, const char *text);
void fake_hangup(void);
/* Domain 0 begins anew. */
void fake_rebirth(void);

/* A frame of SCREE_FRAME_REQUEST, or of SCREE_FRAME_INPUT. */
void fake_take_request(const struct frame *f);
void fake_take_input(const struct frame *f);

#endif
