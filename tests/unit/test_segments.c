/* SPDX-License-Identifier: MIT */
/*
 * TCP segments joined for a card that cuts: what is joined and what is not,
 * the headers of the result, and the whole way through the driver.
 */
#include <string.h>

#include "net_world.h"
#include "virtio_device.h"

#include "io/segments.h"
#include "io/switch.h"

#define FAR         0x08080808u
#define GATEWAY_MAC OUTSIDE_MAC
#define FULL        1460u
#define ACK         0x10
#define PSH         0x08
#define TSO         (1ull << 0 | 1ull << 11)

static void put16(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
    put16(at, v >> 16);
    put16(at + 2, v);
}

/* A segment of domain 1 to FAR; its payload goes on from sequence to
 * sequence. Returns the frame's length. */
static uint32_t make_segment(uint8_t *f, uint32_t sequence, uint32_t payload,
                             uint8_t flags)
{
    make_ipv4(f, NET_ROUTER_MAC, net_mac_of(1), ip_of(1), FAR, 20 + payload);
    f[23] = 6;
    memset(f + 34, 0, 20);
    put16(f + 18, sequence & 0xffff); /* the id: any */
    put16(f + 34, 80);
    put16(f + 36, 12345);
    put32(f + 38, sequence);
    put32(f + 42, 777);
    f[46] = 0x50;
    f[47] = flags;
    put16(f + 48, 4096);
    for (uint32_t i = 0; i < payload; i++)
        f[54 + i] = (uint8_t)((sequence + i) * 7);
    return 54 + payload;
}

static uint32_t sum(const uint8_t *at, uint32_t n, uint32_t s)
{
    for (uint32_t i = 0; i < n; i++)
        s += i & 1 ? at[i] : (uint32_t)at[i] << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return s;
}

static uint8_t first[1514], other[1514];
static struct segment_run s;

static void begin(uint32_t payload, uint8_t flags)
{
    segments_begin(&s, first, make_segment(first, 1000, payload, flags));
}

static uint32_t join(uint32_t sequence, uint32_t payload, uint8_t flags)
{
    return segments_join(&s, other,
                         make_segment(other, sequence, payload, flags));
}

static void what_follows_is_joined(void)
{
    begin(FULL, ACK);
    CU_ASSERT_EQUAL(join(1000 + FULL, FULL, ACK), 54);
    CU_ASSERT_EQUAL(join(1000 + 2 * FULL, 10, ACK | PSH), 54);
    CU_ASSERT_EQUAL(join(1000 + 2 * FULL + 10, 10, ACK), 0);
    CU_ASSERT(segments_end(&s));
    CU_ASSERT_EQUAL(s.length, 54 + 2 * FULL + 10);
    CU_ASSERT_EQUAL(first[16] << 8 | first[17], 40 + 2 * FULL + 10);
    CU_ASSERT_EQUAL(sum(first + 14, 20, 0), 0xffff);
    CU_ASSERT_EQUAL(first[50] << 8 | first[51],
                    (int)sum(first + 26, 8, 6 + 20 + 2 * FULL + 10));
    CU_ASSERT_EQUAL(first[47], ACK | PSH);
}

static void one_segment_stays_as_it_is(void)
{
    uint8_t before[1514];

    begin(FULL, ACK);
    memcpy(before, first, sizeof(before));
    CU_ASSERT_FALSE(segments_end(&s));
    CU_ASSERT(!memcmp(before, first, sizeof(before)));
    s.first = NULL;
    CU_ASSERT_FALSE(segments_end(&s));
    CU_ASSERT_EQUAL(join(1000 + FULL, FULL, ACK), 0);
}

static void what_does_not_follow_is_left(void)
{
    begin(FULL, ACK);
    CU_ASSERT_EQUAL(join(1000 + FULL + 1, FULL, ACK), 0); /* a hole */
    CU_ASSERT_EQUAL(join(1000, FULL, ACK), 0);            /* again */
    CU_ASSERT_EQUAL(join(1000 + FULL, 0, ACK), 0);        /* nothing in it */
    CU_ASSERT_EQUAL(join(1000 + FULL, FULL, ACK | 1), 0); /* FIN */
    CU_ASSERT_EQUAL(join(1000 + FULL, FULL, 0), 0);
    begin(FULL - 1, ACK);
    CU_ASSERT_EQUAL(join(1000 + FULL - 1, FULL, ACK), 0); /* larger */
    CU_ASSERT_EQUAL(join(1000 + FULL - 1, 5, ACK), 54);
    CU_ASSERT_EQUAL(join(1000 + FULL + 4, 5, ACK), 0); /* after a short one */
    begin(FULL, ACK | PSH);
    CU_ASSERT_EQUAL(join(1000 + FULL, FULL, ACK), 0);
}

