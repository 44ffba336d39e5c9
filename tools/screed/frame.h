/* SPDX-License-Identifier: MIT */
/*
 * Frames of the control channel (scree/channel.h) in a stream of bytes that may
 * begin anywhere and contain anything.
 */
#ifndef SCREED_FRAME_H
#define SCREED_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/channel.h"

struct frame {
    struct scree_frame_head head;
    uint8_t payload[SCREE_FRAME_PAYLOAD];
};

/*
 * Looks for a frame in the first n bytes. *used: how many bytes are done with,
 * whether true (*out is a good frame) or false (there is none before them; more
 * are needed). Never more than SCREE_FRAME_MAX bytes are asked for.
 */
bool frame_take(const uint8_t *bytes, size_t n, struct frame *out,
                size_t *used);

/* Fills *f; n is at most SCREE_FRAME_PAYLOAD. Returns its size on the wire. */
size_t frame_make(struct frame *f, uint16_t type, uint32_t tag,
                  const void *payload, size_t n);

#endif
