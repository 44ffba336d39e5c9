/* SPDX-License-Identifier: MIT */
/*
 * The DNS server's names that come and go, what it calls foreign, and the
 * queries it has handed on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/pending.h"
#include "unit.h"

#define TYPE_A   1
#define TYPE_PTR 12
#define NETWORK  0x0a000000u /* 10.0.0.0/8 */
#define MASK     0xff000000u

static struct dns_names names;
static const struct dns_server server = {
    .names = &names,
    .suffix = "cell",
    .forwards = true,
    .network = NETWORK,
    .mask = MASK,
};
static uint8_t reply[DNS_UDP_MAX];

static uint32_t address_of(const char *name)
{
    struct dns_host h;

    return dns_names_name(&names, name, strlen(name), &h) ? h.address : 0;
}

/* "" if there is none. */
static const char *name_of(uint32_t address)
{
    static char text[DNS_NAMES_LENGTH + 1];
    struct dns_host h = {.name = ""};

    dns_names_address(&names, address, &h);
    snprintf(text, sizeof(text), "%.*s", (int)h.length, h.name);
    return text;
}

static bool set(const char *name, uint32_t address)
{
    return dns_names_set(&names, name, strlen(name), address);
}

static void remove_name(const char *name)
{
    dns_names_remove(&names, name, strlen(name));
}

static void test_names_come_and_go(void)
{
    dns_names_open(&names);
    CU_ASSERT_EQUAL(address_of("web"), 0);
    CU_ASSERT_STRING_EQUAL(name_of(1), "");
    remove_name("web");
    CU_ASSERT(set("Web", 0x0a000002));
    CU_ASSERT_EQUAL(address_of("wEB"), 0x0a000002);
    CU_ASSERT_STRING_EQUAL(name_of(0x0a000002), "Web");
    CU_ASSERT(set("web", 0x0a000003)); /* moved */
    CU_ASSERT_EQUAL(address_of("web"), 0x0a000003);
    CU_ASSERT_STRING_EQUAL(name_of(0x0a000002), "");
    CU_ASSERT(set("new", 0x0a000003)); /* before the old one is gone */
    CU_ASSERT_STRING_EQUAL(name_of(0x0a000003), "new");
    remove_name("web");
    CU_ASSERT_STRING_EQUAL(name_of(0x0a000003), "new");
    CU_ASSERT_EQUAL(names.count, 1);
    remove_name("new");
    CU_ASSERT_STRING_EQUAL(name_of(0x0a000003), "");
    CU_ASSERT_EQUAL(names.count, 0);
    dns_names_close(&names);
}

static void test_names_have_a_length(void)
{
    static const char longest[] = "a23456789012345678901234567890x";

    dns_names_open(&names);
    CU_ASSERT_EQUAL(strlen(longest), DNS_NAMES_LENGTH);
    CU_ASSERT(set(longest, 7));
    CU_ASSERT_EQUAL(address_of(longest), 7);
    CU_ASSERT_EQUAL(address_of("a2345678901234567890123456789012"), 0);
    CU_ASSERT_FALSE(set("a2345678901234567890123456789012", 8));
    CU_ASSERT_FALSE(set("", 8));
    dns_names_close(&names);
}

