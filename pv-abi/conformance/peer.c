/* SPDX-License-Identifier: MIT */
/*
 * Conformance of what takes two domains: interdomain events, grants, frames
 * through the switch, death of a peer. Run it twice, with addresses that
 * differ in the last bit only, and command lines
 *
 *   role=1 peer=ID     serves: offers port 16 and grants 8, 9; answers
 *   role=2 peer=ID     asks
 *
 * where ID is the other one's domain id.
 */
#include "net.h"

SCREE_IMAGE(2 << 20, 65536);

#define PORT    SCREE_PORT_DYNAMIC /* the first one allocated */
#define RW      8
#define RO      9
#define DONE    0xd09eu
#define FRAMES  8
#define PATIENT (20 * RT_SECOND)

static uint32_t page[1024] __attribute__((aligned(4096)));
static uint32_t fixed[1024] __attribute__((aligned(4096)));
static uint32_t mine[1024] __attribute__((aligned(4096)));
static uint8_t in[FRAMES][2048], out[FRAMES][2048];
static domid_t peer;
static bool network;

static int64_t send(uint32_t port)
{
    struct evtchn_send s = {.port = port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_send, &s);
}

static void open_network(void)
{
    network = rt_info()->features & SCREE_FEATURE_NET;
    if (!network)
        return;
    HYPERVISOR_scree_vio(SCREE_VIO_OPEN, SCREE_VIO_NET, 0);
    for (unsigned i = 0; i < FRAMES; i++)
        vio_post(SCREE_VIO_NET, in[i], FRAME_BYTES, i);
}

static void kick(void)
{
    HYPERVISOR_scree_vio(SCREE_VIO_KICK, SCREE_VIO_NET, 0);
}

/* Waits for an event on the port, at most `PATIENT`. */
static bool wait_event(uint32_t port)
{
    uint64_t end = rt_now() + PATIENT;

    while (rt_now() < end) {
        if (rt_take_event(port))
            return true;
        rt_vcpu()->evtchn_pending_sel = 0;
        HYPERVISOR_scree_idle(rt_now() + 20 * RT_MS);
    }
    return false;
}

/* ----------------------------------------------------------------- server */

static void grant(unsigned ref, void *at, uint16_t flags)
{
    volatile grant_entry_v1_t *e =
        (volatile grant_entry_v1_t *)SCREE_GRANT_PAGES + ref;

    e->frame = (uint32_t)((uint64_t)at / SCREE_PAGE_SIZE);
    e->domid = peer;
    __atomic_store_n(&e->flags, flags, __ATOMIC_SEQ_CST);
}

static void offer(void)
{
    static xen_pfn_t list[1];
    struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 1};
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = peer};

    set_xen_guest_handle(s.frame_list, list);
    HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
    page[0] = 0x1234;
    fixed[0] = 0x5678;
    grant(RW, page, GTF_permit_access);
    grant(RO, fixed, GTF_permit_access | GTF_readonly);
    HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &a);
    tap_is(a.port, PORT, "ABI-EVT-10 a port for another domain");
}

/* Sends back what came, with the addresses turned round. */
static unsigned echo(void)
{
    uint32_t id, n;
    unsigned count = 0;

    while (network && vio_take(SCREE_VIO_NET, &id, &n)) {
        memcpy(out[id], in[id], n);
        memcpy(out[id], in[id] + 6, 6);
        memcpy(out[id] + 6, in[id], 6);
        memcpy(out[id] + 26, in[id] + 30, 4);
        memcpy(out[id] + 30, in[id] + 26, 4);
        vio_send(SCREE_VIO_NET, out[id], n);
        vio_post(SCREE_VIO_NET, in[id], FRAME_BYTES, id);
        count++;
    }
    if (count > 0)
        kick();
    return count;
}

static void serve(void)
{
    uint64_t end = rt_now() + 60 * RT_SECOND;
    unsigned events = 0, frames = 0;

    open_network();
    offer();
    while (((volatile uint32_t *)page)[0] != DONE && rt_now() < end) {
        HYPERVISOR_scree_idle(rt_now() + RT_SECOND);
        frames += echo();
        if (rt_take_event(PORT)) {
            events++;
            send(PORT);
        }
        rt_vcpu()->evtchn_pending_sel = 0;
    }
    tap_ok(events > 0, "ABI-EVT-15 events of another domain arrive");
    tap_ok(page[0] == DONE && fixed[0] == 0x5678,
           "ABI-GNT-04 another domain wrote what it may");
    if (network)
        tap_is(frames, FRAMES, "ABI-NET-04 frames of another domain arrive");
    rt_sleep(100 * RT_MS);
}

/* ----------------------------------------------------------------- client */

