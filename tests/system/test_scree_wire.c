/* SPDX-License-Identifier: MIT */
/*
 * Clients that break the rules, of the store's socket and of the API's:
 * whatever they send, do not send or leave behind, the others are served and
 * nothing is kept. One cell for the whole suite.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/scree.h"
#include "tests/system/suites.h"
#include "tests/system/wire.h"

#define STORM_WATCHES 100
#define CROWD         1000

/* A string with its final 0, as bytes and their number. */
#define BYTES(text)   text, sizeof(text)
/* The same without it: path and value, say. */
#define RAW(text)     text, sizeof(text) - 1

static struct user u;
static struct wire a, b;
static struct api api;

static int start(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    return scree_up(&u, "--memory 256M") ? 0 : 1;
}

static int stop(void)
{
    scree_down(&u);
    return cell_failed_outside() ? 1 : 0;
}

static bool is(const char *got, const char *want)
{
    bool same = got && want ? !strcmp(got, want) : got == want;

    if (!same)
        printf(" [%s, not %s]", got ? got : "ok", want ? want : "ok");
    return same;
}

/* Somebody else is served, and soon. */
static bool store_works(void)
{
    struct wire w;
    bool good = wire_open(&w, &u) &&
                is(wire_ask(&w, XS_WRITE, 0, RAW("/works\0yes")), NULL) &&
                is(wire_ask(&w, XS_READ, 0, BYTES("/works")), NULL) &&
                is(w.body, "yes");

    wire_close(&w);
    return good;
}

/* ---------------------------------------------------------------- store */

static void test_isolation(void)
{
    uint32_t t;

    if (!wire_open(&a, &u) || !wire_open(&b, &u))
        return;
    CHECK(is(wire_ask(&a, XS_WRITE, 0, RAW("/iso/n\0before")), NULL));
    t = wire_begin(&a);
    CHECK(t != 0);
    CHECK(is(wire_ask(&a, XS_WRITE, t, RAW("/iso/n\0inside")), NULL));
    CHECK(is(wire_ask(&b, XS_READ, 0, BYTES("/iso/n")), NULL));
    CHECK(is(b.body, "before"));
    CHECK(is(wire_ask(&a, XS_READ, t, BYTES("/iso/n")), NULL));
    CHECK(is(a.body, "inside"));
    CHECK(is(wire_finish(&a, t, true), NULL));
    CHECK(is(wire_ask(&b, XS_READ, 0, BYTES("/iso/n")), NULL));
    CHECK(is(b.body, "inside"));
    wire_close(&a);
    wire_close(&b);
}

static void test_conflict(void)
{
    uint32_t t;

    if (!wire_open(&a, &u) || !wire_open(&b, &u))
        return;
    CHECK(is(wire_ask(&a, XS_WRITE, 0,
                      RAW("/con/n\0"
                          "1")),
             NULL));
    t = wire_begin(&a);
    CHECK(is(wire_ask(&a, XS_READ, t, BYTES("/con/n")), NULL));
    CHECK(is(wire_ask(&b, XS_WRITE, 0,
                      RAW("/con/n\0"
                          "2")),
             NULL));
    CHECK(is(wire_ask(&a, XS_WRITE, t,
                      RAW("/con/n\0"
                          "3")),
             NULL));
    CHECK(is(wire_finish(&a, t, true), "EAGAIN"));
    CHECK(is(wire_ask(&b, XS_READ, 0, BYTES("/con/n")), NULL));
    CHECK(is(b.body, "2"));
    CHECK(is(wire_finish(&a, t, true), "ENOENT"));
    t = wire_begin(&a);
    CHECK(is(wire_ask(&a, XS_WRITE, t,
                      RAW("/con/n\0"
                          "4")),
             NULL));
    CHECK(is(wire_finish(&a, t, false), NULL));
    CHECK(is(wire_ask(&b, XS_READ, 0, BYTES("/con/n")), NULL));
    CHECK(is(b.body, "2"));
    wire_close(&a);
    wire_close(&b);
}

