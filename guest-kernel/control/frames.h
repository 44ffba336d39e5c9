/* SPDX-License-Identifier: MIT */
/*
 * Frames of the control channel (scree/channel.h) out of and into a byte
 * stream. Pure: it knows neither the stream's ends nor what frames mean.
 *
 * The reader looks for the next good frame in whatever comes: bytes before it
 * are dropped, and a head whose check is wrong costs one byte only, so that the
 * frame that was broken into is found. It holds at most one frame.
 */
#ifndef CONTROL_FRAMES_H
#define CONTROL_FRAMES_H

#include "control/queue.h"
#include "scree/channel.h"

struct frame {
    uint16_t type;
    uint16_t length;
    uint32_t tag;
    const uint8_t *payload; /* aligned to 8; valid until the next call */
};

struct frame_reader {
    _Alignas(8) uint8_t bytes[SCREE_FRAME_MAX];
    size_t size;
    size_t done;      /* the frame last given: goes with the next call */
    uint64_t dropped; /* bytes that belonged to no good frame */
};

/* Takes bytes from *from and gives the next frame. false: *n is 0 and no frame
 * is whole. *from and *n move on by what was taken. */
bool frame_next(struct frame_reader *r, const uint8_t **from, size_t *n,
                struct frame *f);

/* Where the payload of a frame to come is to be written, SCREE_FRAME_PAYLOAD
 * bytes at most; NULL: no room. frame_send() makes it a frame. */
uint8_t *frame_begin(struct queue *q, size_t payload);
void frame_send(struct queue *q, uint16_t type, uint32_t tag, size_t payload);
/* Both. false: no room, nothing was added. */
bool frame_add(struct queue *q, uint16_t type, uint32_t tag,
               const void *payload, size_t n);

#endif
