/* SPDX-License-Identifier: MIT */
/*
 * The uplink over a NIC made of arrays: neighbours, what comes in, what goes
 * out, waiting for room.
 */
#include <string.h>

#include "net_world.h"

#include "io/net_report.h"
#include "io/packet.h"
#include "io/switch.h"
#include "io/vio.h"

#define NIC_MAC     (OUTSIDE_MAC + 2)
#define GATEWAY_MAC OUTSIDE_MAC
#define FAR         0x08080808u

static struct net_world n;
static uint8_t out[1600], in[1600];

static struct uplink *uplink(void)
{
    return n.w.cell->net->uplink;
}

static void start(void)
{
    net_world_start(&n);
    net_world_uplink(&n);
    host_clock_advance(1000);
}

static void arrive(uint32_t length)
{
    nic_arrive(n.nic, out, length);
    net_poll(n.w.cell, 0);
}

/* The frame that the NIC sent as number i. */
static struct packet sent(unsigned i)
{
    struct packet f;

    CU_ASSERT_FATAL(i < n.nic->sent_count);
    packet_load(&f, n.nic->sent[i].bytes, n.nic->sent[i].length);
    return f;
}

static void gateway_answers(void)
{
    make_arp(out, ARP_REPLY, GATEWAY_MAC, NET_WORLD_GATEWAY, ip_of(1));
    memcpy(out, (uint64_t[]){NIC_MAC}, 6);
    arrive(42);
}

static void to_far(uint32_t payload)
{
    make_ipv4(out, NET_ROUTER_MAC, net_mac_of(1), ip_of(1), FAR, payload);
    CU_ASSERT_EQUAL(net_send(&n, 1, out, 34 + payload), 1);
}

static void resolves_the_gateway_and_holds_a_frame(void)
{
    struct packet f;
    struct arp a;

    start();
    to_far(50);
    CU_ASSERT_EQUAL(n.nic->sent_count, 1);
    f = sent(0);
    CU_ASSERT(arp_parse(&f, &a));
    CU_ASSERT_EQUAL(a.operation, ARP_REQUEST);
    CU_ASSERT_EQUAL(a.target_ip, NET_WORLD_GATEWAY);
    CU_ASSERT_EQUAL(a.sender_ip, ip_of(1));
    CU_ASSERT_EQUAL(a.sender_mac, NIC_MAC);
    CU_ASSERT_EQUAL(packet_destination(&f), NET_MAC_MASK);
    to_far(51); /* one is held; this one is lost */
    CU_ASSERT_EQUAL(net_counters(&n, 1)->drops[NET_DROP_NO_NEIGHBOUR], 1);
    CU_ASSERT_EQUAL(n.nic->sent_count, 1);
    gateway_answers();
    CU_ASSERT_EQUAL(n.nic->sent_count, 2);
    f = sent(1);
    CU_ASSERT_EQUAL(f.length, 84);
    CU_ASSERT_EQUAL(packet_destination(&f), GATEWAY_MAC);
    CU_ASSERT_EQUAL(packet_source(&f), NIC_MAC);
    CU_ASSERT_EQUAL(packet_ipv4_destination(&f), FAR);
    to_far(52);
    CU_ASSERT_EQUAL(n.nic->sent_count, 3);
    CU_ASSERT(n.nic->flushes > 0);
    net_world_stop(&n);
}

static void asks_again_but_not_at_once(void)
{
    start();
    to_far(50);
    to_far(50);
    CU_ASSERT_EQUAL(n.nic->sent_count, 1);
    host_clock_advance(ARP_RETRY_NS);
    to_far(50);
    CU_ASSERT_EQUAL(n.nic->sent_count, 2);
    gateway_answers();
    CU_ASSERT_EQUAL(n.nic->sent_count, 3);
    host_clock_advance(ARP_REFRESH_NS);
    to_far(50); /* asks, and uses what it knows */
    CU_ASSERT_EQUAL(n.nic->sent_count, 5);
    nic_complete(n.nic);
    host_clock_advance(ARP_LIFETIME_NS);
    to_far(50); /* asks and holds */
    CU_ASSERT_EQUAL(n.nic->sent_count, 6);
    net_world_stop(&n);
}

static void to_local(unsigned id)
{
    make_ipv4(out, NET_ROUTER_MAC, net_mac_of(1), ip_of(1), ip_of(id), 5);
    CU_ASSERT_EQUAL(net_send(&n, 1, out, 39), 1);
}

