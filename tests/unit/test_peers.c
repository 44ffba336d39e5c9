/* SPDX-License-Identifier: MIT */
/*
 * The store's clients in the control domain: the host's, domains' rings, those
 * that do not read, and what stands in the store about domains.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted.h"
#include "scree/store.h"
#include "unit.h"

static struct hosted *make(void)
{
    struct hosted *h = hosted_make();

    hosted_sync(h);
    hosted_frame(h, SCREE_FRAME_STORE_OPEN, 1, NULL, 0);
    return h;
}

static void test_nodes(void)
{
    struct hosted *h = make();
    char answer[4200];
    uint32_t id = fake_boot(h->cell, "dns", 0x0a000002);

    hosted_settle(h);
    CU_ASSERT_EQUAL(id, 1);
    hosted_path(h, 1, XS_READ, "/local/domain/1/name", answer);
    CU_ASSERT_STRING_EQUAL(answer, "dns");
    hosted_path(h, 1, XS_READ, "/local/domain/1/domid", answer);
    CU_ASSERT_STRING_EQUAL(answer, "1");
    hosted_path(h, 1, XS_READ, "/local/domain/1/memory/target", answer);
    CU_ASSERT_STRING_EQUAL(answer, "1024");
    hosted_path(h, 1, XS_READ, "/local/domain/1/device/vif/0/ip", answer);
    CU_ASSERT_STRING_EQUAL(answer, "10.0.0.2");
    hosted_path(h, 1, XS_READ, "/local/domain/1/device/vif/0/mac", answer);
    CU_ASSERT_STRING_EQUAL(answer, "02:00:00:00:00:01");
    hosted_path(h, 1, XS_READ, "/local/domain/1/vm", answer);
    CU_ASSERT_EQUAL(strlen(answer), 40);
    strcat(answer, "/name");
    hosted_path(h, 1, XS_READ, answer, answer);
    CU_ASSERT_STRING_EQUAL(answer, "dns");
    hosted_path(h, 1, XS_READ, "/scree/names/dns", answer);
    CU_ASSERT_STRING_EQUAL(answer, "10.0.0.2");
    hosted_path(h, 1, XS_READ, "/scree/cell", answer);
    CU_ASSERT_STRING_EQUAL(answer, "test");
    hosted_path(h, 1, XS_GET_DOMAIN_PATH, "1", answer);
    CU_ASSERT_STRING_EQUAL(answer, "/local/domain/1");
    hosted_path(h, 1, XS_IS_DOMAIN_INTRODUCED, "1", answer);
    CU_ASSERT_STRING_EQUAL(answer, "T");
    fake_end(h->cell, id, SHUTDOWN_poweroff, 0);
    hosted_settle(h);
    CU_ASSERT_EQUAL(hosted_path(h, 1, XS_READ, "/local/domain/1/name", answer),
                    XS_ERROR);
    CU_ASSERT_EQUAL(hosted_path(h, 1, XS_READ, "/scree/names/dns", answer),
                    XS_ERROR);
    hosted_path(h, 1, XS_DIRECTORY, "/vm", answer);
    CU_ASSERT_STRING_EQUAL(answer, "");
    hosted_path(h, 1, XS_IS_DOMAIN_INTRODUCED, "1", answer);
    CU_ASSERT_STRING_EQUAL(answer, "F");
    hosted_free(h);
}

static void write_node(struct hosted *h, const char *path, const char *value)
{
    char body[300], answer[4200];
    size_t n = strlen(path) + 1;

    memcpy(body, path, n);
    memcpy(body + n, value, strlen(value));
    CU_ASSERT_EQUAL(
        hosted_store(h, 1, XS_WRITE, body, n + strlen(value), answer),
        XS_WRITE);
}

static void test_shutdown_by_the_store(void)
{
    struct hosted *h = make();
    uint32_t id = hosted_run(h, "web");

    write_node(h, "/local/domain/1/control/other", "poweroff");
    CU_ASSERT_EQUAL(fake_domain(h->cell, id)->shutdown, 0);
    write_node(h, "/local/domain/1/control/shutdown", "dance");
    CU_ASSERT_EQUAL(fake_domain(h->cell, id)->shutdown, 0);
    write_node(h, "/local/domain/1/control/shutdown", "reboot");
    CU_ASSERT_EQUAL(fake_domain(h->cell, id)->shutdown, SHUTDOWN_reboot + 1);
    write_node(h, "/local/domain/1/control/shutdown", "poweroff");
    CU_ASSERT_EQUAL(fake_domain(h->cell, id)->shutdown, SHUTDOWN_poweroff + 1);
    write_node(h, "/local/domain/99/control/shutdown", "poweroff");
    hosted_free(h);
}

static void test_rings(void)
{
    struct hosted *h = make();
    char answer[4200];
    uint32_t a = hosted_run(h, "a"), b = hosted_run(h, "b");

    fake_ring_open(h->cell, a);
    fake_ring_open(h->cell, b);
    CU_ASSERT_EQUAL(hosted_ring(h, a, XS_READ, "name", 5, answer), XS_READ);
    CU_ASSERT_STRING_EQUAL(answer, "a");
    CU_ASSERT_EQUAL(hosted_ring(h, b, XS_WRITE, "data\0from b", 11, answer),
                    XS_WRITE);
    CU_ASSERT_EQUAL(hosted_ring(h, b, XS_WRITE, "name\0from b", 11, answer),
                    XS_ERROR);
    CU_ASSERT_EQUAL(
        hosted_ring(h, a, XS_READ, "/local/domain/2/name", 21, answer),
        XS_ERROR);
    CU_ASSERT_STRING_EQUAL(answer, "EACCES");
    CU_ASSERT_EQUAL(hosted_ring(h, a, XS_READ, "/scree/cell", 12, answer),
                    XS_READ);
    hosted_path(h, 1, XS_READ, "/local/domain/2/data", answer);
    CU_ASSERT_STRING_EQUAL(answer, "from b");
    CU_ASSERT_EQUAL(hosted_ring(h, a, XS_CONTROL, "crash", 6, answer),
                    XS_ERROR);
    CU_ASSERT(!domain0_crash_wanted(h->z));
    hosted_free(h);
}

/* Opened anew in the middle of a request: it begins anew. */
static void test_ring_opened_anew(void)
{
    struct hosted *h = make();
    char answer[4200];
    uint8_t packet[64];
    uint32_t id = hosted_run(h, "a");
    size_t n = hosted_packet(packet, XS_READ, "name", 5);

    fake_ring_open(h->cell, id);
    fake_ring_send(h->cell, id, packet, n - 3);
    hosted_settle(h);
    fake_ring_open(h->cell, id);
    CU_ASSERT_EQUAL(hosted_ring(h, id, XS_READ, "name", 5, answer), XS_READ);
    hosted_free(h);
}

