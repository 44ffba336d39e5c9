/* SPDX-License-Identifier: MIT */
/*
 * Conformance: vio (chapter 16) and what one domain can see of the network
 * (chapter 17): it sends frames to itself. Two domains: peer.c.
 */
#include "net.h"

SCREE_IMAGE(4 << 20, 65536);

#define NET SCREE_VIO_NET
#define CON SCREE_VIO_CONSOLE

static uint8_t out[SCREE_VIO_RING][2048];
static uint8_t in[SCREE_VIO_RING][2048];
static uint32_t rows_id, rows_length;

static int64_t vio(unsigned op, unsigned device, uint64_t argument)
{
    return HYPERVISOR_scree_vio(op, device, argument);
}

static volatile struct scree_vio_ring *net(void)
{
    return vio_ring(NET);
}

/* A frame to ourselves. */
static void queue(unsigned slot, uint32_t payload, uint8_t fill)
{
    uint32_t n =
        ipv4_frame(out[slot], (const uint8_t *)(uintptr_t)rt_info()->mac,
                   rt_info()->ipv4, payload, fill);

    vio_send(NET, out[slot], n);
}

static bool take(void)
{
    return vio_take(NET, &rows_id, &rows_length);
}

static void opening(unsigned device)
{
    tap_is(vio(SCREE_VIO_KICK, device, 0), -XEN_ENODEV,
           "ABI-VIO-03 kick of a closed device");
    tap_is(vio(SCREE_VIO_CLOSE, device, 0), -XEN_ENODEV,
           "ABI-VIO-02 close of a closed device");
    tap_is(rt_try_read(SCREE_VIO_PAGES + device * 4096ul), 14,
           "ABI-MAP-06 the ring page is not mapped");
    tap_is(vio(SCREE_VIO_OPEN, device, 1), -XEN_EINVAL,
           "ABI-VIO-01 argument not 0");
    tap_is(vio(SCREE_VIO_OPEN, device, 0), SCREE_VIO_RING, "ABI-VIO-01 open");
    tap_is(vio(SCREE_VIO_OPEN, device, 0), -XEN_EEXIST,
           "ABI-VIO-01 open already");
    tap_ok(vio_ring(device)->tx_consumed == 0 &&
               vio_ring(device)->done_produced == 0,
           "ABI-VIO-01 the ring is zeroed");
    tap_is(rt_try_write(SCREE_VIO_PAGES + device * 4096ul + 64), RT_NO_FAULT,
           "ABI-MAP-06 and writable");
    vio_ring(device)->tx_consumed = 0;
    vio_ring(device)->rx_consumed = 0;
}

static void closing(unsigned device)
{
    tap_is(vio(SCREE_VIO_CLOSE, device, 0), 0, "ABI-VIO-02 close");
    tap_is(rt_try_read(SCREE_VIO_PAGES + device * 4096ul), 14,
           "ABI-VIO-02 the page is gone");
}

static void errors(void)
{
    tap_is(vio(SCREE_VIO_OPEN, 2, 0), -XEN_ENODEV, "ABI-VIO-01 no device 2");
    tap_is(vio(SCREE_VIO_OPEN, 4, 0), -XEN_ENODEV, "ABI-VIO-01 no device 4");
    tap_is(vio(SCREE_VIO_OPEN, 0xffffffff, 0), -XEN_ENODEV,
           "ABI-VIO-01 nor 4294967295");
    tap_is(vio(3, CON, 0), -XEN_EINVAL, "ABI-VIO-04 unknown operation");
}

static void console(void)
{
    static const char text[] = "# a line by vio\n";
    uint32_t id, n;

    opening(CON);
    vio_send(CON, text, sizeof(text) - 1);
    tap_is(vio(SCREE_VIO_KICK, CON, 0), 1, "ABI-VIO-15 output");
    vio_send(CON, text, 0);
    vio_send(CON, text, 4097);
    vio_send(CON, (void *)0x7000, 10);
    tap_is(vio(SCREE_VIO_KICK, CON, 0), 3, "ABI-VIO-07 bad entries are taken");
    tap_is(vio_ring(CON)->tx_errors, 3, "ABI-VIO-07 and counted");
    vio_post(CON, in[0], 100, 7);
    tap_ok(!vio_take(CON, &id, &n), "ABI-VIO-15 nothing was typed");
    closing(CON);
    tap_is(HYPERVISOR_console_io(CONSOLEIO_read, 1, (char *)in[0]), 0,
           "ABI-CON-06 closed: back to console_io");
}

/* ---------------------------------------------------------------- transmit */