static void check_numbered(unsigned from, unsigned to, uint32_t base)
{
    char name[16];
    unsigned wrong = 0;

    for (unsigned i = from; i < to; i++) {
        snprintf(name, sizeof(name), "d%u", i);
        wrong += address_of(name) != (base ? base + i : 0);
        wrong += base && strcmp(name_of(base + i), name) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void set_numbered(unsigned from, unsigned to, uint32_t base)
{
    char name[16];

    for (unsigned i = from; i < to; i++) {
        snprintf(name, sizeof(name), "d%u", i);
        if (base)
            CU_ASSERT(set(name, base + i));
        if (!base)
            remove_name(name);
    }
}

static void test_five_thousand_names(void)
{
    uint32_t used;

    dns_names_open(&names);
    set_numbered(0, 5000, NETWORK);
    CU_ASSERT_EQUAL(names.count, 5000);
    check_numbered(0, 5000, NETWORK);
    set_numbered(1000, 4000, 0);
    check_numbered(0, 1000, NETWORK);
    check_numbered(1000, 4000, 0);
    check_numbered(4000, 5000, NETWORK);
    used = names.used;
    set_numbered(1000, 4000, NETWORK + 0x10000);
    CU_ASSERT_EQUAL(names.used, used); /* their places were free again */
    check_numbered(1000, 4000, NETWORK + 0x10000);
    dns_names_close(&names);
}

static void test_there_is_an_end(void)
{
    dns_names_open(&names);
    set_numbered(0, 65535, NETWORK);
    CU_ASSERT_FALSE(set("more", 1));
    CU_ASSERT_EQUAL(names.count, 65535);
    remove_name("d77");
    CU_ASSERT(set("more", 1));
    dns_names_close(&names);
}

static bool keep(const char *name)
{
    return dns_names_keep(&names, name, strlen(name));
}

static void test_a_whole_list_is_taken_over(void)
{
    struct dns_host h;
    uint32_t at = 0;

    dns_names_open(&names);
    set("old", 1);
    set("both", 2);
    dns_names_mark(&names);
    CU_ASSERT(keep("both"));
    CU_ASSERT(keep("new"));
    CU_ASSERT_EQUAL(address_of("old"), 1); /* known until the list is whole */
    dns_names_sweep(&names);
    CU_ASSERT_EQUAL(address_of("old"), 0);
    CU_ASSERT_EQUAL(address_of("both"), 2);
    CU_ASSERT_EQUAL(address_of("new"), 0);
    CU_ASSERT_EQUAL(names.count, 2);
    CU_ASSERT(dns_names_unread(&names, &at, &h));
    CU_ASSERT(h.length == 3 && !memcmp(h.name, "new", 3));
    CU_ASSERT_FALSE(dns_names_unread(&names, &at, &h));
    set("new", 3);
    at = 0;
    CU_ASSERT_FALSE(dns_names_unread(&names, &at, &h));
    CU_ASSERT_STRING_EQUAL(name_of(3), "new");
    dns_names_close(&names);
}

/* The same random changes to the names and to a plain array. */
static void test_names_are_as_a_plain_array(void)
{
    enum { MANY = 300, ROUNDS = 20000 };
    static uint32_t plain[MANY];
    uint64_t seed = 5;
    unsigned wrong = 0;
    char name[8];

    dns_names_open(&names);
    memset(plain, 0, sizeof(plain));
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned i = (unsigned)(unit_random(&seed) % MANY);

        snprintf(name, sizeof(name), "n%u", i);
        plain[i] = unit_random(&seed) % 3 ? (uint32_t)unit_random(&seed) : 0;
        if (plain[i])
            set(name, plain[i]);
        else
            remove_name(name);
        i = (unsigned)(unit_random(&seed) % MANY);
        snprintf(name, sizeof(name), "n%u", i);
        wrong += address_of(name) != plain[i];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    dns_names_close(&names);
}

/* ----------------------------------------------------------- queries */

static size_t make_query(uint8_t *q, const char *name, unsigned type)
{
    size_t n = 12;

    memset(q, 0, 12);
    q[0] = 0xab;
    q[1] = 0xcd;
    q[2] = 1; /* recursion is wanted */
    q[5] = 1;
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

static unsigned ask(const struct dns_server *s, const char *name, unsigned type)
{
    uint8_t q[300];

    dns_respond(s, q, make_query(q, name, type), reply);
    return reply[3] & 15;
}

static bool foreign(const char *name, unsigned type)
{
    uint8_t q[300];
    size_t size = make_query(q, name, type), question;
    bool is = dns_is_foreign(&server, q, size, &question);

    CU_ASSERT(!is || question == size);
    return is;
}

static void test_names_are_answered(void)
{
    struct dns_server s = server;

    dns_names_open(&names);
    set("web", 0x0a000002);
    CU_ASSERT_EQUAL(ask(&s, "web", TYPE_A), DNS_OK);
    CU_ASSERT_EQUAL(reply[7], 1);
    CU_ASSERT_EQUAL(reply[3] & 0x80, 0x80); /* recursion is available */
    CU_ASSERT_EQUAL(ask(&s, "WEB.Cell", TYPE_A), DNS_OK);
    CU_ASSERT_EQUAL(ask(&s, "2.0.0.10.in-addr.arpa", TYPE_PTR), DNS_OK);
    CU_ASSERT_EQUAL(reply[7], 1);
    CU_ASSERT_EQUAL(ask(&s, "nobody.cell", TYPE_A), DNS_NXDOMAIN);
    s.incomplete = true;
    CU_ASSERT_EQUAL(ask(&s, "web", TYPE_A), DNS_OK);
    CU_ASSERT_EQUAL(ask(&s, "nobody.cell", TYPE_A), DNS_SERVFAIL);
    dns_names_close(&names);
}

static void test_foreign_is_what_is_not_ours(void)
{
    uint8_t q[300];
    size_t size, question;
    struct dns_server s = server;

    dns_names_open(&names);
    set("far.example.org", 0x0a000009);
    CU_ASSERT(foreign("www.debian.org", TYPE_A));
    CU_ASSERT(foreign("www.debian.org", 28));
    CU_ASSERT(foreign("1.1.1.1.in-addr.arpa", TYPE_PTR));
    CU_ASSERT(foreign("x.ip6.arpa", TYPE_PTR));
    CU_ASSERT_FALSE(foreign("far.example.org", TYPE_A));
    CU_ASSERT_FALSE(foreign("nobody.cell", TYPE_A));
    CU_ASSERT_FALSE(foreign("nobody", TYPE_A));
    CU_ASSERT_FALSE(foreign("9.9.9.10.in-addr.arpa", TYPE_PTR));
    size = make_query(q, "www.debian.org", TYPE_A);
    for (size_t n = 0; n < size; n++)
        CU_ASSERT_FALSE(dns_is_foreign(&s, q, n, &question));
    q[2] = 0; /* no recursion is wanted */
    CU_ASSERT_FALSE(dns_is_foreign(&s, q, size, &question));
    q[2] = 0x81; /* a response */
    CU_ASSERT_FALSE(dns_is_foreign(&s, q, size, &question));
    q[2] = 1;
    s.forwards = false;
    CU_ASSERT_FALSE(dns_is_foreign(&s, q, size, &question));
    dns_names_close(&names);
}

static void test_failures_are_responses(void)
{
    uint8_t q[300];
    size_t size = make_query(q, "www.debian.org", TYPE_A);

    CU_ASSERT_EQUAL(dns_fail(&server, q, size, DNS_SERVFAIL, reply), size);
    CU_ASSERT_EQUAL(reply[2], 0x81);
    CU_ASSERT_EQUAL(reply[3], 0x82);
    CU_ASSERT(!memcmp(reply, q, 2) && !memcmp(reply + 12, q + 12, size - 12));
    CU_ASSERT(reply[5] == 1 && reply[7] == 0 && reply[9] == 0);
}

/* ------------------------------------------------------- handed on */

static struct dns_pending_table table;

static struct dns_pending *add(uint32_t address, uint16_t id, uint64_t deadline)
{
    struct dns_asker asker = {.address = address, .port = 99};
    uint8_t q[300];
    size_t size = make_query(q, "www.debian.org", TYPE_A);
    struct dns_pending *p = dns_pending_add(&table, &asker, q, size, id);

    if (p)
        p->deadline = deadline;
    return p;
}

static void test_a_response_must_fit(void)
{
    uint8_t r[300];
    size_t size = make_query(r, "www.debian.org", TYPE_A);
    struct dns_pending *p;

    memset(&table, 0, sizeof(table));
    p = add(1, 0x1234, 100);
    CU_ASSERT_FATAL(p != NULL);
    r[0] = 0x12;
    r[1] = 0x34;
    CU_ASSERT_PTR_NULL(dns_pending_match(&table, r, size)); /* a query */
    r[2] |= 0x80;
    CU_ASSERT_PTR_EQUAL(dns_pending_match(&table, r, size), p);
    CU_ASSERT(p->query[0] == 0xab && p->query[1] == 0xcd);
    CU_ASSERT_PTR_NULL(dns_pending_match(&table, r, size - 1));
    CU_ASSERT_PTR_NULL(dns_pending_match(&table, r, 3));
    r[1]++;
    CU_ASSERT_PTR_NULL(dns_pending_match(&table, r, size));
    r[1]--;
    r[13] = 'x'; /* another name */
    CU_ASSERT_PTR_NULL(dns_pending_match(&table, r, size));
    r[13] = 'w';
    dns_pending_free(p);
    CU_ASSERT_PTR_NULL(dns_pending_match(&table, r, size));
}

static void test_an_asker_has_few_places(void)
{
    memset(&table, 0, sizeof(table));
    for (uint16_t i = 0; i < DNS_PENDING_EACH; i++)
        CU_ASSERT_PTR_NOT_NULL(add(1, i, 100));
    CU_ASSERT_PTR_NULL(add(1, 1000, 100));
    CU_ASSERT_PTR_NULL(add(2, 3, 100)); /* an id that is out already */
    CU_ASSERT_PTR_NOT_NULL(add(2, 1000, 100));
}

static void test_the_oldest_goes(void)
{
    struct dns_pending *oldest;

    memset(&table, 0, sizeof(table));
    for (uint16_t i = 0; i < DNS_PENDING_MAX; i++)
        CU_ASSERT_PTR_NOT_NULL(add(i, i, 1000u - i));
    oldest = &table.places[DNS_PENDING_MAX - 1];
    CU_ASSERT_EQUAL(dns_pending_next(&table), oldest->deadline);
    CU_ASSERT_PTR_EQUAL(add(500, 500, 2000), oldest);
    CU_ASSERT_PTR_NULL(dns_pending_expired(&table, oldest->deadline / 4));
    CU_ASSERT_PTR_NOT_NULL(dns_pending_expired(&table, 1000));
    while ((oldest = dns_pending_expired(&table, 1000)))
        dns_pending_free(oldest);
    CU_ASSERT_EQUAL(dns_pending_next(&table), 2000);
}

static void test_who_has_gone_is_forgotten(void)
{
    uint8_t q[300];
    size_t size = make_query(q, "www.debian.org", TYPE_A);
    struct dns_asker asker = {.address = 1, .connection = q};
    struct dns_pending *p;

    memset(&table, 0, sizeof(table));
    p = dns_pending_add(&table, &asker, q, size, 9);
    CU_ASSERT_FATAL(p != NULL);
    p->deadline = 100;
    dns_pending_forget(&table, reply);
    CU_ASSERT_EQUAL(dns_pending_next(&table), 100);
    dns_pending_forget(&table, q);
    CU_ASSERT_EQUAL(dns_pending_next(&table), UINT64_MAX);
    CU_ASSERT_PTR_NULL(dns_pending_add(&table, &asker, q, 273, 9));
    CU_ASSERT_PTR_NULL(dns_pending_add(&table, &asker, q, 11, 9));
}

void suite_dns_names(void)
{
    static const struct unit_test tests[] = {
        {"names come and go", test_names_come_and_go},
        {"names have a length", test_names_have_a_length},
        {"five thousand names", test_five_thousand_names},
        {"there is an end", test_there_is_an_end},
        {"a whole list", test_a_whole_list_is_taken_over},
        {"as a plain array", test_names_are_as_a_plain_array},
        {"names are answered", test_names_are_answered},
        {"what is foreign", test_foreign_is_what_is_not_ours},
        {"failures are responses", test_failures_are_responses},
        {"a response must fit", test_a_response_must_fit},
        {"an asker has few places", test_an_asker_has_few_places},
        {"the oldest goes", test_the_oldest_goes},
        {"who has gone", test_who_has_gone_is_forgotten},
    };

    UNIT_SUITE("dns_names", tests);
}
