/* SPDX-License-Identifier: MIT */
/*
 * Frames in pieces: see packet.h.
 */
#include "io/packet.h"

#include "io/copy.h"

/* The slow way: short frames and those with a header across two pages. */
static void load_bytes(struct packet *f)
{
    uint32_t n = (uint32_t)min_u64(f->length, PACKET_HEADER);
    uint32_t first = (uint32_t)min_u64(n, f->piece_length[0]);

    for (unsigned i = 0; i < PACKET_HEADER / 8; i++)
        f->header.word[i] = 0;
    copy_bytes(f->header.byte, f->piece[0], first);
    if (n > first)
        copy_bytes(f->header.byte + first, f->piece[1], n - first);
}

void packet_load(struct packet *f)
{
    if (f->piece_length[0] < PACKET_HEADER) {
        load_bytes(f);
        return;
    }
    for (unsigned i = 0; i < PACKET_HEADER / 8; i++)
        copy_word(&f->header.word[i], f->piece[0] + 8 * i);
}

void packet_copy(const struct packet *f, uint8_t *to)
{
    if (f->length < PACKET_HEADER || f->piece_length[0] != f->length) {
        packet_copy_part(f, 0, f->length, to);
        return;
    }
    for (unsigned i = 0; i < PACKET_HEADER / 8; i++)
        copy_word(to + 8 * i, &f->header.word[i]);
    copy_bytes(to + PACKET_HEADER, f->piece[0] + PACKET_HEADER,
               f->length - PACKET_HEADER);
}

void packet_copy_part(const struct packet *f, uint32_t at, uint32_t n,
                      uint8_t *to)
{
    uint32_t end = at + n;
    uint32_t start = 0;

    if (at < PACKET_HEADER) {
        uint32_t take = (uint32_t)min_u64(n, PACKET_HEADER - at);

        copy_bytes(to, f->header.byte + at, take);
        to += take;
        at += take;
    }
    for (unsigned i = 0; i < 2 && at < end; i++) {
        uint32_t limit = start + f->piece_length[i];

        if (at < limit) {
            uint32_t take = (uint32_t)min_u64(end, limit) - at;

            copy_bytes(to, f->piece[i] + (at - start), take);
            to += take;
            at += take;
        }
        start = limit;
    }
}
