/* SPDX-License-Identifier: MIT */
/*
 * libxenstore: what its calls put on the wire and make of the answers, and a
 * server that says anything.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_store.h"
#include "tools/libxenstore/handle.h"
#include "unit.h"

#define LIST "one\0two\0three"

/* ---------------------------------------------- without a connection */

static void test_the_socket_is_found(void)
{
    char longest[5000];

    unsetenv("XENSTORED_PATH");
    unsetenv("XENSTORED_RUNDIR");
    CU_ASSERT_STRING_EQUAL(xs_daemon_rundir(), "/var/run/xenstored");
    CU_ASSERT_STRING_EQUAL(xs_daemon_socket(), "/var/run/xenstored/socket");
    setenv("XENSTORED_RUNDIR", "/there", 1);
    CU_ASSERT_STRING_EQUAL(xs_daemon_rundir(), "/there");
    CU_ASSERT_STRING_EQUAL(xs_daemon_socket_ro(), "/there/socket");
    setenv("XENSTORED_PATH", "/x", 1);
    CU_ASSERT_STRING_EQUAL(xs_daemon_socket(), "/x");
    CU_ASSERT_PTR_NULL(xs_open(0));
    CU_ASSERT_EQUAL(errno, ENOENT);
    unsetenv("XENSTORED_PATH");
    memset(longest, 'd', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    setenv("XENSTORED_RUNDIR", longest, 1);
    CU_ASSERT_PTR_NULL(xs_daemon_socket());
    CU_ASSERT_PTR_NULL(xs_open(0));
    longest[200] = '\0'; /* a path, but longer than a socket's may be */
    setenv("XENSTORED_PATH", longest, 1);
    CU_ASSERT_PTR_NULL(xs_open(0));
    unsetenv("XENSTORED_PATH");
    unsetenv("XENSTORED_RUNDIR");
    xs_close(NULL);
}

static void test_permissions_are_text(void)
{
    static const char good[] = "n0\0r5\0w0x10\0b32751";
    static const char *const bad[] = {"", "r", "x5", "5", "r5x", "rr"};
    struct xs_permissions p[4];

    CU_ASSERT(xs_strings_to_perms(p, 4, good));
    CU_ASSERT(p[0].id == 0 && p[0].perms == XS_PERM_NONE);
    CU_ASSERT(p[1].id == 5 && p[1].perms == XS_PERM_READ);
    CU_ASSERT(p[2].id == 16 && p[2].perms == XS_PERM_WRITE);
    CU_ASSERT(p[3].id == 32751 && p[3].perms == (XS_PERM_READ | XS_PERM_WRITE));
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        errno = 0;
        CU_ASSERT_FALSE(xs_strings_to_perms(p, 1, bad[i]));
        CU_ASSERT_EQUAL(errno, EINVAL);
    }
}

static void test_paths_lie_below_others(void)
{
    CU_ASSERT(xs_path_is_subpath("/a/b", "/a/b"));
    CU_ASSERT(xs_path_is_subpath("/a/b", "/a/b/c"));
    CU_ASSERT(xs_path_is_subpath("/", "/a"));
    CU_ASSERT_FALSE(xs_path_is_subpath("/a/b", "/a/bc"));
    CU_ASSERT_FALSE(xs_path_is_subpath("/a/b", "/a"));
    CU_ASSERT_FALSE(xs_path_is_subpath("/a", "a"));
}

static void test_writes_are_whole(void)
{
    int ends[2];
    char back[6];

    CU_ASSERT_FATAL(pipe(ends) == 0);
    CU_ASSERT(xs_write_all(ends[1], "hello", 6));
    CU_ASSERT_EQUAL(read(ends[0], back, 6), 6);
    CU_ASSERT_STRING_EQUAL(back, "hello");
    CU_ASSERT_FALSE(xs_write_all(-1, "x", 1));
    CU_ASSERT(xs_write_all(-1, "x", 0));
    close(ends[0]);
    close(ends[1]);
}