static uint32_t connect(void)
{
    struct evtchn_bind_interdomain b;
    uint64_t end = rt_now() + PATIENT;
    int64_t error;

    do {
        b = (struct evtchn_bind_interdomain){
            .remote_dom = peer,
            .remote_port = PORT,
        };
        error = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &b);
        if (error != 0)
            rt_sleep(20 * RT_MS);
    } while (error != 0 && rt_now() < end);
    tap_is(error, 0, "ABI-EVT-11 bound to another domain");
    return b.local_port;
}

static void events(uint32_t port)
{
    struct evtchn_bind_interdomain b = {
        .remote_dom = peer,
        .remote_port = PORT,
    };

    tap_ok(rt_take_event(port), "ABI-EVT-11 raised at binding");
    rt_clear_events();
    tap_is(send(port), 0, "ABI-EVT-15 send");
    tap_ok(wait_event(port), "ABI-EVT-15 and the answer");
    rt_clear_events();
    tap_is(HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &b),
           -XEN_EINVAL, "ABI-EVT-11 only one can bind");
}

static int16_t copy(unsigned ref, bool write)
{
    struct gnttab_copy c = {.len = 64};
    struct gnttab_copy_ptr local = {.domid = DOMID_SELF}, far = {.domid = peer};

    local.u.gmfn = (uint64_t)mine / SCREE_PAGE_SIZE;
    far.u.ref = ref;
    c.source = write ? local : far;
    c.dest = write ? far : local;
    c.flags = write ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
    HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1);
    return c.status;
}

static void grants(void)
{
    tap_is(copy(RW, false), GNTST_okay, "ABI-GNT-04 another domain's page");
    tap_is(mine[0], 0x1234, "ABI-GNT-04 its contents");
    tap_is(copy(RO, false), GNTST_okay, "ABI-GNT-04 a read-only one");
    tap_is(mine[0], 0x5678, "ABI-GNT-04 its contents");
    tap_is(copy(RO, true), GNTST_permission_denied,
           "ABI-GNT-04 cannot be written");
    tap_is(copy(RO + 1, false), GNTST_bad_gntref, "ABI-GNT-04 not granted");
}

/* The server's MAC, by ARP. */
static bool resolve(uint8_t *mac)
{
    uint32_t id, n;
    bool found = false;

    arp_frame(out[0], rt_info()->ipv4, rt_info()->ipv4 ^ 1);
    vio_send(SCREE_VIO_NET, out[0], ARP_BYTES);
    kick();
    if (vio_take(SCREE_VIO_NET, &id, &n)) {
        found = n == ARP_BYTES && in[id][21] == 2;
        memcpy(mac, in[id] + 22, 6);
        vio_post(SCREE_VIO_NET, in[id], FRAME_BYTES, id);
    }
    tap_ok(found, "ABI-NET-03 ARP for a domain of the group");
    return found;
}

static void frames(void)
{
    uint64_t end = rt_now() + PATIENT;
    uint8_t mac[6] = {0};
    uint32_t id, n, got = 0;
    bool order = true;

    if (!resolve(mac))
        return;
    for (unsigned i = 0; i < FRAMES; i++) {
        n = ipv4_frame(out[i], mac, rt_info()->ipv4 ^ 1, 100 + i, (uint8_t)i);
        vio_send(SCREE_VIO_NET, out[i], n);
    }
    kick();
    while (got < FRAMES && rt_now() < end) {
        rt_clear_events();
        while (vio_take(SCREE_VIO_NET, &id, &n)) {
            order = order && n == 134 + got && in[id][40] == got;
            got++;
        }
        if (got < FRAMES)
            HYPERVISOR_scree_idle(rt_now() + 100 * RT_MS);
    }
    tap_is(got, FRAMES, "ABI-NET-04 all frames came back");
    tap_ok(order, "ABI-NET-04 in order");
}

static void last_words(uint32_t port)
{
    struct evtchn_status s;
    uint64_t end = rt_now() + PATIENT;

    mine[0] = DONE;
    copy(RW, true);
    send(port);
    do {
        s = (struct evtchn_status){.dom = DOMID_SELF, .port = port};
        rt_sleep(20 * RT_MS);
        HYPERVISOR_event_channel_op(EVTCHNOP_status, &s);
    } while (s.status != EVTCHNSTAT_unbound && rt_now() < end);
    tap_is(s.status, EVTCHNSTAT_unbound, "ABI-EVT-19 the peer died: unbound");
    tap_is(send(port), 0, "ABI-EVT-19 sending does nothing");
    tap_is(copy(RW, false), GNTST_bad_domain, "ABI-GNT-04 it is gone");
}

int guest_main(void)
{
    uint32_t port;

    peer = (domid_t)rt_option("peer", 0);
    if (rt_option("role", 2) == 1) {
        serve();
        return tap_done();
    }
    port = connect();
    open_network();
    events(port);
    grants();
    if (network)
        frames();
    last_words(port);
    return tap_done();
}
