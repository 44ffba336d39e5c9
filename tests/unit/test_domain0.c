/* SPDX-License-Identifier: MIT */
/*
 * The whole control domain between a fake cell and a host: synchronisation,
 * every request with every wrong size, events, consoles, a host that does not
 * read, and a restart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted.h"
#include "scree/store.h"
#include "unit.h"

static void test_hello(void)
{
    struct hosted *h = hosted_make();
    uint64_t life;

    hosted_settle(h);
    CU_ASSERT_EQUAL(h->synced_count, 1);
    CU_ASSERT_EQUAL(h->synced.nonce, 0);
    life = h->synced.life;
    hosted_frame(h, SCREE_FRAME_STORE_OPEN, 1, NULL, 0);
    hosted_frame(h, SCREE_FRAME_REQUEST, 1, "\1\0\0\0\0\0\0\0", 8);
    hosted_settle(h);
    CU_ASSERT_EQUAL(h->synced_count, 2); /* for both */
    CU_ASSERT_EQUAL(h->replies, 0);
    hosted_sync(h);
    CU_ASSERT_EQUAL(h->synced.life, life);
    CU_ASSERT_EQUAL(h->synced.cell_life, 1000);
    CU_ASSERT_EQUAL(h->due, UINT64_MAX); /* nothing to wake for */
    hosted_restart(h);
    hosted_settle(h);
    CU_ASSERT_EQUAL(h->synced.nonce, 0);
    CU_ASSERT_NOT_EQUAL(h->synced.life, life);
    hosted_free(h);
}

static void test_life(void)
{
    struct hosted *h = hosted_make();
    struct scree_manage_list l = {.from = 0};
    uint32_t id;

    hosted_sync(h);
    id = hosted_run(h, "web");
    CU_ASSERT_EQUAL(id, 1);
    CU_ASSERT_EQUAL(h->events[SCREE_EVENT_CREATED], 1);
    fake_ready(h->cell, id);
    hosted_settle(h);
    CU_ASSERT_EQUAL(h->events[SCREE_EVENT_READY], 1);
    CU_ASSERT_STRING_EQUAL(h->event.name, "web");
    CU_ASSERT_EQUAL(hosted_request(h, SCREE_MANAGE_LIST, &l, sizeof(l)), 0);
    CU_ASSERT_EQUAL(h->reply.size, sizeof(struct scree_manage_state));
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_REMOVE, "web"), XEN_EBUSY);
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_PAUSE, "web"), 0);
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_RESUME, "web"), 0);
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_KILL, "web"), 0);
    CU_ASSERT_EQUAL(h->events[SCREE_EVENT_DOWN], 1);
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_START, "web"), 0);
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_STOP, "web"), 0);
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_REMOVE, "web"), 0);
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_REMOVE, "web"), XEN_ESRCH);
    CU_ASSERT_STRING_EQUAL(h->reply.reply.text,
                           "no domain 'web'; scree ls lists them");
    CU_ASSERT_EQUAL(h->cell->count, 0);
    hosted_free(h);
}

/* Any size of any op gets an answer; only the right one is looked at. */
static void test_sizes(void)
{
    struct hosted *h = hosted_make();
    uint8_t payload[SCREE_FRAME_PAYLOAD];
    unsigned asked = 0;

    hosted_sync(h);
    for (unsigned fill = 0; fill < 256; fill += 255) {
        memset(payload, (int)fill, sizeof(payload));
        for (uint32_t op = 0; op < 20; op++) {
            memcpy(payload, &op, sizeof(op));
            memset(payload + 4, 0, 4);
            for (size_t n = 0; n < sizeof(payload); n += n < 900 ? 1 : 200) {
                hosted_frame(h, SCREE_FRAME_REQUEST, 1, payload, n);
                asked++;
            }
            hosted_settle(h);
        }
    }
    CU_ASSERT_EQUAL(h->replies, asked);
    CU_ASSERT_EQUAL(h->cell->count, 0);
    payload[0] = 1;
    payload[4] = 1; /* what must be 0 */
    CU_ASSERT_EQUAL(hosted_request(h, 99, NULL, 0), XEN_ENOSYS);
    hosted_free(h);
}

