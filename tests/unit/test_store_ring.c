/* SPDX-License-Identifier: MIT */
/*
 * The store ring: the device as its guest sees it, and both directions of
 * bytes with a guest that may write what it likes into its page.
 */
#include "scree/store.h" /* Xen's header, before errno.h and our `unused` */

#include <string.h>

#include "world.h"

#include "core/changes.h"
#include "core/guestmem.h"
#include "io/store_ring.h"
#include "io/vio.h"

#define RING XENSTORE_RING_SIZE

static struct world w;
static struct domain *d;
static struct xenstore_domain_interface *page; /* the guest's view */
static uint64_t epoch;

static int64_t op(uint64_t what, uint64_t argument)
{
    return vio_op(d, what, SCREE_VIO_STORE, argument);
}

static void look(void)
{
    lock_take(&d->lock);
    page = space_page(&d->space, gva_gfn(gva(SCREE_STORE_PAGE)), true);
    lock_release(&d->lock);
}

static void open_ring(void)
{
    CU_ASSERT_EQUAL(op(SCREE_VIO_OPEN, 0), RING);
    look();
    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
}

static void start(void)
{
    world_start(&w, NULL);
    d = world_domain(&w, 16);
    d->info->features |= SCREE_FEATURE_STORE;
    domain_start(d);
}

static void start_open(void)
{
    start();
    open_ring();
}

static void stop(void)
{
    world_stop(&w);
}

static bool raised(void)
{
    uint64_t bit = 1ull << SCREE_PORT_STORE;

    return __atomic_fetch_and(&d->shared->evtchn_pending[0], ~bit,
                              __ATOMIC_SEQ_CST) &
           bit;
}

/* The guest puts n bytes. */
static void put(const char *bytes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        page->req[MASK_XENSTORE_IDX(page->req_prod + i)] = bytes[i];
    page->req_prod += n;
}

static int take(char *to, size_t n)
{
    return store_ring_take(d, to, n, &epoch);
}

static int answer(const char *from, size_t n)
{
    epoch = d->store.epoch;
    return store_ring_put(d, from, n, epoch);
}

static void is_dead(uint32_t error)
{
    char c = 'x';

    CU_ASSERT_EQUAL(page->error, error);
    CU_ASSERT(raised());
    CU_ASSERT_FALSE(store_ring_open(d));
    CU_ASSERT_EQUAL(take(&c, 1), -XEN_ENODEV);
    CU_ASSERT_EQUAL(answer(&c, 1), -XEN_ENODEV);
    CU_ASSERT_EQUAL(store_ring_reset(d), -XEN_ENODEV);
    CU_ASSERT_EQUAL(store_ring_notify(d), 0);
    CU_ASSERT_FALSE(raised());
}

/* ------------------------------------------------------------ the device */

static void is_there_only_with_the_feature(void)
{
    start();
    d->info->features &= ~SCREE_FEATURE_STORE;
    for (uint64_t what = 0; what < 3; what++)
        CU_ASSERT_EQUAL(op(what, 0), -XEN_ENODEV);
    CU_ASSERT_EQUAL(op(3, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(store_ring_notify(d), -XEN_EINVAL);
    d->info->features |= SCREE_FEATURE_STORE;
    CU_ASSERT_EQUAL(store_ring_notify(d), 0);
    CU_ASSERT_EQUAL(vio_op(d, SCREE_VIO_OPEN, 2, 0), -XEN_ENODEV);
    CU_ASSERT_EQUAL(vio_op(d, SCREE_VIO_OPEN, 4, 0), -XEN_ENODEV);
    stop();
}

static void opens_and_closes(void)
{
    static const char zeros[PAGE_SIZE];

    start();
    CU_ASSERT_FALSE(store_ring_open(d));
    CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), -XEN_ENODEV);
    CU_ASSERT_EQUAL(op(SCREE_VIO_OPEN, 1), -XEN_EINVAL);
    open_ring();
    CU_ASSERT(store_ring_open(d));
    CU_ASSERT_EQUAL(page->server_features, XENSTORE_SERVER_FEATURE_ERROR);
    page->server_features = 0;
    CU_ASSERT_EQUAL(memcmp(page, zeros, PAGE_SIZE), 0);
    CU_ASSERT_EQUAL(op(SCREE_VIO_OPEN, 0), -XEN_EEXIST);
    CU_ASSERT_EQUAL(op(SCREE_VIO_KICK, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 1), -XEN_EINVAL);
    CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), 0);
    look();
    CU_ASSERT_PTR_NULL(page);
    CU_ASSERT_FALSE(store_ring_open(d));
    CU_ASSERT_EQUAL(take(NULL, 0), -XEN_ENODEV);
    stop();
}

static void every_opening_is_a_new_epoch(void)
{
    char c;

    start();
    for (uint32_t i = 1; i < 300; i++) {
        open_ring();
        put("abc", 3);
        page->rsp_cons = 77;
        CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), 0);
        CU_ASSERT_EQUAL(take(&c, 1), -XEN_ENODEV);
        CU_ASSERT_EQUAL(epoch, i);
    }
    open_ring();
    CU_ASSERT_EQUAL(take(&c, 1), 0); /* nothing is left of the old ones */
    CU_ASSERT_EQUAL(epoch, 300);
    stop();
}

