/* SPDX-License-Identifier: MIT */
/* Clients of the store socket; the fake cell answers each packet with itself.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scree/store.h"
#include "tests/screed/daemon.h"

#define CLIENTS 1000

static size_t packet(uint8_t *bytes, uint32_t id, size_t n)
{
    struct xsd_sockmsg h = {.type = XS_READ, .req_id = id, .len = (uint32_t)n};

    memcpy(bytes, &h, sizeof(h));
    memset(bytes + sizeof(h), 'x', n);
    return sizeof(h) + n;
}

/* Whether the next packet on fd is the one of that id. */
static bool answered(int fd, uint32_t id, size_t n)
{
    uint8_t bytes[8192];
    struct xsd_sockmsg h;
    size_t size = 0, whole = sizeof(h) + n;

    while (size < whole) {
        ssize_t got = daemon_read(fd, bytes + size, whole - size, 10000);
        if (got <= 0)
            return false;
        size += (size_t)got;
    }
    memcpy(&h, bytes, sizeof(h));
    return h.req_id == id && h.len == n;
}

static void raise_files(void)
{
    struct rlimit r;

    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max < 8192 ? r.rlim_max : 8192;
    setrlimit(RLIMIT_NOFILE, &r);
}

static void thousand_clients_one_stalled(void)
{
    static int fds[CLIENTS];
    uint8_t bytes[8192];
    struct daemon d;
    int stalled;
    size_t n;

    raise_files();
    daemon_begin(&d);
    stalled = daemon_connect(&d, "store.sock");
    n = packet(bytes, 1, 4000);
    /* it never reads: what it sends is taken until it is no longer */
    for (int i = 0; i < 10000; i++)
        if (send(stalled, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
            break;
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = daemon_connect(&d, "store.sock");
    for (uint32_t round = 0; round < 3; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            n = packet(bytes, round, (size_t)i);
            CU_ASSERT(send(fds[i], bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
        }
        for (int i = 0; i < CLIENTS; i++)
            CU_ASSERT(answered(fds[i], round, (size_t)i));
    }
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    close(stalled);
    daemon_end(&d);
}

static void packets_may_come_in_pieces(void)
{
    uint8_t bytes[8192];
    struct daemon d;
    size_t n;
    int fd;

    daemon_begin(&d);
    fd = daemon_connect(&d, "store.sock");
    n = packet(bytes, 7, 4096);
    for (size_t at = 0; at < n; at += 1000) {
        size_t part = n - at < 1000 ? n - at : 1000;
        CU_ASSERT(send(fd, bytes + at, part, MSG_NOSIGNAL) == (ssize_t)part);
        usleep(1000);
    }
    CU_ASSERT(answered(fd, 7, 4096));
    close(fd);
    daemon_end(&d);
}

static void what_is_no_packet_ends_the_connection(void)
{
    uint8_t bytes[8192];
    struct daemon d;
    int bad, good;
    size_t n;

    daemon_begin(&d);
    bad = daemon_connect(&d, "store.sock");
    good = daemon_connect(&d, "store.sock");
    memset(bytes, 0xff, 64);
    CU_ASSERT(send(bad, bytes, 64, MSG_NOSIGNAL) == 64);
    CU_ASSERT_EQUAL(daemon_read(bad, bytes, 64, 5000), 0);
    n = packet(bytes, 3, 5);
    CU_ASSERT(send(good, bytes, n / 2, MSG_NOSIGNAL) > 0);
    close(bad);
    CU_ASSERT(send(good, bytes + n / 2, n - n / 2, MSG_NOSIGNAL) > 0);
    CU_ASSERT(answered(good, 3, 5));
    close(good);
    daemon_end(&d);
}

static void clients_end_with_the_cell(void)
{
    uint8_t bytes[64];
    struct daemon d;
    int fd;

    daemon_begin(&d);
    fd = daemon_connect(&d, "store.sock");
    CU_ASSERT(daemon_ok(&d, "{'op':'ls'}"));
    kill(daemon_cell(&d), SIGKILL);
    CU_ASSERT_EQUAL(daemon_read(fd, bytes, 64, 5000), 0);
    close(fd);
    for (int i = 0; i < 500 && !daemon_is_up(&d); i++)
        usleep(10000);
    fd = daemon_connect(&d, "store.sock");
    CU_ASSERT(send(fd, bytes, packet(bytes, 9, 4), MSG_NOSIGNAL) > 0);
    CU_ASSERT(answered(fd, 9, 4));
    close(fd);
    daemon_end(&d);
}

void suite_store(void)
{
    CU_pSuite s = CU_add_suite("store", NULL, NULL);

    CU_ADD_TEST(s, thousand_clients_one_stalled);
    CU_ADD_TEST(s, packets_may_come_in_pieces);
    CU_ADD_TEST(s, what_is_no_packet_ends_the_connection);
    CU_ADD_TEST(s, clients_end_with_the_cell);
}
