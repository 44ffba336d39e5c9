/* SPDX-License-Identifier: MIT */
/*
 * Bytes between the control domain and others: store rings, consoles, the
 * channel. What the ends themselves do is tested with them; here it is what
 * goes through the hypercall.
 */
#include "scree/store.h"

#include "control_world.h"

#include <stdio.h>
#include <string.h>

#include "io/channel.h"
#include "io/console.h"
#include "io/journal.h"
#include "io/store_ring.h"
#include "virtio_device.h"

#define END (0x100000ull + CONTROL_PAGES * PAGE_SIZE) /* of its RAM */

struct transfer_world {
    struct control_world x;
    struct domain *d; /* another one, running */
};

static void start(struct transfer_world *t)
{
    uint32_t id;

    control_prepare();
    control_start(&t->x);
    id = control_make(&t->x, "other");
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&t->x, resume, id), 0);
    t->d = life_find(&t->x.w, id);
}

static struct scree_control_transfer transfer(uint32_t domain, uint32_t length)
{
    return (struct scree_control_transfer){.head = {.domain = domain},
                                           .address = CONTROL_BUFFER,
                                           .length = length};
}

static struct xenstore_domain_interface *ring_open(struct domain *d)
{
    CU_ASSERT_EQUAL_FATAL(guest_call(d, __HYPERVISOR_scree_vio, SCREE_VIO_OPEN,
                                     SCREE_VIO_STORE, 0),
                          XENSTORE_RING_SIZE);
    return d->store.page;
}

/* ------------------------------------------------------- every transfer */

static int64_t run(struct control_world *x, uint32_t op,
                   struct scree_control_transfer *t)
{
    t->head.version = SCREE_CONTROL_VERSION;
    t->head.op = op;
    t->head.size = sizeof(*t);
    return control_call_at(x, CONTROL_RECORD, t, sizeof(*t));
}

static void lengths_and_addresses_are_checked(void)
{
    static const uint32_t ops[] = {
        SCREE_CONTROL_store_take, SCREE_CONTROL_store_put,
        SCREE_CONTROL_console_take, SCREE_CONTROL_console_put};
    static const uint64_t bad[] = {0,        BAD, UINT64_MAX, UINT64_MAX - 99,
                                   END - 99, END};
    struct transfer_world t;
    struct control_picture p;

    start(&t);
    ring_open(t.d);
    p = control_look(&t.x);
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        uint32_t whom = i == 2 ? 0 : t.d->id;
        struct scree_control_transfer r = transfer(whom, 0);

        CU_ASSERT_EQUAL(run(&t.x, ops[i], &r), -XEN_EINVAL);
        r = transfer(whom, SCREE_TRANSFER_MAX + 1);
        CU_ASSERT_EQUAL(run(&t.x, ops[i], &r), -XEN_EINVAL);
        for (unsigned k = 0; k < ARRAY_SIZE(bad); k++) {
            r = transfer(whom, 100);
            r.address = bad[k];
            CU_ASSERT_EQUAL(run(&t.x, ops[i], &r), -XEN_EFAULT);
        }
    }
    CU_ASSERT_FALSE(journal_attached(t.x.w.cell));
    CU_ASSERT(control_same(&t.x, &p));
    control_stop(&t.x);
}

static void somebody_must_be_there(void)
{
    static const uint32_t ops[] = {SCREE_CONTROL_store_take,
                                   SCREE_CONTROL_store_put,
                                   SCREE_CONTROL_console_put};
    static const uint32_t nobody[] = {0, 1, 50, 61, UINT32_MAX};
    struct transfer_world t;

    start(&t);
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        for (unsigned k = 0; k < ARRAY_SIZE(nobody); k++) {
            struct scree_control_transfer r = transfer(nobody[k], 10);

            CU_ASSERT_EQUAL(run(&t.x, ops[i], &r), -XEN_ESRCH);
        }
    }
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&t.x, store_reset, 50), -XEN_ESRCH);
    control_stop(&t.x);
}

/* ---------------------------------------------------------------- store */