static void an_open_ring_goes_with_its_domain(void)
{
    start_open();
    put("abc", 3);
    world_domain_end(&w, d); /* world_stop() counts the frames */
    stop();
}

static void opening_may_lack_memory(void)
{
    start();
    frames_fail_at(w.frames, 1);
    CU_ASSERT_EQUAL(op(SCREE_VIO_OPEN, 0), -XEN_ENOMEM);
    frames_fail_at(w.frames, 0);
    CU_ASSERT_FALSE(store_ring_open(d));
    CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), -XEN_ENODEV);
    open_ring();
    CU_ASSERT_EQUAL(answer("x", 1), 1);
    CU_ASSERT_EQUAL(epoch, 1);
    stop();
}

/* The page is the domain's, but not its to give. */
static void the_page_cannot_be_given_up(void)
{
    start_open();
    lock_take(&d->lock);
    CU_ASSERT_NOT_EQUAL(
        space_give_up(&d->space, gva_gfn(gva(SCREE_STORE_PAGE))), 0);
    lock_release(&d->lock);
    stop();
}

/* -------------------------------------------------------------- the bytes */

static void carries_bytes_both_ways(void)
{
    char bytes[16];

    start_open();
    CU_ASSERT_EQUAL(take(bytes, 16), 0);
    CU_ASSERT_FALSE(raised());
    put("request", 7);
    CU_ASSERT_EQUAL(take(bytes, 3), 3);
    CU_ASSERT_EQUAL(page->req_cons, 3);
    CU_ASSERT(raised());
    CU_ASSERT_EQUAL(take(bytes + 3, 13), 4);
    CU_ASSERT_EQUAL(memcmp(bytes, "request", 7), 0);
    CU_ASSERT_EQUAL(page->req_cons, 7);
    (void)raised();
    CU_ASSERT_EQUAL(answer("answer", 6), 6);
    CU_ASSERT_EQUAL(page->rsp_prod, 6);
    CU_ASSERT_EQUAL(memcmp(page->rsp, "answer", 6), 0);
    CU_ASSERT(raised());
    CU_ASSERT_EQUAL(answer("", 0), 0);
    CU_ASSERT_FALSE(raised());
    CU_ASSERT_EQUAL(epoch, 1);
    stop();
}

/* Streams of bytes in odd pieces, so that each ring wraps in every place. */
static void wraps_around(void)
{
    uint64_t seed = 11;
    uint8_t next_in = 0, next_out = 0, want_out = 0;
    char piece[RING + 1];

    start_open();
    d->store.req_cons = page->req_prod = page->req_cons = UINT32_MAX - 2000;
    d->store.rsp_prod = page->rsp_prod = page->rsp_cons = UINT32_MAX - 3000;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t n = (uint32_t)unit_random(&seed) % (RING + 1);
        int got, done;

        for (uint32_t i = 0; i < n; i++)
            piece[i] = (char)next_in++;
        put(piece, n);
        got = take(piece, RING + 1);
        CU_ASSERT_EQUAL(got, (int)n);
        for (uint32_t i = 0; i < n; i++)
            CU_ASSERT_EQUAL((uint8_t)piece[i], (uint8_t)(next_in - n + i));
        for (uint32_t i = 0; i < n; i++)
            piece[i] = (char)(next_out + i);
        done = answer(piece, n);
        next_out += (uint8_t)done;
        while (page->rsp_cons != page->rsp_prod &&
               unit_random(&seed) % 2000 != 0)
            CU_ASSERT_EQUAL(
                (uint8_t)page->rsp[MASK_XENSTORE_IDX(page->rsp_cons++)],
                want_out++);
    }
    CU_ASSERT(page->req_prod < UINT32_MAX / 2); /* went through 0 */
    stop();
}

static void full_is_full(void)
{
    static char bytes[2 * RING];

    start_open();
    CU_ASSERT_EQUAL(answer(bytes, sizeof(bytes)), RING);
    CU_ASSERT_EQUAL(answer(bytes, 1), 0);
    page->rsp_cons++;
    CU_ASSERT_EQUAL(answer(bytes, 9), 1);
    put(bytes, RING);
    CU_ASSERT_EQUAL(take(bytes, sizeof(bytes)), RING);
    CU_ASSERT_EQUAL(take(bytes, sizeof(bytes)), 0);
    CU_ASSERT(store_ring_open(d));
    stop();
}

static void an_answer_is_for_one_epoch_only(void)
{
    char c;

    start_open();
    put("a", 1);
    CU_ASSERT_EQUAL(take(&c, 1), 1);
    CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), 0);
    open_ring();
    CU_ASSERT_EQUAL(store_ring_put(d, "b", 1, epoch), -XEN_ENODEV);
    CU_ASSERT_EQUAL(page->rsp_prod, 0);
    CU_ASSERT_EQUAL(store_ring_put(d, "b", 1, 0), -XEN_ENODEV);
    CU_ASSERT_EQUAL(store_ring_put(d, "b", 1, epoch + 1), 1);
    stop();
}