/* ------------------------------------------------- requests, replies */

/* What one request must be and what it gets. */
struct exchange {
    uint32_t type, transaction;
    const char *body;
    size_t size;
    const char *reply;
    size_t reply_size;
};
#define BYTES(text) (text), sizeof(text) - 1

struct script {
    const struct exchange *steps;
    size_t count;
    bool good;
};

static void serve_script(int fd, void *user)
{
    struct script *s = user;
    struct fake_store_request r;

    s->good = true;
    for (size_t i = 0; i < s->count && fake_store_take(fd, &r); i++) {
        const struct exchange *e = &s->steps[i];

        if (r.head.type != e->type || r.head.tx_id != e->transaction ||
            r.head.len != e->size || memcmp(r.body, e->body, e->size) != 0) {
            printf("step %zu: type %u, %u bytes\n", i, r.head.type, r.head.len);
            s->good = false;
        }
        fake_store_answer(fd, &r, e->type, e->reply, e->reply_size);
    }
}

static void test_nodes(void)
{
    static const struct exchange steps[] = {
        {XS_READ, 0, BYTES("/a\0"), BYTES("value")},
        {XS_READ, 7, BYTES("/empty\0"), BYTES("")},
        {XS_WRITE, 7, BYTES("/a\0v\0w"), BYTES("OK\0")},
        {XS_MKDIR, 0, BYTES("/d\0"), BYTES("OK\0")},
        {XS_RM, 0, BYTES("/d\0"), BYTES("OK\0")},
        {XS_DIRECTORY, 0, BYTES("/\0"), LIST, sizeof(LIST)},
        {XS_DIRECTORY, 0, BYTES("/\0"), BYTES("")},
    };
    struct script s = {steps, ARRAY_SIZE(steps), false};
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_script, &s);
    unsigned n = 99;
    char *value = xs_read(h, XBT_NULL, "/a", &n), **list;

    CU_ASSERT(n == 5 && strcmp(value, "value") == 0);
    free(value);
    value = xs_read(h, 7, "/empty", &n);
    CU_ASSERT(n == 0 && value && *value == '\0');
    free(value);
    CU_ASSERT(xs_write(h, 7, "/a", "v\0w", 3));
    CU_ASSERT(xs_mkdir(h, 0, "/d"));
    CU_ASSERT(xs_rm(h, 0, "/d"));
    list = xs_directory(h, 0, "/", &n);
    CU_ASSERT_FATAL(n == 3 && list);
    CU_ASSERT(!strcmp(list[0], "one") && !strcmp(list[2], "three"));
    free(list);
    list = xs_directory(h, 0, "/", &n);
    CU_ASSERT(n == 0 && list);
    free(list);
    fake_store_end(&f, h);
    CU_ASSERT(s.good);
}

static void test_permissions_and_transactions(void)
{
    static const struct exchange steps[] = {
        {XS_GET_PERMS, 0, BYTES("/a\0"), BYTES("n0\0r5\0")},
        {XS_SET_PERMS, 0, BYTES("/a\0w1\0b2\0"), BYTES("OK\0")},
        {XS_GET_PERMS, 0, BYTES("/a\0"), BYTES("?0\0")},
        {XS_TRANSACTION_START, 0, BYTES("\0"), BYTES("4711\0")},
        {XS_TRANSACTION_END, 4711, BYTES("T\0"), BYTES("OK\0")},
        {XS_TRANSACTION_END, 4712, BYTES("F\0"), BYTES("OK\0")},
    };
    struct xs_permissions set[] = {{1, XS_PERM_WRITE},
                                   {2, XS_PERM_READ | XS_PERM_WRITE}};
    struct script s = {steps, ARRAY_SIZE(steps), false};
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_script, &s);
    unsigned n;
    struct xs_permissions *p = xs_get_permissions(h, 0, "/a", &n);

    CU_ASSERT_FATAL(p && n == 2);
    CU_ASSERT(p[1].id == 5 && p[1].perms == XS_PERM_READ);
    free(p);
    CU_ASSERT(xs_set_permissions(h, 0, "/a", set, 2));
    CU_ASSERT_PTR_NULL(xs_get_permissions(h, 0, "/a", &n));
    set[0].perms = XS_PERM_OWNER;
    CU_ASSERT_FALSE(xs_set_permissions(h, 0, "/a", set, 2));
    CU_ASSERT_EQUAL(errno, EINVAL);
    CU_ASSERT_EQUAL(xs_transaction_start(h), 4711);
    CU_ASSERT(xs_transaction_end(h, 4711, false));
    CU_ASSERT(xs_transaction_end(h, 4712, true));
    fake_store_end(&f, h);
    CU_ASSERT(s.good);
}