static void store_bytes_go_both_ways(void)
{
    struct transfer_world t;
    struct scree_control_transfer r;
    struct xenstore_domain_interface *ring;
    char bytes[16];

    start(&t);
    r = transfer(t.d->id, 100);
    CU_ASSERT_EQUAL(CONTROL(&t.x, store_take, &r), -XEN_ENODEV);
    CU_ASSERT_EQUAL(CONTROL(&t.x, store_put, &r), -XEN_ENODEV);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&t.x, store_reset, t.d->id), -XEN_ENODEV);
    ring = ring_open(t.d);
    CU_ASSERT(control_state(&t.x, t.d->id).flags & SCREE_DOMAIN_STORE);
    memcpy(ring->req, "request", 7);
    ring->req_prod = 7;
    CU_ASSERT_EQUAL(CONTROL(&t.x, store_take, &r), 0);
    CU_ASSERT_EQUAL(r.done, 7);
    CU_ASSERT_EQUAL(r.offset, 1); /* epoch */
    guest_get(t.x.d0, CONTROL_BUFFER, bytes, 7);
    CU_ASSERT_EQUAL(memcmp(bytes, "request", 7), 0);
    CU_ASSERT_EQUAL(CONTROL(&t.x, store_take, &r), 0);
    CU_ASSERT_EQUAL(r.done, 0);
    guest_put(t.x.d0, CONTROL_BUFFER, "answer", 6);
    r = transfer(t.d->id, 6);
    r.offset = 2;
    CU_ASSERT_EQUAL(CONTROL(&t.x, store_put, &r), -XEN_ENODEV);
    r.offset = 1;
    CU_ASSERT_EQUAL(CONTROL(&t.x, store_put, &r), 0);
    CU_ASSERT_EQUAL(r.done, 6);
    CU_ASSERT_EQUAL(ring->rsp_prod, 6);
    CU_ASSERT_EQUAL(memcmp(ring->rsp, "answer", 6), 0);
    CU_ASSERT(event_pending(t.d, SCREE_PORT_STORE));
    r = transfer(t.d->id, SCREE_TRANSFER_MAX); /* as many as fit */
    r.offset = 1;
    CU_ASSERT_EQUAL(CONTROL(&t.x, store_put, &r), 0);
    CU_ASSERT_EQUAL(r.done, XENSTORE_RING_SIZE - 6);
    CU_ASSERT_EQUAL(CONTROL_DOMAIN(&t.x, store_reset, t.d->id), 0);
    CU_ASSERT_EQUAL(ring->error, 1);
    control_stop(&t.x);
}

/* -------------------------------------------------------------- consoles */

/* The records that wait, as one text each: "ID:TEXT|". */
static void take_console(struct transfer_world *t, char *out, size_t size)
{
    static char bytes[SCREE_TRANSFER_MAX];
    struct scree_control_transfer r = transfer(0, SCREE_TRANSFER_MAX);
    struct scree_console_record head;

    CU_ASSERT_EQUAL(CONTROL(&t->x, console_take, &r), 0);
    guest_get(t->x.d0, CONTROL_BUFFER, bytes, r.done);
    out[0] = '\0';
    for (uint32_t at = 0; at < r.done;
         at += (uint32_t)sizeof(head) + ((head.length + 7) & ~7u)) {
        memcpy(&head, bytes + at, sizeof(head));
        CU_ASSERT_FATAL(head.length > 0 && head.length <= 1024);
        snprintf(out + strlen(out), size - strlen(out), "%d:%.*s|",
                 (int)head.domain, (int)head.length, bytes + at + sizeof(head));
    }
}

