/* SPDX-License-Identifier: MIT */
/*
 * The DNS server's pure parts: the zone made of a hosts text, and queries with
 * their responses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "unit.h"

#define TYPE_A    1
#define TYPE_SOA  6
#define TYPE_PTR  12
#define TYPE_AAAA 28

static const char hosts[] = "# the cell\n"
                            "10.0.0.2 web\n"
                            "\t10.0.0.3   DNS # resolver\r\n"
                            "10.0.0.300 none\n"
                            "10.0.0 none\n"
                            "10.0.0.4none\n"
                            "10.0.0.4\n"
                            "\n"
                            "10.0.0.5 far.example.org\n"
                            "10.0.0.2 alias\n"
                            "10.0.0.6 last";

static struct dns_zone zone;
static const struct dns_server server = {.zone = &zone, .suffix = "cell"};
static uint8_t reply[DNS_UDP_MAX];

/* The text without a final 0, in memory of just its size. */
static char *open_zone(void)
{
    char *text = malloc(strlen(hosts));

    memcpy(text, hosts, strlen(hosts));
    CU_ASSERT_FATAL(dns_zone_open(&zone, text, strlen(hosts)));
    return text;
}

static void close_zone(char *text)
{
    dns_zone_close(&zone);
    free(text);
}

static uint32_t address_of(const char *name)
{
    struct dns_host h;

    return dns_zone_name(&zone, name, strlen(name), &h) ? h.address : 0;
}

static void test_zone_knows_its_lines(void)
{
    char *text = open_zone();
    struct dns_host h;

    CU_ASSERT_EQUAL(zone.count, 5);
    CU_ASSERT_EQUAL(address_of("web"), 0x0a000002);
    CU_ASSERT_EQUAL(address_of("WEB"), 0x0a000002);
    CU_ASSERT_EQUAL(address_of("dns"), 0x0a000003);
    CU_ASSERT_EQUAL(address_of("alias"), 0x0a000002);
    CU_ASSERT_EQUAL(address_of("last"), 0x0a000006);
    CU_ASSERT_EQUAL(address_of("none"), 0);
    CU_ASSERT_EQUAL(address_of("we"), 0);
    CU_ASSERT_EQUAL(address_of(""), 0);
    CU_ASSERT(dns_zone_address(&zone, 0x0a000002, &h));
    CU_ASSERT(h.length == 3 && !memcmp(h.name, "web", 3)); /* the first */
    CU_ASSERT_FALSE(dns_zone_address(&zone, 0x0a000004, &h));
    close_zone(text);
}

static void test_zone_holds_many(void)
{
    enum { MANY = 3000, LINE = 32 };
    char *text = malloc(MANY * LINE), name[16];
    size_t size = 0;

    for (unsigned i = 0; i < MANY; i++)
        size += (size_t)snprintf(text + size, LINE, "10.1.%u.%u d%u\n", i / 256,
                                 i % 256, i);
    CU_ASSERT_FATAL(dns_zone_open(&zone, text, size));
    for (unsigned i = 0; i < MANY; i++) {
        struct dns_host h;

        snprintf(name, sizeof(name), "d%u", i);
        CU_ASSERT_EQUAL(address_of(name), 0x0a010000 + i);
        CU_ASSERT(dns_zone_address(&zone, 0x0a010000 + i, &h));
    }
    CU_ASSERT_EQUAL(address_of("d3000"), 0);
    close_zone(text);
}

/* A query for one name; returns its size. */
static size_t make_query(uint8_t *q, const char *name, unsigned type)
{
    static const uint8_t header[12] = {0x12, 0x34, 1, 0, 0, 1};
    size_t n = sizeof(header);

    memcpy(q, header, n);
    while (*name) {
        size_t label = strcspn(name, ".");

        q[n++] = (uint8_t)label;
        memcpy(q + n, name, label);
        n += label;
        name += label + (name[label] == '.');
    }
    memcpy(q + n, (uint8_t[]){0, 0, (uint8_t)type, 0, 1}, 5);
    return n + 5;
}

