/* SPDX-License-Identifier: MIT */
/*
 * Rewrites its vio rings while the hypervisor uses them: random indices,
 * descriptors and completions, buffers in absurd places, pages under a buffer
 * given back, devices opened and closed, all while packets come in (from its
 * twin on another CPU and from outside). Only its own traffic may suffer.
 */
#include "rt_net.h"

SCREE_IMAGE(0x80000, 16384);

static uint8_t frame[2048];
static uint8_t victim[4096] __attribute__((aligned(4096)));

static uint64_t absurd_address(uint64_t *seed)
{
    static const uint64_t some[] = {
        0,
        0xfff,
        SCREE_HYPERCALL_PAGE,
        SCREE_INFO_PAGE,
        SCREE_SHARED_PAGE,
        SCREE_VIO_PAGES + 0x1000,
        SCREE_VIO_PAGES + 0x1fff,
        SCREE_GRANT_PAGES,
        0x3fffffffffff,
        0x400000000000,
        0x7fffffffffff,
        0x800000000000,
        0xffff800000000000,
        0xffffffffffffffff,
        (uintptr_t)victim,
        (uintptr_t)victim + 4095,
        (uintptr_t)frame,
        (uintptr_t)guest_main,
    };

    return some[rt_random(seed) % (sizeof(some) / sizeof(some[0]))];
}

static uint32_t absurd_length(uint64_t *seed)
{
    static const uint32_t some[] = {0,    1,    13,   14,         60,
                                    1514, 1515, 4096, 0x7fffffff, 0xffffffff};

    return some[rt_random(seed) % (sizeof(some) / sizeof(some[0]))];
}

/* Scribbles over one thing in the ring. */
static void scribble(uint64_t *seed)
{
    volatile struct scree_vio_ring *r = vio_ring(SCREE_VIO_NET);
    volatile uint32_t *words = (volatile uint32_t *)r;
    uint64_t n = rt_random(seed);
    unsigned i = (unsigned)(n >> 8) % SCREE_VIO_RING;

    switch (n % 6) {
    case 0:
        r->tx[i].address = absurd_address(seed);
        r->tx[i].length = absurd_length(seed);
        break;
    case 1:
        r->rx[i].address = absurd_address(seed);
        r->rx[i].length = absurd_length(seed);
        r->rx[i].id = (uint32_t)(n >> 32);
        break;
    case 2:
        r->tx_produced += (uint32_t)(n >> 16) % 70;
        break;
    case 3:
        r->rx_produced += (uint32_t)(n >> 16) % 70;
        r->done_consumed = r->done_produced;
        break;
    case 4:
        words[(n >> 16) % 32] = (uint32_t)(n >> 32);
        break;
    default:
        words[(n >> 16) % 1024] = (uint32_t)(n >> 32);
        break;
    }
}

static void give_back(bool back)
{
    xen_pfn_t page = (uintptr_t)victim / 4096;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, &page);
    (void)HYPERVISOR_memory_op(
        back ? XENMEM_decrease_reservation : XENMEM_populate_physmap, &r);
}

static void test_scribbling(uint64_t ns)
{
    uint64_t end = rt_now() + ns, seed = rt_info()->domain;
    unsigned kicks = 0, strange = 0;
    int64_t got;

    for (unsigned round = 0; rt_now() < end; round++) {
        for (unsigned i = 0; i < 20; i++)
            scribble(&seed);
        got = HYPERVISOR_scree_vio(SCREE_VIO_KICK, SCREE_VIO_NET,
                                   rt_random(&seed) % 3 * 32);
        kicks++;
        strange += got > SCREE_VIO_RING || (got < 0 && got != -XEN_EINVAL);
        if (round % 16 == 0)
            give_back(round % 32 == 0);
        if (round % 64 == 0) {
            (void)HYPERVISOR_scree_vio(SCREE_VIO_CLOSE, SCREE_VIO_NET, 0);
            (void)HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_NET, 0);
        }
        if (round % 128 == 0)
            rt_sleep(RT_MS);
    }
    give_back(false);
    tap_ok(strange == 0, "%u kicks of a scribbled ring, %u strange results",
           kicks, strange);
}

/* What the hypervisor writes, it does not believe. */
static void test_hypervisor_fields(void)
{
    volatile struct scree_vio_ring *r = vio_ring(SCREE_VIO_NET);
    struct net_headers h = net_honest(rt_info()->gateway);
    size_t n = net_make_udp(frame, &h, "x", 1);

    (void)HYPERVISOR_scree_vio(SCREE_VIO_CLOSE, SCREE_VIO_NET, 0);
    tap_ok(net_open(), "the device opens again");
    for (unsigned i = 0; i < 100; i++) {
        r->tx_consumed = 0x12345678u * i;
        r->rx_consumed = ~0u;
        r->done_produced = 0;
        if (net_send(frame, n) != 1) {
            tap_ok(false, "send %u after overwriting", i);
            return;
        }
    }
    tap_ok(true, "100 sends with the hypervisor's fields overwritten");
}

static void test_bad_operations(void)
{
    unsigned wrong = 0;

    for (unsigned op = 3; op < 200; op++)
        wrong += HYPERVISOR_scree_vio(op, SCREE_VIO_NET, 0) != -XEN_EINVAL;
    for (unsigned d = 2; d < 200; d++)
        wrong += HYPERVISOR_scree_vio(SCREE_VIO_OPEN, d, 0) != -XEN_ENODEV;
    wrong += HYPERVISOR_scree_vio(SCREE_VIO_OPEN, ~0u, 0) != -XEN_ENODEV;
    wrong += HYPERVISOR_scree_vio(SCREE_VIO_KICK, ~0u, 0) != -XEN_ENODEV;
    tap_ok(wrong == 0, "%u wrong answers to bad operations", wrong);
}

/* And it still works: an ARP answer comes through a fresh ring. */
static void test_still_works(void)
{
    struct net_headers h = net_honest(rt_info()->gateway);
    static uint8_t reply[2048];
    bool answered = false;

    (void)HYPERVISOR_scree_vio(SCREE_VIO_CLOSE, SCREE_VIO_NET, 0);
    if (!tap_ok(net_open(), "the device opens once more"))
        return;
    memset(h.to, 0xff, 6);
    h.type = 0x0806;
    for (unsigned i = 0; i < 20 && !answered; i++) {
        size_t n = net_make_arp(frame, &h, 1, NULL);

        (void)net_send(frame, n);
        for (unsigned k = 0; k < 200 && !answered; k++) {
            if (!net_receive(reply, sizeof(reply), 100 * RT_MS))
                break;
            answered = reply[12] == 8 && reply[13] == 6 && reply[21] == 2;
        }
    }
    tap_ok(answered, "an ARP request is answered");
}

int guest_main(void)
{
    tap_ok(net_open(), "the net device opens");
    test_bad_operations();
    test_scribbling(rt_option("seconds", 3) * RT_SECOND);
    test_hypervisor_fields();
    test_still_works();
    return tap_done();
}
