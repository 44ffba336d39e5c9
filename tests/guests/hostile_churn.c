/* SPDX-License-Identifier: MIT */
/*
 * Domains that come and go while others reach for them. Command line:
 *   victim       opens its net device, lives for some milliseconds, reboots
 *   first=ID count=N seconds=N
 *                sends frames and events to these victims, binds to their ports
 *                and copies from their grants all the time
 */
#include "rt_net.h"

SCREE_IMAGE(0x40000, 16384);

#define VICTIM_PORTS 4
#define NETWORK      0x0a000000u

static uint64_t seed;
static uint64_t answered;

static void live_shortly(void)
{
    uint8_t frame[NET_FRAME_MAX];
    struct gnttab_setup_table g = {.dom = DOMID_SELF, .nr_frames = 1};
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF};
    uint64_t end = rt_now() + rt_random(&seed) % (20 * RT_MS);
    uint64_t gfn;

    set_xen_guest_handle(g.frame_list, &gfn);
    (void)HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &g, 1);
    for (unsigned i = 0; i < VICTIM_PORTS; i++) {
        a.remote_dom = (domid_t)(2 + i % 2);
        (void)HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &a);
    }
    (void)net_open();
    while (rt_now() < end)
        (void)net_receive(frame, sizeof(frame), RT_MS);
    rt_shutdown(SHUTDOWN_reboot);
}

static void send_frame(uint32_t id)
{
    uint8_t frame[NET_FRAME_MAX];
    struct net_headers h = net_honest(NETWORK + 100 + id);
    size_t n = rt_random(&seed) % 1400;

    if (rt_random(&seed) % 2)
        net_mac_of(id, h.to);
    (void)net_send(frame, net_make_udp(frame, &h, frame, n));
}

static void use_port(uint32_t id)
{
    struct evtchn_bind_interdomain b = {
        .remote_dom = (domid_t)id,
        .remote_port =
            SCREE_PORT_DYNAMIC + (uint32_t)(rt_random(&seed) % VICTIM_PORTS),
    };
    struct evtchn_send s;
    struct evtchn_close c;

    if (HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &b) != 0)
        return;
    answered++;
    s.port = c.port = b.local_port;
    for (unsigned i = 0; i < 20; i++)
        (void)HYPERVISOR_event_channel_op(EVTCHNOP_send, &s);
    (void)HYPERVISOR_event_channel_op(EVTCHNOP_close, &c);
}

static void copy_grant(uint32_t id)
{
    static uint8_t page[4096] __attribute__((aligned(4096)));
    struct gnttab_copy c = {
        .source = {.u.ref = 8, .domid = (domid_t)id},
        .dest = {.u.gmfn = (uintptr_t)page >> 12, .domid = DOMID_SELF},
        .len = 4096,
        .flags = GNTCOPY_source_gref,
    };

    (void)HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1);
}

static void reach(uint32_t id)
{
    switch (rt_random(&seed) % 4) {
    case 0:
        use_port(id);
        break;
    case 1:
        copy_grant(id);
        break;
    default:
        send_frame(id);
    }
}

int guest_main(void)
{
    uint32_t first = (uint32_t)rt_option("first", 0);
    uint32_t count = (uint32_t)rt_option("count", 1);
    uint64_t end = rt_now() + rt_option("seconds", 3) * RT_SECOND;

    seed = rt_info()->seed[0] | 1;
    if (first == 0)
        live_shortly();
    tap_ok(net_open(), "the net device opens");
    while (rt_now() < end)
        reach(first + (uint32_t)(rt_random(&seed) % count));
    tap_ok(answered > 0, "victims were reached %lu times", answered);
    return tap_done();
}