static void test_objects(void)
{
    struct hosted *h = hosted_make();
    struct scree_control_object o = {.size = 8192}, got;
    struct {
        struct scree_manage_write w;
        uint8_t bytes[96];
    } write = {.w.offset = 8096};

    hosted_sync(h);
    CU_ASSERT_EQUAL(hosted_request(h, SCREE_MANAGE_OBJECT_BEGIN, &o, sizeof(o)),
                    XEN_EINVAL); /* no digest */
    memset(o.digest, 0x33, sizeof(o.digest));
    CU_ASSERT_EQUAL(hosted_request(h, SCREE_MANAGE_OBJECT_BEGIN, &o, sizeof(o)),
                    0);
    memcpy(&got, h->reply.bytes, sizeof(got));
    write.w.handle = got.handle;
    CU_ASSERT_EQUAL(
        hosted_request(h, SCREE_MANAGE_OBJECT_WRITE, &write, sizeof(write)), 0);
    write.w.offset++;
    CU_ASSERT_EQUAL(
        hosted_request(h, SCREE_MANAGE_OBJECT_WRITE, &write, sizeof(write)),
        XEN_EINVAL);
    CU_ASSERT_EQUAL(
        hosted_request(h, SCREE_MANAGE_OBJECT_WRITE, &write, sizeof(write.w)),
        XEN_EINVAL);
    /* begun again: the first one is given up */
    CU_ASSERT_EQUAL(hosted_request(h, SCREE_MANAGE_OBJECT_BEGIN, &o, sizeof(o)),
                    0);
    memcpy(&got, h->reply.bytes, sizeof(got));
    CU_ASSERT_EQUAL(
        hosted_request(h, SCREE_MANAGE_OBJECT_SEAL, &got, sizeof(got)), 0);
    CU_ASSERT_EQUAL(hosted_request(h, SCREE_MANAGE_OBJECT_BEGIN, &o, sizeof(o)),
                    XEN_EEXIST);
    o.digest[0]++;
    CU_ASSERT_EQUAL(hosted_request(h, SCREE_MANAGE_OBJECT_BEGIN, &o, sizeof(o)),
                    0);
    CU_ASSERT(h->cell->objects[2].exists);
    hosted_sync(h); /* nobody will go on with it */
    CU_ASSERT(!h->cell->objects[2].exists);
    CU_ASSERT_EQUAL(
        hosted_request(h, SCREE_MANAGE_OBJECT_DROP, &got, sizeof(got)), 0);
    CU_ASSERT_EQUAL(
        hosted_request(h, SCREE_MANAGE_OBJECT_DROP, &got, sizeof(got)),
        XEN_ENOENT);
    hosted_free(h);
}

static void test_consoles(void)
{
    struct hosted *h = hosted_make();
    uint32_t id;

    fake_console(h->cell, SCREE_CONSOLE_HYPERVISOR, "boot\n");
    hosted_settle(h);
    CU_ASSERT_STRING_EQUAL(h->console, ""); /* nobody listens yet */
    hosted_sync(h);
    CU_ASSERT_STRING_EQUAL(h->console, "4294967295:boot\n");
    id = hosted_run(h, "web");
    fake_console(h->cell, id, "one\n");
    fake_console(h->cell, id, "two");
    hosted_settle(h);
    CU_ASSERT_STRING_EQUAL(h->console, "4294967295:boot\n1:one\n1:two");
    hosted_frame(h, SCREE_FRAME_INPUT, id, "typed", 5);
    hosted_frame(h, SCREE_FRAME_INPUT, 99, "lost", 4);
    hosted_frame(h, SCREE_FRAME_INPUT, id, NULL, 0);
    hosted_settle(h);
    CU_ASSERT_EQUAL(fake_domain(h->cell, id)->typed.size, 5);
    hosted_free(h);
}

