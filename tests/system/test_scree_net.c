/* SPDX-License-Identifier: MIT */
/*
 * Networks of cells: tap and bridge as docs/operations.md has them, ports of a
 * user network, and the names that dns serves. All of it in a network namespace
 * of the suite's own, which needs root.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/http.h"
#include "tests/system/net.h"
#include "tests/system/scree.h"
#include "tests/system/suites.h"

static struct user u;
static int outside = -1; /* the namespace that we came from */
static bool tapped;      /* a cell on a tap runs */

static int start(void)
{
    if (geteuid() != 0) {
        printf("scree_net: skipped: not root\n");
        return 0;
    }
    outside = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (outside < 0 || unshare(CLONE_NEWNET)) {
        printf("scree_net: skipped: %s\n", strerror(errno));
        return 0;
    }
    if (!user_begin(&u))
        return 1;
    CHECK(user_ok(&u, "ip link set lo up"));
    return 0;
}

static int stop(void)
{
    if (outside < 0)
        return 0;
    user_end(&u);
    if (setns(outside, CLONE_NEWNET))
        return 1;
    close(outside);
    return cell_failed_outside() ? 1 : 0;
}

/* GET / of `address`, within `wait` seconds. */
static bool answers(const char *address, unsigned wait)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct timeval limit = {.tv_sec = 1};
    time_t end = time(NULL) + wait;
    char text[16];
    bool good = false;

    inet_pton(AF_INET, address, &a.sin_addr);
    do {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        good = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
               send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0 &&
               recv(fd, text, 12, MSG_WAITALL) == 12 &&
               !memcmp(text + 8, " 200", 4);
        close(fd);
        if (!good)
            usleep(50000);
    } while (!good && time(NULL) < end);
    return good;
}

/* ------------------------------------------------------------------ tap */

/* Does what the refusal says, word by word. */
static bool obey(void)
{
    FILE *f;
    char path[2 * USER_PATH];
    char *line = u.text;
    unsigned n = 0;

    snprintf(path, sizeof(path), "%s/commands", u.dir);
    f = fopen(path, "w");
    while (f && line) {
        char *end = strchr(line, '\n');

        if (end)
            *end++ = 0;
        if (*line == ' ' && !strncmp(line + strspn(line, " "), "ip ", 3)) {
            fprintf(f, "%s || exit 1\n", line);
            n++;
        }
        line = end;
    }
    if (f)
        fclose(f);
    return n >= 2 && user_ok(&u, "sh $D/commands");
}

static void test_tap(void)
{
    if (outside < 0)
        return;
    CHECK(user_refused(&u, 1, "s root",
                       "scree up --name t --memory 128M --net tap:tap7 "
                       "--cidr 10.7.0.0/24"));
    CHECK(obey());
    tapped = CHECK(user_run(&u, 30,
                            "scree up --name t --memory 128M --net tap:tap7 "
                            "--cidr 10.7.0.0/24") == 0);
    if (!tapped)
        return;
    CHECK(user_ok(&u, "scree run -d --name web --ip 10.7.0.20 "
                      "--files $S/site web"));
    CHECK(answers("10.7.0.20", 10));
    CHECK(user_ok(&u, "scree run -d --name next --files $S/site web"));
    CHECK(user_ok(&u, "scree inspect next --json"));
    CHECK(user_match(&u, JSON("address", "10.7.0.2"), NULL, 0));
    CHECK(answers("10.7.0.2", 10));
}

static void test_tap_has_no_ports(void)
{
    if (!tapped)
        return;
    CHECK(user_refused(&u, 125, "user network",
                       "scree run -d --name port -p 8099:80 web"));
    CHECK(user_refused(&u, 3, "no domain", "scree inspect port"));
}

static void test_tap_survives_screed(void)
{
    pid_t screed;

    if (!tapped)
        return;
    screed = scree_pid(&u, "screed.pid");
    CHECK(screed > 0 && kill(screed, SIGKILL) == 0);
    CHECK(scree_gone(screed, 5));
    CHECK(answers("10.7.0.20", 5));
    CHECK(user_run(&u, 30, "scree up --name t") == 0);
    CHECK(answers("10.7.0.20", 5));
    CHECK(user_ok(&u, "scree down --rm --cell t"));
    CHECK(user_ok(&u, "ip link del tap7"));
}

