/* SPDX-License-Identifier: MIT */
/*
 * The switch and its ports, domain to domain.
 */
#include <string.h>

#include "net_world.h"

#include "io/packet.h"
#include "io/switch.h"
#include "io/vio.h"

static struct net_world n;
static uint8_t out[1600], in[1600];

static uint64_t drops(unsigned id, enum net_drop why)
{
    return net_counters(&n, id)->drops[why];
}

/* Sends a frame of domain 1 that must be refused for this reason. */
static void refused(uint32_t length, enum net_drop why)
{
    uint64_t before = drops(1, why);
    uint32_t dropped = net_ring(&n, 1)->tx_drops;

    CU_ASSERT_EQUAL(net_send(&n, 1, out, length), 1);
    CU_ASSERT_EQUAL(drops(1, why), before + 1);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_drops, dropped + 1);
    for (unsigned id = 1; id <= NET_WORLD_DOMAINS; id++)
        CU_ASSERT_EQUAL(net_take(&n, id, in), 0);
}

static void forwards_by_mac(void)
{
    uint32_t length;

    net_world_start(&n);
    net_post(&n, 2, 2, 1514, 0);
    length =
        make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 30);
    CU_ASSERT_EQUAL(net_send(&n, 1, out, length), 1);
    CU_ASSERT_EQUAL(net_take(&n, 2, in), length);
    CU_ASSERT_EQUAL(memcmp(in, out, length), 0);
    CU_ASSERT(net_event(&n, 2, SCREE_PORT_NET));
    CU_ASSERT_FALSE(net_event(&n, 1, SCREE_PORT_NET));
    CU_ASSERT_EQUAL(net_counters(&n, 1)->sent_frames, 1);
    CU_ASSERT_EQUAL(net_counters(&n, 2)->received_bytes, length);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_consumed, 1);
    CU_ASSERT_EQUAL(net_ring(&n, 2)->rx_consumed, 1);
    net_world_stop(&n);
}

static void routes_by_address(void)
{
    uint64_t mac = net_mac_of(3), router = NET_ROUTER_MAC;
    uint32_t length;

    net_world_start(&n);
    net_post(&n, 3, 1, 1514, 0);
    length = make_ipv4(out, router, net_mac_of(1), ip_of(1), ip_of(3), 100);
    CU_ASSERT_EQUAL(net_send(&n, 1, out, length), 1);
    CU_ASSERT_EQUAL(net_take(&n, 3, in), length);
    CU_ASSERT_EQUAL(memcmp(in, &mac, 6), 0);
    CU_ASSERT_EQUAL(memcmp(in + 6, &router, 6), 0);
    CU_ASSERT_EQUAL(memcmp(in + 12, out + 12, length - 12), 0);
    net_world_stop(&n);
}

static void copies_every_length_and_alignment(void)
{
    static const uint32_t lengths[] = {34, 35, 47, 48, 49, 63, 64, 90, 1514};
    static const uint32_t shifts[] = {0, 1, 2590, 4060, 4048, 4090, 4095};

    net_world_start(&n);
    for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
        for (unsigned j = 0; j < ARRAY_SIZE(shifts); j++) {
            uint32_t s = shifts[(i + j) % ARRAY_SIZE(shifts)];

            make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2),
                      lengths[i] - 34);
            net_post(&n, 2, 1, 1514, shifts[j]);
            net_fill(&n, 1, out, lengths[i], s);
            CU_ASSERT_EQUAL(net_kick(&n, 1), 1);
            CU_ASSERT_EQUAL(net_take(&n, 2, in), lengths[i]);
            CU_ASSERT_EQUAL(memcmp(in, out, lengths[i]), 0);
        }
    }
    net_world_stop(&n);
}

static void carries_a_batch_in_order(void)
{
    net_world_start(&n);
    net_post(&n, 2, 64, 1514, 0);
    for (unsigned i = 0; i < 64; i++) {
        make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), i);
        net_fill(&n, 1, out, 34 + i, 0);
    }
    CU_ASSERT_EQUAL(net_kick(&n, 1), 64);
    for (unsigned i = 0; i < 64; i++)
        CU_ASSERT_EQUAL(net_take(&n, 2, in), 34 + i);
    CU_ASSERT_EQUAL(net_take(&n, 2, in), 0);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 0);
    net_world_stop(&n);
}