static void test_domains_and_control(void)
{
    static const struct exchange steps[] = {
        {XS_INTRODUCE, 0,
         BYTES("5\0"
               "4096\0"
               "7\0"),
         BYTES("OK\0")},
        {XS_SET_TARGET, 0,
         BYTES("5\0"
               "6\0"),
         BYTES("OK\0")},
        {XS_RESUME, 0, BYTES("5\0"), BYTES("OK\0")},
        {XS_RELEASE, 0, BYTES("5\0"), BYTES("OK\0")},
        {XS_GET_DOMAIN_PATH, 0, BYTES("5\0"), BYTES("/local/domain/5\0")},
        {XS_IS_DOMAIN_INTRODUCED, 0, BYTES("5\0"), BYTES("T\0")},
        {XS_IS_DOMAIN_INTRODUCED, 0, BYTES("6\0"), BYTES("F\0")},
        {XS_CONTROL, 0, BYTES("quota\0a\0b\0"), BYTES("text\0")},
        {XS_CONTROL, 0, BYTES("help\0"), BYTES("help text\0")},
    };
    struct script s = {steps, ARRAY_SIZE(steps), false};
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_script, &s);
    char *text;

    CU_ASSERT(xs_introduce_domain(h, 5, 4096, 7));
    CU_ASSERT(xs_set_target(h, 5, 6));
    CU_ASSERT(xs_resume_domain(h, 5));
    CU_ASSERT(xs_release_domain(h, 5));
    text = xs_get_domain_path(h, 5);
    CU_ASSERT(text && !strcmp(text, "/local/domain/5"));
    free(text);
    CU_ASSERT(xs_is_domain_introduced(h, 5));
    CU_ASSERT_FALSE(xs_is_domain_introduced(h, 6));
    text = xs_control_command(h, "quota", (void *)"a\0b", 4);
    CU_ASSERT(text && !strcmp(text, "text"));
    free(text);
    text = xs_debug_command(h, "help", NULL, 0);
    CU_ASSERT(text && !strcmp(text, "help text"));
    free(text);
    CU_ASSERT_FALSE(xs_restrict(h, 5));
    CU_ASSERT_EQUAL(errno, ENOSYS);
    fake_store_end(&f, h);
    CU_ASSERT(s.good);
}

static void serve_port(int fd, void *user)
{
    struct fake_store_request r;

    (void)user;
    while (fake_store_take(fd, &r)) {
        if (!strcmp(r.body, "/local/domain/5/device/suspend/event-channel"))
            fake_store_answer(fd, &r, XS_READ, "12", 2);
        else
            fake_store_answer(fd, &r, XS_ERROR, "ENOENT", 7);
    }
}

/* It opens a handle of its own. */
static void test_suspend_port(void)
{
    struct fake_store f;

    fake_store_listen(&f, serve_port, NULL);
    CU_ASSERT_EQUAL(xs_suspend_evtchn_port(5), 12);
    fake_store_end(&f, NULL);
    fake_store_listen(&f, serve_port, NULL);
    CU_ASSERT_EQUAL(xs_suspend_evtchn_port(6), -1);
    fake_store_end(&f, NULL);
    CU_ASSERT_EQUAL(xs_suspend_evtchn_port(5), -1);
}

