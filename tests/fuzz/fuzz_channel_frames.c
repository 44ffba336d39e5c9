/* SPDX-License-Identifier: MIT */
/*
 * The control domain from both sides: what the host sends through the channel,
 * and what domains put into their store rings, print and do, on a fake cell.
 * It must stay alive, answer in whole frames, sleep when nothing is to be done,
 * and hold nothing once everything has gone.
 *
 *   byte 0: what (see enum), then what that needs
 */
#include <stdlib.h>
#include <string.h>

#include "control/domain0.h"
#include "control/frames.h"
#include "fake_cell.h"
#include "fuzz.h"

#define STEPS  200
#define PASSES 3000
#define PART   4096

enum what { RAW, FRAME, REQUEST, STORE, RING, DOMAIN, TIME, ROOM, KINDS };

struct world {
    struct fake_cell *cell;
    struct domain0 *z;
    struct fuzz_input in;
    struct frame_reader reader;
};

static size_t part(struct world *w, uint8_t *to, size_t most)
{
    size_t n = fuzz_u16(&w->in) % (most + 1);

    if (n > w->in.left)
        n = w->in.left;
    fuzz_bytes(&w->in, to, n);
    return n;
}

static void put(struct world *w, uint16_t type, uint32_t tag,
                const uint8_t *bytes, size_t n)
{
    FUZZ_CHECK(frame_add(&w->cell->from_host, type, tag, bytes, n));
}

static void do_raw(struct world *w)
{
    uint8_t bytes[PART];

    FUZZ_CHECK(queue_add(&w->cell->from_host, bytes, part(w, bytes, PART)));
}

static void do_frame(struct world *w)
{
    uint8_t bytes[SCREE_FRAME_PAYLOAD];
    uint16_t type = fuzz_byte(&w->in) % 11;
    uint32_t tag = fuzz_byte(&w->in);

    put(w, type, tag, bytes, part(w, bytes, sizeof(bytes)));
}

/* A request whose record is mostly zero, or a good RUN with changed bytes. */
static void do_request(struct world *w)
{
    static const uint16_t sizes[] = {0,  0,  0,  40,  40, 40,  40,  40,
                                     40, 40, 56, 112, 16, 112, 112, 112};
    uint8_t bytes[SCREE_FRAME_PAYLOAD] = {fuzz_byte(&w->in) % 16};
    struct scree_manage_run r = {
        .config = {.size = sizeof(r.config), .memory = 4096, .weight = 1},
    };
    size_t n = 8 + sizes[bytes[0]];
    uint8_t changes = fuzz_byte(&w->in) % 8;

    if (bytes[0] == SCREE_MANAGE_RUN) {
        memset(r.image, 0x11, sizeof(r.image));
        memcpy(bytes + 8, &r, sizeof(r));
        n = 8 + sizeof(r);
    }
    bytes[8 + (bytes[0] == SCREE_MANAGE_RUN ? 16 : 0)] =
        (uint8_t)('a' + fuzz_byte(&w->in) % 4); /* a name, where there is one */
    for (; changes; changes--)
        bytes[8 + fuzz_u16(&w->in) % (sizeof(bytes) - 8)] = fuzz_byte(&w->in);
    put(w, SCREE_FRAME_REQUEST, 1, bytes, n + fuzz_byte(&w->in) % 2 * 4);
}

/* A request of the store that is whole. */
static void do_store(struct world *w)
{
    uint8_t bytes[16 + 256] = {fuzz_byte(&w->in) % 24};
    size_t n = part(w, bytes + 16, 256);

    bytes[4] = 1;
    bytes[12] = (uint8_t)n;
    put(w, SCREE_FRAME_STORE, fuzz_byte(&w->in) % 4, bytes, 16 + n);
}

static uint32_t some_domain(struct world *w)
{
    uint32_t from = fuzz_byte(&w->in) % 16;

    for (uint32_t i = 0; i < 64; i++)
        if (fake_domain(w->cell, from + i))
            return from + i;
    return 0;
}

