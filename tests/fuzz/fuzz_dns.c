/* SPDX-License-Identifier: MIT */
/*
 * The dns service: any bytes as a query; the first byte chooses a zone. What is
 * answered must be a response that can be read; what is called foreign must
 * have a question that can be kept.
 */
#include "dns/message.h"
#include "dns/pending.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static const char small[] = "10.0.0.2 web\n10.0.0.3 dns\n10.0.0.4 echo\n";
static const char odd[] =
    "# comment\n\n10.0.0.300 bad\n10.0.0.9\n   10.0.0.10   spaced  \n"
    "10.0.0.11 a.b.c\n10.0.0.12 UPPER\n10.0.0.13 web\n10.0.0.13 again\n"
    "0.0.0.0 zero\n255.255.255.255 all\n10.0.0.14 last-without-newline";

static void answer(const struct dns_zone *zone, const uint8_t *query,
                   size_t size)
{
    struct dns_server s = {.zone = zone, .suffix = "cell"};
    uint8_t reply[DNS_UDP_MAX];
    char text[DNS_NAME_MAX];
    size_t n = dns_respond(&s, query, size, reply), at = 12;

    FUZZ_CHECK(n <= DNS_UDP_MAX);
    if (!n)
        return;
    FUZZ_CHECK(n >= 12 && (reply[2] & 0x80) && !memcmp(reply, query, 2));
    for (unsigned i = 0; i < reply[5]; i++) {
        FUZZ_CHECK(dns_read_name(reply, n, &at, text) >= 0);
        at += 4;
        FUZZ_CHECK(at <= n);
    }
}

/* A list that changes, and a table of what was handed on. */
static void follow(const uint8_t *query, size_t size)
{
    static const struct dns_asker asker = {.address = 1};
    static struct dns_pending_table table;
    struct dns_names names;
    struct dns_server s = {.names = &names, .suffix = "cell", .forwards = true};
    size_t question = 0, name = size < 40 ? size : 40;
    struct dns_host host;
    struct dns_pending *p;

    dns_names_open(&names);
    if (dns_names_set(&names, (const char *)query, name, 1))
        FUZZ_CHECK(dns_names_name(&names, (const char *)query, name, &host));
    if (dns_is_foreign(&s, query, size, &question)) {
        FUZZ_CHECK(question > 12 && question <= size);
        p = dns_pending_add(&table, &asker, query, question, 7);
        FUZZ_CHECK(p != NULL);
        p->deadline = 1;
        FUZZ_CHECK(!dns_pending_match(&table, query, size)); /* a query */
        dns_pending_free(p);
    }
    dns_names_close(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_zone zone;
    uint8_t *query;
    bool is_odd;

    if (!size)
        return 0;
    is_odd = data[0] & 1;
    query = malloc(size);
    if (!query)
        return 0;
    memcpy(query, data + 1, size - 1);
    follow(query, size - 1);
    if (data[0] & 2) {
        /* the input is the zone itself */
        if (dns_zone_open(&zone, (const char *)query, size - 1)) {
            answer(&zone, query, size - 1);
            dns_zone_close(&zone);
        }
    } else if (dns_zone_open(&zone, is_odd ? odd : small,
                             is_odd ? sizeof(odd) - 1 : sizeof(small) - 1)) {
        answer(&zone, query, size - 1);
        dns_zone_close(&zone);
    }
    free(query);
    return 0;
}
