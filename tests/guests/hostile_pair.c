/* SPDX-License-Identifier: MIT */
/*
 * Two of these on two CPUs do everything to each other that domains can, in
 * random order and at the same time: ports made, bound, sent to and closed,
 * pages granted, copied, revoked and given back under the copy.
 *
 *   peer=ID   the other's domain id
 *   die=MS    reboot after so long, in the middle of it all
 */
#include "rt.h"

SCREE_IMAGE(0x80000, 16384);

#define PORTS      64 /* dynamic ones that are played with */
#define FIRST_REF  8
#define REFS       8
#define NO_RESULTS 16

static uint8_t pages[REFS][4096] __attribute__((aligned(4096)));
static domid_t peer;
static uint64_t seed;
static unsigned calls, strange, copies, bound, sent;

static uint32_t random_port(void)
{
    return SCREE_PORT_DYNAMIC + (uint32_t)(rt_random(&seed) % PORTS);
}

/* Errors that a race may give. Anything else is strange. */
static bool allowed(int64_t result)
{
    return result == 0 || result == -XEN_EINVAL || result == -XEN_ENOSPC ||
           result == -XEN_ESRCH || result == -XEN_EPERM ||
           result == -XEN_EEXIST || result == -XEN_ENOENT;
}

static bool note(int64_t result)
{
    calls++;
    strange += !allowed(result);
    if (!allowed(result) && strange < NO_RESULTS)
        rt_printf("# result %ld\n", result);
    return result == 0;
}

static void play_ports(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = peer};
    struct evtchn_bind_interdomain bind = {.remote_dom = peer,
                                           .remote_port = random_port()};
    struct evtchn_send send = {.port = random_port()};
    struct evtchn_close close = {.port = random_port()};
    struct evtchn_status status = {.dom = DOMID_SELF, .port = random_port()};

    switch (rt_random(&seed) % 6) {
    case 0:
        (void)note(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc));
        break;
    case 1:
        bound +=
            note(HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind));
        break;
    case 2:
    case 3:
        sent += note(HYPERVISOR_event_channel_op(EVTCHNOP_send, &send));
        break;
    case 4:
        (void)note(HYPERVISOR_event_channel_op(EVTCHNOP_close, &close));
        break;
    default:
        (void)note(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status));
        break;
    }
}

static void grant(unsigned i, bool read_only)
{
    volatile grant_entry_v1_t *e =
        (volatile grant_entry_v1_t *)SCREE_GRANT_PAGES + FIRST_REF + i;

    e->domid = peer;
    e->frame = (uint32_t)((uintptr_t)pages[i] / 4096);
    __atomic_store_n(&e->flags,
                     GTF_permit_access | (read_only ? GTF_readonly : 0),
                     __ATOMIC_RELEASE);
}

static void revoke(unsigned i)
{
    volatile grant_entry_v1_t *e =
        (volatile grant_entry_v1_t *)SCREE_GRANT_PAGES + FIRST_REF + i;

    __atomic_store_n(&e->flags, GTF_invalid, __ATOMIC_RELEASE);
}

static void copy(unsigned ref, bool from_peer)
{
    unsigned mine = (unsigned)rt_random(&seed) % REFS;
    struct gnttab_copy c = {.len = 64};

    c.source.u.gmfn = c.dest.u.gmfn = (uintptr_t)pages[mine] / 4096;
    c.source.domid = c.dest.domid = DOMID_SELF;
    if (from_peer) {
        c.source.u.ref = FIRST_REF + ref;
        c.source.domid = peer;
        c.flags = GNTCOPY_source_gref;
    } else {
        c.dest.u.ref = FIRST_REF + ref;
        c.dest.domid = peer;
        c.flags = GNTCOPY_dest_gref;
    }
    c.source.offset = c.dest.offset = (uint16_t)(rt_random(&seed) % 63 * 64);
    (void)note(HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1));
    copies += c.status == GNTST_okay;
}

static void give_and_take(unsigned i)
{
    xen_pfn_t page = (uintptr_t)pages[i] / 4096;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, &page);
    (void)HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
    (void)HYPERVISOR_memory_op(XENMEM_populate_physmap, &r);
    calls += 2;
}

static void play_grants(void)
{
    unsigned i = (unsigned)rt_random(&seed) % REFS;

    switch (rt_random(&seed) % 8) {
    case 0:
        revoke(i);
        break;
    case 1:
    case 2:
        grant(i, rt_random(&seed) % 4 == 0);
        break;
    case 3:
        give_and_take(i);
        break;
    case 4:
    case 5:
        copy(i, true);
        break;
    default:
        copy(i, false);
        break;
    }
}

static void set_up(void)
{
    xen_pfn_t frames[SCREE_GRANT_MAX];
    struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 1};

    set_xen_guest_handle(s.frame_list, frames);
    (void)HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
    for (unsigned i = 0; i < REFS; i++)
        grant(i, false);
}

int guest_main(void)
{
    uint64_t start = rt_now(), die = rt_option("die", 0) * RT_MS;
    uint64_t end = start + rt_option("seconds", 4) * RT_SECOND;

    peer = (domid_t)rt_option("peer", 0);
    seed = rt_info()->domain * 77 + start;
    set_up();
    while (rt_now() < end) {
        for (unsigned i = 0; i < 50; i++) {
            play_ports();
            play_grants();
        }
        rt_clear_events();
        if (die && rt_now() > start + die)
            rt_shutdown(SHUTDOWN_reboot);
    }
    tap_ok(strange == 0, "%u calls, %u strange results", calls, strange);
    tap_ok(sent > 0, "%u ports bound, %u events sent, %u copies", bound, sent,
           copies);
    return tap_done();
}
