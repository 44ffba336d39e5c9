/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of the store: packets of guest-kernel/xs/client.c, against
 * answers made by hand.
 */
#include "xs/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scree/store.h"
#include "unit.h"

static struct xs_client client;

/* One packet for the client, in `step` bytes at once. */
static bool give(struct xsd_sockmsg head, const void *body, size_t size,
                 size_t step)
{
    char packet[sizeof(head) + XENSTORE_PAYLOAD_MAX];
    size_t n = sizeof(head) + size;

    head.len = (uint32_t)size;
    memcpy(packet, &head, sizeof(head));
    memcpy(packet + sizeof(head), body, size);
    for (size_t at = 0; at < n; at += step) {
        if (!xs_client_input(&client, packet + at,
                             step < n - at ? step : n - at))
            return false;
    }
    return true;
}

/* Takes what the client sends, in odd portions; its head. */
static struct xsd_sockmsg take_request(char body[XENSTORE_PAYLOAD_MAX])
{
    char packet[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg head = {0};
    const char *bytes;
    size_t n, size = 0;

    while ((n = xs_client_output(&client, &bytes)) > 0) {
        n = n > 7 ? 7 : n;
        memcpy(packet + size, bytes, n);
        size += n;
        xs_client_sent(&client, n);
    }
    if (size < sizeof(head))
        return head;
    memcpy(&head, packet, sizeof(head));
    CU_ASSERT_EQUAL(head.len, size - sizeof(head));
    memcpy(body, packet + sizeof(head), head.len);
    return head;
}

static struct xs_request *ask_read(const char *path)
{
    return xs_client_ask(&client, XS_READ, 0,
                         &(struct xs_strings){.at = {path}, .count = 1});
}

static void end_client(void)
{
    while (client.watches)
        xs_client_unwatch(&client, client.watches);
    xs_client_fail(&client);
}

static void test_requests_are_answered_in_turn(void)
{
    char body[XENSTORE_PAYLOAD_MAX];
    struct xs_request *a, *b;
    struct xsd_sockmsg head;

    xs_client_start(&client);
    a = ask_read("/a");
    b = ask_read("/b");
    head = take_request(body);
    CU_ASSERT(head.type == XS_READ && head.len == 3 && !strcmp(body, "/a"));
    CU_ASSERT(give(head, "value", 5, 1));
    CU_ASSERT(a->done && a->error == 0 && a->length == 5);
    CU_ASSERT_STRING_EQUAL(a->reply, "value");
    CU_ASSERT_FALSE(b->done);
    head = take_request(body);
    CU_ASSERT_STRING_EQUAL(body, "/b");
    head.type = XS_ERROR;
    CU_ASSERT(give(head, "ENOENT", 7, 5));
    CU_ASSERT(b->done && b->error == ENOENT && !b->reply);
    xs_client_forget(&client, a);
    xs_client_forget(&client, b);
    end_client();
}

static void test_who_gives_up_is_not_answered(void)
{
    char body[XENSTORE_PAYLOAD_MAX];
    struct xs_request *a, *b, *c;
    struct xsd_sockmsg head;

    xs_client_start(&client);
    a = ask_read("/a");
    b = ask_read("/b");
    c = ask_read("/c");
    head = take_request(body);
    xs_client_forget(&client, a); /* on the wire */
    xs_client_forget(&client, b); /* never sent */
    CU_ASSERT(give(head, "late", 4, 64));
    head = take_request(body);
    CU_ASSERT_STRING_EQUAL(body, "/c");
    CU_ASSERT(give(head, "", 0, 64));
    CU_ASSERT(c->done && c->length == 0 && c->reply && !*c->reply);
    xs_client_forget(&client, c);
    end_client();
}

/* Each of these must end the connection. */
static void test_nonsense_is_not_taken(void)
{
    char body[XENSTORE_PAYLOAD_MAX] = {0};
    struct xsd_sockmsg head;
    struct xs_request *r;

    for (unsigned what = 0; what < 6; what++) {
        xs_client_start(&client);
        CU_ASSERT_FALSE(give((struct xsd_sockmsg){.type = XS_READ}, "", 0, 99));
        xs_client_reset(&client);
        r = ask_read("/a");
        head = take_request(body);
        head.req_id += what == 0;
        head.type = what == 1   ? XS_MKDIR
                    : what == 2 ? XS_WATCH_EVENT
                                : head.type;
        head.len = XENSTORE_PAYLOAD_MAX + 1;
        if (what == 3) {
            CU_ASSERT_FALSE(xs_client_input(&client, &head, sizeof(head)));
        } else if (what == 4) { /* an event without its last 0 */
            head.type = XS_WATCH_EVENT;
            CU_ASSERT_FALSE(give(head, "/a\0001", 4, 99));
        } else if (what == 5) {
            CU_ASSERT(give(head, "", 0, 99));
            CU_ASSERT_FALSE(give(head, "", 0, 99)); /* twice */
        } else {
            CU_ASSERT_FALSE(give(head, "", 0, 99));
        }
        xs_client_fail(&client);
        CU_ASSERT(r->done && (what == 5 || r->error == EIO));
        xs_client_forget(&client, r);
        end_client();
    }
}

static void test_requests_have_a_size(void)
{
    static char value[XENSTORE_PAYLOAD_MAX];
    struct xs_strings body = {
        .at = {"/a"}, .count = 1, .value = value, .size = sizeof(value) - 3};
    struct xs_request *r;

    xs_client_start(&client);
    r = xs_client_ask(&client, XS_WRITE, 0, &body);
    CU_ASSERT_FATAL(r != NULL);
    CU_ASSERT_EQUAL(r->size, sizeof(struct xsd_sockmsg) + sizeof(value));
    body.size++;
    CU_ASSERT_PTR_NULL(xs_client_ask(&client, XS_WRITE, 0, &body));
    CU_ASSERT_EQUAL(errno, E2BIG);
    xs_client_forget(&client, r);
    end_client();
}

/* ----------------------------------------------------------- watches */

struct seen {
    unsigned count;
    char last[64];
};

static void note(void *user, const char *path, const char *token)
{
    struct seen *s = user;

    s->count++;
    snprintf(s->last, sizeof(s->last), "%s %s", path, token);
}

static struct xs_watched *add_watch(const char *path, const char *token,
                                    struct seen *s)
{
    struct xs_watched *w = NULL;