static void do_ring(struct world *w)
{
    uint32_t id = some_domain(w);
    uint8_t bytes[FAKE_RING];
    struct fake_domain *d = id ? fake_domain(w->cell, id) : NULL;
    size_t n = part(w, bytes, FAKE_RING);

    if (!d || d->state.state >= SCREE_DOMAIN_DYING)
        return;
    if (!d->epoch || d->stopped || n == 1)
        fake_ring_open(w->cell, id);
    if (n <= FAKE_RING - d->requests.size)
        fake_ring_send(w->cell, id, bytes, n);
    if (n & 1)
        (void)fake_ring_read(w->cell, id, bytes, sizeof(bytes));
}

static void do_domain(struct world *w)
{
    uint32_t id = some_domain(w);
    uint8_t how = fuzz_byte(&w->in), code = fuzz_byte(&w->in);

    if (how % 4 == 0)
        (void)fake_boot(w->cell, how & 4 ? "boot" : "b",
                        how & 8 ? 0x0a000005 : 0);
    if (!id || fake_domain(w->cell, id)->state.state >= SCREE_DOMAIN_CRASHED)
        return;
    if (how % 4 == 1)
        fake_end(w->cell, id, how / 4 % 6, code);
    else if (how % 4 == 2)
        fake_ready(w->cell, id);
    else
        fake_console(w->cell, id, "line\n");
}

static void take_frames(struct world *w)
{
    struct queue *q = &w->cell->to_host;
    const uint8_t *from = q->size ? queue_front(q) : NULL;
    size_t n = q->size;
    struct frame f;

    while (n && frame_next(&w->reader, &from, &n, &f))
        FUZZ_CHECK(f.type != SCREE_FRAME_SYNC && f.type != SCREE_FRAME_REQUEST);
    queue_clear(q);
}

/* Until there is nothing to do; it does not last for ever. */
static void settle(struct world *w)
{
    unsigned passes = 0;
    bool busy;

    do {
        uint64_t due = domain0_pass(w->z);

        busy = due <= w->cell->now || w->cell->to_host.size > 0 ||
               w->cell->queue_count;
        take_frames(w);
        FUZZ_CHECK(++passes < PASSES);
    } while (busy);
}

static void step(struct world *w)
{
    switch (fuzz_byte(&w->in) % KINDS) {
    case RAW:
        do_raw(w);
        break;
    case FRAME:
        do_frame(w);
        break;
    case REQUEST:
        do_request(w);
        break;
    case STORE:
        do_store(w);
        break;
    case RING:
        do_ring(w);
        break;
    case DOMAIN:
        do_domain(w);
        break;
    case TIME:
        w->cell->now += (uint64_t)fuzz_u16(&w->in) << 20;
        settle(w);
        break;
    default:
        w->cell->channel_room = fuzz_u16(&w->in);
        if (w->cell->channel_room)
            w->cell->channel_room += 512; /* not for ever byte by byte */
        break;
    }
}

static void begin(struct world *w)
{
    struct domain0_options o = {.cell = "fuzz", .life = 1, .seed = 1};
    struct scree_sync s = {.nonce = 1, .version = 1};

    o.limits = store_limits_default;
    w->cell = fake_cell_make();
    fake_object_add(w->cell, SCREE_OBJECT_IMAGE, 0x11);
    w->z = domain0_create(&w->cell->calls, &o);
    FUZZ_CHECK(w->z);
    put(w, SCREE_FRAME_SYNC, 0, (const uint8_t *)&s, sizeof(s));
    put(w, SCREE_FRAME_STORE_OPEN, 1, NULL, 0);
}

/* Nothing that the host can say brings it out of step for good. */
static void end(struct world *w)
{
    static const uint8_t zeros[SCREE_FRAME_MAX];
    struct scree_sync s = {.nonce = 2, .version = 1};

    w->cell->channel_room = 1 << 20;
    FUZZ_CHECK(queue_add(&w->cell->from_host, zeros, sizeof(zeros)));
    put(w, SCREE_FRAME_SYNC, 0, (const uint8_t *)&s, sizeof(s));
    settle(w);
    FUZZ_CHECK(!w->cell->from_host.size);
    domain0_destroy(w->z);
    fake_cell_free(w->cell);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.in = {data, size}};

    begin(&w);
    for (unsigned i = 0; i < STEPS && w.in.left; i++) {
        step(&w);
        if (i % 4 == 0)
            settle(&w);
    }
    end(&w);
    return 0;
}