static void transmit(void)
{
    volatile struct scree_vio_ring *r = net();

    for (unsigned i = 0; i < 4; i++)
        queue(i, 100, 1);
    tap_is(r->tx_consumed, 0, "ABI-VIO-06 nothing before the kick");
    tap_is(vio(SCREE_VIO_KICK, NET, 3), 3, "ABI-VIO-03 at most three");
    tap_is(r->tx_consumed, 3, "ABI-VIO-06 tx_consumed");
    tap_is(vio(SCREE_VIO_KICK, NET, 0), 1,
           "ABI-VIO-08 the next takes the rest");
    tap_is(r->rx_drops, 4, "ABI-VIO-12 no posted buffer");
    r->tx_produced = r->tx_consumed + 65;
    tap_is(vio(SCREE_VIO_KICK, NET, 0), -XEN_EINVAL,
           "ABI-VIO-04 more than 64 wait");
    r->tx_produced = 4;
    r->tx_consumed = 77;
    queue(4, 100, 1);
    tap_ok(vio(SCREE_VIO_KICK, NET, 0) == 1 && r->tx_consumed == 5,
           "ABI-VIO-05 its own fields are not read back");
    for (unsigned i = 0; i < SCREE_VIO_RING; i++)
        queue(i, 10, 1);
    tap_is(r->tx_produced - r->tx_consumed, SCREE_VIO_RING, "ABI-VIO-08 full");
    tap_is(vio(SCREE_VIO_KICK, NET, 0), SCREE_VIO_RING,
           "ABI-LIM-06 64 entries");
}

static void lengths(void)
{
    volatile struct scree_vio_ring *r = net();
    uint32_t errors = r->tx_errors, drops = r->tx_drops;

    vio_send(NET, out[0], 0);
    vio_send(NET, out[0], 13);
    vio_send(NET, out[0], 1515);
    vio_send(NET, out[0], 0xffffffff);
    vio_send(NET, (void *)0x7000, 100);
    vio_send(NET, (void *)0xffff800000000000, 100);
    tap_is(vio(SCREE_VIO_KICK, NET, 0), 6, "ABI-NET-01 taken");
    tap_is(r->tx_errors - errors, 6, "ABI-NET-01 wrong lengths are errors");
    tap_is(r->tx_drops - drops, 0, "ABI-VIO-07 and not drops");
}

/* ----------------------------------------------------------------- receive */

static void clear_ring(void)
{
    vio(SCREE_VIO_CLOSE, NET, 0);
    vio(SCREE_VIO_OPEN, NET, 0);
    rt_clear_events();
}

static void receive(void)
{
    volatile struct scree_vio_ring *r = net();

    clear_ring();
    vio_post(NET, in[0], FRAME_BYTES, 41);
    vio_post(NET, in[1], FRAME_BYTES, 42);
    queue(0, 100, 0xa1);
    queue(1, 1480, 0xa2);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(rt_take_event(SCREE_PORT_NET), "ABI-VIO-13 the port is raised");
    tap_is(r->rx_consumed, 2, "ABI-VIO-10 rx_consumed");
    tap_ok(take() && rows_id == 41 && rows_length == 134,
           "ABI-VIO-09 id and length");
    tap_ok(memcmp(in[0], out[0], 134) == 0, "ABI-NET-04 unchanged");
    tap_ok(take() && rows_id == 42 && rows_length == 1514,
           "ABI-VIO-11 in the order of posting");
    tap_ok(in[1][1513] == 0xa2, "ABI-VIO-10 the bytes are there");
    tap_ok(!take(), "ABI-VIO-09 no more than that");
    tap_ok(in[0][10 + 14] == 0 && in[0][11 + 14] == 0,
           "ABI-NET-06 checksums are not computed");
}

static void bad_buffers(void)
{
    volatile struct scree_vio_ring *r = net();

    clear_ring();
    vio_post(NET, (void *)0x7000, FRAME_BYTES, 51);
    queue(0, 100, 1);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(take() && rows_id == 51 && rows_length == 0,
           "ABI-VIO-12 a bad buffer completes with length 0");
    vio_post(NET, (void *)SCREE_INFO_PAGE, FRAME_BYTES, 52);
    queue(1, 100, 1);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(take() && rows_id == 52 && rows_length == 0,
           "ABI-VIO-14 read-only memory is no buffer");
    vio_post(NET, in[2], 100, 53);
    queue(2, 100, 1);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(!take(), "ABI-VIO-12 a short buffer is not used");
    queue(3, 60, 9);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(take() && rows_id == 53 && rows_length == 94,
           "ABI-VIO-12 but stays posted");
    tap_is(r->rx_drops, 3, "ABI-VIO-12 drops are counted");
}

static void crossing(void)
{
    uint8_t *heap = (uint8_t *)rt_info()->image_end + 0x20000;
    uint8_t *to = heap + 2 * SCREE_PAGE_SIZE - 77;

    clear_ring();
    vio_post(NET, to, FRAME_BYTES, 61);
    queue(0, 1480, 0xc5);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(take() && rows_length == 1514 && memcmp(to, out[0], 1514) == 0,
           "ABI-VIO-14 a buffer across untouched pages");
}