/* A number that has `id`'s place in the cache of neighbours. */
static unsigned rival_of(unsigned id)
{
    struct arp_cache c;
    unsigned other = id;

    do {
        arp_cache_init(&c, NET_WORLD_GATEWAY);
        (void)arp_cache_find(&c, ip_of(id), 1, 0);
        (void)arp_cache_find(&c, ip_of(++other), 1, ARP_RETRY_NS);
    } while (arp_cache_peek(&c, ip_of(id)));
    return other;
}

/* Else the card's buffer with the frame would be lost. */
static void entry_that_holds_a_frame_stays(void)
{
    unsigned rival = rival_of(77);

    start();
    to_local(77);
    make_arp(out, ARP_REPLY, 0x770002ull, ip_of(77), ip_of(1));
    arrive(42);
    nic_complete(n.nic);
    host_clock_advance(ARP_LIFETIME_NS);
    to_local(77);
    to_local(rival);
    CU_ASSERT_PTR_NULL(arp_cache_peek(&uplink()->neighbours, ip_of(rival)));
    CU_ASSERT_EQUAL(uplink()->neighbours.held, 1);
    make_arp(out, ARP_REPLY, 0x770002ull, ip_of(77), ip_of(1));
    arrive(42);
    CU_ASSERT_EQUAL(uplink()->neighbours.held, 0);
    net_world_stop(&n);
}

static void ignores_answers_nobody_asked_for(void)
{
    start();
    gateway_answers();
    CU_ASSERT_FALSE(uplink()->neighbours.entry[0].resolved);
    to_far(50);
    host_clock_advance(10000000000ull);
    gateway_answers();
    CU_ASSERT_FALSE(uplink()->neighbours.entry[0].resolved);
    make_arp(out, ARP_REQUEST, GATEWAY_MAC, NET_WORLD_GATEWAY, ip_of(200));
    arrive(42); /* asks, but not for us */
    CU_ASSERT_FALSE(uplink()->neighbours.entry[0].resolved);
    make_arp(out, ARP_REQUEST, NET_MAC_MASK, NET_WORLD_GATEWAY, ip_of(1));
    arrive(42);
    CU_ASSERT_FALSE(uplink()->neighbours.entry[0].resolved);
    net_world_stop(&n);
}

static void answers_for_domains(void)
{
    struct packet f;
    struct arp a;

    start();
    make_arp(out, ARP_REQUEST, GATEWAY_MAC, NET_WORLD_GATEWAY, ip_of(3));
    arrive(42);
    CU_ASSERT_EQUAL(n.nic->sent_count, 1);
    f = sent(0);
    CU_ASSERT(arp_parse(&f, &a));
    CU_ASSERT_EQUAL(a.operation, ARP_REPLY);
    CU_ASSERT_EQUAL(a.sender_mac, NIC_MAC);
    CU_ASSERT_EQUAL(a.sender_ip, ip_of(3));
    CU_ASSERT_EQUAL(a.target_mac, GATEWAY_MAC);
    CU_ASSERT_EQUAL(packet_destination(&f), GATEWAY_MAC);
    CU_ASSERT(uplink()->neighbours.entry[0].resolved); /* it told us */
    make_arp(out, ARP_REQUEST, GATEWAY_MAC, NET_WORLD_GATEWAY, ip_of(200));
    arrive(42);
    CU_ASSERT_EQUAL(n.nic->sent_count, 1);
    CU_ASSERT_EQUAL(n.nic->recycled, 2);
    net_world_stop(&n);
}

static void delivers_by_address(void)
{
    uint64_t mac = net_mac_of(2), router = NET_ROUTER_MAC;

    start();
    net_post(&n, 2, 2, 1514, 0);
    make_ipv4(out, NIC_MAC, GATEWAY_MAC, FAR, ip_of(2), 1480);
    arrive(1514);
    CU_ASSERT_EQUAL(net_take(&n, 2, in), 1514);
    CU_ASSERT_EQUAL(memcmp(in, &mac, 6), 0);
    CU_ASSERT_EQUAL(memcmp(in + 6, &router, 6), 0);
    CU_ASSERT_EQUAL(memcmp(in + 12, out + 12, 1502), 0);
    CU_ASSERT(net_event(&n, 2, SCREE_PORT_NET));
    CU_ASSERT_EQUAL(uplink()->counters.received_frames, 1);
    CU_ASSERT_EQUAL(n.nic->recycled, 1);
    net_world_stop(&n);
}

/* A frame from outside that must go nowhere. */
static void unwanted(uint32_t length, enum net_drop why)
{
    uint64_t before = uplink()->counters.drops[why];

    arrive(length);
    CU_ASSERT_EQUAL(uplink()->counters.drops[why], before + 1);
    for (unsigned id = 1; id <= NET_WORLD_DOMAINS; id++)
        CU_ASSERT_EQUAL(net_take(&n, id, in), 0);
}