/* Who is not root gets the same commands, with his own name in them. */
static void test_tap_without_rights(void)
{
    if (outside < 0)
        return;
    if (user_run(&u, 5,
                 "setpriv --reuid=65534 --regid=65534 --clear-groups "
                 "test -x $S/bin/scree")) {
        printf(" [skipped: others cannot read the build]");
        return;
    }
    CHECK(user_ok(&u, "chmod 711 $D; mkdir -m 777 $D/open"));
    CHECK(user_refused(&u, 1, "user nobody",
                       "SCREE_HOME=$D/open/home setpriv --reuid=65534 "
                       "--regid=65534 --clear-groups scree up --name t "
                       "--net tap:tap8 --cidr 10.8.0.0/24"));
    CHECK(user_says(&u, "ip tuntap add dev tap8 mode tap user nobody"));
    CHECK(user_says(&u, "ip addr add 10.8.0.1/24 dev tap8"));
    CHECK(user_ok(&u, "ip tuntap add dev tap8 mode tap user root"));
    CHECK(user_refused(&u, 1, "not yours",
                       "SCREE_HOME=$D/open/home setpriv --reuid=65534 "
                       "--regid=65534 --clear-groups scree up --name t "
                       "--net tap:tap8 --cidr 10.8.0.0/24"));
    CHECK(user_ok(&u, "ip link del tap8"));
    CHECK(user_refused(&u, 1, "tap",
                       "scree up --name t --net tap:lo --cidr 10.8.0.0/24"));
}

/* --------------------------------------------------------------- bridge */

static void test_bridge(void)
{
    if (outside < 0)
        return;
    CHECK(user_refused(&u, 1, "s root",
                       "scree up --name t --memory 128M --net bridge:br7 "
                       "--cidr 10.9.0.0/24"));
    CHECK(obey());
    if (user_run(&u, 30,
                 "scree up --name t --memory 128M --net bridge:br7 "
                 "--cidr 10.9.0.0/24"))
        printf("\n%s\n", u.text);
    CHECK(u.status == 0);
    CHECK(user_ok(&u, "scree run -d --name web --ip 10.9.0.20 "
                      "--files $S/site web"));
    CHECK(answers("10.9.0.20", 15));
    CHECK(user_ok(&u, "scree down --rm --cell t"));
    CHECK(user_ok(&u, "ip link del br7"));
    (void)user_run(&u, 5, "ip link del scree0"); /* it may be gone already */
}

/* ----------------------------------------------------- ports come and go */

/* QEMU closes it in its own time, but soon. */
static bool closes(uint16_t port)
{
    for (unsigned i = 0; i < 20; i++) {
        int fd = tcp_connect(port, 500);

        if (fd < 0)
            return true;
        close(fd);
        usleep(50000);
    }
    return false;
}

static void test_ports(void)
{
    uint16_t one, two;

    if (outside < 0)
        return;
    CHECK(user_run(&u, 30,
                   "scree up --name t --memory 128M "
                   "--cidr 10.0.0.0/24 --resolver 10.0.0.1") == 0);
    one = net_free_port(false);
    CHECK(user_ok(&u, "scree run -d --name one -p %u:80 --files $S/site web",
                  one));
    CHECK(scree_http(one, 10));
    two = net_free_port(false);
    CHECK(user_ok(&u,
                  "scree run -d --name two -p %u:80 -p 127.0.0.1:%u:80 "
                  "--files $S/site web || scree run -d --name two "
                  "-p %u:80 --files $S/site web",
                  two, net_free_port(false), two));
    CHECK(scree_http(two, 10));
    CHECK(scree_http(one, 2));
    CHECK(user_ok(&u, "scree rm --force one"));
    CHECK(closes(one));
    CHECK(scree_http(two, 2));
    CHECK(user_ok(&u, "scree stop --time 0 two"));
    CHECK(user_ok(&u, "scree start two"));
    CHECK(scree_http(two, 10));
    for (unsigned i = 0; i < 3; i++)
        CHECK(user_ok(&u,
                      "scree rm --force two && scree run -d --name two "
                      "-p %u:80 --files $S/site web",
                      two));
    CHECK(scree_http(two, 10));
    CHECK(user_ok(&u, "scree rm --force two"));
}

/* ------------------------------------------------------------------ dns */