/* 64 completions that nobody takes, then one more. */
static void full(void)
{
    volatile struct scree_vio_ring *r = net();
    unsigned n = 0;
    bool order = true;

    clear_ring();
    for (unsigned i = 0; i < SCREE_VIO_RING; i++)
        vio_post(NET, in[i], FRAME_BYTES, 100 + i);
    for (unsigned i = 0; i < SCREE_VIO_RING; i++)
        queue(i, 50, (uint8_t)i);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_is(r->done_produced, SCREE_VIO_RING, "ABI-VIO-10 64 arrived");
    vio_post(NET, in[0], FRAME_BYTES, 99);
    queue(0, 50, 1);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(r->done_produced == SCREE_VIO_RING && r->rx_drops == 1,
           "ABI-VIO-12 done[] is full");
    for (; take(); n++)
        order = order && rows_id == 100 + n &&
                in[n % SCREE_VIO_RING][ETHERNET + IPV4] == n;
    tap_ok(order && n == SCREE_VIO_RING, "ABI-VIO-11 all in order");
}

/* ------------------------------------------------------------- the network */

static void refused(const char *row, uint32_t n)
{
    uint32_t drops = net()->tx_drops;

    vio_send(NET, out[0], n);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(net()->tx_drops - drops == 1 && !take(), "%s", row);
}

static uint32_t plain(void)
{
    return ipv4_frame(out[0], (const uint8_t *)(uintptr_t)rt_info()->mac,
                      rt_info()->ipv4, 100, 1);
}

static void forged(void)
{
    uint32_t n;

    clear_ring();
    vio_post(NET, in[0], FRAME_BYTES, 1);
    n = plain();
    out[0][11] ^= 1;
    refused("ABI-NET-02 another MAC", n);
    n = plain();
    out[0][29] ^= 1;
    refused("ABI-NET-02 another IPv4 address", n);
    n = plain();
    out[0][14] = 0x65;
    refused("ABI-NET-02 not version 4", n);
    n = plain();
    out[0][16] = 0xff;
    refused("ABI-NET-02 longer than its frame", n);
    n = plain();
    out[0][12] = 0x86;
    out[0][13] = 0xdd;
    refused("ABI-NET-07 IPv6", n);
    n = plain();
    out[0][12] = 0x81;
    refused("ABI-NET-07 VLAN", n);
    n = plain();
    memset(out[0], 0xff, 6);
    refused("ABI-NET-07 broadcast", n);
    arp_frame(out[0], rt_info()->ipv4 ^ 1, rt_info()->ipv4 ^ 2);
    refused("ABI-NET-02 ARP for another", ARP_BYTES);
    arp_frame(out[0], rt_info()->ipv4, rt_info()->gateway);
    out[0][21] = 2;
    refused("ABI-NET-03 a reply that nobody asked for", ARP_BYTES);
}

static void gateway(void)
{
    clear_ring();
    vio_post(NET, in[0], FRAME_BYTES, 1);
    arp_frame(out[0], rt_info()->ipv4, rt_info()->gateway);
    vio_send(NET, out[0], ARP_BYTES);
    vio(SCREE_VIO_KICK, NET, 0);
    if (rt_info()->gateway == 0 || !take()) {
        tap_skip("ABI-NET-03 no gateway or no uplink");
        return;
    }
    tap_ok(rows_length == ARP_BYTES && in[0][21] == 2 &&
               memcmp(in[0] + 28, out[0] + 38, 4) == 0,
           "ABI-NET-03 the gateway is answered for");
    /* By way of the router back to ourselves. */
    vio_post(NET, in[1], FRAME_BYTES, 2);
    ipv4_frame(out[1], in[0] + 22, rt_info()->ipv4, 33, 0x77);
    vio_send(NET, out[1], ETHERNET + IPV4 + 33);
    vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(take() && memcmp(in[1] + 12, out[1] + 12, 22 + 33) == 0 &&
               memcmp(in[1] + 6, in[0] + 22, 6) == 0,
           "ABI-NET-05 by way of the router");
}

/* Only in a domain with a low net-rate: a kick takes what the limit allows,
 * and the event says when there is room again. */
static void limited(void)
{
    int64_t first, second;

    clear_ring();
    for (unsigned i = 0; i < SCREE_VIO_RING; i++)
        queue(i, 1000, 1);
    first = vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(first >= 0 && first < SCREE_VIO_RING,
           "ABI-VIO-08 the rate limit stops it after %ld", first);
    tap_ok(HYPERVISOR_scree_idle(rt_now() + 10 * RT_SECOND) ==
                   SCREE_WAKE_EVENT &&
               rt_take_event(SCREE_PORT_NET),
           "ABI-VIO-08 the event says when there is room");
    second = vio(SCREE_VIO_KICK, NET, 0);
    tap_ok(second > 0, "ABI-VIO-08 then the next kick takes %ld more", second);
}

int guest_main(void)
{
    if (rt_option("limited", 0)) {
        limited();
        return tap_done();
    }
    errors();
    console();
    if (!(rt_info()->features & SCREE_FEATURE_NET)) {
        tap_is(vio(SCREE_VIO_OPEN, NET, 0), -XEN_ENODEV,
               "ABI-NET-08 no network");
        return tap_done();
    }
    opening(NET);
    transmit();
    lengths();
    receive();
    bad_buffers();
    crossing();
    full();
    forged();
    gateway();
    closing(NET);
    return tap_done();
}
