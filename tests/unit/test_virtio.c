/* SPDX-License-Identifier: MIT */
/*
 * virtio over both transports, and the network driver, against an emulated
 * card that may break the rules.
 */
#include <string.h>

#include "net_world.h"
#include "virtio_device.h"

#include "io/packet.h"
#include "io/pci.h"
#include "io/switch.h"
#include "io/virtio_pci.h"

#define FAR         0x08080808u
#define NIC_MAC     0x563412005452ull
#define GATEWAY_MAC OUTSIDE_MAC

static struct net_world n;
static struct virtio_card card;
static uint8_t out[2100], in[2100];
static const struct uplink_options window = {
    .mmio = {{DEVICE_WINDOW, DEVICE_GSI}}, .mmio_count = 1};

static struct uplink *probe(const struct uplink_options *options)
{
    static const struct uplink_options none;

    card_plug(&card);
    CU_ASSERT_EQUAL(uplink_probe(n.w.cell, options ? options : &none), 0);
    return n.w.cell->net->uplink;
}

static void start(void)
{
    net_world_start(&n);
    card_init(&card);
}

/* What the driver took belongs to the cell for good. */
static void stop(void)
{
    for (unsigned i = 1; i <= NET_WORLD_DOMAINS; i++)
        world_domain_end(&n.w, n.d[i]);
    n.w.free = frames_free(n.w.frames);
    net_world_stop(&n);
}

static void start_on(bool pci)
{
    start();
    card.on_pci = pci;
    card.on_mmio = !pci;
    CU_ASSERT_PTR_NOT_NULL_FATAL(probe(&window));
}

static void finds_the_card_on_pci(void)
{
    uint64_t address;
    uint32_t data, mask;

    start_on(true);
    CU_ASSERT_EQUAL(n.w.cell->net->uplink->mac, NIC_MAC);
    CU_ASSERT_EQUAL(card.status, 15);
    CU_ASSERT_EQUAL(card.driver_features, VIRTIO_F_VERSION_1 | 1ull << 5);
    CU_ASSERT(card.queue[0].enabled && card.queue[1].enabled);
    CU_ASSERT_EQUAL(card.queue[0].size, 128);
    CU_ASSERT_EQUAL(card.queue[0].vector, 0);
    CU_ASSERT_EQUAL(card_posted(&card), 128);
    CU_ASSERT_EQUAL(card.config_space[4] & 6, 6);
    CU_ASSERT_EQUAL(card.config_space[5] & 4, 4);
    CU_ASSERT_EQUAL(card.config_space[0x9b] & 0xc0, 0x80);
    memcpy(&address, card.regs + 0x3000, 8);
    memcpy(&data, card.regs + 0x3008, 4);
    memcpy(&mask, card.regs + 0x300c, 4);
    CU_ASSERT_EQUAL(address, HOST_MSI_ADDRESS(0));
    CU_ASSERT_EQUAL(data, HOST_MSI_DATA);
    CU_ASSERT_EQUAL(mask, 0);
    CU_ASSERT_EQUAL(card.notified, 1);
    stop();
}

static void finds_the_card_in_a_window(void)
{
    start_on(false);
    CU_ASSERT_EQUAL(n.w.cell->net->uplink->mac, NIC_MAC);
    CU_ASSERT_EQUAL(card.line, DEVICE_GSI);
    CU_ASSERT_EQUAL(card.status, 15);
    CU_ASSERT_EQUAL(card_posted(&card), 128);
    stop();
}

static void poll(void)
{
    net_poll(n.w.cell, 0);
}

static void send_out(uint32_t payload)
{
    make_ipv4(out, NET_ROUTER_MAC, net_mac_of(1), ip_of(1), FAR, payload);
    CU_ASSERT_EQUAL(net_send(&n, 1, out, 34 + payload), 1);
}

static void meet_the_gateway(void)
{
    uint8_t ask[64];

    make_arp(ask, ARP_REQUEST, GATEWAY_MAC, NET_WORLD_GATEWAY, ip_of(1));
    CU_ASSERT(card_give(&card, ask, 42));
    poll();
    CU_ASSERT_EQUAL(card_take(&card, in), 42);
}

static void carries(void)
{
    meet_the_gateway();
    net_post(&n, 1, 64, 1514, 0);
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t payload = i * 37 % 1481;

        send_out(payload);
        CU_ASSERT_EQUAL(card_take(&card, in), 34 + payload);
        CU_ASSERT_EQUAL(memcmp(in + 12, out + 12, 22 + payload), 0);
        make_ipv4(out, NIC_MAC, GATEWAY_MAC, FAR, ip_of(1), payload);
        CU_ASSERT(card_give(&card, out, 34 + payload));
        poll();
        CU_ASSERT_EQUAL(net_take(&n, 1, in), 34 + payload);
        CU_ASSERT_EQUAL(memcmp(in + 12, out + 12, 22 + payload), 0);
        net_post(&n, 1, 1, 1514, 0);
    }
    CU_ASSERT_EQUAL(card_posted(&card), 128);
}

static void carries_over_pci(void)
{
    start_on(true);
    carries();
    stop();
}

static void carries_over_mmio(void)
{
    start_on(false);
    carries();
    poll();
    CU_ASSERT_EQUAL(card.interrupt, 0);
    stop();
}