static void refuses_forged_senders(void)
{
    uint64_t me = net_mac_of(1), you = net_mac_of(2);

    net_world_start(&n);
    net_post(&n, 2, 4, 1514, 0);
    make_ipv4(out, you, net_mac_of(3), ip_of(1), ip_of(2), 10);
    refused(44, NET_DROP_SOURCE_MAC);
    make_ipv4(out, you, NET_ROUTER_MAC, ip_of(1), ip_of(2), 10);
    refused(44, NET_DROP_SOURCE_MAC);
    make_ipv4(out, you, me, ip_of(3), ip_of(2), 10);
    refused(44, NET_DROP_SOURCE_IP);
    make_ipv4(out, you, me, NET_WORLD_GATEWAY, ip_of(2), 10);
    refused(44, NET_DROP_SOURCE_IP);
    make_arp(out, ARP_REQUEST, me, ip_of(3), ip_of(2));
    refused(42, NET_DROP_ARP);
    make_arp(out, ARP_REQUEST, me, NET_WORLD_GATEWAY, NET_WORLD_GATEWAY);
    refused(42, NET_DROP_ARP);
    make_arp(out, ARP_REPLY, me, ip_of(1), ip_of(2));
    refused(42, NET_DROP_ARP_REPLY);
    make_arp(out, ARP_REQUEST, me, ip_of(1), ip_of(2));
    out[27] ^= 1; /* sender MAC inside */
    refused(42, NET_DROP_ARP);
    net_world_stop(&n);
}

static void refuses_malformed_frames(void)
{
    uint64_t me = net_mac_of(1), you = net_mac_of(2);

    net_world_start(&n);
    net_post(&n, 2, 4, 1514, 0);
    make_ipv4(out, you, me, ip_of(1), ip_of(2), 10);
    refused(33, NET_DROP_LENGTH);
    refused(43, NET_DROP_IPV4); /* says 44 */
    out[14] = 0x65;
    refused(44, NET_DROP_IPV4);
    out[14] = 0x44;
    refused(44, NET_DROP_IPV4);
    out[14] = 0x4f; /* header longer than the datagram */
    refused(44, NET_DROP_IPV4);
    make_arp(out, ARP_REQUEST, me, ip_of(1), ip_of(2));
    refused(41, NET_DROP_LENGTH);
    out[19] = 16;
    refused(42, NET_DROP_ARP);
    make_arp(out, 3, me, ip_of(1), ip_of(2));
    refused(42, NET_DROP_ARP);
    net_world_stop(&n);
}

static void refuses_other_protocols(void)
{
    static const struct {
        uint8_t type[2];
        enum net_drop why;
    } cases[] = {
        {{0x86, 0xdd}, NET_DROP_IPV6},      {{0x81, 0x00}, NET_DROP_VLAN},
        {{0x88, 0xa8}, NET_DROP_VLAN},      {{0x88, 0xcc}, NET_DROP_ETHERTYPE},
        {{0x00, 0x2e}, NET_DROP_ETHERTYPE},
    };

    net_world_start(&n);
    net_post(&n, 2, 4, 1514, 0);
    make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 30);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        memcpy(out + 12, cases[i].type, 2);
        refused(64, cases[i].why);
        refused(14, cases[i].why);
    }
    net_world_stop(&n);
}