/* One that dies in a transaction leaves nothing of it, and no lock. */
static void test_dies_in_transaction(void)
{
    uint32_t t;

    for (unsigned i = 0; i < 20; i++) {
        if (!wire_open(&a, &u))
            return;
        t = wire_begin(&a);
        CHECK(t != 0);
        CHECK(is(wire_ask(&a, XS_WRITE, t, RAW("/dead/n\0x")), NULL));
        CHECK(wire_send(&a, XS_WRITE, t, 100, "/dead/m", 7));
        wire_close(&a);
    }
    CHECK(store_works());
    if (!wire_open(&b, &u))
        return;
    CHECK(is(wire_ask(&b, XS_READ, 0, BYTES("/dead/n")), "ENOENT"));
    wire_close(&b);
}

static void test_malformed(void)
{
    static const struct {
        uint32_t type;
        const char *bytes;
        size_t n;
        const char *error;
    } bad[] = {
        {XS_READ, BYTES("no/root/is/relative"), "ENOENT"},
        {XS_READ, BYTES("//"), "EINVAL"},
        {XS_READ, BYTES("/end/"), "EINVAL"},
        {XS_READ, BYTES("/sp ace"), "EINVAL"},
        {XS_READ, BYTES("/\x80"), "EINVAL"},
        {XS_READ, RAW("/works"), "EINVAL"},
        {XS_READ, "", 0, "EINVAL"},
        {XS_READ, BYTES(""), "EINVAL"},
        {XS_WRITE, RAW("/only-a-path"), "EINVAL"},
        {XS_WATCH, BYTES("/only-a-path"), "EINVAL"},
        {XS_UNWATCH, BYTES("/never\0set"), "ENOENT"},
        {XS_SET_PERMS, BYTES("/works\0x9"), "EINVAL"},
        {XS_SET_PERMS, BYTES("/works"), "EINVAL"},
        {XS_TRANSACTION_END, BYTES("X"), "EINVAL"},
        {XS_DIRECTORY_PART, BYTES("/works"), "EINVAL"},
        {XS_RM, BYTES("/"), "EINVAL"},
        {999, BYTES("/works"), "ENOSYS"},
        {XS_WATCH_EVENT, BYTES("/works"), "ENOSYS"},
        {XS_ERROR, BYTES("/works"), "ENOSYS"},
    };

    CHECK(store_works());
    if (!wire_open(&a, &u))
        return;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *got = wire_ask(&a, bad[i].type, 0, bad[i].bytes, bad[i].n);

        if (!CHECK(is(got, bad[i].error)))
            printf(" [malformed %u]", i);
        if (got && !strcmp(got, "end"))
            break;
    }
    CHECK(is(wire_ask(&a, XS_READ, 77, BYTES("/works")), "ENOENT"));
    CHECK(is(wire_ask(&a, XS_READ, 0, BYTES("/works")), NULL));
    wire_close(&a);
    CHECK(store_works());
}

static void test_oversized(void)
{
    static char bytes[8192];
    char path[XENSTORE_ABS_PATH_MAX + 64];

    memset(bytes, 'v', sizeof(bytes));
    memset(path, 'p', sizeof(path));
    path[0] = '/';
    path[XENSTORE_ABS_PATH_MAX + 2] = 0;
    if (!wire_open(&a, &u))
        return;
    CHECK(is(wire_ask(&a, XS_READ, 0, path, strlen(path) + 1), "EINVAL"));
    CHECK(is(wire_ask(&a, XS_READ, 0, BYTES("/works")), NULL));
    /* it may be closed at the head already */
    (void)wire_send(&a, XS_WRITE, 0, sizeof(bytes), bytes, sizeof(bytes));
    CHECK(wire_ended(&a));
    wire_close(&a);
    if (!wire_open(&a, &u))
        return;
    (void)wire_send(&a, XS_WRITE, 0, UINT32_MAX, bytes, 100);
    CHECK(wire_ended(&a));
    wire_close(&a);
    CHECK(store_works());
}