static void a_small_queue_fills(void)
{
    unsigned sent = 0;

    start();
    card.on_pci = true;
    card.queue_max = 5; /* so 4 */
    CU_ASSERT_PTR_NOT_NULL_FATAL(probe(NULL));
    CU_ASSERT_EQUAL(card.queue[1].size, 4);
    meet_the_gateway();
    for (unsigned i = 0; i < 6; i++)
        net_fill(
            &n, 1, out,
            make_ipv4(out, NET_ROUTER_MAC, net_mac_of(1), ip_of(1), FAR, i), 0);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 4);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 0);
    while (card_take(&card, in))
        sent++;
    CU_ASSERT_EQUAL(sent, 4);
    poll();
    CU_ASSERT(net_event(&n, 1, SCREE_PORT_NET));
    CU_ASSERT_EQUAL(net_kick(&n, 1), 2);
    stop();
}

/* ------------------------------------------------- a card that misbehaves */

static void lengths_that_cannot_be(void)
{
    static const uint32_t lengths[] = {0, 11, 12, 25, 2049, UINT32_MAX, 2048};
    struct uplink *u;

    start_on(true);
    u = n.w.cell->net->uplink;
    for (uint32_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        card.queue[0].seen++;
        card_use(&card, 0, i, lengths[i], 1);
        poll();
        CU_ASSERT_EQUAL(u->counters.drops[NET_DROP_LENGTH], i + 1);
    }
    CU_ASSERT_EQUAL(card_posted(&card), 128);
    stop();
}

static void breaks(unsigned queue, uint32_t id, uint16_t step)
{
    struct uplink *u;

    start_on(true);
    u = n.w.cell->net->uplink;
    meet_the_gateway();
    if (queue == 1)
        send_out(10);
    card_use(&card, queue, id, 60, step);
    poll();
    CU_ASSERT_EQUAL(u->counters.received_frames, 1); /* the gateway's */
    make_ipv4(out, NIC_MAC, GATEWAY_MAC, FAR, ip_of(1), 9);
    for (unsigned i = 0; queue == 1 && i < 200; i++)
        (void)net_send(&n, 1, out, 40);
    poll();
    stop();
}

static void entries_that_cannot_be(void)
{
    breaks(0, 128, 1);
    breaks(0, UINT32_MAX, 1);
    breaks(0, 3, 129);
    breaks(0, 3, UINT16_MAX);
    breaks(1, 500, 1);
    breaks(1, 100, 1); /* was not given */
}

static void the_same_buffer_twice(void)
{
    struct uplink *u;

    start_on(true);
    u = n.w.cell->net->uplink;
    card_use(&card, 0, 7, 60, 1);
    card_use(&card, 0, 7, 60, 1);
    poll();
    CU_ASSERT_EQUAL(u->counters.received_frames, 1);
    stop();
}

/* Probing with the card as it is now finds no uplink. */
static void useless(const struct uplink_options *options)
{
    CU_ASSERT_PTR_NULL(probe(options));
    stop();
    start();
    card.on_pci = !options;
    card.on_mmio = options;
}

static void refuses_cards_on_pci(void)
{
    start();
    useless(NULL);
    card.no_msix = true;
    useless(NULL);
    card.bar_is_io = true;
    useless(NULL);
    card.short_common = true;
    useless(NULL);
    card.no_notify_region = true;
    useless(NULL);
    card.no_notify_region = card.circular_capabilities = true;
    useless(NULL);
    card.features = 1ull << 5; /* legacy */
    useless(NULL);
    card.features = VIRTIO_F_VERSION_1; /* no MAC */
    useless(NULL);
    card.queue_max = 0;
    useless(NULL);
    card.no_features_ok = true;
    useless(NULL);
    host_clock_step(1000000);
    card.no_reset = true;
    useless(NULL);
    stop();
}

static void refuses_windows(void)
{
    static const struct uplink_options elsewhere = {
        .mmio = {{0x1000, 4}, {DEVICE_WINDOW, 99}}, .mmio_count = 2};

    start();
    useless(&window);
    card.mmio_version = 1;
    useless(&window);
    card.mmio_id = 0;
    useless(&window);
    card.mmio_id = 2; /* a disk */
    useless(&window);
    card.queue[0].enabled = 1;
    useless(&window);
    useless(&elsewhere);
    stop();
}

static void without_a_switch_nothing_is_probed(void)
{
    struct net_switch *net;

    start();
    card.on_pci = true;
    card_plug(&card);
    net = n.w.cell->net;
    n.w.cell->net = NULL;
    CU_ASSERT_EQUAL(uplink_probe(n.w.cell, &window), 0);
    CU_ASSERT_EQUAL(card.status, 0);
    n.w.cell->net = net;
    stop();
}

void suite_virtio(void)
{
    static const struct unit_test tests[] = {
        {"finds the card on PCI", finds_the_card_on_pci},
        {"finds the card in a window", finds_the_card_in_a_window},
        {"carries over PCI", carries_over_pci},
        {"carries over MMIO", carries_over_mmio},
        {"a small queue fills", a_small_queue_fills},
        {"lengths that cannot be", lengths_that_cannot_be},
        {"entries that cannot be", entries_that_cannot_be},
        {"the same buffer twice", the_same_buffer_twice},
        {"refuses cards on PCI", refuses_cards_on_pci},
        {"refuses windows", refuses_windows},
        {"without a switch nothing is probed",
         without_a_switch_nothing_is_probed},
    };
    UNIT_SUITE("virtio", tests);
}
