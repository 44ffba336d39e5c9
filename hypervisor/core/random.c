/* SPDX-License-Identifier: MIT */
/*
 * The cell's random numbers: see random.h.
 */
#include "core/random.h"

#include "base/string.h"
#include "machine/machine.h"

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void quarter(uint32_t *s, int a, int b, int c, int d)
{
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

void random_block(const uint32_t in[16], uint32_t out[16])
{
    uint32_t s[16];

    memcpy(s, in, sizeof(s));
    for (int i = 0; i < 10; i++) {
        quarter(s, 0, 4, 8, 12);
        quarter(s, 1, 5, 9, 13);
        quarter(s, 2, 6, 10, 14);
        quarter(s, 3, 7, 11, 15);
        quarter(s, 0, 5, 10, 15);
        quarter(s, 1, 6, 11, 12);
        quarter(s, 2, 7, 8, 13);
        quarter(s, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++)
        out[i] = s[i] + in[i];
}

/* One block: the first half becomes the next key, the second is output. */
static void draw(struct random *r, uint64_t out[4])
{
    static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32,
                                          0x6b206574};
    uint32_t in[16] = {0}, block[16];

    memcpy(in, constants, sizeof(constants));
    memcpy(in + 4, r->key, sizeof(r->key));
    in[12] = (uint32_t)r->draws;
    in[13] = (uint32_t)(r->draws >> 32);
    r->draws++;
    random_block(in, block);
    memcpy(r->key, block, sizeof(r->key));
    memcpy(out, block + 8, 32);
}

/* Mixes four words into the key. */
static void stir(struct random *r, const uint64_t words[4])
{
    uint64_t discard[4];
    uint32_t more[8];

    memcpy(more, words, sizeof(more));
    for (int i = 0; i < 8; i++)
        r->key[i] ^= more[i];
    draw(r, discard);
}

void random_init(struct random *r, const uint64_t seed[4])
{
    const struct machine_info *info = machine_info();
    uint64_t words[4] = {info->wall_clock_ns, machine_clock(), info->clock_base,
                         info->clock_mul};
    bool from_machine = true;

    memset(r, 0, sizeof(*r));
    lock_init(&r->lock, RANK_RANDOM, 0);
    stir(r, words);
    for (int i = 0; i < 4; i++)
        from_machine = machine_random(&words[i]) && from_machine;
    stir(r, words);
    r->seeded = from_machine;
    if (seed && (seed[0] | seed[1] | seed[2] | seed[3])) {
        stir(r, seed);
        r->seeded = true;
    }
}

void random_draw(struct random *r, uint64_t out[4])
{
    lock_take(&r->lock);
    draw(r, out);
    lock_release(&r->lock);
}