static void refuses_destinations(void)
{
    uint64_t me = net_mac_of(1);

    net_world_start(&n);
    net_post(&n, 2, 4, 1514, 0);
    make_ipv4(out, NET_MAC_MASK, me, ip_of(1), ip_of(2), 10);
    refused(44, NET_DROP_BROADCAST);
    make_ipv4(out, 0x5e0002ull, me, ip_of(1), ip_of(2), 10);
    refused(44, NET_DROP_UNKNOWN);
    make_ipv4(out, 0x5e0001ull | 1, me, ip_of(1), ip_of(2), 10);
    refused(44, NET_DROP_BROADCAST);
    make_ipv4(out, net_mac_of(50), me, ip_of(1), ip_of(50), 10);
    refused(44, NET_DROP_UNKNOWN);
    make_ipv4(out, net_mac_of(1u << 31), me, ip_of(1), ip_of(50), 10);
    refused(44, NET_DROP_UNKNOWN);
    make_ipv4(out, NET_ROUTER_MAC, me, ip_of(1), 0x08080808, 10);
    refused(44, NET_DROP_NO_UPLINK);
    make_ipv4(out, NET_ROUTER_MAC, me, ip_of(1), 0xe0000001, 10);
    refused(44, NET_DROP_BROADCAST);
    make_ipv4(out, NET_ROUTER_MAC, me, ip_of(1), ip_of(255), 10);
    refused(44, NET_DROP_BROADCAST);
    make_ipv4(out, NET_ROUTER_MAC, me, ip_of(1), ip_of(0), 10);
    refused(44, NET_DROP_BROADCAST);
    net_world_stop(&n);
}

static void put_2_elsewhere(struct net_world *w)
{
    w->bundle.config[2].group = 9;
}

static void keeps_groups_apart(void)
{
    uint64_t me = net_mac_of(1);

    net_world_start_with(&n, put_2_elsewhere);
    net_post(&n, 2, 4, 1514, 0);
    make_ipv4(out, net_mac_of(2), me, ip_of(1), ip_of(2), 10);
    refused(44, NET_DROP_GROUP);
    make_ipv4(out, NET_ROUTER_MAC, me, ip_of(1), ip_of(2), 10);
    refused(44, NET_DROP_GROUP);
    make_arp(out, ARP_REQUEST, me, ip_of(1), ip_of(2));
    refused(42, NET_DROP_GROUP);
    net_world_stop(&n);
}

static void answers_arp_for(uint32_t wanted, uint64_t mac)
{
    struct arp a;
    struct packet f;

    make_arp(out, ARP_REQUEST, net_mac_of(1), ip_of(1), wanted);
    CU_ASSERT_EQUAL(net_send(&n, 1, out, 42), 1);
    CU_ASSERT_EQUAL_FATAL(net_take(&n, 1, in), 42);
    packet_load(&f, in, 42);
    CU_ASSERT(arp_parse(&f, &a));
    CU_ASSERT_EQUAL(a.operation, ARP_REPLY);
    CU_ASSERT_EQUAL(a.sender_mac, mac);
    CU_ASSERT_EQUAL(a.sender_ip, wanted);
    CU_ASSERT_EQUAL(a.target_ip, ip_of(1));
    CU_ASSERT_EQUAL(packet_destination(&f), net_mac_of(1));
    CU_ASSERT_EQUAL(packet_source(&f), mac);
}

static void answers_arp(void)
{
    net_world_start(&n);
    net_post(&n, 1, 8, 1514, 0);
    answers_arp_for(ip_of(3), net_mac_of(3));
    make_arp(out, ARP_REQUEST, net_mac_of(1), ip_of(1), NET_WORLD_GATEWAY);
    refused(42, NET_DROP_NO_UPLINK);
    make_arp(out, ARP_REQUEST, net_mac_of(1), ip_of(1), 0x0b000001);
    refused(42, NET_DROP_UNKNOWN);
    make_arp(out, ARP_REQUEST, net_mac_of(1), ip_of(1), ip_of(1));
    CU_ASSERT_EQUAL(net_send(&n, 1, out, 42), 1); /* announces itself */
    CU_ASSERT_EQUAL(net_take(&n, 1, in), 0);
    net_world_uplink(&n);
    answers_arp_for(NET_WORLD_GATEWAY, NET_ROUTER_MAC);
    answers_arp_for(ip_of(77), NET_ROUTER_MAC);
    net_world_stop(&n);
}