static void drops_what_is_not_for_us(void)
{
    start();
    net_post(&n, 2, 4, 1514, 0);
    make_ipv4(out, NIC_MAC, GATEWAY_MAC, FAR, ip_of(99), 20);
    unwanted(54, NET_DROP_UNKNOWN);
    make_ipv4(out, 0x332211004420ull, GATEWAY_MAC, FAR, ip_of(2), 20);
    unwanted(54, NET_DROP_UNKNOWN);
    make_ipv4(out, NET_MAC_MASK, GATEWAY_MAC, FAR, ip_of(2), 20);
    unwanted(54, NET_DROP_BROADCAST);
    make_ipv4(out, NIC_MAC, GATEWAY_MAC, ip_of(1), ip_of(2), 20);
    unwanted(54, NET_DROP_SOURCE_IP); /* claims to be one of ours */
    make_arp(out, ARP_REQUEST, GATEWAY_MAC, ip_of(1), ip_of(2));
    unwanted(42, NET_DROP_SOURCE_IP);
    make_ipv4(out, NIC_MAC, GATEWAY_MAC, 0xe0000001, ip_of(2), 20);
    unwanted(54, NET_DROP_IPV4);
    net_world_stop(&n);
}

static void drops_malformed_frames(void)
{
    start();
    net_post(&n, 2, 4, 1514, 0);
    make_ipv4(out, NIC_MAC, GATEWAY_MAC, FAR, ip_of(2), 20);
    unwanted(0, NET_DROP_LENGTH);
    unwanted(13, NET_DROP_LENGTH);
    unwanted(1515, NET_DROP_LENGTH);
    unwanted(33, NET_DROP_LENGTH);
    unwanted(53, NET_DROP_IPV4);
    out[12] = 0x81;
    out[13] = 0;
    unwanted(54, NET_DROP_VLAN);
    out[12] = 0x86;
    out[13] = 0xdd;
    unwanted(54, NET_DROP_IPV6);
    out[12] = 0x88;
    unwanted(54, NET_DROP_ETHERTYPE);
    make_arp(out, 9, GATEWAY_MAC, NET_WORLD_GATEWAY, ip_of(2));
    unwanted(42, NET_DROP_ARP);
    net_world_stop(&n);
}

static void waits_for_room(void)
{
    start();
    to_far(50);
    gateway_answers();
    nic_complete(n.nic);
    for (unsigned i = 0; i < 10; i++)
        net_fill(
            &n, 1, out,
            make_ipv4(out, NET_ROUTER_MAC, net_mac_of(1), ip_of(1), FAR, i), 0);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 8);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_consumed, 9);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 0);
    CU_ASSERT(n.nic->wants_room);
    net_poll(n.w.cell, 0);
    CU_ASSERT_FALSE(net_event(&n, 1, SCREE_PORT_NET));
    nic_complete(n.nic);
    net_poll(n.w.cell, 1); /* only CPU 0 looks */
    CU_ASSERT_FALSE(net_event(&n, 1, SCREE_PORT_NET));
    net_poll(n.w.cell, 0);
    CU_ASSERT(net_event(&n, 1, SCREE_PORT_NET));
    CU_ASSERT_FALSE(n.nic->wants_room);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 2);
    net_world_stop(&n);
}

/* A bad entry behind one that waits for room waits, too. */
static void bad_entries_that_wait_count_once(void)
{
    start();
    to_far(50);
    gateway_answers();
    n.nic->tx_used = n.nic->tx_limit;
    net_fill(&n, 1, out,
             make_ipv4(out, NET_ROUTER_MAC, net_mac_of(1), ip_of(1), FAR, 5),
             0);
    net_fill(&n, 1, out, 5, 0);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 0);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_drops, 0);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_errors, 0);
    nic_complete(n.nic);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 2);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_drops, 0);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_errors, 1);
    net_world_stop(&n);
}

static void several_wait_and_some_end(void)
{
    start();
    to_far(50);
    gateway_answers();
    n.nic->tx_used = n.nic->tx_limit;
    for (unsigned id = 1; id <= 4; id++) {
        uint32_t length =
            make_ipv4(out, NET_ROUTER_MAC, net_mac_of(id), ip_of(id), FAR, 5);

        CU_ASSERT_EQUAL(net_send(&n, id, out, length), 0);
        CU_ASSERT_EQUAL(net_kick(&n, id), 0);
    }
    world_domain_end(&n.w, n.d[2]);
    world_domain_end(&n.w, n.d[4]);
    world_domain_end(&n.w, n.d[1]);
    nic_complete(n.nic);
    net_poll(n.w.cell, 0);
    CU_ASSERT(net_event(&n, 3, SCREE_PORT_NET));
    CU_ASSERT_PTR_NULL(uplink()->wait_first);
    CU_ASSERT_PTR_NULL(uplink()->wait_last);
    net_world_stop(&n);
}

