/* SPDX-License-Identifier: MIT */
/*
 * The three services as their users see them: web over HTTP, dns over UDP,
 * echo over TCP and UDP. One cell for the whole suite.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/cell.h"
#include "tests/system/http.h"
#include "tests/system/net.h"
#include "tests/system/suites.h"

#define SERVICES                                                               \
    CELL_WEB                                                                   \
    "[domain dns]\nimage = $B/guests/dns.elf\nfiles = @hosts\n"                \
    "address = 10.0.0.3\n"                                                     \
    "[domain echo]\nimage = $B/guests/echo.elf\naddress = 10.0.0.4\n"

#define CONCURRENT 64

static struct cell cell;
static struct http_reply reply;

static uint16_t port_of(const char *address, bool udp)
{
    for (unsigned i = 0; i < cell.q.forward_count; i++)
        if (cell.q.forwards[i].udp == udp &&
            !strcmp(cell.q.forwards[i].guest, address))
            return cell.q.forwards[i].host;
    return 0;
}

static int start(void)
{
    struct cell_options o = {
        .cpus = 2,
        .domains = SERVICES,
        .forwards = {{.udp = true, .guest = "10.0.0.3", .port = 53},
                     {.udp = true, .guest = "10.0.0.4", .port = 7},
                     {.udp = false, .guest = "10.0.0.4", .port = 7}},
        .forward_count = 3,
    };

    if (!cell_prepare(&cell, &o))
        return 1;
    cell.q.open = true; /* a closed user network drops UDP answers */
    if (!cell_boot(&cell))
        return 1;
    (void)cell_web_up(&cell);
    return 0;
}

static int stop(void)
{
    cell_stop(&cell);
    return 0;
}

/* ---------------------------------------------------------------- web */

static void test_root(void)
{
    CHECK(http_get(cell.web, "/", &reply) == 200);
    CHECK(strstr(reply.body, "<body>scree</body>") != NULL);
    CHECK(strstr(reply.type, "text/html") != NULL);
    CHECK(reply.declared == (double)reply.length);
}

static void test_file(void)
{
    CHECK(http_get(cell.web, "/hello.txt", &reply) == 200);
    CHECK(!strcmp(reply.body, "hello\n"));
    CHECK(strstr(reply.type, "text/plain") != NULL);
}

static void test_big_file(void)
{
    bool same = true;

    CHECK(http_get(cell.web, "/big.txt", &reply) == 200);
    CHECK(reply.length == 40000);
    for (unsigned i = 0; i < 40000 && same; i++)
        same = reply.body[i] == (char)('a' + i % 26);
    CHECK(same);
}

static void test_whoami(void)
{
    CHECK(http_get(cell.web, "/whoami", &reply) == 200);
    CHECK(strstr(reply.body, "web") != NULL);
    CHECK(strstr(reply.body, "requests") != NULL);
}

static unsigned long requests_metric(void)
{
    const char *p;

    if (http_get(cell.web, "/metrics", &reply) != 200)
        return 0;
    p = strstr(reply.body, "\nscree_http_requests_total");
    p = p ? strchr(p + 1, ' ') : NULL;
    return p ? strtoul(p + 1, NULL, 10) : 0;
}

static void test_metrics(void)
{
    unsigned long before = requests_metric();

    CHECK(before > 0);
    CHECK(strstr(reply.body, "# TYPE ") != NULL);
    CHECK(strstr(reply.type, "text/plain") != NULL);
    http_get(cell.web, "/", &reply);
    CHECK(requests_metric() >= before + 2);
}

static void test_not_found(void)
{
    CHECK(http_get(cell.web, "/no/such/file", &reply) == 404);
    CHECK(http_get(cell.web, "/../../etc/passwd", &reply) != 200);
    CHECK(http_get(cell.web, "/", &reply) == 200);
}

static void test_head(void)
{
    CHECK(http_head(cell.web, "/big.txt", &reply) == 200);
    CHECK(reply.length == 0);
    CHECK(reply.declared == 40000);
}

static void test_keep_alive(void)
{
    long connections;

    CHECK(http_keep_alive(cell.web, "/hello.txt", 20, &connections) == 20);
    CHECK(connections == 1);
}

static void test_concurrent(void)
{
    unsigned good = http_concurrent(cell.web, "/big.txt", CONCURRENT);

    printf(" [%u of %u]", good, CONCURRENT);
    CHECK(good == CONCURRENT);
}