static void test_last_words(void)
{
    struct hosted *h = hosted_make();
    uint32_t id;

    hosted_sync(h);
    id = hosted_run(h, "web");
    fake_console(h->cell, id, "last words\n");
    h->cell->prints_late = true; /* on another CPU, meanwhile */
    fake_end(h->cell, id, SHUTDOWN_poweroff, 0);
    hosted_settle(h);
    CU_ASSERT_EQUAL(h->console_at_end, strlen("1:last words\n1:late\n"));
    /* a host that takes nothing is waited for, but not for ever */
    id = hosted_run(h, "web2");
    for (unsigned i = 0; i < 300; i++) {
        char line[1000];

        memset(line, 'x', sizeof(line) - 1);
        line[sizeof(line) - 1] = '\0';
        fake_console(h->cell, id, line);
    }
    h->cell->channel_room = 0;
    hosted_settle(h);
    fake_end(h->cell, id, SHUTDOWN_poweroff, 0);
    (void)domain0_pass(h->z);
    CU_ASSERT(fake_domain(h->cell, id) != NULL);
    h->cell->now += 300000000;
    hosted_settle(h);
    CU_ASSERT(fake_domain(h->cell, id) == NULL);
    hosted_free(h);
}

/* More than a console has room for, and less than is kept: all of it comes, in
 * order; of what is over that, a part. */
static void test_much_input(void)
{
    struct hosted *h = hosted_make();
    uint8_t bytes[4000], next = 0;
    struct fake_domain *d;
    uint32_t id;
    size_t got = 0;

    hosted_sync(h);
    id = hosted_run(h, "web");
    d = fake_domain(h->cell, id);
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i % 250);
    for (unsigned i = 0; i < 4; i++)
        hosted_frame(h, SCREE_FRAME_INPUT, id, bytes, sizeof(bytes));
    hosted_settle(h);
    while (d->typed.size) {
        for (size_t i = 0; i < d->typed.size;
             i++, next = (uint8_t)((next + 1) % 250))
            CU_ASSERT_EQUAL(queue_front(&d->typed)[i], next);
        got += d->typed.size;
        queue_drop(&d->typed, d->typed.size);
        CU_ASSERT(got == 4 * sizeof(bytes) || h->due != UINT64_MAX);
        hosted_wait(h, 2000000);
    }
    CU_ASSERT_EQUAL(got, 4 * sizeof(bytes));
    CU_ASSERT_EQUAL(h->due, UINT64_MAX);
    for (unsigned i = 0; i < 40; i++)
        hosted_frame(h, SCREE_FRAME_INPUT, id, bytes, sizeof(bytes));
    hosted_settle(h);
    CU_ASSERT_NOT_EQUAL(h->due, UINT64_MAX);
    CU_ASSERT_EQUAL(hosted_named(h, SCREE_MANAGE_KILL, "web"), 0);
    CU_ASSERT_EQUAL(h->due, UINT64_MAX); /* it has gone */
    hosted_free(h);
}

/* The host's program stands still: domains go on, and it learns that it has
 * missed something. */
static void test_stalled_host(void)
{
    struct hosted *h = hosted_make();
    char name[16];
    uint32_t id = 0;

    hosted_sync(h);
    h->cell->channel_room = 0;
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < 400; i++) {
            snprintf(name, sizeof(name), "b%u", i);
            fake_boot(h->cell, "boot", 0);
        }
        hosted_settle(h);
        for (id = 1; id < FAKE_DOMAINS; id++)
            if (fake_domain(h->cell, id) &&
                fake_domain(h->cell, id)->state.state < SCREE_DOMAIN_ENDED)
                fake_end(h->cell, id, SHUTDOWN_poweroff, 0);
        hosted_settle(h);
    }
    CU_ASSERT_EQUAL(h->events[SCREE_EVENT_ENDED], 0);
    h->cell->channel_room = 1 << 30;
    hosted_settle(h);
    CU_ASSERT(h->events[SCREE_EVENT_ENDED] > 0);
    hosted_free(h);
}