    CU_ASSERT_EQUAL(xs_client_watch(&client, path, token, &w), 0);
    w->fired = note;
    w->user = s;
    return w;
}

static void give_event(const char *path, unsigned watch)
{
    char body[128];
    int n = snprintf(body, sizeof(body), "%s%c%u", path, 0, watch);

    CU_ASSERT(give((struct xsd_sockmsg){.type = XS_WATCH_EVENT}, body,
                   (size_t)n + 1, 9));
}

static void test_events_find_their_watch(void)
{
    struct seen a = {0}, b = {0};
    struct xs_watched *w, *other;

    xs_client_start(&client);
    w = add_watch("/a", "token", &a);
    other = add_watch("/b", "token", &b);
    CU_ASSERT_EQUAL(xs_client_watch(&client, "/a", "token", &w), EEXIST);
    CU_ASSERT_PTR_EQUAL(xs_client_find(&client, "/b", "token"), other);
    CU_ASSERT_PTR_NULL(xs_client_find(&client, "/b", "other"));
    give_event("/a/x", 1);
    give_event("/b/y", 2);
    give_event("/c", 3); /* nobody's */
    CU_ASSERT(xs_client_dispatch(&client));
    CU_ASSERT(a.count == 1 && !strcmp(a.last, "/a/x token"));
    give_event("/b/z", 2);
    xs_client_unwatch(&client, other);
    while (xs_client_dispatch(&client))
        continue;
    CU_ASSERT_EQUAL(b.count, 0); /* of watches that are no more */
    end_client();
}

static void test_a_storm_is_bounded(void)
{
    struct seen a = {0};
    unsigned events = 0;

    xs_client_start(&client);
    add_watch("/a", "t", &a);
    for (unsigned i = 0; i < 10000; i++)
        give_event("/a/deep/below/it", 1);
    CU_ASSERT(client.event_bytes <= XS_EVENT_BYTES);
    while (xs_client_dispatch(&client))
        events++;
    CU_ASSERT(events > 100 && events < 1000);
    CU_ASSERT_EQUAL(a.count, events);
    CU_ASSERT_STRING_EQUAL(a.last, "/a t"); /* and once for what was lost */
    end_client();
}

/* Takes the request that must come next and says yes to it. */
static void expect_request(uint32_t type, const char *path, const char *reply)
{
    char body[XENSTORE_PAYLOAD_MAX] = {0};
    struct xsd_sockmsg head = take_request(body);

    CU_ASSERT_EQUAL(head.type, type);
    CU_ASSERT_STRING_EQUAL(body, path);
    CU_ASSERT(give(head, reply, strlen(reply) + 1, 99));
}

static void test_watches_are_set_again(void)
{
    char body[XENSTORE_PAYLOAD_MAX];
    struct seen a = {0};

    xs_client_start(&client);
    add_watch("/a", "t", &a);
    add_watch("/b", "t", &a);
    give_event("/a", 1);
    for (unsigned again = 0; again < 2; again++) {
        xs_client_reset(&client);
        CU_ASSERT_FALSE(xs_client_dispatch(&client));
    }
    expect_request(XS_WATCH, "/b", "OK"); /* once each */
    expect_request(XS_WATCH, "/a", "OK");
    CU_ASSERT_EQUAL(take_request(body).type, 0);
    end_client();
}

static struct xs_request *ask_in(uint32_t type, uint32_t t)
{
    return xs_client_ask(&client, type, t,
                         &(struct xs_strings){.at = {"T"}, .count = 1});
}

static void test_requests_are_made_again(void)
{
    char body[XENSTORE_PAYLOAD_MAX];
    struct xs_request *in, *a, *b, *end;

    xs_client_start(&client);
    CU_ASSERT(xs_client_began(&client, 5));
    a = ask_read("/a");
    in = ask_in(XS_READ, 5);
    b = ask_read("/b");
    end = ask_in(XS_TRANSACTION_END, 5);
    take_request(body);
    xs_client_input(&client, "half a head", 11);
    xs_client_reset(&client);
    CU_ASSERT(in->done && in->error == EIO);
    CU_ASSERT(end->done && end->error == EAGAIN);
    CU_ASSERT_FALSE(xs_client_knows(&client, 5));
    expect_request(XS_READ, "/a", "1");
    expect_request(XS_READ, "/b", "2");
    CU_ASSERT(a->done && !strcmp(a->reply, "1"));
    CU_ASSERT(b->done && !strcmp(b->reply, "2"));
    xs_client_forget(&client, a);
    xs_client_forget(&client, b);
    xs_client_forget(&client, in);
    xs_client_forget(&client, end);
    end_client();
}

static void test_transactions_are_counted(void)
{
    xs_client_start(&client);
    for (unsigned i = 1; i <= XS_TRANSACTIONS; i++)
        CU_ASSERT(xs_client_began(&client, i));
    CU_ASSERT_FALSE(xs_client_began(&client, 99));
    xs_client_ended(&client, 3);
    CU_ASSERT_FALSE(xs_client_knows(&client, 3));
    CU_ASSERT(xs_client_began(&client, 99));
    end_client();
}

void suite_xs_client(void)
{
    static const struct unit_test tests[] = {
        {"requests in turn", test_requests_are_answered_in_turn},
        {"who gives up", test_who_gives_up_is_not_answered},
        {"nonsense", test_nonsense_is_not_taken},
        {"requests have a size", test_requests_have_a_size},
        {"events find their watch", test_events_find_their_watch},
        {"a storm is bounded", test_a_storm_is_bounded},
        {"requests are made again", test_requests_are_made_again},
        {"watches are set again", test_watches_are_set_again},
        {"transactions are counted", test_transactions_are_counted},
    };

    UNIT_SUITE("xs_client", tests);
}