/* Asks, checks what every response must say, returns its rcode. */
static unsigned ask(const char *name, unsigned type)
{
    uint8_t q[300];
    size_t size = make_query(q, name, type), n;

    n = dns_respond(&server, q, size, reply);
    CU_ASSERT_FATAL(n >= size);
    CU_ASSERT(!memcmp(reply, q, 2));
    CU_ASSERT_EQUAL(reply[2], 0x85); /* response, authoritative, RD copied */
    CU_ASSERT(!memcmp(reply + 12, q + 12, size - 12));
    CU_ASSERT_EQUAL(reply[5], 1);
    /* one record: in the answer or, a SOA, in the authority section */
    CU_ASSERT_EQUAL(reply[7] + reply[9], 1);
    return reply[3] & 15;
}

static void test_addresses_are_answered(void)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0,  1, 0, 0,
                                     0,    60, 0, 4, 10, 0, 0, 2};
    static const char *const names[] = {"web", "WEB.cell", "Web.CELL"};
    char *text = open_zone();

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        CU_ASSERT_EQUAL(ask(names[i], TYPE_A), DNS_OK);
        CU_ASSERT_EQUAL(reply[7], 1);
        CU_ASSERT(
            !memcmp(reply + 12 + strlen(names[i]) + 6, record, sizeof(record)));
    }
    CU_ASSERT_EQUAL(ask("far.example.org", TYPE_A), DNS_OK);
    CU_ASSERT_EQUAL(reply[7], 1);
    close_zone(text);
}

static void test_names_are_answered(void)
{
    static const uint8_t inner[] = "\0\x0a\3web\4cell";
    static const uint8_t outer[] = "\0\x11\3far\7example\3org";
    static const char arpa[] = "2.0.0.10.in-addr.arpa";
    size_t at = 12 + sizeof(arpa) + 1 + 4 + 10;
    char *text = open_zone();

    CU_ASSERT_EQUAL(ask(arpa, TYPE_PTR), DNS_OK);
    CU_ASSERT_EQUAL(reply[7], 1);
    CU_ASSERT(!memcmp(reply + at, inner, sizeof(inner)));
    CU_ASSERT_EQUAL(ask("5.0.0.10.IN-ADDR.ARPA", TYPE_PTR), DNS_OK);
    CU_ASSERT(!memcmp(reply + at, outer, sizeof(outer)));
    close_zone(text);
}

static void test_the_unknown_is_denied(void)
{
    char *text = open_zone();

    CU_ASSERT_EQUAL(ask("nobody", TYPE_A), DNS_NXDOMAIN);
    CU_ASSERT_EQUAL(reply[9], 1);
    CU_ASSERT_EQUAL(ask("cell", TYPE_A), DNS_NXDOMAIN);
    CU_ASSERT_EQUAL(ask("web", TYPE_AAAA), DNS_OK); /* known, but no such */
    CU_ASSERT_EQUAL(reply[9], 1);
    CU_ASSERT_EQUAL(ask("9.0.0.10.in-addr.arpa", TYPE_PTR), DNS_NXDOMAIN);
    CU_ASSERT_EQUAL(ask("256.0.0.10.in-addr.arpa", TYPE_PTR), DNS_NXDOMAIN);
    CU_ASSERT_EQUAL(ask("0.0.10.in-addr.arpa", TYPE_PTR), DNS_NXDOMAIN);
    CU_ASSERT_EQUAL(ask("1.2.0.0.10.in-addr.arpa", TYPE_PTR), DNS_NXDOMAIN);
    close_zone(text);
}

/* A changed byte of a good query, and what the answer must be. */
static void test_other_queries_are_refused(void)
{
    char *text = open_zone();
    uint8_t q[300];
    size_t size = make_query(q, "web", TYPE_A);

    q[2] |= 0x80; /* a response */
    CU_ASSERT_EQUAL(dns_respond(&server, q, size, reply), 0);
    CU_ASSERT_EQUAL(dns_respond(&server, q, 11, reply), 0);
    q[2] = 0x10; /* opcode STATUS */
    CU_ASSERT_EQUAL(dns_respond(&server, q, size, reply), 12);
    CU_ASSERT_EQUAL(reply[3] & 15, DNS_NOTIMP);
    q[2] = 0;
    q[5] = 2; /* two questions */
    CU_ASSERT_EQUAL(dns_respond(&server, q, size, reply), 12);
    CU_ASSERT_EQUAL(reply[3] & 15, DNS_FORMERR);
    q[5] = 1;
    q[size - 1] = 3; /* class CHAOS */
    CU_ASSERT_EQUAL(dns_respond(&server, q, size, reply), size);
    CU_ASSERT_EQUAL(reply[3] & 15, DNS_REFUSED);
    q[12] = 0xc0; /* a name that points at itself */
    q[13] = 12;
    CU_ASSERT_EQUAL(dns_respond(&server, q, size, reply), 12);
    CU_ASSERT_EQUAL(reply[3] & 15, DNS_FORMERR);
    close_zone(text);
}

