/* SPDX-License-Identifier: MIT */
/*
 * Conformance: the store device (chapter 23), with a control domain and, as
 * `store-bare`, without. What the store answers is not looked at, only that
 * bytes get there and back.
 */
#include "rt.h"

#include "scree/store.h"

SCREE_IMAGE(4 << 20, 65536);

#define STORE  SCREE_VIO_STORE
#define RING   XENSTORE_RING_SIZE
#define WAIT   (5 * RT_SECOND)
#define ROUNDS 100 /* requests: more than a ring full */

static volatile struct xenstore_domain_interface *page(void)
{
    return (volatile struct xenstore_domain_interface *)SCREE_STORE_PAGE;
}

static int64_t vio(unsigned op, uint64_t argument)
{
    return HYPERVISOR_scree_vio(op, STORE, argument);
}

static int64_t send(void)
{
    struct evtchn_send s = {.port = SCREE_PORT_STORE};

    return HYPERVISOR_event_channel_op(EVTCHNOP_send, &s);
}

/* Is the port raised, in time? */
static bool raised(uint64_t end)
{
    while (!rt_take_event(SCREE_PORT_STORE)) {
        if (rt_now() >= end)
            return false;
        (void)HYPERVISOR_scree_idle(end);
    }
    return true;
}

static void absent(void)
{
    tap_is(vio(SCREE_VIO_OPEN, 0), -XEN_ENODEV, "ABI-STO-01 no device: open");
    tap_is(vio(SCREE_VIO_CLOSE, 0), -XEN_ENODEV, "ABI-STO-01 close");
    tap_is(vio(SCREE_VIO_KICK, 0), -XEN_ENODEV, "ABI-STO-01 kick");
    tap_is(send(), -XEN_EINVAL, "ABI-STO-01 nor can its port be sent to");
    tap_is(rt_try_read(SCREE_STORE_PAGE), 14, "ABI-STO-01 nor is its page");
}

static bool is_zero(void)
{
    const volatile uint64_t *p = (const volatile uint64_t *)SCREE_STORE_PAGE;
    uint64_t any = 0;

    page()->server_features = 0;
    for (unsigned i = 0; i < SCREE_PAGE_SIZE / 8; i++)
        any |= p[i];
    return any == 0;
}

static void opening(void)
{
    tap_is(send(), 0, "ABI-STO-04 a send while it is closed");
    tap_is(vio(SCREE_VIO_CLOSE, 0), -XEN_ENODEV, "ABI-STO-02 it is closed");
    tap_is(vio(SCREE_VIO_KICK, 0), -XEN_EINVAL, "ABI-STO-02 it has no kick");
    tap_is(rt_try_read(SCREE_STORE_PAGE), 14,
           "ABI-MAP-07 the page is not mapped");
    tap_is(vio(SCREE_VIO_OPEN, 1), -XEN_EINVAL, "ABI-STO-02 argument not 0");
    tap_is(vio(SCREE_VIO_OPEN, 0), RING, "ABI-STO-02 open");
    tap_is(vio(SCREE_VIO_OPEN, 0), -XEN_EEXIST, "ABI-STO-02 open already");
    tap_is(vio(SCREE_VIO_KICK, 0), -XEN_EINVAL, "ABI-STO-02 still no kick");
    tap_ok(page()->server_features & XENSTORE_SERVER_FEATURE_ERROR,
           "ABI-STO-02 the error field means something");
    tap_ok(is_zero(), "ABI-STO-02 the rest of the page is zero");
}

static void closing(void)
{
    tap_is(vio(SCREE_VIO_CLOSE, 0), 0, "ABI-STO-02 close");
    tap_is(rt_try_read(SCREE_STORE_PAGE), 14, "ABI-STO-02 the page is gone");
}

/* ------------------------------------------------------------------ bytes */

static void put(const void *bytes, uint32_t n)
{
    const char *from = bytes;
    uint32_t at = page()->req_prod;

    for (uint32_t i = 0; i < n; i++)
        page()->req[MASK_XENSTORE_IDX(at + i)] = from[i];
    __atomic_store_n(&page()->req_prod, at + n, __ATOMIC_RELEASE);
}