/* Half a packet, then silence: it waits, alone. */
static void test_truncated(void)
{
    static struct wire slow[20];
    unsigned n = 0;

    while (n < 20 && wire_open(&slow[n], &u)) {
        CHECK(wire_send(&slow[n], XS_READ, 0, 7, "/wor", 4));
        n++;
    }
    CHECK(store_works());
    for (unsigned i = 0; i < n; i++) {
        if (i % 2) {
            CHECK(send(slow[i].fd, "ks", 3, MSG_NOSIGNAL) == 3);
            CHECK(wire_take(&slow[i]) && is(slow[i].body, "yes"));
        }
        wire_close(&slow[i]);
    }
    CHECK(store_works());
}

static void test_garbage(void)
{
    static uint8_t bytes[20000];
    unsigned seed = 1;

    for (unsigned round = 0; round < 10; round++) {
        if (!wire_open(&a, &u))
            return;
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)(rand_r(&seed) >> 8);
        (void)!send(a.fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
        wire_close(&a);
    }
    CHECK(store_works());
}

/* Many watches on one node whose owner writes without end, and a watcher who
 * never reads. */
static void test_watch_storm(void)
{
    char body[64];
    int n;

    if (!wire_open(&a, &u) || !wire_open(&b, &u))
        return;
    for (unsigned i = 0; i < STORM_WATCHES; i++) {
        n = snprintf(body, sizeof(body), "/storm%ct-%u", 0, i);
        CHECK(is(wire_ask(&a, XS_WATCH, 0, body, (size_t)n + 1), NULL));
    }
    for (unsigned i = 0; i < 500; i++) {
        n = snprintf(body, sizeof(body), "/storm/%u%cx", i % 10, 0);
        if (!CHECK(is(wire_ask(&b, XS_WRITE, 0, body, (size_t)n), NULL)))
            break;
    }
    CHECK(store_works());
    CHECK(user_ok(&u, "scree ls"));
    wire_close(&a);
    CHECK(is(wire_ask(&b, XS_RM, 0, BYTES("/storm")), NULL));
    wire_close(&b);
    CHECK(store_works());
}

/* Asks on and on and never takes an answer. */
static void test_never_reads(void)
{
    struct timeval limit = {.tv_sec = 1};
    char packet[sizeof(struct xsd_sockmsg) + 7];
    struct xsd_sockmsg h = {.type = XS_READ, .len = 7};

    memcpy(packet, &h, sizeof(h));
    memcpy(packet + sizeof(h), "/works", 7);
    if (!wire_open(&a, &u))
        return;
    setsockopt(a.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    for (unsigned i = 0; i < 200000; i++)
        if (send(a.fd, packet, sizeof(packet), MSG_NOSIGNAL) < 0)
            break;
    CHECK(store_works());
    CHECK(user_ok(&u, "scree ls"));
    wire_close(&a);
    CHECK(store_works());
}

/* A thousand, each in the middle of a request; some have a transaction. */
static void test_store_crowd(void)
{
    static struct wire crowd[CROWD];
    unsigned n = 0;

    while (n < CROWD && wire_open(&crowd[n], &u)) {
        if (n % 10 == 0)
            CHECK(wire_begin(&crowd[n]) != 0);
        CHECK(wire_send(&crowd[n], XS_READ, 0, 7, "/wor", 4));
        n++;
    }
    CHECK(n == CROWD);
    CHECK(store_works());
    CHECK(user_ok(&u, "scree store read /works"));
    for (unsigned i = 0; i < n; i++)
        wire_close(&crowd[i]);
    CHECK(store_works());
}

/* --------------------------------------------------------------- API */

static bool api_works(void)
{
    cJSON *answer = NULL;
    bool good = api_open(&api, &u) && api_say(&api, "{\"id\":5,\"op\":\"ls\"}");

    if (good)
        answer = api_hear(&api);
    good = cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")) &&
           cJSON_GetNumberValue(cJSON_GetObjectItem(answer, "id")) == 5;
    cJSON_Delete(answer);
    api_close(&api);
    return good;
}

static void test_api_garbage(void)
{
    static const char *const bad[] = {
        "garbage",
        "",
        "{}",
        "[]",
        "17",
        "null",
        "{\"id\":1}",
        "{\"id\":1,\"op\":\"fly\"}",
        "{\"id\":1,\"op\":17}",
        "{\"id\":\"x\",\"op\":\"ls\",\"names\":5}",
        "{\"id\":1,\"op\":\"stop\"}",
        "{\"id\":1,\"op\":\"stop\",\"name\":[]}",
        "{\"id\":1,\"op\":\"run\"}",
        "{\"id\":1,\"op\":\"run\",\"domain\":{}}",
        "{\"id\":1,\"op\":\"run\",\"domain\":{\"image\":\"sha256:zz\"}}",
        "{\"id\":1,\"op\":\"image-put\",\"digest\":\"x\",\"size\":-1}",
        "{\"id\":1,\"op\":\"image-has\",\"digest\":\"../../x\"}",
        "{\"id\":1,\"op\":\"image-rm\",\"digest\":\"../../x\"}",
        "{\"id\":1,\"op\":\"logs\",\"name\":\"../screed\"}",
        "{\"id\":1,\"op\":\"logs\",\"name\":\"a\",\"tail\":1e300}",
        "{\"id\":1,\"op\":\"set\",\"name\":\"a\",\"weight\":\"x\"}",
        "{\"id\":1e999,\"op\":\"ls\",\"labels\":[1,2]}",
        "{\"id\":1,\"op\":\"ls\",\"op\":\"down\"",
        "\xff\xfe\xfd",
    };

    if (!api_open(&api, &u))
        return;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *error;

        CHECK(api_say(&api, "%s", bad[i]));
        if (!bad[i][0])
            continue;
        error = api_error(&api);
        if (!CHECK(error && error[0]))
            printf(" [%s]", bad[i]);
        if (error && !error[0] && (api_close(&api), !api_open(&api, &u)))
            return;
    }
    api_close(&api);
    CHECK(api_works());
}