static void serve_errors(int fd, void *user)
{
    struct fake_store_request r;

    (void)user;
    while (fake_store_take(fd, &r))
        fake_store_answer(fd, &r, XS_ERROR, r.body, r.head.len);
}

static void test_errors_have_numbers(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_errors, NULL);
    size_t n = sizeof(xsd_errors) / sizeof(xsd_errors[0]);

    for (size_t i = 0; i < n; i++) {
        if (xsd_errors[i].errnum == E2BIG)
            continue;
        CU_ASSERT_FALSE(xs_rm(h, 0, xsd_errors[i].errstring));
        CU_ASSERT_EQUAL(errno, xsd_errors[i].errnum);
    }
    CU_ASSERT_FALSE(xs_mkdir(h, 0, "EWHATEVER"));
    CU_ASSERT_EQUAL(errno, EINVAL);
    CU_ASSERT_EQUAL(xs_transaction_start(h), XBT_NULL);
    fake_store_end(&f, h);
}

static void test_what_is_too_long_is_not_sent(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_errors, NULL);
    char longest[XENSTORE_PAYLOAD_MAX + 1];

    memset(longest, 'x', sizeof(longest));
    CU_ASSERT_FALSE(xs_write(h, 0, "/a", longest, XENSTORE_PAYLOAD_MAX - 2));
    CU_ASSERT_EQUAL(errno, E2BIG);
    longest[XENSTORE_PAYLOAD_MAX] = '\0';
    CU_ASSERT_PTR_NULL(xs_read(h, 0, longest, NULL));
    CU_ASSERT_EQUAL(errno, E2BIG);
    CU_ASSERT_PTR_NULL(xs_directory(h, 0, longest, NULL));
    CU_ASSERT_EQUAL(errno, E2BIG);
    /* the connection is as good as before */
    CU_ASSERT_FALSE(xs_write(h, 0, "EROFS", longest, 4000));
    CU_ASSERT_EQUAL(errno, EROFS);
    fake_store_end(&f, h);
}

static void serve_in_drops(int fd, void *user)
{
    struct fake_store_request r;

    (void)user;
    while (fake_store_take(fd, &r)) {
        char packet[sizeof(r.head) + 5];

        r.head.len = 5;
        memcpy(packet, &r.head, sizeof(r.head));
        memcpy(packet + sizeof(r.head), "drops", 5);
        for (size_t i = 0; i < sizeof(packet); i++) {
            fake_store_bytes(fd, packet + i, 1);
            usleep(100);
        }
    }
}

static void test_replies_may_come_in_drops(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_in_drops, NULL);

    for (unsigned i = 0; i < 5; i++) {
        unsigned n;
        char *value = xs_read(h, 0, "/a", &n);

        CU_ASSERT(value && n == 5 && !strcmp(value, "drops"));
        free(value);
    }
    fake_store_end(&f, h);
}

/* ------------------------------------------------------- directories */

struct parts {
    unsigned generation, asked, change_at;
    bool broken;
};

/* 3,000 children "c0000".. in parts, as xenstored gives them. */
static void answer_part(int fd, const struct fake_store_request *r,
                        struct parts *p)
{
    enum { CHILDREN = 3000, SIZE = 6 };
    unsigned offset = (unsigned)atoi(r->body + strlen(r->body) + 1);
    char body[XENSTORE_PAYLOAD_MAX];
    size_t n, left = CHILDREN * SIZE - offset;