static void room_that_came_meanwhile_is_told(void)
{
    start();
    uplink_wait(uplink(), n.d[1]->net);
    CU_ASSERT(net_event(&n, 1, SCREE_PORT_NET));
    CU_ASSERT_PTR_NULL(uplink()->wait_first);
    net_world_stop(&n);
}

static void neighbours_inside_the_network(void)
{
    struct packet f;

    start();
    make_ipv4(out, NET_ROUTER_MAC, net_mac_of(1), ip_of(1), ip_of(77), 5);
    CU_ASSERT_EQUAL(net_send(&n, 1, out, 39), 1);
    make_arp(out, ARP_REPLY, 0x770002ull, ip_of(77), ip_of(1));
    arrive(42);
    CU_ASSERT_EQUAL(n.nic->sent_count, 2);
    f = sent(1);
    CU_ASSERT_EQUAL(packet_destination(&f), 0x770002ull);
    net_world_stop(&n);
}

static void to_neighbour(unsigned id, unsigned neighbour)
{
    make_ipv4(out, NET_ROUTER_MAC, net_mac_of(id), ip_of(id), ip_of(neighbour),
              5);
    CU_ASSERT_EQUAL(net_send(&n, id, out, 39), 1);
}

static void a_domain_holds_only_a_few(void)
{
    start();
    n.nic->tx_limit = 64;
    for (unsigned i = 0; i < 20; i++)
        to_neighbour(1, 50 + i);
    CU_ASSERT_EQUAL(uplink()->neighbours.held, ARP_UNRESOLVED);
    CU_ASSERT_EQUAL(net_counters(&n, 1)->drops[NET_DROP_NO_NEIGHBOUR],
                    20 - ARP_UNRESOLVED);
    to_neighbour(2, 80);
    CU_ASSERT_EQUAL(uplink()->neighbours.held, ARP_UNRESOLVED + 1);
    net_world_stop(&n);
}

static void frames_are_not_held_for_ever(void)
{
    start();
    n.nic->tx_limit = 64;
    for (unsigned id = 1; id <= 4; id++) {
        for (unsigned i = 0; i < 4; i++)
            to_neighbour(id, 50 + 10 * id + i);
    }
    CU_ASSERT_EQUAL(uplink()->neighbours.held, ARP_HELD);
    to_far(9); /* the gateway's place is its own */
    CU_ASSERT(uplink()->neighbours.entry[0].holding);
    CU_ASSERT_EQUAL(uplink()->neighbours.held, ARP_HELD);
    host_clock_advance(ARP_HOLD_NS);
    to_neighbour(1, 100);
    CU_ASSERT_EQUAL(uplink()->neighbours.held, 1);
    CU_ASSERT_FALSE(uplink()->neighbours.entry[0].holding);
    net_world_stop(&n);
}

static void no_gateway(struct net_world *w)
{
    w->bundle.head.gateway = 0;
}

static void without_a_gateway_nothing_far(void)
{
    net_world_start_with(&n, no_gateway);
    net_world_uplink(&n);
    to_far(5);
    CU_ASSERT_EQUAL(net_counters(&n, 1)->drops[NET_DROP_NO_NEIGHBOUR], 1);
    CU_ASSERT_EQUAL(n.nic->sent_count, 0);
    net_world_stop(&n);
}

static void a_flood_is_taken_in_portions(void)
{
    struct timer *t;

    start();
    t = &uplink()->timer;
    make_ipv4(out, NIC_MAC, GATEWAY_MAC, FAR, ip_of(2), 20);
    for (unsigned i = 0; i < UPLINK_BUDGET + 3; i++)
        nic_arrive(n.nic, out, 54);
    net_poll(n.w.cell, 0);
    CU_ASSERT_EQUAL(uplink()->counters.received_frames, UPLINK_BUDGET);
    CU_ASSERT(n.nic->deaf);
    CU_ASSERT_EQUAL(t->deadline, machine_clock() + UPLINK_PAUSE_NS);
    host_clock_advance(UPLINK_PAUSE_NS);
    timer_run(&n.w.cell->cpus[0], machine_clock());
    net_poll(n.w.cell, 0);
    CU_ASSERT_EQUAL(uplink()->counters.received_frames, UPLINK_BUDGET + 3);
    CU_ASSERT_FALSE(n.nic->deaf);
    net_world_stop(&n);
}

