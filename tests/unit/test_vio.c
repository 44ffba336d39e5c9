/* SPDX-License-Identifier: MIT */
/*
 * The rings: opening and closing, indices, entries, who owns a buffer.
 */
#include <string.h>

#include "net_world.h"

#include "io/console.h"
#include "io/net_addr.h"
#include "io/vio.h"

static struct net_world n;
static uint8_t out[4200];

static int64_t op(unsigned id, uint64_t what, uint64_t device,
                  uint64_t argument)
{
    return vio_op(n.d[id], what, device, argument);
}

static void opens_and_closes(void)
{
    uint64_t free;

    net_world_start(&n);
    free = frames_free(n.w.frames);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_OPEN, SCREE_VIO_NET, 0), -XEN_EEXIST);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_CLOSE, SCREE_VIO_NET, 0), 0);
    CU_ASSERT_EQUAL(frames_free(n.w.frames), free + 1);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_CLOSE, SCREE_VIO_NET, 0), -XEN_ENODEV);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_KICK, SCREE_VIO_NET, 0), -XEN_ENODEV);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_OPEN, SCREE_VIO_NET, 1), -XEN_EINVAL);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_OPEN, SCREE_VIO_NET, 0), SCREE_VIO_RING);
    CU_ASSERT_EQUAL(frames_free(n.w.frames), free);
    net_world_stop(&n);
}

static void a_ring_starts_zeroed(void)
{
    static const struct scree_vio_ring zero;

    net_world_start(&n);
    memset(net_ring(&n, 1), 0xa5, sizeof(zero));
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_CLOSE, SCREE_VIO_NET, 0), 0);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_OPEN, SCREE_VIO_NET, 0), SCREE_VIO_RING);
    CU_ASSERT_EQUAL(memcmp(net_ring(&n, 1), &zero, sizeof(zero)), 0);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 0);
    net_world_stop(&n);
}

static void refuses_what_is_not_there(void)
{
    net_world_start(&n);
    CU_ASSERT_EQUAL(op(1, 3, SCREE_VIO_NET, 0), -XEN_EINVAL);
    CU_ASSERT_EQUAL(op(1, UINT64_MAX, SCREE_VIO_NET, 0), -XEN_EINVAL);
    for (uint64_t o = SCREE_VIO_OPEN; o <= SCREE_VIO_KICK; o++) {
        CU_ASSERT_EQUAL(op(1, o, SCREE_VIO_CONSOLE, 0), -XEN_ENODEV);
        CU_ASSERT_EQUAL(op(1, o, 2, 0), -XEN_ENODEV);
        CU_ASSERT_EQUAL(op(1, o, UINT64_MAX, 0), -XEN_ENODEV);
    }
    net_world_stop(&n);
}

static void opening_needs_quota(void)
{
    mfn_t drawn[512];
    unsigned count = 0;

    net_world_start(&n);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_CLOSE, SCREE_VIO_NET, 0), 0);
    while (n.d[1]->quota.promised)
        drawn[count++] =
            frame_alloc(n.w.frames, &n.d[1]->quota, 1, FRAME_HYPERVISOR);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_OPEN, SCREE_VIO_NET, 0), -XEN_ENOMEM);
    CU_ASSERT_PTR_NULL(net_ring(&n, 1));
    while (count)
        frame_put(n.w.frames, &n.d[1]->quota, drawn[--count]);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_OPEN, SCREE_VIO_NET, 0), SCREE_VIO_RING);
    net_world_stop(&n);
}

static void refuses_a_nonsense_index(void)
{
    net_world_start(&n);
    net_ring(&n, 1)->tx_produced = 65;
    CU_ASSERT_EQUAL(net_kick(&n, 1), -XEN_EINVAL);
    net_ring(&n, 1)->tx_produced = UINT32_MAX;
    CU_ASSERT_EQUAL(net_kick(&n, 1), -XEN_EINVAL);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_consumed, 0);
    net_ring(&n, 1)->tx_produced = 64; /* all of them zero: bad */
    CU_ASSERT_EQUAL(net_kick(&n, 1), 64);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_errors, 64);
    net_world_stop(&n);
}

