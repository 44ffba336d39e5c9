/* SPDX-License-Identifier: MIT */
/*
 * Misuses its store ring: floods the port, opens and closes without end,
 * rewrites the page while the control domain works with it, asks and never
 * takes the answers. `mute`: the control domain never does anything, so nothing
 * is expected of it. Neither the cell nor the control domain may suffer, and
 * in the end an honest request is answered.
 */
#include "rt.h"

#include "scree/store.h"

SCREE_IMAGE(0x80000, 16384);

#define RING XENSTORE_RING_SIZE

static volatile struct xenstore_domain_interface *page(void)
{
    return (volatile struct xenstore_domain_interface *)SCREE_STORE_PAGE;
}

static int64_t vio(unsigned op)
{
    return HYPERVISOR_scree_vio(op, SCREE_VIO_STORE, 0);
}

static int64_t send(void)
{
    struct evtchn_send s = {.port = SCREE_PORT_STORE};

    return HYPERVISOR_event_channel_op(EVTCHNOP_send, &s);
}

static void reopen(void)
{
    (void)vio(SCREE_VIO_CLOSE);
    (void)vio(SCREE_VIO_OPEN);
}

/* ------------------------------------------------------------------ floods */

static void flood_of_sends(uint64_t ns)
{
    uint64_t end = rt_now() + ns;
    unsigned sends = 0, wrong = 0;

    while (rt_now() < end) {
        for (unsigned i = 0; i < 100; i++, sends++)
            wrong += send() != 0;
    }
    tap_ok(wrong == 0, "%u sends, %u refused", sends, wrong);
}

static void storm_of_openings(uint64_t ns)
{
    uint64_t end = rt_now() + ns;
    unsigned rounds = 0, wrong = 0;

    for (; rt_now() < end; rounds++) {
        wrong += vio(SCREE_VIO_CLOSE) != 0;
        wrong += send() != 0;
        wrong += vio(SCREE_VIO_OPEN) != RING;
        page()->req_prod = rounds;
        wrong += send() != 0;
    }
    tap_ok(wrong == 0, "%u times closed and opened, %u wrong", rounds, wrong);
}

/* --------------------------------------------------------------- nonsense */

/* What looks like a request, or not. */
static void write_request(uint64_t *seed)
{
    struct xsd_sockmsg head = {
        .type = (uint32_t)rt_random(seed) % 30,
        .req_id = (uint32_t)rt_random(seed),
        .tx_id = (uint32_t)rt_random(seed) % 3,
        .len = (uint32_t)rt_random(seed) % 64,
    };
    const char *bytes = (const char *)&head;
    uint32_t at = page()->req_prod;

    if (rt_random(seed) % 16 == 0)
        head.len = (uint32_t)rt_random(seed);
    for (uint32_t i = 0; i < sizeof(head); i++)
        page()->req[MASK_XENSTORE_IDX(at + i)] = bytes[i];
    page()->req_prod = at + (uint32_t)sizeof(head) + head.len % 64;
}

static void scribble(uint64_t *seed)
{
    volatile uint32_t *words = (volatile uint32_t *)SCREE_STORE_PAGE;
    uint64_t n = rt_random(seed);
    volatile uint32_t *index = &page()->req_cons + n / 8 % 7;

    switch (n % 8) {
    case 0:
        *index = (uint32_t)(n >> 32);
        break;
    case 1:
        *index += (uint32_t)(n >> 32) % (RING + 2);
        break;
    case 2:
        words[(n >> 16) % (SCREE_PAGE_SIZE / 4)] = (uint32_t)(n >> 32);
        break;
    case 3:
        page()->rsp_cons = page()->rsp_prod;
        break;
    default:
        write_request(seed);
        break;
    }
}

static void test_scribbling(uint64_t ns)
{
    uint64_t end = rt_now() + ns, seed = rt_info()->domain;
    unsigned wrong = 0, stopped = 0, rounds = 0;

    for (; rt_now() < end; rounds++) {
        for (unsigned i = 0; i < 8; i++)
            scribble(&seed);
        wrong += send() != 0;
        if (rounds % 8 == 0)
            rt_yield();
        if (page()->error || rounds % 64 == 0) {
            stopped += page()->error != 0;
            reopen();
        }
    }
    tap_ok(wrong == 0, "%u rounds of nonsense, %u wrong, %u times stopped",
           rounds, wrong, stopped);
}

/* Indices that move while they are being looked at: by our own hand, between
 * two instructions of nobody else, as fast as we can. */
static void test_racing_indices(uint64_t ns)
{
    uint64_t end = rt_now() + ns;
    unsigned wrong = 0, rounds = 0;

    reopen();
    for (; rt_now() < end; rounds++) {
        wrong += send() != 0;
        for (uint32_t i = 0; i < 2000; i++) {
            page()->req_prod = i;
            page()->rsp_cons = 0 - i;
        }
        if (page()->error)
            reopen();
    }
    tap_ok(wrong == 0, "%u rounds of racing indices", rounds);
}

/* Asks until nothing more goes in, and takes no answer. */
static void test_greed(uint64_t ns)
{
    uint64_t end = rt_now() + ns, seed = 1;
    unsigned asked = 0;

    reopen();
    while (rt_now() < end && !page()->error) {
        if (page()->req_prod - page()->req_cons < RING / 2) {
            write_request(&seed);
            asked++;
        }
        (void)send();
        rt_sleep(RT_MS);
    }
    tap_ok(asked > 0, "%u requests without taking an answer", asked);
}

/* ----------------------------------------------------------------- the end */

/* One honest request; true: a reply of it came. */
static bool is_answered(void)
{
    struct xsd_sockmsg head = {XS_GET_DOMAIN_PATH, 4711, 0, 2}, reply;
    uint64_t end = rt_now() + 10 * RT_SECOND;
    const char *bytes = (const char *)&head;

    reopen();
    for (uint32_t i = 0; i < sizeof(head); i++)
        page()->req[i] = bytes[i];
    page()->req[sizeof(head)] = '1';
    __atomic_store_n(&page()->req_prod, sizeof(head) + 2, __ATOMIC_RELEASE);
    (void)send();
    while (page()->rsp_prod < sizeof(reply) && rt_now() < end)
        rt_sleep(RT_MS);
    memcpy(&reply, (const void *)page()->rsp, sizeof(reply));
    return page()->rsp_prod >= sizeof(reply) && reply.req_id == 4711;
}

int guest_main(void)
{
    uint64_t ns = rt_option("seconds", 1) * RT_SECOND;

    tap_is(vio(SCREE_VIO_OPEN), RING, "the store device opens");
    flood_of_sends(ns);
    storm_of_openings(ns);
    test_scribbling(ns);
    test_racing_indices(ns);
    test_greed(ns);
    if (rt_has_option("mute"))
        tap_skip("an honest request is answered");
    else
        tap_ok(is_answered(), "an honest request is answered");
    return tap_done();
}