/* A packet that is too long. */
static void test_broken_streams(void)
{
    struct hosted *h = make();
    struct xsd_sockmsg bad = {.type = XS_READ, .len = 5000};
    uint32_t id = hosted_run(h, "a");
    char answer[4200];

    fake_ring_open(h->cell, id);
    fake_ring_send(h->cell, id, &bad, sizeof(bad));
    hosted_settle(h);
    CU_ASSERT(fake_domain(h->cell, id)->stopped);
    hosted_frame(h, SCREE_FRAME_STORE, 1, &bad, sizeof(bad));
    hosted_settle(h);
    CU_ASSERT_EQUAL(h->closed, 1);
    hosted_frame(h, SCREE_FRAME_STORE_OPEN, 0, NULL, 0);
    hosted_frame(h, SCREE_FRAME_STORE_OPEN, SCREE_STORE_CLIENTS + 1, NULL, 0);
    hosted_frame(h, SCREE_FRAME_STORE, 77, "x", 1); /* never opened */
    hosted_frame(h, SCREE_FRAME_STORE_CLOSE, 78, NULL, 0);
    hosted_settle(h);
    CU_ASSERT_EQUAL(h->closed, 3);
    hosted_frame(h, SCREE_FRAME_STORE_OPEN, 1, NULL, 0);
    CU_ASSERT_EQUAL(hosted_path(h, 1, XS_READ, "/scree/cell", answer), XS_READ);
    hosted_free(h);
}