/* The resolver of the host, on 127.0.0.1:53 of our namespace: everybody is at
 * 192.0.2.7. */
static _Atomic bool resolving;

static void *resolve(void *arg)
{
    int fd = *(int *)arg;
    struct sockaddr_in from;
    uint8_t q[512];

    while (resolving) {
        static const uint8_t answer[] = {0xc0, 12, 0, 1, 0,   1, 0, 0,
                                         0,    60, 0, 4, 192, 0, 2, 7};
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(fd, q, sizeof(q) - sizeof(answer), 0,
                             (struct sockaddr *)&from, &size);
        size_t end = 12;

        while (n > 0 && end < (size_t)n && q[end])
            end += q[end] + 1u;
        end += 5;
        if (n <= 0 || end > (size_t)n)
            continue;
        q[2] = 0x81;
        q[3] = 0x80;
        memset(q + 6, 0, 6);
        q[7] = 1;
        memcpy(q + end, answer, sizeof(answer));
        (void)sendto(fd, q, end + sizeof(answer), 0, (struct sockaddr *)&from,
                     size);
    }
    return NULL;
}

static int resolver_socket(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(53),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_usec = 200000};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    CHECK(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
    return fd;
}

/* Until dns has heard of it. */
static bool named(uint16_t port, const char *name, const char *address)
{
    char answer[256] = "";
    int rcode = -1;

    for (unsigned i = 0; i < 50; i++) {
        if (dns_ask(port, name, DNS_A, answer, sizeof(answer), &rcode) &&
            !strcmp(answer, address))
            return true;
        usleep(100000);
    }
    printf(" [%s: '%s', rcode %d]", name, answer, rcode);
    return false;
}

static void test_dns(void)
{
    uint16_t port;
    char answer[256] = "";
    int rcode;

    if (outside < 0)
        return;
    port = net_free_port(true);
    CHECK(user_ok(&u, "scree run -d --name dns -p %u:53/udp dns", port));
    CHECK(user_ok(&u, "scree run -d --name late --ip 10.0.0.99 hello"));
    CHECK(named(port, "late.t", "10.0.0.99"));
    CHECK(named(port, "late", "10.0.0.99"));
    CHECK(dns_ask(port, "99.0.0.10.in-addr.arpa", DNS_PTR, answer,
                  sizeof(answer), &rcode));
    CHECK(!strncmp(answer, "late.t", 6));
    CHECK(user_ok(&u, "scree rm --force late"));
    for (unsigned i = 0; i < 50; i++) {
        if (!dns_ask(port, "late.t", DNS_A, answer, sizeof(answer), &rcode))
            break;
        usleep(100000);
    }
    CHECK(rcode == 3);
    CHECK(user_ok(&u, "scree run -d --name late --ip 10.0.0.98 hello"));
    CHECK(named(port, "late.t", "10.0.0.98"));
}

static void test_dns_forwards(void)
{
    pthread_t server;
    uint16_t port;
    char text[32] = "0";
    int fd;

    if (outside < 0)
        return;
    fd = resolver_socket();
    resolving = true;
    pthread_create(&server, NULL, resolve, &fd);
    CHECK(user_ok(&u, "scree inspect dns --json"));
    CHECK(user_match(&u, "\"host\":[[:space:]]*([0-9]+)", text, sizeof(text)));
    port = (uint16_t)atoi(text);
    CHECK(named(port, "www.example.org", "192.0.2.7"));
    CHECK(named(port, "late.t", "10.0.0.98"));
    resolving = false;
    pthread_join(server, NULL);
    close(fd);
    CHECK(user_ok(&u, "scree down --cell t"));
}

void suite_scree_net(void)
{
    CU_pSuite s = CU_add_suite("scree_net", start, stop);

    CU_add_test(s, "a tap, made as scree says", test_tap);
    CU_add_test(s, "-p is refused on a tap", test_tap_has_no_ports);
    CU_add_test(s, "a tap survives screed", test_tap_survives_screed);
    CU_add_test(s, "a tap without rights", test_tap_without_rights);
    CU_add_test(s, "a bridge, made as scree says", test_bridge);
    CU_add_test(s, "ports come and go with their domains", test_ports);
    CU_add_test(s, "dns follows the store", test_dns);
    CU_add_test(s, "dns forwards the rest", test_dns_forwards);
}