/* Domain 1 sends to 2, which drops it for this reason. */
static void lost(enum net_drop why)
{
    uint64_t before = drops(2, why);
    uint64_t sent = net_counters(&n, 1)->sent_frames;

    make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 66);
    CU_ASSERT_EQUAL(net_send(&n, 1, out, 100), 1);
    CU_ASSERT_EQUAL(drops(2, why), before + 1);
    CU_ASSERT_EQUAL(net_counters(&n, 1)->sent_frames, sent + 1);
}

static void drops_at_a_receiver_that_is_not_ready(void)
{
    net_world_start(&n);
    lost(NET_DROP_NO_BUFFER);
    CU_ASSERT_EQUAL(net_ring(&n, 2)->rx_drops, 1);
    CU_ASSERT_FALSE(net_event(&n, 2, SCREE_PORT_NET));
    net_post(&n, 2, 1, 99, 0);
    lost(NET_DROP_TOO_SMALL);
    net_ring(&n, 2)->rx_produced += 64;
    lost(NET_DROP_NO_BUFFER); /* 65 posted: nonsense */
    net_ring(&n, 2)->rx_produced -= 64;
    net_ring(&n, 2)->done_consumed = 5;
    lost(NET_DROP_NO_BUFFER);
    net_ring(&n, 2)->done_consumed = 0;
    atomic_store(&n.d[2]->state, DOMAIN_CRASHED);
    lost(NET_DROP_CLOSED);
    atomic_store(&n.d[2]->state, DOMAIN_RUNNING);
    CU_ASSERT_EQUAL(vio_op(n.d[2], SCREE_VIO_CLOSE, SCREE_VIO_NET, 0), 0);
    lost(NET_DROP_CLOSED);
    net_world_stop(&n);
}

static void returns_bad_buffers_empty(void)
{
    static const struct scree_vio_desc bad[] = {
        {0, 1514, 7},           {SCREE_INFO_PAGE, 1514, 8},
        {NET_WORLD_RX, 0, 9},   {NET_WORLD_RX, 4097, 10},
        {1ull << 47, 1514, 11}, {UINT64_MAX - 100, 1514, 12},
        {0x1fffc0, 1514, 13}, /* runs out of memory */
    };
    struct scree_vio_ring *r;

    net_world_start(&n);
    r = net_ring(&n, 2);
    for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
        r->rx[i] = bad[i];
        r->rx_produced++;
        lost(NET_DROP_BAD_BUFFER);
        CU_ASSERT_EQUAL(r->done_produced, i + 1);
        CU_ASSERT_EQUAL(r->done[i].id, bad[i].id);
        CU_ASSERT_EQUAL(r->done[i].length, 0);
        CU_ASSERT(net_event(&n, 2, SCREE_PORT_NET));
    }
    net_world_stop(&n);
}

static void limit_1(struct net_world *w)
{
    w->bundle.config[1].net_rate = 100000;
}

static void limits_sending(void)
{
    int64_t sent = 0, now;

    net_world_start_with(&n, limit_1);
    net_post(&n, 2, 64, 1514, 0);
    make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 966);
    for (unsigned i = 0; i < 30; i++)
        net_fill(&n, 1, out, 1000, 0);
    sent = net_kick(&n, 1);
    CU_ASSERT(sent >= 10 && sent <= 12);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 0);
    CU_ASSERT_NOT_EQUAL(n.d[1]->net->timer.deadline, UINT64_MAX);
    host_clock_advance(50000000); /* 5,000 bytes */
    CU_ASSERT_FALSE(net_event(&n, 1, SCREE_PORT_NET));
    timer_run(n.d[1]->vcpu.cpu, machine_clock());
    CU_ASSERT(net_event(&n, 1, SCREE_PORT_NET));
    now = net_kick(&n, 1);
    CU_ASSERT(now >= 4 && now <= 6);
    net_world_stop(&n);
}

static void limit_2(struct net_world *w)
{
    w->bundle.config[2].net_rate = 100000;
}

