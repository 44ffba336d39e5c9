/* SPDX-License-Identifier: MIT */
/*
 * Consecutive TCP segments of one flow put together for a card that cuts them
 * apart again (TSO). The host behind an emulated card then handles one large
 * frame instead of a dozen, and answers with fewer ACKs.
 *
 * Works on frames in the card driver's own buffers, never in guest memory. Only
 * segments that a receiver could not tell from cut ones are joined: the same
 * headers but for sequence number, IP id and PSH at the end, each full but the
 * last. The card makes their TCP checksums anew.
 */
#ifndef IO_SEGMENTS_H
#define IO_SEGMENTS_H

#include "base/types.h"

#define SEGMENTS_CHECKSUM_START  34 /* of the TCP header in a joined frame */
#define SEGMENTS_CHECKSUM_OFFSET 16 /* of the checksum in the TCP header */

struct segment_run {
    uint8_t *first;  /* the first frame, or NULL: nothing can be joined */
    uint32_t count;  /* segments */
    uint32_t length; /* of the joined frame, bytes */
    uint32_t header; /* bytes of Ethernet, IPv4 and TCP header */
    uint32_t size;   /* payload of each segment but the last */
    uint32_t next;   /* the sequence number that would follow */
    bool ended;      /* nothing can follow: PSH or a short segment */
};

/* Begins with this frame; s->first is NULL if nothing can join it. */
void segments_begin(struct segment_run *s, uint8_t *frame, uint32_t length);

/* Joins a frame. Returns how many bytes of header to leave out of it; 0: it
 * does not belong to s, which is unchanged. */
must_check uint32_t segments_join(struct segment_run *s, const uint8_t *frame,
                                  uint32_t length);

/* Makes the first frame's headers those of the joined frame: IPv4 length and
 * checksum, and the pseudo header's sum where the TCP checksum will be. False,
 * and nothing done: it is but one segment. */
must_check bool segments_end(const struct segment_run *s);

#endif
