/* SPDX-License-Identifier: MIT */
/*
 * Frames in pieces: see packet.h.
 */
#include "io/packet.h"

#include "io/copy.h"

static uint32_t copied_of(uint32_t length)
{
    return length <= PACKET_SHORT ? length : PACKET_HEADER;
}

void packet_load_short(struct packet *f, const uint8_t *bytes, uint32_t length)
{
    copy_bytes(f->header.byte, bytes, length);
    f->length = length;
    f->copied = length;
}

void packet_load(struct packet *f, const uint8_t *bytes, uint32_t length)
{
    uint32_t n = copied_of(length);

    copy_bytes(f->header.byte, bytes, n);
    f->length = length;
    f->copied = n;
    f->piece[0] = bytes + n;
    f->piece_length[0] = length - n;
    f->piece_length[1] = 0;
}

void packet_load_two(struct packet *f, const uint8_t *first,
                     uint32_t first_length, const uint8_t *second,
                     uint32_t length)
{
    uint32_t n = copied_of(length);
    uint32_t a = (uint32_t)min_u64(n, first_length);
    uint32_t b = n - a;

    copy_bytes(f->header.byte, first, a);
    copy_bytes(f->header.byte + a, second, b);
    f->length = length;
    f->copied = n;
    f->piece[0] = first + a;
    f->piece_length[0] = first_length - a;
    f->piece[1] = second + b;
    f->piece_length[1] = length - first_length - b;
}

void packet_copy(const struct packet *f, uint8_t *to)
{
    copy_bytes(to, f->header.byte, f->copied);
    if (f->copied == f->length)
        return;
    to += f->copied;
    copy_bytes(to, f->piece[0], f->piece_length[0]);
    copy_bytes(to + f->piece_length[0], f->piece[1], f->piece_length[1]);
}

/* What of a packet is copied, and where to. */
struct part {
    uint32_t at, end;
    uint8_t *to;
};

/* Copies what the part has of a piece that begins at `start`. */
static void copy_overlap(struct part *p, const uint8_t *piece, uint32_t start,
                         uint32_t length)
{
    uint32_t from = (uint32_t)max_u64(p->at, start);
    uint32_t end = (uint32_t)min_u64(p->end, start + length);

    if (from >= end)
        return;
    copy_bytes(p->to, piece + (from - start), end - from);
    p->to += end - from;
}

void packet_copy_part(const struct packet *f, uint32_t at, uint32_t n,
                      uint8_t *to)
{
    struct part p = {.at = at, .end = at + n, .to = to};
    uint32_t second = f->copied + f->piece_length[0];

    copy_overlap(&p, f->header.byte, 0, f->copied);
    if (f->copied == f->length)
        return;
    copy_overlap(&p, f->piece[0], f->copied, f->piece_length[0]);
    copy_overlap(&p, f->piece[1], second, f->piece_length[1]);
}