    if (++p->asked == p->change_at)
        p->generation++;
    n = (size_t)snprintf(body, sizeof(body), "%u", p->generation) + 1;
    while (left > 0 && n + SIZE + 1 <= sizeof(body)) {
        snprintf(body + n, SIZE + 1, "c%04u", offset / SIZE % 10000);
        n += SIZE;
        offset += SIZE;
        left -= SIZE;
    }
    if (left == 0)
        body[n++] = '\0';
    if (p->broken)
        n = strlen(body); /* not even its 0 */
    fake_store_answer(fd, r, XS_DIRECTORY_PART, body, n);
}

static void serve_parts(int fd, void *user)
{
    struct fake_store_request r;

    while (fake_store_take(fd, &r)) {
        if (r.head.type == XS_DIRECTORY)
            fake_store_answer(fd, &r, XS_ERROR, "E2BIG", 6);
        else
            answer_part(fd, &r, user);
    }
}

static void test_large_directories(void)
{
    struct parts p = {.generation = 7, .change_at = 3};
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_parts, &p);
    unsigned n;
    char **list = xs_directory(h, 0, "/", &n);

    CU_ASSERT_FATAL(list && n == 3000);
    CU_ASSERT_STRING_EQUAL(list[0], "c0000");
    CU_ASSERT_STRING_EQUAL(list[2999], "c2999");
    CU_ASSERT_EQUAL(p.asked, 3 + 5); /* from the start after the change */
    free(list);
    p.broken = true;
    CU_ASSERT_PTR_NULL(xs_directory(h, 0, "/", &n));
    CU_ASSERT_EQUAL(errno, EIO);
    fake_store_end(&f, h);
}

/* ----------------------------------------------------- bad servers */

/* What a server does with the second request it gets. */
enum misdeed {
    CLOSES,
    CLOSES_IN_HEAD,
    CLOSES_IN_BODY,
    STOPS_IN_HEAD,
    STOPS_IN_BODY,
    SAYS_TOO_LONG,
    OTHER_TYPE,
    OTHER_ID,
    TWICE,
    EMPTY_EVENT,
    HALF_EVENT,
    MISDEEDS
};

static void misbehave(int fd, struct fake_store_request *r, enum misdeed what)
{
    struct xsd_sockmsg head = r->head;

    head.len = what == SAYS_TOO_LONG ? XENSTORE_PAYLOAD_MAX + 1 : 8;
    switch (what) {
    case CLOSES_IN_HEAD:
    case STOPS_IN_HEAD:
        fake_store_bytes(fd, &head, 7);
        break;
    case CLOSES_IN_BODY:
    case STOPS_IN_BODY:
    case SAYS_TOO_LONG:
        fake_store_bytes(fd, &head, sizeof(head));
        fake_store_bytes(fd, "half", 4);
        break;
    case OTHER_TYPE:
        fake_store_answer(fd, r, XS_MKDIR, "OK", 3);
        break;
    case OTHER_ID:
        r->head.req_id += 1;
        fake_store_answer(fd, r, XS_READ, "OK", 3);
        break;
    case EMPTY_EVENT:
        fake_store_answer(fd, r, XS_WATCH_EVENT, "", 0);
        break;
    case HALF_EVENT:
        fake_store_answer(fd, r, XS_WATCH_EVENT, "/path\0tok", 9);
        break;
    default:
        break;
    }
}

static void serve_badly(int fd, void *user)
{
    enum misdeed what = *(enum misdeed *)user;
    struct fake_store_request r;

    if (!fake_store_take(fd, &r))
        return;
    fake_store_answer(fd, &r, r.head.type, "OK", 3);
    if (what == TWICE)
        fake_store_answer(fd, &r, r.head.type, "OK", 3);
    if (!fake_store_take(fd, &r))
        return;
    misbehave(fd, &r, what);
    if (what > CLOSES_IN_BODY)
        fake_store_take(fd, &r); /* until the client gives up */
}