static void limits_receiving(void)
{
    net_world_start_with(&n, limit_2);
    net_post(&n, 2, 64, 1514, 0);
    make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 966);
    for (unsigned i = 0; i < 30; i++)
        net_fill(&n, 1, out, 1000, 0);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 30);
    CU_ASSERT(net_counters(&n, 2)->received_frames >= 10);
    CU_ASSERT(net_counters(&n, 2)->received_frames <= 12);
    CU_ASSERT_EQUAL(
        drops(2, NET_DROP_RATE) + net_counters(&n, 2)->received_frames, 30);
    net_world_stop(&n);
}

static int create_at(uint32_t ipv4)
{
    struct scree_domain_config config = {.ipv4 = ipv4};
    struct domain *d = world_domain(&n.w, 4);
    int rc = net_port_create(n.w.cell, d, &config);

    world_domain_end(&n.w, d);
    return rc;
}

static void refuses_ports(void)
{
    net_world_start(&n);
    CU_ASSERT_EQUAL(create_at(ip_of(1)), -XEN_EEXIST);
    CU_ASSERT_EQUAL(create_at(ip_of(0)), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_at(ip_of(255)), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_at(NET_WORLD_GATEWAY), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_at(0x0a000101), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_at(0x09ffffff), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_at(ip_of(9)), 0);
    CU_ASSERT_EQUAL(create_at(ip_of(9)), 0); /* free again */
    n.w.cell->net = NULL;
    CU_ASSERT_EQUAL(create_at(ip_of(9)), -XEN_ENODEV);
    net_world_stop(&n);
}

static int create_switch(struct world *w, uint32_t network, uint32_t prefix,
                         uint32_t gateway)
{
    struct scree_bundle b = {
        .network = network, .prefix = prefix, .gateway = gateway};
    int rc;

    w->cell->bundle = &b;
    w->cell->net = NULL;
    rc = net_switch_create(w->cell);
    w->cell->bundle = NULL;
    w->free = frames_free(w->frames);
    return rc;
}

static void refuses_network_records(void)
{
    struct world w;

    world_start(&w, NULL);
    CU_ASSERT_EQUAL(net_switch_create(w.cell), 0);
    CU_ASSERT_PTR_NULL(w.cell->net);
    CU_ASSERT_EQUAL(create_switch(&w, 0, 0, 0), 0);
    CU_ASSERT_PTR_NULL(w.cell->net);
    CU_ASSERT_EQUAL(create_switch(&w, 0x0a000000, 0, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_switch(&w, 0x0a000000, 31, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_switch(&w, 0x0a000000, UINT32_MAX, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_switch(&w, 0x0a000001, 24, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(create_switch(&w, 0x0a000000, 24, 1), -XEN_EINVAL);
    CU_ASSERT_PTR_NULL(w.cell->net);
    CU_ASSERT_EQUAL(create_switch(&w, 0x0a000000, 8, 0x0a000001), 0);
    CU_ASSERT_PTR_NOT_NULL(w.cell->net);
    net_poll(w.cell, 0);
    world_stop(&w);
}

void suite_switch(void)
{
    static const struct unit_test tests[] = {
        {"forwards by MAC", forwards_by_mac},
        {"routes by address", routes_by_address},
        {"copies every length and alignment",
         copies_every_length_and_alignment},
        {"carries a batch in order", carries_a_batch_in_order},
        {"refuses forged senders", refuses_forged_senders},
        {"refuses malformed frames", refuses_malformed_frames},
        {"refuses other protocols", refuses_other_protocols},
        {"refuses destinations", refuses_destinations},
        {"keeps groups apart", keeps_groups_apart},
        {"answers ARP", answers_arp},
        {"drops at a receiver that is not ready",
         drops_at_a_receiver_that_is_not_ready},
        {"returns bad buffers empty", returns_bad_buffers_empty},
        {"limits sending", limits_sending},
        {"limits receiving", limits_receiving},
        {"refuses ports", refuses_ports},
        {"refuses network records", refuses_network_records},
    };
    UNIT_SUITE("switch", tests);
}