static void consoles_are_taken_and_typed_at(void)
{
    static char text[4096];
    struct transfer_world t;
    struct scree_control_transfer r;
    char typed[8];

    start(&t);
    console_guest_write(t.d, "before\n", 7);
    CU_ASSERT(life_said("[other] before"));
    take_console(&t, text, sizeof(text));
    CU_ASSERT_EQUAL(text[0], '\0');
    CU_ASSERT(journal_attached(t.x.w.cell));
    console_guest_write(t.d, "after\n", 6);
    CU_ASSERT_FALSE(life_said("after"));
    CU_ASSERT(event_pending(t.x.d0, SCREE_PORT_CONTROL));
    console_log(t.x.w.cell, "a line", 6);
    CU_ASSERT(life_said("a line"));
    take_console(&t, text, sizeof(text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "2:after\n|"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "-1:a line"));
    guest_put(t.x.d0, CONTROL_BUFFER, "typed", 5);
    r = transfer(t.d->id, 5);
    CU_ASSERT_EQUAL(CONTROL(&t.x, console_put, &r), 0);
    CU_ASSERT_EQUAL(r.done, 5);
    CU_ASSERT_EQUAL(console_read(t.d, typed, sizeof(typed)), 5);
    CU_ASSERT_EQUAL(memcmp(typed, "typed", 5), 0);
    r = transfer(t.d->id, SCREE_TRANSFER_MAX);
    CU_ASSERT_EQUAL(CONTROL(&t.x, console_put, &r), 0);
    CU_ASSERT_EQUAL(r.done, CONSOLE_INPUT);
    r = transfer(1, 10);
    CU_ASSERT_EQUAL(CONTROL(&t.x, console_take, &r), -XEN_EINVAL);
    control_stop(&t.x);
}

static void its_death_gives_the_console_back(void)
{
    static char text[4096];
    struct transfer_world t;

    start(&t);
    take_console(&t, text, sizeof(text));
    life_faults(&t.x.w, 0, 6, 0, 0);
    CU_ASSERT_FALSE(journal_attached(t.x.w.cell));
    console_guest_write(t.d, "alone\n", 6);
    CU_ASSERT(life_said("[other] alone"));
    control_settle(&t.x);
    life_later(&t.x.w, 101);
    control_find(&t.x);
    control_remove(&t.x, t.d->id);
    control_find(&t.x);
    control_stop(&t.x);
}

/* --------------------------------------------------------------- channel */

static void a_cell_may_have_no_channel(void)
{
    struct transfer_world t;
    struct scree_control_transfer r;

    start(&t);
    r = transfer(0, 10);
    CU_ASSERT_EQUAL(CONTROL(&t.x, channel_take, &r), -XEN_ENODEV);
    CU_ASSERT_EQUAL(CONTROL(&t.x, channel_put, &r), -XEN_ENODEV);
    r = transfer(1, 10);
    CU_ASSERT_EQUAL(CONTROL(&t.x, channel_take, &r), -XEN_EINVAL);
    CU_ASSERT_EQUAL(CONTROL(&t.x, channel_put, &r), -XEN_EINVAL);
    control_stop(&t.x);
}

static void channel_bytes_go_out(void)
{
    static struct virtio_card card;
    struct transfer_world t;
    struct scree_control_transfer r;

    start(&t);
    card_init(&card);
    card_be_console(&card, 2);
    card_plug(&card);
    channel_probe(t.x.w.cell);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t.x.w.cell->channel);
    control_find(&t.x);
    r = transfer(0, 5000);
    CU_ASSERT_EQUAL(CONTROL(&t.x, channel_take, &r), 0);
    CU_ASSERT_EQUAL(r.done, 0);
    r = transfer(0, 5000);
    CU_ASSERT_EQUAL(CONTROL(&t.x, channel_put, &r), 0);
    CU_ASSERT(r.done <= 5000);
    r.address = END - 10;
    CU_ASSERT_EQUAL(CONTROL(&t.x, channel_put, &r), -XEN_EFAULT);
    CU_ASSERT_EQUAL(CONTROL(&t.x, channel_take, &r), -XEN_EFAULT);
    control_remove(&t.x, t.d->id);
    control_find(&t.x);
    control_stop(&t.x);
}

void suite_control_transfer(void)
{
    static const struct unit_test tests[] = {
        {"lengths and addresses are checked",
         lengths_and_addresses_are_checked},
        {"somebody must be there", somebody_must_be_there},
        {"store bytes go both ways", store_bytes_go_both_ways},
        {"consoles are taken and typed at", consoles_are_taken_and_typed_at},
        {"its death gives the console back", its_death_gives_the_console_back},
        {"a cell may have no channel", a_cell_may_have_no_channel},
        {"channel bytes go out", channel_bytes_go_out},
    };

    UNIT_SUITE("control_transfer", tests);
}