/* Every call fails, now and later; none hangs. */
static void expect_broken(struct xs_handle *h)
{
    unsigned n;

    CU_ASSERT_PTR_NULL(xs_read(h, 0, "/b", NULL));
    CU_ASSERT_PTR_NULL(xs_read(h, 0, "/b", NULL));
    CU_ASSERT_EQUAL(errno, EBADF);
    CU_ASSERT_FALSE(xs_watch(h, "/b", "t"));
    CU_ASSERT_FALSE(xs_unwatch(h, "/b", "t"));
    CU_ASSERT_PTR_NULL(xs_directory(h, 0, "/b", &n));
    CU_ASSERT_PTR_NULL(xs_get_permissions(h, 0, "/b", &n));
    CU_ASSERT_PTR_NULL(xs_check_watch(h));
    CU_ASSERT_PTR_NULL(xs_read_watch(h, &n));
    CU_ASSERT_EQUAL(errno, EINVAL);
}

static void hurt_client(enum misdeed what, bool reader)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_badly, &what);

    CU_ASSERT_FATAL(h != NULL);
    h->patience = 50;
    if (reader)
        CU_ASSERT(xs_watch(h, "/a", "token") || what == TWICE);
    if (!reader)
        free(xs_read(h, 0, "/a", NULL));
    expect_broken(h);
    fake_store_end(&f, h);
}

static void test_bad_servers_break_the_connection(void)
{
    for (unsigned i = 0; i < MISDEEDS; i++) {
        hurt_client((enum misdeed)i, false);
        hurt_client((enum misdeed)i, true);
    }
}

static void serve_nothing(int fd, void *user)
{
    (void)fd;
    (void)user;
}

static void test_a_dead_server_raises_no_signal(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_nothing, NULL);
    struct pollfd gone = {.fd = h->fd, .events = POLLIN};

    CU_ASSERT_EQUAL(poll(&gone, 1, 5000), 1);
    CU_ASSERT_FALSE(xs_write(h, 0, "/a", "b", 1));
    CU_ASSERT(errno == EPIPE || errno == EBADF);
    CU_ASSERT_FALSE(xs_write(h, 0, "/a", "b", 1));
    CU_ASSERT_EQUAL(errno, EBADF);
    fake_store_end(&f, h);
}

/* ----------------------------------------------------------- watches */

/* Events before each reply, as many as the number it is asked to read. */
static void serve_events(int fd, void *user)
{
    struct fake_store_request r;

    (void)user;
    while (fake_store_take(fd, &r)) {
        int n = r.head.type == XS_READ ? atoi(r.body) : 0;
        char path[32];

        for (int i = 0; i < n; i++) {
            snprintf(path, sizeof(path), "/a/%d", i);
            fake_store_event(fd, path, i & 1 ? "odd" : "even");
        }
        fake_store_answer(fd, &r, r.head.type, "OK", 3);
    }
}

static bool is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void expect_event(char **event, const char *path, const char *token)
{
    CU_ASSERT_FATAL(event != NULL);
    CU_ASSERT_STRING_EQUAL(event[XS_WATCH_PATH], path);
    CU_ASSERT_STRING_EQUAL(event[XS_WATCH_TOKEN], token);
    free(event);
}

static void test_events_wait_in_line(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_events, NULL);
    int fd = xs_fileno(h);
    unsigned n = 0;

    CU_ASSERT(fd >= 0 && fd == xs_fileno(h));
    CU_ASSERT(xs_watch(h, "/a", "even"));
    CU_ASSERT_FALSE(is_readable(fd));
    CU_ASSERT_PTR_NULL(xs_check_watch(h));
    CU_ASSERT_EQUAL(errno, EAGAIN);
    free(xs_read(h, 0, "3", NULL));
    CU_ASSERT(is_readable(fd));
    expect_event(xs_read_watch(h, &n), "/a/0", "even");
    CU_ASSERT_EQUAL(n, 2);
    expect_event(xs_check_watch(h), "/a/1", "odd");
    CU_ASSERT(is_readable(fd));
    expect_event(xs_check_watch(h), "/a/2", "even");
    CU_ASSERT_FALSE(is_readable(fd));
    /* those that nobody takes are freed with the handle */
    free(xs_read(h, 0, "5", NULL));
    fake_store_end(&f, h);
}

