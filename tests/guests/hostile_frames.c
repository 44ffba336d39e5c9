/* SPDX-License-Identifier: MIT */
/*
 * Sends what the switch must not carry: frames with another's MAC or address,
 * forged and unasked ARP, wrong sizes and headers, other protocols; at a
 * witness (its twin with `witness` on the command line), which must see the
 * honest ones only.
 *
 *   peer=ID      domain id of the witness
 *   address=N    its IPv4 address as a number
 */
#include "rt_net.h"

SCREE_IMAGE(0x80000, 16384);

static const char honest[] = "HONEST--";
static const char forged[] = "FORGED--";

static uint8_t frame[8192];
static struct net_headers to_witness;

/* Sends n bytes; true: the switch or the ring refused them. */
static bool refused(size_t n)
{
    struct net_outcome o;

    if (net_send(frame, n) != 1)
        return false;
    o = net_outcome();
    return o.drops + o.errors == 1;
}

static size_t make_forged(const struct net_headers *h)
{
    return net_make_udp(frame, h, forged, sizeof(forged));
}

static void test_addresses(void)
{
    struct net_headers h = to_witness;

    net_mac_of(rt_info()->domain + 100, h.from);
    tap_ok(refused(make_forged(&h)), "another domain's MAC");
    memset(h.from, 0xff, 6);
    tap_ok(refused(make_forged(&h)), "a broadcast source MAC");
    net_mac_of(UINT32_MAX, h.from);
    tap_ok(refused(make_forged(&h)), "the router's MAC as source");
    h = to_witness;
    h.source = rt_info()->gateway;
    tap_ok(refused(make_forged(&h)), "the gateway's IPv4 address");
    h.source = to_witness.destination;
    tap_ok(refused(make_forged(&h)), "the receiver's own address as source");
    h.source = 0;
    tap_ok(refused(make_forged(&h)), "source 0.0.0.0");
    h.source = 0x7f000001;
    tap_ok(refused(make_forged(&h)), "source 127.0.0.1");
}

static void test_arp(void)
{
    struct net_headers h = to_witness;
    uint8_t other[6];

    h.type = 0x0806;
    memset(h.to, 0xff, 6);
    net_mac_of(rt_info()->domain + 1, other);
    tap_ok(refused(net_make_arp(frame, &h, 1, other)),
           "ARP with another's hardware address");
    h.source = rt_info()->gateway;
    tap_ok(refused(net_make_arp(frame, &h, 1, NULL)),
           "ARP request that claims the gateway");
    tap_ok(refused(net_make_arp(frame, &h, 2, NULL)),
           "ARP reply that claims the gateway");
    h.source = to_witness.destination;
    tap_ok(refused(net_make_arp(frame, &h, 2, NULL)),
           "ARP reply that claims the witness");
    net_mac_of((uint32_t)rt_option("peer", 0), h.to);
    tap_ok(refused(net_make_arp(frame, &h, 2, NULL)),
           "the same, sent to the witness itself");
    h = to_witness;
    h.type = 0x0806;
    (void)net_make_arp(frame, &h, 1, NULL);
    tap_ok(refused(20), "ARP cut short");
    net_put16(frame + 14, 7);
    tap_ok(refused(42), "ARP of another hardware type");
}

static void test_sizes(void)
{
    unsigned wrong = 0;
    size_t n;

    memset(frame, 0, sizeof(frame));
    n = make_forged(&to_witness);
    for (size_t k = 1; k < 34; k++)
        wrong += !refused(k);
    tap_ok(wrong == 0, "frames shorter than their headers: %u carried", wrong);
    tap_ok(refused(1515) && refused(2000) && refused(4096),
           "frames longer than 1514");
    tap_ok(refused(4097) && refused(8192), "buffers longer than 4096");
    (void)n;
}

struct change {
    const char *name;
    unsigned at;
    uint8_t byte;
};