static void test_api_deep(void)
{
    static char line[60000];

    memset(line, '[', sizeof(line) - 1);
    line[sizeof(line) - 2] = '\n';
    if (!api_open(&api, &u))
        return;
    CHECK(send(api.fd, line, strlen(line), MSG_NOSIGNAL) > 0);
    CHECK(is(api_error(&api), "bad-request"));
    api_close(&api);
    CHECK(api_works());
}

/* A line without an end: an error, then the connection is closed. */
static void test_api_huge_line(void)
{
    static char piece[65536];
    const char *error;
    ssize_t n = 1;

    memset(piece, 'x', sizeof(piece));
    if (!api_open(&api, &u))
        return;
    for (unsigned i = 0; i < 32 && n > 0; i++)
        n = send(api.fd, piece, sizeof(piece), MSG_NOSIGNAL);
    error = api_error(&api);
    CHECK(!error || !error[0] || is(error, "bad-request"));
    api_close(&api);
    CHECK(api_works());
}

/* A byte now and then. */
static void test_api_slow(void)
{
    static const char line[] = "{\"id\": 3, \"op\": \"ls\"}\n";

    if (!api_open(&api, &u))
        return;
    for (size_t i = 0; i < sizeof(line) - 1; i++) {
        CHECK(send(api.fd, line + i, 1, MSG_NOSIGNAL) == 1);
        usleep(10000);
        if (i == 10) {
            struct api other;

            if (api_open(&other, &u)) {
                CHECK(api_say(&other, "{\"id\":1,\"op\":\"ls\"}"));
                CHECK(is(api_error(&other), NULL));
                api_close(&other);
            }
        }
    }
    CHECK(is(api_error(&api), NULL));
    api_close(&api);
}