static void happened(uint32_t what)
{
    uint32_t id = 0, bits = 0;

    CU_ASSERT(world_told(&w));
    CU_ASSERT(change_next(w.cell, &id, &bits));
    CU_ASSERT_EQUAL(id, d->id);
    CU_ASSERT_EQUAL(bits, what);
}

static void the_control_domain_is_told(void)
{
    const uint32_t both = SCREE_HAPPENED_STATE | SCREE_HAPPENED_STORE;
    uint32_t id, bits;

    start();
    (void)world_control(&w);
    while (change_next(w.cell, &id, &bits))
        ;
    CU_ASSERT_EQUAL(store_ring_notify(d), 0);
    CU_ASSERT_FALSE(world_told(&w)); /* it is closed */
    open_ring();
    happened(both);
    put("a", 1);
    CU_ASSERT_FALSE(world_told(&w));
    CU_ASSERT_EQUAL(store_ring_notify(d), 0);
    CU_ASSERT_EQUAL(store_ring_notify(d), 0);
    happened(SCREE_HAPPENED_STORE);
    CU_ASSERT_FALSE(change_next(w.cell, &id, &bits));
    CU_ASSERT_EQUAL(store_ring_reset(d), 0);
    happened(both);
    CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), 0);
    happened(both);
    stop();
}

/* ------------------------------------------------------------ hostile ones */

static void nonsense_indices_stop_it(void)
{
    static const uint32_t nonsense[] = {RING + 1, UINT32_MAX, 1u << 31};
    char c;

    start();
    for (unsigned i = 0; i < ARRAY_SIZE(nonsense); i++) {
        open_ring();
        page->req_prod = nonsense[i];
        CU_ASSERT_EQUAL(take(&c, 1), -XEN_ENODEV);
        page->req_prod = 0; /* too late */
        is_dead(XENSTORE_ERROR_RINGIDX);
        CU_ASSERT_EQUAL(op(SCREE_VIO_OPEN, 0), -XEN_EEXIST);
        CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), 0);
        open_ring();
        page->rsp_cons = 0u - nonsense[i];
        CU_ASSERT_EQUAL(answer("x", 1), -XEN_ENODEV);
        is_dead(XENSTORE_ERROR_RINGIDX);
        CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), 0);
    }
    open_ring();
    CU_ASSERT(store_ring_open(d));
    CU_ASSERT_EQUAL(page->error, 0);
    stop();
}

/* What we wrote is not read back: a guest that changes it hurts itself only. */
static void our_own_words_do_not_count(void)
{
    char bytes[8];

    start_open();
    put("abcd", 4);
    CU_ASSERT_EQUAL(take(bytes, 2), 2);
    memset(&page->server_features, 0xff, 12);
    page->req_cons = 0xdeadbeef;
    page->rsp_prod = 0xdeadbeef;
    CU_ASSERT_EQUAL(take(bytes, 8), 2);
    CU_ASSERT_EQUAL(memcmp(bytes, "cd", 2), 0);
    CU_ASSERT_EQUAL(page->req_cons, 4);
    CU_ASSERT_EQUAL(answer("xy", 2), 2);
    CU_ASSERT_EQUAL(page->rsp_prod, 2);
    CU_ASSERT(store_ring_open(d));
    stop();
}

static void a_reset_ends_it_until_it_is_opened_anew(void)
{
    start();
    CU_ASSERT_EQUAL(store_ring_reset(d), -XEN_ENODEV);
    open_ring();
    put("abc", 3);
    CU_ASSERT_EQUAL(store_ring_reset(d), 0);
    is_dead(XENSTORE_ERROR_COMM);
    CU_ASSERT_EQUAL(op(SCREE_VIO_CLOSE, 0), 0);
    open_ring();
    CU_ASSERT_EQUAL(page->error, XENSTORE_ERROR_NONE);
    CU_ASSERT_EQUAL(answer("x", 1), 1);
    CU_ASSERT_EQUAL(epoch, 2);
    stop();
}

void suite_store_ring(void)
{
    static const struct unit_test tests[] = {
        {"is there only with the feature", is_there_only_with_the_feature},
        {"opens and closes", opens_and_closes},
        {"every opening is a new epoch", every_opening_is_a_new_epoch},
        {"an open ring goes with its domain",
         an_open_ring_goes_with_its_domain},
        {"opening may lack memory", opening_may_lack_memory},
        {"the page cannot be given up", the_page_cannot_be_given_up},
        {"carries bytes both ways", carries_bytes_both_ways},
        {"wraps around", wraps_around},
        {"full is full", full_is_full},
        {"an answer is for one epoch only", an_answer_is_for_one_epoch_only},
        {"the control domain is told", the_control_domain_is_told},
        {"nonsense indices stop it", nonsense_indices_stop_it},
        {"our own words do not count", our_own_words_do_not_count},
        {"a reset ends it until it is opened anew",
         a_reset_ends_it_until_it_is_opened_anew},
    };
    UNIT_SUITE("store ring", tests);
}