static void test_the_descriptor_knows_of_earlier_events(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_events, NULL);

    /* no reader thread: they come with the reply */
    free(xs_read(h, 0, "2", NULL));
    CU_ASSERT(is_readable(xs_fileno(h)));
    expect_event(xs_check_watch(h), "/a/0", "even");
    expect_event(xs_check_watch(h), "/a/1", "odd");
    CU_ASSERT_FALSE(is_readable(xs_fileno(h)));
    fake_store_end(&f, h);
}

static void test_storms_of_events(void)
{
    enum { STORM = 20000 };
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_events, NULL);
    char path[32], **event;
    unsigned n;

    CU_ASSERT(xs_watch(h, "/a", "even"));
    free(xs_read(h, 0, "20000", NULL));
    for (unsigned i = 0; i < STORM; i++) {
        snprintf(path, sizeof(path), "/a/%u", i);
        event = xs_read_watch(h, &n);
        if (!event || strcmp(event[0], path) != 0)
            CU_FAIL("an event is missing");
        free(event);
    }
    CU_ASSERT_PTR_NULL(xs_check_watch(h));
    fake_store_end(&f, h);
}

/* Stale events stay, unless the handle filters. */
static void test_unwatch_drops_what_it_may(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_events, NULL);

    free(xs_read(h, 0, "4", NULL));
    CU_ASSERT(xs_unwatch(h, "/a", "even"));
    expect_event(xs_check_watch(h), "/a/0", "even");
    h->unwatch_filter = true;
    CU_ASSERT(xs_unwatch(h, "/b", "even"));
    CU_ASSERT(xs_unwatch(h, "/a", "even"));
    expect_event(xs_check_watch(h), "/a/1", "odd");
    expect_event(xs_check_watch(h), "/a/3", "odd");
    CU_ASSERT_PTR_NULL(xs_check_watch(h));
    free(xs_read(h, 0, "1", NULL));
    CU_ASSERT(is_readable(xs_fileno(h)));
    CU_ASSERT(xs_unwatch(h, "/", "even"));
    CU_ASSERT_FALSE(is_readable(xs_fileno(h)));
    free(xs_read(h, 0, "2", NULL));
    expect_event(xs_check_watch(h), "/a/0", "even");
    expect_event(xs_check_watch(h), "/a/1", "odd");
    fake_store_end(&f, h);
}

static void *wait_for_event(void *handle)
{
    unsigned n;

    free(xs_read_watch(handle, &n));
    return NULL;
}

/* Closes when it is asked to read "close". */
static void serve_until_close(int fd, void *user)
{
    struct fake_store_request r;

    (void)user;
    while (fake_store_take(fd, &r) && strcmp(r.body, "close") != 0)
        fake_store_answer(fd, &r, r.head.type, "OK", 3);
}

static void test_waiting_ends_with_the_server(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_until_close, NULL);
    pthread_t waiting;

    CU_ASSERT(xs_watch(h, "/a", "t"));
    CU_ASSERT_FALSE(is_readable(xs_fileno(h)));
    CU_ASSERT_FATAL(!pthread_create(&waiting, NULL, wait_for_event, h));
    CU_ASSERT_PTR_NULL(xs_read(h, 0, "close", NULL));
    pthread_join(waiting, NULL);
    CU_ASSERT(is_readable(xs_fileno(h)));
    CU_ASSERT_PTR_NULL(xs_check_watch(h));
    CU_ASSERT(is_readable(xs_fileno(h)));
    fake_store_end(&f, h);
}