static bool comes_late(struct nic *nic)
{
    return !((struct fake_nic *)(void *)nic)->deaf;
}

/* A frame that came before interrupts were on again is not forgotten. */
static void the_last_frame_of_a_flood_is_seen(void)
{
    struct nic_calls calls;
    uint64_t kicks;

    start();
    calls = *n.nic->nic.calls;
    calls.pending = comes_late;
    n.nic->nic.calls = &calls;
    n.nic->deaf = true;
    uplink()->polling = true;
    kicks = host_kicks_of(0);
    net_poll(n.w.cell, 0);
    CU_ASSERT_EQUAL(host_kicks_of(0), kicks + 1);
    net_world_stop(&n);
}

static void a_broken_card_is_reported_once(void)
{
    const char *said;

    start();
    n.nic->nic.broken = true;
    net_poll(n.w.cell, 0);
    said = strstr(host_console_text(), "the fake card broke the rules");
    CU_ASSERT_PTR_NOT_NULL_FATAL(said);
    net_poll(n.w.cell, 0);
    CU_ASSERT_PTR_NULL(strstr(said + 20, "broke"));
    net_world_stop(&n);
}

static void counters_in_words(void)
{
    start();
    to_far(50);
    to_far(51);
    make_ipv4(out, 0x332211004420ull, GATEWAY_MAC, FAR, ip_of(2), 20);
    unwanted(54, NET_DROP_UNKNOWN);
    strcpy(n.d[1]->info->name, "web");
    net_report(n.w.cell);
    CU_ASSERT_PTR_NOT_NULL(strstr(host_console_text(),
                                  "net: uplink: sent 1 (42 bytes), received "
                                  "1 (54); dropped: unknown 1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(host_console_text(),
                                  "net: web: sent 1 (84 bytes), received 0 "
                                  "(0); dropped: no-neighbour 1\n"));
    net_world_stop(&n);
}

static void the_cache_keeps_who_answers(void)
{
    static struct arp_cache c;
    struct arp_entry *e;

    arp_cache_init(&c, 5);
    CU_ASSERT_PTR_NULL(arp_cache_find(&c, 0, 1, 10));
    CU_ASSERT_PTR_NULL(arp_cache_peek(&c, 0));
    CU_ASSERT_PTR_EQUAL(arp_cache_find(&c, 5, 1, 10), &c.entry[0]);
    e = arp_cache_find(&c, 7, 1, 10);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    CU_ASSERT(arp_should_ask(e, 10));
    e->resolved = true;
    e->confirmed = 10;
    for (uint32_t other = 8; other < 4096; other++)
        CU_ASSERT_PTR_NOT_EQUAL(arp_cache_find(&c, other, other, 10), e);
    CU_ASSERT_PTR_EQUAL(arp_cache_peek(&c, 7), e);
    CU_ASSERT(arp_usable(e, ARP_REFRESH_NS));
    CU_ASSERT_FALSE(arp_usable(e, 11 + ARP_LIFETIME_NS));
}

void suite_uplink(void)
{
    static const struct unit_test tests[] = {
        {"resolves the gateway and holds a frame",
         resolves_the_gateway_and_holds_a_frame},
        {"an entry that holds a frame stays", entry_that_holds_a_frame_stays},
        {"asks again, but not at once", asks_again_but_not_at_once},
        {"ignores answers nobody asked for", ignores_answers_nobody_asked_for},
        {"answers for domains", answers_for_domains},
        {"delivers by address", delivers_by_address},
        {"drops what is not for us", drops_what_is_not_for_us},
        {"drops malformed frames", drops_malformed_frames},
        {"waits for room", waits_for_room},
        {"bad entries that wait count once", bad_entries_that_wait_count_once},
        {"several wait and some end", several_wait_and_some_end},
        {"room that came meanwhile is told", room_that_came_meanwhile_is_told},
        {"neighbours inside the network", neighbours_inside_the_network},
        {"a domain holds only a few", a_domain_holds_only_a_few},
        {"frames are not held for ever", frames_are_not_held_for_ever},
        {"without a gateway nothing far", without_a_gateway_nothing_far},
        {"a flood is taken in portions", a_flood_is_taken_in_portions},
        {"the last frame of a flood is seen",
         the_last_frame_of_a_flood_is_seen},
        {"a broken card is reported once", a_broken_card_is_reported_once},
        {"counters in words", counters_in_words},
        {"the cache keeps who answers", the_cache_keeps_who_answers},
    };
    UNIT_SUITE("uplink", tests);
}