/* A domain asks and asks and never reads; the others do not notice. */
static void test_ring_that_does_not_read(void)
{
    struct hosted *h = make();
    char answer[4200];
    uint8_t packet[64];
    uint32_t a = hosted_run(h, "a"), b = hosted_run(h, "b");
    size_t n = hosted_packet(packet, XS_DIRECTORY, "/local/domain/1", 16);
    struct fake_domain *f;

    fake_ring_open(h->cell, a);
    fake_ring_open(h->cell, b);
    f = fake_domain(h->cell, a);
    for (unsigned i = 0; i < 10000; i++) {
        if (FAKE_RING - f->requests.size >= n)
            fake_ring_send(h->cell, a, packet, n);
        hosted_settle(h);
    }
    CU_ASSERT(f->requests.size > 900); /* they wait there, not here */
    CU_ASSERT_EQUAL(hosted_ring(h, b, XS_READ, "name", 5, answer), XS_READ);
    /* it reads: all is answered, none twice */
    for (unsigned i = 0; i < 1000 && f->requests.size; i++) {
        uint8_t got[FAKE_RING];

        (void)fake_ring_read(h->cell, a, got, sizeof(got));
        hosted_settle(h);
    }
    CU_ASSERT_EQUAL(f->requests.size, 0);
    hosted_free(h);
}

/* 1,000 clients of the host, each with a watch; one asks for all it can and
 * the host takes little. */
static void test_many_host_clients(void)
{
    struct hosted *h = make();
    char answer[4200], body[] = "/scree\0token";
    unsigned fired = 0;

    for (uint32_t i = 2; i <= 1001; i++) {
        hosted_frame(h, SCREE_FRAME_STORE_OPEN, i, NULL, 0);
        CU_ASSERT_EQUAL(
            hosted_store(h, i, XS_WATCH, body, sizeof(body), answer), XS_WATCH);
        queue_clear(&h->store[i]);
    }
    h->cell->channel_room = 5000;
    write_node(h, "/scree/x", "y");
    for (unsigned i = 0; i < 100; i++)
        hosted_settle(h);
    for (uint32_t i = 2; i <= 1001; i++)
        fired += h->store[i].size > 0;
    CU_ASSERT_EQUAL(fired, 1000);
    hosted_sync(h); /* all are forgotten */
    hosted_frame(h, SCREE_FRAME_STORE_OPEN, 1, NULL, 0);
    queue_clear(&h->store[1]);
    CU_ASSERT_EQUAL(hosted_path(h, 1, XS_CONTROL, "stats", answer), XS_CONTROL);
    CU_ASSERT(strstr(answer, "watches 0 ") != NULL);
    CU_ASSERT(strstr(answer, "connections 1 ") != NULL);
    hosted_free(h);
}

/* A client of the host asks for much more than the channel holds. */
static void test_greedy_host_client(void)
{
    struct hosted *h = make();
    uint8_t packets[4080];
    size_t n = 0, size = 0, each;
    char value[2000];

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    h->cell->channel_room = 20000;
    {
        char body[2200] = "/big", answer[4200];

        memcpy(body + 5, value, sizeof(value));
        hosted_store(h, 1, XS_WRITE, body, 5 + sizeof(value), answer);
    }
    while (n + 32 < sizeof(packets))
        n += hosted_packet(packets + n, XS_READ, "/big", 5);
    each = n / 21;
    for (unsigned i = 0; i < 40; i++)
        hosted_frame(h, SCREE_FRAME_STORE, 1, packets, n);
    for (unsigned i = 0; i < 2000; i++) {
        hosted_settle(h);
        size += h->store[1].size;
        queue_clear(&h->store[1]);
    }
    CU_ASSERT_EQUAL(size, 40 * each * (16 + sizeof(value)));
    CU_ASSERT_EQUAL(h->closed, 0);
    hosted_free(h);
}

/* Nothing stays of domains that have gone. */
static void test_nothing_stays(void)
{
    struct hosted *h = make();
    char before[4200], after[4200], name[16];

    hosted_path(h, 1, XS_CONTROL, "stats", before);
    for (unsigned i = 0; i < 500; i++) {
        uint32_t id;

        snprintf(name, sizeof(name), "d%u", i);
        id = hosted_run(h, name);
        fake_ring_open(h->cell, id);
        hosted_ring(h, id, XS_WRITE, "data/a/b\0x", 10, after);
        hosted_ring(h, id, XS_WATCH, "data\0t", 7, after);
        CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_KILL, name), 0);
        CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_REMOVE, name), 0);
    }
    hosted_path(h, 1, XS_CONTROL, "stats", after);
    *strstr(before, "requests") = '\0';
    *strstr(after, "requests") = '\0';
    CU_ASSERT_STRING_EQUAL(before, after);
    hosted_free(h);
}