static void test_bad_requests(void)
{
    static const char *const bad[] = {
        "\r\n\r\n\r\n",           "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\x80\xff\x01\r\n\r\n",   "GET /%zz%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    char bytes[512];

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int fd = tcp_connect(cell.web, 2000);

        CHECK(fd >= 0 && write(fd, bad[i], strlen(bad[i])) > 0);
        (void)!read(fd, bytes, sizeof(bytes));
        close(fd);
    }
    CHECK(http_get(cell.web, "/", &reply) == 200);
}

static void test_stalled_clients(void)
{
    int fds[8];

    for (unsigned i = 0; i < 8; i++) {
        fds[i] = tcp_connect(cell.web, 2000);
        CHECK(fds[i] >= 0 && write(fds[i], "GET / HT", 8) == 8);
    }
    CHECK(http_get(cell.web, "/", &reply) == 200);
    for (unsigned i = 0; i < 8; i++)
        close(fds[i]);
}

/* ---------------------------------------------------------------- dns */

static void test_dns_a(void)
{
    uint16_t port = port_of("10.0.0.3", true);
    char answer[256];
    int rcode;

    CHECK(dns_ask(port, "web", DNS_A, answer, sizeof(answer), &rcode));
    CHECK(!strcmp(answer, "10.0.0.2"));
    CHECK(dns_ask(port, "ECHO", DNS_A, answer, sizeof(answer), &rcode));
    CHECK(!strcmp(answer, "10.0.0.4"));
}

static void test_dns_ptr(void)
{
    uint16_t port = port_of("10.0.0.3", true);
    char answer[256];
    int rcode;

    CHECK(dns_ask(port, "2.0.0.10.in-addr.arpa", DNS_PTR, answer,
                  sizeof(answer), &rcode));
    CHECK(!strncmp(answer, "web", 3));
}

static void test_dns_unknown(void)
{
    uint16_t port = port_of("10.0.0.3", true);
    char answer[256];
    int rcode;

    CHECK(!dns_ask(port, "nobody", DNS_A, answer, sizeof(answer), &rcode));
    CHECK(rcode == 3);
}

static void test_dns_garbage(void)
{
    static const uint8_t loops[] = {1, 2, 1, 0,    0,  1, 0, 0, 0,
                                    0, 0, 0, 0xc0, 12, 0, 1, 0, 1};
    uint16_t port = port_of("10.0.0.3", true);
    char answer[512];
    int rcode;

    (void)udp_exchange(port, loops, sizeof(loops), answer, sizeof(answer), 500);
    (void)udp_exchange(port, loops, 5, answer, sizeof(answer), 500);
    CHECK(dns_ask(port, "web", DNS_A, answer, sizeof(answer), &rcode));
}

/* --------------------------------------------------------------- echo */

static void test_echo_udp(void)
{
    uint16_t port = port_of("10.0.0.4", true);
    char data[1400], back[1500];

    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7);
    CHECK(udp_exchange(port, data, 1, back, sizeof(back), 5000) == 1);
    CHECK(back[0] == data[0]);
    CHECK(udp_exchange(port, data, sizeof(data), back, sizeof(back), 5000) ==
          (long)sizeof(data));
    CHECK(!memcmp(data, back, sizeof(data)));
}

static void test_echo_tcp(void)
{
    static char data[100000], back[sizeof(data)];
    int fd = tcp_connect(port_of("10.0.0.4", false), 10000);

    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 13 + i / 256);
    CHECK(fd >= 0 && tcp_exchange(fd, data, back, sizeof(data)));
    CHECK(!memcmp(data, back, sizeof(data)));
    if (fd >= 0)
        close(fd);
}

void suite_services(void)
{
    CU_pSuite s = CU_add_suite("services", start, stop);

    CU_add_test(s, "web serves /", test_root);
    CU_add_test(s, "web serves a file with its type", test_file);
    CU_add_test(s, "web serves many segments unharmed", test_big_file);
    CU_add_test(s, "web says who it is", test_whoami);
    CU_add_test(s, "web counts in /metrics", test_metrics);
    CU_add_test(s, "web says 404, and nothing outside", test_not_found);
    CU_add_test(s, "web answers HEAD without a body", test_head);
    CU_add_test(s, "web keeps a connection alive", test_keep_alive);
    CU_add_test(s, "web answers 64 at once", test_concurrent);
    CU_add_test(s, "web survives malformed requests", test_bad_requests);
    CU_add_test(s, "web serves beside stalled clients", test_stalled_clients);
    CU_add_test(s, "dns answers A", test_dns_a);
    CU_add_test(s, "dns answers PTR", test_dns_ptr);
    CU_add_test(s, "dns says NXDOMAIN", test_dns_unknown);
    CU_add_test(s, "dns survives malformed questions", test_dns_garbage);
    CU_add_test(s, "echo over UDP", test_echo_udp);
    CU_add_test(s, "echo over TCP", test_echo_tcp);
}