static void test_every_cut_is_refused(void)
{
    char *text = open_zone();
    uint8_t q[300];
    size_t size = make_query(q, "web.cell", TYPE_A);

    for (size_t n = 12; n < size; n++) {
        uint8_t *exact = malloc(n);

        memcpy(exact, q, n);
        CU_ASSERT_EQUAL(dns_respond(&server, exact, n, reply), 12);
        CU_ASSERT_EQUAL(reply[3] & 15, DNS_FORMERR);
        free(exact);
    }
    close_zone(text);
}

static void test_compressed_names_are_read(void)
{
    /* at 12: "ab.c"; at 18: "x" and a pointer to 15 ("c") */
    uint8_t m[32] = {0};
    char name[DNS_NAME_MAX];
    size_t at = 18;

    memcpy(m + 12, "\2ab\1c\0\1x\xc0\x0f", 11);
    at = 18;
    CU_ASSERT_EQUAL(dns_read_name(m, sizeof(m), &at, name), 3);
    CU_ASSERT(!memcmp(name, "x.c", 3));
    CU_ASSERT_EQUAL(at, 22);
    m[21] = 18; /* a loop */
    at = 18;
    CU_ASSERT_EQUAL(dns_read_name(m, sizeof(m), &at, name), -1);
    m[21] = 30; /* forwards */
    at = 18;
    CU_ASSERT_EQUAL(dns_read_name(m, sizeof(m), &at, name), -1);
    m[21] = 2; /* into the header */
    at = 18;
    CU_ASSERT_EQUAL(dns_read_name(m, sizeof(m), &at, name), -1);
}

static void test_long_names_are_refused(void)
{
    char *text = open_zone();
    uint8_t q[600] = {0};
    char name[DNS_NAME_MAX];
    size_t at = 12, n = 12;

    for (unsigned i = 0; i < 5; i++) {
        q[n++] = 63;
        memset(q + n, 'x', 63);
        n += 63;
    }
    CU_ASSERT_EQUAL(dns_read_name(q, n + 1, &at, name), -1);
    q[12] = 64; /* neither a label nor a pointer */
    CU_ASSERT_EQUAL(dns_read_name(q, n + 1, &at, name), -1);
    /* the longest that may be asked still fits its response */
    n = make_query(q,
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxxxxxxxxxxxxxxx",
                   TYPE_A);
    CU_ASSERT(dns_respond(&server, q, n, reply) > n);
    CU_ASSERT_EQUAL(reply[3] & 15, DNS_NXDOMAIN);
    close_zone(text);
}

static void test_server_survives_random_bytes(void)
{
    char *text = open_zone();
    uint64_t seed = 7;
    uint8_t q[300];

    for (unsigned round = 0; round < 5000; round++) {
        size_t size = make_query(q, "2.0.0.10.in-addr.arpa", TYPE_PTR);

        for (unsigned i = 0; i < 4; i++)
            q[unit_random(&seed) % size] = (uint8_t)unit_random(&seed);
        CU_ASSERT(dns_respond(&server, q, unit_random(&seed) % (size + 1),
                              reply) <= DNS_UDP_MAX);
    }
    close_zone(text);
}

void suite_dns(void)
{
    static const struct unit_test tests[] = {
        {"the zone knows its lines", test_zone_knows_its_lines},
        {"the zone holds many", test_zone_holds_many},
        {"addresses are answered", test_addresses_are_answered},
        {"names are answered", test_names_are_answered},
        {"the unknown is denied", test_the_unknown_is_denied},
        {"other queries are refused", test_other_queries_are_refused},
        {"every cut is refused", test_every_cut_is_refused},
        {"compressed names are read", test_compressed_names_are_read},
        {"long names are refused", test_long_names_are_refused},
        {"random bytes", test_server_survives_random_bytes},
    };

    UNIT_SUITE("dns", tests);
}