/* Every byte of the headers counts, but for id, checksums, sequence, PSH. */
static void other_headers_are_left(void)
{
    static const struct {
        uint8_t from, to;
    } free[] = {{18, 20}, {24, 26}, {50, 52}};

    for (unsigned at = 0; at < 54; at++) {
        uint32_t length = make_segment(other, 1000 + FULL, FULL, ACK);
        bool may = false;

        for (unsigned i = 0; i < ARRAY_SIZE(free); i++)
            may |= at >= free[i].from && at < free[i].to;
        other[at] ^= 0x41;
        begin(FULL, ACK);
        CU_ASSERT_EQUAL(segments_join(&s, other, length), may ? 54 : 0);
    }
}

static void what_is_no_plain_segment_begins_nothing(void)
{
    uint32_t length;

    begin(0, ACK);
    CU_ASSERT_PTR_NULL(s.first);
    begin(FULL, ACK | 2); /* SYN */
    CU_ASSERT_PTR_NULL(s.first);
    for (uint32_t n = 0; n < 54; n++) {
        make_segment(first, 1000, 100, ACK);
        segments_begin(&s, first, n);
        CU_ASSERT_PTR_NULL(s.first);
    }
    length = make_segment(first, 1000, 100, ACK);
    segments_begin(&s, first, length - 1); /* padded or cut */
    CU_ASSERT_PTR_NULL(s.first);
    first[46] = 0xf0; /* options */
    segments_begin(&s, first, length);
    CU_ASSERT_EQUAL(s.header, 94);
    first[46] = 0x40; /* too few */
    segments_begin(&s, first, length);
    CU_ASSERT_PTR_NULL(s.first);
    make_segment(first, 1000, 100, ACK);
    first[20] = 0x20; /* more fragments */
    segments_begin(&s, first, length);
    CU_ASSERT_PTR_NULL(s.first);
}

static void joins_at_most_one_ip_packet(void)
{
    uint32_t sequence = 1000 + FULL;

    begin(FULL, ACK);
    while (join(sequence, FULL, ACK))
        sequence += FULL;
    CU_ASSERT_EQUAL(s.count, (65535 - 40) / FULL);
    CU_ASSERT(s.length <= 14 + 65535);
}

/* ----------------------------------------------------------- the driver */

static struct net_world n;
static struct virtio_card card;
static uint8_t taken[70000];

static void start(uint64_t features)
{
    static const struct uplink_options none;
    uint8_t ask[64];

    net_world_start(&n);
    card_init(&card);
    card.on_pci = true;
    card.features |= features;
    card_plug(&card);
    CU_ASSERT_EQUAL(uplink_probe(n.w.cell, &none), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(n.w.cell->net->uplink);
    make_arp(ask, ARP_REQUEST, GATEWAY_MAC, NET_WORLD_GATEWAY, ip_of(1));
    CU_ASSERT(card_give(&card, ask, 42));
    net_poll(n.w.cell, 0);
    CU_ASSERT_EQUAL(card_take(&card, taken), 42);
}

/* What the driver took belongs to the cell for good. */
static void stop(void)
{
    for (unsigned i = 1; i <= NET_WORLD_DOMAINS; i++)
        world_domain_end(&n.w, n.d[i]);
    n.w.free = frames_free(n.w.frames);
    net_world_stop(&n);
}

/* Sends `count` segments with one kick, the last one short. */
static void send_segments(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t length = make_segment(other, 1000 + i * FULL,
                                       i + 1 < count ? FULL : 100, ACK);

        net_fill(&n, 1, other, length, 0);
    }
    CU_ASSERT_EQUAL(net_kick(&n, 1), count);
}