/* Requests wait while the host takes no answers; all are answered in the end.
 */
static void test_requests_wait(void)
{
    struct hosted *h = hosted_make();
    struct {
        uint32_t op, zero;
        struct scree_manage_list l;
    } r = {.op = SCREE_MANAGE_LIST};
    char name[16];

    hosted_sync(h);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "d%u", i);
        CU_ASSERT(hosted_run(h, name) != 0);
    }
    h->replies = 0;
    h->cell->channel_room = 100;
    for (unsigned i = 0; i < 1000; i++)
        hosted_frame(h, SCREE_FRAME_REQUEST, 1, &r, sizeof(r));
    for (unsigned i = 0; i < 200 && h->replies < 1000; i++) {
        (void)domain0_pass(h->z);
        CU_ASSERT(h->cell->to_host.size <= h->cell->channel_room);
        h->cell->channel_room = 65536;
        hosted_settle(h);
    }
    CU_ASSERT_EQUAL(h->replies, 1000);
    hosted_free(h);
}

static void test_restarted(void)
{
    struct hosted *h = hosted_make();
    struct scree_manage_list l = {.from = 0};
    char answer[4200];
    uint32_t id;

    hosted_sync(h);
    id = hosted_run(h, "web");
    fake_ring_open(h->cell, id);
    hosted_settle(h);
    hosted_restart(h);
    CU_ASSERT(fake_domain(h->cell, id)->stopped); /* its ring was reset */
    hosted_sync(h);
    CU_ASSERT_EQUAL(hosted_request(h, SCREE_MANAGE_LIST, &l, sizeof(l)), 0);
    CU_ASSERT_EQUAL(h->reply.size, sizeof(struct scree_manage_state));
    fake_ring_open(h->cell, id);
    CU_ASSERT_EQUAL(hosted_ring(h, id, XS_READ, "name", 5, answer), XS_READ);
    CU_ASSERT_STRING_EQUAL(answer, "web");
    hosted_free(h);
}

static void test_no_channel(void)
{
    struct hosted *h = hosted_make();

    h->cell->no_channel = true;
    for (unsigned i = 0; i < 100; i++)
        fake_boot(h->cell, "boot", 0);
    hosted_settle(h);
    CU_ASSERT_EQUAL(h->synced_count, 0);
    CU_ASSERT_EQUAL(h->due, UINT64_MAX);
    hosted_free(h);
}

static void test_noise(void)
{
    struct hosted *h = hosted_make();
    uint64_t seed = 11;
    uint8_t bytes[600];

    hosted_sync(h);
    for (unsigned round = 0; round < 3000; round++) {
        size_t n = unit_random(&seed) % sizeof(bytes);

        for (size_t i = 0; i < n; i++)
            bytes[i] = unit_random(&seed) % 4 ? 0 : (uint8_t)unit_random(&seed);
        hosted_frame(h, (uint16_t)(1 + unit_random(&seed) % 10),
                     (uint32_t)unit_random(&seed) % 5, bytes, n);
        if (round % 50 == 0)
            hosted_settle(h);
    }
    hosted_sync(h);
    CU_ASSERT(hosted_run(h, "web") != 0);
    hosted_free(h);
}

void suite_domain0(void)
{
    static const struct unit_test tests[] = {
        {"says hello, answers SYNC", test_hello},
        {"a domain's life over the channel", test_life},
        {"every request of every size is answered", test_sizes},
        {"objects come in parts", test_objects},
        {"consoles", test_consoles},
        {"last words come before the end", test_last_words},
        {"much input for a small console", test_much_input},
        {"a host that stands still delays nobody", test_stalled_host},
        {"requests wait for a slow host", test_requests_wait},
        {"restarted", test_restarted},
        {"a cell without a channel", test_no_channel},
        {"frames of noise", test_noise},
    };

    UNIT_SUITE("domain0", tests);
}