/* Its ring begins with epoch 1 again, and has nothing of the one before. */
static void test_next_life_of_a_boot_domain(void)
{
    struct hosted *h = make();
    uint32_t id = fake_boot(h->cell, "dns", 0);
    uint8_t packet[64];
    char answer[4200];

    hosted_settle(h);
    fake_ring_open(h->cell, id);
    hosted_settle(h);
    hosted_ring(h, id, XS_WATCH, "data\0t", 7, answer);
    (void)hosted_packet(packet, XS_WRITE, "data\0x", 6);
    fake_ring_send(h->cell, id, packet, 20);
    hosted_settle(h);
    fake_boot_gone(h->cell, id);
    fake_boot_again(h->cell, id, "dns");
    fake_ring_open(h->cell, id);
    hosted_settle(h);
    CU_ASSERT_EQUAL(hosted_ring(h, id, XS_READ, "name", 5, answer), XS_READ);
    CU_ASSERT_STRING_EQUAL(answer, "dns");
    CU_ASSERT_EQUAL(hosted_ring(h, id, XS_UNWATCH, "data\0t", 7, answer),
                    XS_ERROR);
    hosted_free(h);
}

/* A ring full of requests to be shut down oneself. */
static void fill_with_shutdowns(struct hosted *h, uint32_t id)
{
    uint8_t packets[1024];
    size_t n = 0;

    while (n + 16 + 17 <= sizeof(packets))
        n += hosted_packet(packets + n, XS_WRITE, "control/shutdown", 17);
    fake_ring_open(h->cell, id);
    fake_ring_send(h->cell, id, packets, n);
}

/* Those who write a lot there do not hide what the host asks for. */
static void test_shutdown_among_many(void)
{
    struct hosted *h = make();
    uint32_t web = hosted_run(h, "web"), a = hosted_run(h, "a"),
             b = hosted_run(h, "b"), c = hosted_run(h, "c");
    uint8_t packet[128];
    char body[64];
    int n =
        snprintf(body, sizeof(body), "/local/domain/%u/control/shutdown", web);

    memcpy(body + n + 1, "poweroff", 8);
    fill_with_shutdowns(h, a);
    fill_with_shutdowns(h, b);
    fill_with_shutdowns(h, c);
    hosted_frame(h, SCREE_FRAME_STORE, 1, packet,
                 hosted_packet(packet, XS_WRITE, body, (size_t)n + 9));
    hosted_settle(h);
    CU_ASSERT_EQUAL(fake_domain(h->cell, web)->shutdown, SHUTDOWN_poweroff + 1);
    hosted_free(h);
}

static void test_crash_command(void)
{
    struct hosted *h = make();
    char answer[4200];

    CU_ASSERT_EQUAL(hosted_path(h, 1, XS_CONTROL, "help", answer), XS_CONTROL);
    CU_ASSERT_EQUAL(hosted_path(h, 1, XS_CONTROL, "nothing", answer), XS_ERROR);
    CU_ASSERT(!domain0_crash_wanted(h->z));
    CU_ASSERT_EQUAL(hosted_path(h, 1, XS_CONTROL, "crash", answer), XS_CONTROL);
    CU_ASSERT(domain0_crash_wanted(h->z));
    hosted_free(h);
}

void suite_peers(void)
{
    static const struct unit_test tests[] = {
        {"nodes of a domain come and go with it", test_nodes},
        {"control/shutdown asks the guest", test_shutdown_by_the_store},
        {"rings", test_rings},
        {"a ring opened anew", test_ring_opened_anew},
        {"broken streams end", test_broken_streams},
        {"a domain that does not read", test_ring_that_does_not_read},
        {"1,000 clients of the host", test_many_host_clients},
        {"a greedy client of the host", test_greedy_host_client},
        {"nothing stays of domains that have gone", test_nothing_stays},
        {"the next life of a boot domain", test_next_life_of_a_boot_domain},
        {"control/shutdown among many", test_shutdown_among_many},
        {"the crash command", test_crash_command},
    };

    UNIT_SUITE("peers", tests);
}