/* n bytes of answers; false: they did not come in time. */
static bool take(void *bytes, uint32_t n)
{
    uint64_t end = rt_now() + WAIT;
    char *to = bytes;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = page()->rsp_cons;

        while (at == __atomic_load_n(&page()->rsp_prod, __ATOMIC_ACQUIRE)) {
            if (!raised(end))
                return false;
        }
        to[i] = page()->rsp[MASK_XENSTORE_IDX(at)];
        __atomic_store_n(&page()->rsp_cons, at + 1, __ATOMIC_RELEASE);
    }
    return true;
}

/* A request and its answer, whatever it says; false: there is none. */
static bool exchange(uint32_t id)
{
    struct xsd_sockmsg head = {XS_GET_DOMAIN_PATH, id, 0, 2}, reply;
    char text[64];

    put(&head, sizeof(head));
    put("1", 2);
    (void)send();
    if (!take(&reply, sizeof(reply)) || reply.req_id != id ||
        reply.len > sizeof(text) || !take(text, reply.len))
        return false;
    (void)send();
    return true;
}

static void bytes_both_ways(void)
{
    unsigned answered = 0;

    rt_clear_events();
    for (unsigned i = 0; i < ROUNDS; i++)
        answered += exchange(i);
    tap_is(answered, ROUNDS,
           "ABI-STO-04 requests are answered, all around the ring");
    tap_is(page()->req_cons, page()->req_prod, "ABI-STO-03 req_cons");
    tap_ok(page()->rsp_prod == page()->rsp_cons && page()->rsp_prod > RING,
           "ABI-STO-03 rsp_prod");
    page()->req_cons = 0x12345678;
    page()->rsp_prod = page()->rsp_cons; /* as it is */
    page()->connection = 99;
    tap_ok(exchange(ROUNDS), "ABI-STO-03 its own fields are not read back");
}

static void events(void)
{
    struct xsd_sockmsg head = {XS_GET_DOMAIN_PATH, 1, 0, 2};

    rt_clear_events();
    tap_ok(!rt_take_event(SCREE_PORT_STORE), "ABI-STO-05 nothing happened");
    put(&head, sizeof(head));
    tap_is(send(), 0, "ABI-STO-04 a send");
    tap_ok(raised(rt_now() + WAIT), "ABI-STO-05 raised: req_cons");
    tap_is(page()->req_cons, page()->req_prod, "ABI-STO-05 it advanced");
    put("1", 2);
    (void)send();
    tap_ok(raised(rt_now() + WAIT), "ABI-STO-05 raised: rsp_prod");
}

static bool stops(void)
{
    uint64_t end = rt_now() + WAIT;

    (void)send();
    while (!page()->error && raised(end))
        ;
    return page()->error == XENSTORE_ERROR_RINGIDX;
}

static void nonsense(void)
{
    page()->req_prod = page()->req_cons + RING + 1;
    tap_ok(stops(), "ABI-STO-06 req_prod too far ahead");
    page()->req_prod = page()->req_cons;
    tap_ok(!exchange(7) || page()->error, "ABI-STO-06 it stands still");
    tap_is(vio(SCREE_VIO_OPEN, 0), -XEN_EEXIST, "ABI-STO-06 but is open");
    tap_is(vio(SCREE_VIO_CLOSE, 0), 0, "ABI-STO-06 until it is closed");
    tap_is(vio(SCREE_VIO_OPEN, 0), RING, "ABI-STO-06 and opened");
    tap_is(page()->error, XENSTORE_ERROR_NONE, "ABI-STO-06 anew");
    tap_ok(exchange(8), "ABI-STO-06 then it works");
}

/* A request that breaks the protocol: the server gives the connection up. */
static void lost(void)
{
    struct xsd_sockmsg head = {XS_READ, 9, 0, XENSTORE_PAYLOAD_MAX + 1};
    uint64_t end = rt_now() + WAIT;

    put(&head, sizeof(head));
    (void)send();
    while (!page()->error && raised(end))
        ;
    tap_is(page()->error, XENSTORE_ERROR_COMM,
           "ABI-STO-07 the connection is lost");
    (void)vio(SCREE_VIO_CLOSE, 0);
    (void)vio(SCREE_VIO_OPEN, 0);
    tap_ok(exchange(10), "ABI-STO-07 the next one works");
}

int guest_main(void)
{
    if (!(rt_info()->features & SCREE_FEATURE_STORE)) {
        absent();
        return tap_done();
    }
    opening();
    bytes_both_ways();
    closing();
    (void)vio(SCREE_VIO_OPEN, 0);
    events();
    closing();
    (void)vio(SCREE_VIO_OPEN, 0);
    nonsense();
    lost();
    closing();
    return tap_done();
}