static void counts_bad_entries(void)
{
    static const struct scree_vio_desc bad[] = {
        {0, 64, 0},
        {NET_WORLD_TX, 0, 0},
        {NET_WORLD_TX, 13, 0},
        {NET_WORLD_TX, 1515, 0},
        {NET_WORLD_TX, UINT32_MAX, 0},
        {1ull << 47, 64, 0},
        {SCREE_GUEST_END - 32, 64, 0},
        {UINT64_MAX - 8, 64, 0},
        {0x1fffe0, 64, 0}, /* runs out of memory */
    };
    struct scree_vio_ring *r;

    net_world_start(&n);
    r = net_ring(&n, 1);
    for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
        r->tx[i] = bad[i];
        r->tx_produced++;
        CU_ASSERT_EQUAL(net_kick(&n, 1), 1);
        CU_ASSERT_EQUAL(r->tx_consumed, i + 1);
        CU_ASSERT_EQUAL(r->tx_errors, i + 1);
        CU_ASSERT_EQUAL(r->tx_drops, 0);
    }
    net_world_stop(&n);
}

static void takes_no_more_than_asked(void)
{
    net_world_start(&n);
    net_post(&n, 2, 64, 1514, 0);
    for (unsigned i = 0; i < 40; i++)
        net_fill(
            &n, 1, out,
            make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), i),
            0);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_KICK, SCREE_VIO_NET, 3), 3);
    CU_ASSERT_EQUAL(net_ring(&n, 1)->tx_consumed, 3);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_KICK, SCREE_VIO_NET, 33), 33);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_KICK, SCREE_VIO_NET, UINT64_MAX), 4);
    CU_ASSERT_EQUAL(net_ring(&n, 2)->done_produced, 40);
    net_world_stop(&n);
}

/* The hypervisor's indices are its own: a guest that overwrites them in the
 * ring changes nothing but what it reads. */
static void ignores_its_own_fields(void)
{
    struct scree_vio_ring *r;
    uint32_t length;
    uint8_t in[1514];

    net_world_start(&n);
    net_post(&n, 2, 8, 1514, 0);
    r = net_ring(&n, 1);
    length =
        make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 9);
    for (unsigned i = 0; i < 8; i++) {
        r->tx_consumed = r->rx_consumed = r->done_produced = 0xdead;
        net_ring(&n, 2)->rx_consumed = 0xdead;
        CU_ASSERT_EQUAL(net_send(&n, 1, out, length), 1);
        CU_ASSERT_EQUAL(r->tx_consumed, i + 1);
        CU_ASSERT_EQUAL(net_take(&n, 2, in), length);
    }
    net_world_stop(&n);
}

static void indices_wrap(void)
{
    uint32_t start = UINT32_MAX - 20, length;
    uint8_t in[1514];

    net_world_start(&n);
    n.d[1]->vio[SCREE_VIO_NET].tx = start;
    net_ring(&n, 1)->tx_produced = start;
    n.d[2]->vio[SCREE_VIO_NET].rx = start;
    n.d[2]->vio[SCREE_VIO_NET].done = start;
    net_ring(&n, 2)->rx_produced = start;
    net_ring(&n, 2)->done_consumed = start;
    net_ring(&n, 2)->done_produced = start;
    length =
        make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 9);
    for (unsigned i = 0; i < 100; i++) {
        net_post(&n, 2, 1, 1514, 0);
        CU_ASSERT_EQUAL(net_send(&n, 1, out, length), 1);
        CU_ASSERT_EQUAL(net_take(&n, 2, in), length);
    }
    net_world_stop(&n);
}

static void a_closed_device_keeps_no_pages(void)
{
    net_world_start(&n);
    net_fill(
        &n, 1, out,
        make_ipv4(out, net_mac_of(2), net_mac_of(1), ip_of(1), ip_of(2), 9), 0);
    CU_ASSERT_EQUAL(net_kick(&n, 1), 1);
    vio_close_all(n.d[1]);
    vio_close_all(n.d[1]);
    CU_ASSERT_EQUAL(op(1, SCREE_VIO_KICK, SCREE_VIO_NET, 0), -XEN_ENODEV);
    net_world_stop(&n); /* checks the frames */
}

void suite_vio(void)
{
    static const struct unit_test tests[] = {
        {"opens and closes", opens_and_closes},
        {"a ring starts zeroed", a_ring_starts_zeroed},
        {"refuses what is not there", refuses_what_is_not_there},
        {"opening needs quota", opening_needs_quota},
        {"refuses a nonsense index", refuses_a_nonsense_index},
        {"counts bad entries", counts_bad_entries},
        {"takes no more than asked", takes_no_more_than_asked},
        {"ignores its own fields", ignores_its_own_fields},
        {"indices wrap", indices_wrap},
        {"a closed device keeps no pages", a_closed_device_keeps_no_pages},
    };
    UNIT_SUITE("vio", tests);
}