static void test_headers(void)
{
    static const struct change changes[] = {
        {"IPv4 version 6", 14, 0x65},     {"header length 4", 14, 0x44},
        {"header length 15", 14, 0x4f},   {"version 0", 14, 0x00},
        {"total length 65535", 16, 0xff},
    };
    static const uint16_t types[] = {0x86dd, 0x8100, 0x88a8, 0x88cc,
                                     0x0000, 0x05dc, 0xffff, 0x8847};
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        size_t n = make_forged(&to_witness);

        frame[changes[i].at] = changes[i].byte;
        if (!refused(n)) {
            wrong++;
            rt_printf("# carried: %s\n", changes[i].name);
        }
    }
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct net_headers h = to_witness;

        h.type = types[i];
        if (!refused(make_forged(&h))) {
            wrong++;
            rt_printf("# carried: ethertype %x\n", types[i]);
        }
    }
    tap_ok(wrong == 0, "malformed headers and other protocols: %u carried",
           wrong);
}

static void test_destinations(void)
{
    struct net_headers h = to_witness;

    memset(h.to, 0xff, 6);
    h.destination = 0xffffffff;
    (void)refused(make_forged(&h)); /* nobody subscribed: may be either */
    net_mac_of(rt_info()->domain + 5000, h.to);
    tap_ok(refused(make_forged(&h)), "a MAC that nobody has");
    memset(h.to, 0x44, 6);
    tap_ok(refused(make_forged(&h)), "a foreign MAC");
    memset(h.to, 0, 6);
    tap_ok(refused(make_forged(&h)), "MAC 0");
}

static void send_honest(unsigned count)
{
    unsigned sent = 0;

    for (unsigned i = 0; i < count; i++) {
        size_t n = net_make_udp(frame, &to_witness, honest, sizeof(honest));

        sent += !refused(n);
        rt_sleep(20 * RT_MS);
    }
    tap_is(sent, count, "honest frames are carried");
}

static void random_frames(uint64_t ns)
{
    uint64_t end = rt_now() + ns, seed = 42;
    unsigned count = 0;

    while (rt_now() < end) {
        size_t n = make_forged(&to_witness);
        /* at least one byte of the source addresses is wrong */
        unsigned changes = (unsigned)rt_random(&seed) % 6;

        frame[6 + rt_random(&seed) % 6] ^=
            (uint8_t)(1 + rt_random(&seed) % 255);
        while (changes--)
            frame[rt_random(&seed) % 42] = (uint8_t)rt_random(&seed);
        if (!memcmp(frame + 6, to_witness.from, 6))
            continue;
        (void)net_send(frame,
                       rt_random(&seed) % 8 ? n : rt_random(&seed) % 1600);
        count++;
    }
    tap_ok(count > 0, "%u random frames", count);
}

static int attack(void)
{
    to_witness = net_honest((uint32_t)rt_option("address", 0));
    rt_sleep(RT_SECOND); /* the witness is listening */
    send_honest(10);
    test_addresses();
    test_arp();
    test_sizes();
    test_headers();
    test_destinations();
    random_frames(rt_option("seconds", 2) * RT_SECOND);
    send_honest(10);
    return tap_done();
}

/* Looks at everything that comes in. */
static bool contains(const uint8_t *p, size_t n, const char *text)
{
    for (size_t i = 0; i + 8 <= n; i++)
        if (!memcmp(p + i, text, 8))
            return true;
    return false;
}

static int witness(uint64_t ns)
{
    uint64_t end = rt_now() + ns;
    unsigned good = 0, bad = 0, arp = 0;

    while (rt_now() < end) {
        size_t n = net_receive(frame, sizeof(frame), RT_SECOND / 4);

        if (!n)
            continue;
        good += contains(frame, n, honest);
        bad += contains(frame, n, forged);
        arp += n >= 22 && frame[12] == 8 && frame[13] == 6 && frame[21] == 2;
    }
    tap_is(good, 20, "honest frames arrived");
    tap_is(bad, 0, "no forged one did");
    tap_is(arp, 0, "no ARP reply that we did not ask for");
    return tap_done();
}

int guest_main(void)
{
    if (!tap_ok(net_open(), "the net device opens"))
        return tap_done();
    if (rt_has_option("witness"))
        return witness(rt_option("seconds", 12) * RT_SECOND);
    return attack();
}
