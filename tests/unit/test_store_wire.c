/* SPDX-License-Identifier: MIT */
/*
 * store: the byte stream: requests in portions, packets that are too long,
 * numbers that mean nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "store/errors.h"
#include "store_world.h"
#include "unit.h"

static struct store_world w;

/* Three requests, one of them without a body. */
static size_t three(char *to)
{
    static const char paths[] = "/a/b\0value/a/b";
    struct xsd_sockmsg h = {.type = XS_WRITE, .req_id = 1, .len = 10};
    size_t n = 0;

    memcpy(to, &h, sizeof(h));
    memcpy(to + sizeof(h), paths, 10);
    n = sizeof(h) + 10;
    h = (struct xsd_sockmsg){.type = XS_RESET_WATCHES, .req_id = 2};
    memcpy(to + n, &h, sizeof(h));
    n += sizeof(h);
    h = (struct xsd_sockmsg){.type = XS_READ, .req_id = 3, .len = 5};
    memcpy(to + n, &h, sizeof(h));
    memcpy(to + n + sizeof(h), paths + 10, 5);
    return n + sizeof(h) + 5;
}

static void requests_come_in_any_portions(void)
{
    struct store_client *c = &w.clients[0];
    char bytes[128];
    size_t n = three(bytes);

    for (size_t part = 1; part <= n; part++) {
        store_world_start(&w, NULL);
        for (size_t at = 0; at < n; at += part) {
            size_t now = n - at < part ? n - at : part;
            char *copy = malloc(now);

            memcpy(copy, bytes + at, now);
            CU_ASSERT(store_input(c->connection, copy, now));
            free(copy);
        }
        CU_ASSERT_EQUAL(c->replies, 3);
        CU_ASSERT_EQUAL(c->head.req_id, 3);
        CU_ASSERT_STRING_EQUAL(c->body, "value");
        CU_ASSERT_PTR_NULL(c->connection->held);
        store_world_stop(&w);
    }
}

static void a_packet_that_is_too_long_ends_the_stream(void)
{
    struct xsd_sockmsg h = {.type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1};
    struct store_client *c = &w.clients[2];

    store_world_start(&w, NULL);
    CU_ASSERT(store_input(c->connection, &h, 15));
    CU_ASSERT_FALSE(store_input(c->connection, (char *)&h + 15, 1));
    CU_ASSERT_FALSE(store_input(c->connection, &h, sizeof(h)));
    CU_ASSERT_EQUAL(store_room(c->connection), 0);
    CU_ASSERT_FALSE(store_sent(c->connection, 0));
    h.len = UINT32_MAX;
    CU_ASSERT_FALSE(store_input(w.clients[3].connection, &h, sizeof(h)));
    CU_ASSERT_PTR_NOT_NULL(store_get(&w, 4, 0, "/local/domain/3"));
    store_world_stop(&w);
}

static void the_longest_packets_pass(void)
{
    char body[XENSTORE_PAYLOAD_MAX];

    store_world_start(&w, NULL);
    memset(body, 'v', sizeof(body));
    memcpy(body, "/l", 3);
    CU_ASSERT(store_ask(&w, 0, XS_WRITE, 0, body, sizeof(body)));
    CU_ASSERT(store_do(&w, 0, XS_READ, 0, "/l"));
    CU_ASSERT_EQUAL(w.clients[0].head.len, sizeof(body) - 3);
    memset(body, 'v', sizeof(body));
    CU_ASSERT_FALSE(store_ask(&w, 0, XS_READ, 0, body, sizeof(body)));
    CU_ASSERT(store_said(&w, 0, "EINVAL"));
    store_world_stop(&w);
}

static void operations_that_are_none(void)
{
    static const uint32_t none[] = {XS_WATCH_EVENT, XS_ERROR,  20, 23,
                                    0xffff,         UINT32_MAX};

    store_world_start(&w, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        store_do(&w, 0, none[i], 0, "/");
        CU_ASSERT(store_said(&w, 0, "ENOSYS"));
    }
    for (uint32_t type = 0; type < XS_TYPE_COUNT; type++) {
        store_ask(&w, 0, type, 0, "", 0);
        store_ask(&w, 2, type, 0, "", 0);
        store_ask(&w, 2, type, 0, "no end", 6);
        store_ask(&w, 2, type, 0, "\0\0\0\0\0", 5);
        store_ask(&w, 0, type, 77, "/\0/\0/\0", 6);
    }
    CU_ASSERT_STRING_EQUAL(store_error_name(0), "EINVAL");
    CU_ASSERT_STRING_EQUAL(store_error_name(99999), "EINVAL");
    store_world_stop(&w);
}

static void a_stalled_client_may_not_be_given_more_than_room(void)
{
    struct store_client *c = &w.clients[2];
    char *bytes = calloc(1, 20000);

    store_world_start(&w, NULL);
    CU_ASSERT_FALSE(store_input(c->connection, bytes, 20000));
    free(bytes);
    store_world_stop(&w);
}

void suite_store_wire(void)
{
    static const struct unit_test tests[] = {
        {"requests come in any portions", requests_come_in_any_portions},
        {"a packet that is too long ends the stream",
         a_packet_that_is_too_long_ends_the_stream},
        {"the longest packets pass", the_longest_packets_pass},
        {"operations that are none", operations_that_are_none},
        {"a stalled client may not be given more than room",
         a_stalled_client_may_not_be_given_more_than_room},
    };

    UNIT_SUITE("store_wire", tests);
}