/* An object that does not come whole is not kept. */
static void test_api_half_object(void)
{
    static const char digest[] = "sha256:0123456789abcdef0123456789abcdef"
                                 "0123456789abcdef0123456789abcdef";
    static char bytes[8192];

    if (!api_open(&api, &u))
        return;
    CHECK(api_say(&api,
                  "{\"id\":1,\"op\":\"image-put\",\"digest\":\"%s\","
                  "\"size\":1000000}",
                  digest));
    CHECK(send(api.fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0);
    usleep(200000);
    api_close(&api);
    if (!api_open(&api, &u))
        return;
    CHECK(api_say(&api,
                  "{\"id\":1,\"op\":\"image-put\",\"digest\":\"%s\","
                  "\"size\":8192}",
                  digest));
    CHECK(send(api.fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0);
    CHECK(is(api_error(&api), "bad-request")); /* another digest */
    api_close(&api);
    usleep(200000);
    CHECK(user_ok(&u, "ls $D/home/t/objects"));
    CHECK(!user_says(&u, "0123456789abcdef"));
    CHECK(api_works());
}

/* Asks for much and reads nothing. */
static void test_api_never_reads(void)
{
    struct timeval limit = {.tv_sec = 1};
    static const char line[] = "{\"id\":3,\"op\":\"cell\"}\n";
    pid_t screed = scree_pid(&u, "screed.pid");
    long before = scree_rss(screed);

    if (!api_open(&api, &u))
        return;
    setsockopt(api.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    for (unsigned i = 0; i < 100000; i++)
        if (send(api.fd, line, sizeof(line) - 1, MSG_NOSIGNAL) < 0)
            break;
    CHECK(api_works());
    CHECK(scree_rss(screed) - before < 16384);
    api_close(&api);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A thousand, each in a stream, one of them stalled in the middle of a line:
 * others do not wait. */
static void test_api_crowd(void)
{
    static int fds[CROWD];
    static const char line[] = "{\"id\":1,\"op\":\"events\",\"follow\":true}\n";
    unsigned n = 0;
    double from;

    while (n < CROWD && (fds[n] = scree_socket(&u, "api.sock")) >= 0) {
        size_t size = n ? sizeof(line) - 1 : 10;

        if (send(fds[n], line, size, MSG_NOSIGNAL) < 0)
            break;
        n++;
    }
    CHECK(n == CROWD);
    from = seconds();
    CHECK(user_ok(&u, "scree ls"));
    CHECK(seconds() - from < 2);
    CHECK(user_ok(&u, "scree run --rm hello & sleep 1; scree rm --force '*'"));
    CHECK(api_works());
    for (unsigned i = 0; i < n; i++)
        close(fds[i]);
    CHECK(api_works());
}

/* Of the daemon: as before all of it. */
static void test_nothing_kept(void)
{
    pid_t screed = scree_pid(&u, "screed.pid");
    long files = -1;

    for (unsigned i = 0; i < 30 && (files < 0 || files > 40); i++) {
        usleep(100000);
        (void)user_run(&u, 5, "ls /proc/%d/fd | wc -l", (int)screed);
        files = atol(u.text);
    }
    CHECK(files > 0 && files <= 40);
    CHECK(scree_rss(screed) < 64 * 1024);
}

void suite_scree_wire(void)
{
    CU_pSuite s = CU_add_suite("scree_wire", start, stop);

    CU_add_test(s, "store: transactions are isolated", test_isolation);
    CU_add_test(s, "store: a conflict is EAGAIN", test_conflict);
    CU_add_test(s, "store: a client dies in a transaction",
                test_dies_in_transaction);
    CU_add_test(s, "store: malformed requests", test_malformed);
    CU_add_test(s, "store: oversized requests", test_oversized);
    CU_add_test(s, "store: truncated requests", test_truncated);
    CU_add_test(s, "store: garbage", test_garbage);
    CU_add_test(s, "store: a watch storm", test_watch_storm);
    CU_add_test(s, "store: a client that never reads", test_never_reads);
    CU_add_test(s, "store: a crowd of stalled clients", test_store_crowd);
    CU_add_test(s, "API: garbage", test_api_garbage);
    CU_add_test(s, "API: nested without end", test_api_deep);
    CU_add_test(s, "API: a line without end", test_api_huge_line);
    CU_add_test(s, "API: a slow client", test_api_slow);
    CU_add_test(s, "API: half an object", test_api_half_object);
    CU_add_test(s, "API: a client that never reads", test_api_never_reads);
    CU_add_test(s, "API: a crowd with a stalled one", test_api_crowd);
    CU_add_test(s, "nothing is kept of all that", test_nothing_kept);
}