static void a_cutting_card_gets_one_frame(void)
{
    static const uint8_t header[12] = {1,         1,  54, 0,  FULL & 255,
                                       FULL >> 8, 34, 0,  16, 0};

    start(TSO);
    for (unsigned round = 0; round < 100; round++) {
        send_segments(10);
        CU_ASSERT_EQUAL(card_take(&card, taken), 54 + 9 * FULL + 100);
        CU_ASSERT(!memcmp(card.sent_header, header, sizeof(header)));
        for (uint32_t i = 0; i < 9 * FULL + 100; i++)
            CU_ASSERT_FATAL(taken[54 + i] == (uint8_t)((1000 + i) * 7));
        CU_ASSERT_EQUAL(card_take(&card, taken), 0);
    }
    /* a frame in a slot that headed a joined one has no offload */
    for (unsigned round = 0; round < 200; round++) {
        static const uint8_t zero[12];

        send_segments(1);
        CU_ASSERT_EQUAL(card_take(&card, taken), 154);
        CU_ASSERT(!memcmp(card.sent_header, zero, sizeof(zero)));
    }
    stop();
}

static void a_plain_card_gets_all_frames(void)
{
    start(0);
    send_segments(10);
    for (unsigned i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(card_take(&card, taken), 54 + (i < 9 ? FULL : 100));
    CU_ASSERT_EQUAL(card_take(&card, taken), 0);
    stop();
}

/* All slots come back although only chains' first ones are returned. */
static void a_full_queue_empties(void)
{
    unsigned sent = 0;

    start(TSO);
    while (sent < 1000) {
        int64_t taken_by_kick;

        for (unsigned i = 0; i < 32; i++)
            net_fill(&n, 1, other,
                     make_segment(other, 1000 + i * FULL, FULL, ACK), 0);
        taken_by_kick = net_kick(&n, 1);
        CU_ASSERT(taken_by_kick > 0);
        sent += (unsigned)taken_by_kick;
        while (net_ring(&n, 1)->tx_produced != net_ring(&n, 1)->tx_consumed) {
            while (card_take(&card, taken))
                ;
            CU_ASSERT_FATAL(net_kick(&n, 1) >= 0);
        }
        if (sent % 3 == 0)
            while (card_take(&card, taken))
                ;
    }
    stop();
}

/* A card that finishes a frame while it is still being joined, before it can
 * know of it: the frame's slots are used again, and chains stay chains. */
static void a_frame_that_is_done_too_early_is_not_joined_to(void)
{
    static const struct uplink_options none;
    uint8_t ask[64];

    net_world_start(&n);
    card_init(&card);
    card.on_pci = true;
    card.features |= TSO;
    card.queue_max = 4;
    card_plug(&card);
    CU_ASSERT_EQUAL(uplink_probe(n.w.cell, &none), 0);
    make_arp(ask, ARP_REQUEST, GATEWAY_MAC, NET_WORLD_GATEWAY, ip_of(1));
    CU_ASSERT(card_give(&card, ask, 42));
    net_poll(n.w.cell, 0);
    CU_ASSERT_EQUAL(card_take(&card, taken), 42); /* slot 3 */
    card_use(&card, 1, 2, 0, 1);
    send_segments(5);
    (void)card_take(&card, taken); /* its own fault */
    CU_ASSERT_EQUAL(card_take(&card, taken), 54 + FULL + 100);
    for (uint32_t i = 0; i < FULL + 100; i++)
        CU_ASSERT_FATAL(taken[54 + i] == (uint8_t)((1000 + 3 * FULL + i) * 7));
    CU_ASSERT_EQUAL(card_take(&card, taken), 0);
    CU_ASSERT_FALSE(n.w.cell->net->uplink->nic->broken);
    stop();
}

void suite_segments(void)
{
    static const struct unit_test tests[] = {
        {"what follows is joined", what_follows_is_joined},
        {"one segment stays as it is", one_segment_stays_as_it_is},
        {"what does not follow is left", what_does_not_follow_is_left},
        {"other headers are left", other_headers_are_left},
        {"what is no plain segment begins nothing",
         what_is_no_plain_segment_begins_nothing},
        {"joins at most one IP packet", joins_at_most_one_ip_packet},
        {"a cutting card gets one frame", a_cutting_card_gets_one_frame},
        {"a plain card gets all frames", a_plain_card_gets_all_frames},
        {"a full queue empties", a_full_queue_empties},
        {"a frame that is done too early is not joined to",
         a_frame_that_is_done_too_early_is_not_joined_to},
    };

    UNIT_SUITE("segments", tests);
}