static void test_a_waiting_thread_can_be_cancelled(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_events, NULL);
    pthread_t waiting;

    CU_ASSERT(xs_watch(h, "/a", "even"));
    CU_ASSERT_FATAL(!pthread_create(&waiting, NULL, wait_for_event, h));
    usleep(10000);
    CU_ASSERT_EQUAL(pthread_cancel(waiting), 0);
    pthread_join(waiting, NULL);
    free(xs_read(h, 0, "1", NULL));
    expect_event(xs_check_watch(h), "/a/0", "even");
    fake_store_end(&f, h);
}

/* ----------------------------------------------------------- threads */

static void serve_echo(int fd, void *user)
{
    struct fake_store_request r;

    (void)user;
    while (fake_store_take(fd, &r)) {
        fake_store_event(fd, r.body, "event");
        fake_store_answer(fd, &r, r.head.type, r.body, r.head.len);
    }
}

struct reads {
    struct xs_handle *h;
    unsigned number, wrong;
};

static void *read_often(void *user)
{
    struct reads *r = user;
    char path[32];

    for (unsigned i = 0; i < 200; i++) {
        char *value;

        snprintf(path, sizeof(path), "/%u/%u", r->number, i);
        value = xs_read(r->h, 0, path, NULL);
        r->wrong += !value || strcmp(value, path) != 0;
        free(value);
    }
    return NULL;
}

static void read_in_threads(struct xs_handle *h)
{
    enum { THREADS = 8 };
    struct reads reads[THREADS];
    pthread_t thread[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        reads[i] = (struct reads){.h = h, .number = i};
        CU_ASSERT_FATAL(
            !pthread_create(&thread[i], NULL, read_often, &reads[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        CU_ASSERT_EQUAL(reads[i].wrong, 0);
    }
}

static void test_threads_share_a_handle(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_echo, NULL);
    unsigned events = 0;
    char **event;

    read_in_threads(h);
    CU_ASSERT(xs_watch(h, "/a", "t")); /* from here on with the reader */
    read_in_threads(h);
    while ((event = xs_check_watch(h))) {
        free(event);
        events++;
    }
    CU_ASSERT_EQUAL(events, 2 * 8 * 200 + 1);
    fake_store_end(&f, h);
}

static void test_a_child_lets_go(void)
{
    struct fake_store f;
    struct xs_handle *h = fake_store_start(&f, serve_echo, NULL);

    /* as in a child, which has no reader thread */
    free(xs_read(h, 0, "/a", NULL));
    (void)xs_fileno(h);
    xs_daemon_destroy_postfork(h);
    fake_store_end(&f, NULL);
}

void suite_libxenstore(void)
{
    static const struct unit_test tests[] = {
        {"the socket is found", test_the_socket_is_found},
        {"permissions are text", test_permissions_are_text},
        {"paths lie below others", test_paths_lie_below_others},
        {"writes are whole", test_writes_are_whole},
        {"nodes", test_nodes},
        {"permissions, transactions", test_permissions_and_transactions},
        {"domains, control", test_domains_and_control},
        {"suspend port", test_suspend_port},
        {"errors have numbers", test_errors_have_numbers},
        {"too long is not sent", test_what_is_too_long_is_not_sent},
        {"replies in drops", test_replies_may_come_in_drops},
        {"large directories", test_large_directories},
        {"bad servers", test_bad_servers_break_the_connection},
        {"a dead server", test_a_dead_server_raises_no_signal},
        {"events wait in line", test_events_wait_in_line},
        {"earlier events", test_the_descriptor_knows_of_earlier_events},
        {"storms of events", test_storms_of_events},
        {"unwatch drops", test_unwatch_drops_what_it_may},
        {"waiting ends", test_waiting_ends_with_the_server},
        {"waiting is cancelled", test_a_waiting_thread_can_be_cancelled},
        {"threads", test_threads_share_a_handle},
        {"a child lets go", test_a_child_lets_go},
    };

    UNIT_SUITE("libxenstore", tests);
}
