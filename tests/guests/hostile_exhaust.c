/* SPDX-License-Identifier: MIT */
/*
 * Uses up everything that can be used up: memory, ports, grants, watchdogs.
 * Each has an end that is an error of its own; what lies within is usable; and
 * after giving back it can be had again.
 */
#include "rt.h"

SCREE_IMAGE(0x80000, 16384);

static uint64_t heap_pages(void)
{
    return (rt_info()->memory_end - rt_info()->image_end) / 4096 - 8;
}

static int64_t reservation(unsigned cmd, uint64_t first, uint64_t count)
{
    static xen_pfn_t pages[4096];
    struct xen_memory_reservation r = {.nr_extents = count,
                                       .domid = DOMID_SELF};

    for (uint64_t i = 0; i < count && i < 4096; i++)
        pages[i] = first + i;
    set_xen_guest_handle(r.extent_start, pages);
    return HYPERVISOR_memory_op(cmd, &r);
}

/* Pages that must not be taken into use, or not be given back. */
static void test_refused_pages(uint64_t first)
{
    static const struct {
        uint64_t page;
        const char *text;
    } not_ours[] = {
        {SCREE_INFO_PAGE / 4096, "the info page cannot be given back"},
        {SCREE_SHARED_PAGE / 4096, "nor the shared page"},
        {SCREE_HYPERCALL_PAGE / 4096, "nor the hypercall page"},
    };

    tap_is(reservation(XENMEM_populate_physmap, first, 16), 0,
           "pages in use cannot be taken again");
    tap_is(
        reservation(XENMEM_populate_physmap, rt_info()->memory_end / 4096, 64),
        0, "nor pages after RAM");
    tap_is(reservation(XENMEM_populate_physmap, 0x7000 / 4096, 1), 0,
           "nor reserved ones");
    tap_is(reservation(XENMEM_populate_physmap, 0x3fffffff, 64), 0,
           "nor far ones");
    for (unsigned i = 0; i < 3; i++)
        tap_is(reservation(XENMEM_decrease_reservation, not_ours[i].page, 1), 0,
               not_ours[i].text);
}

static void test_memory(void)
{
    uint64_t first = rt_info()->image_end / 4096, n = heap_pages();
    domid_t self = DOMID_SELF;
    int64_t most;

    if (n > 4096)
        n = 4096;
    for (uint64_t i = 0; i < n; i++)
        *(volatile uint64_t *)((first + i) * 4096) = i;
    tap_ok(true, "touched %lu pages", n);
    most = HYPERVISOR_memory_op(XENMEM_maximum_reservation, &self);
    tap_ok(most >= (int64_t)n, "maximum reservation is %ld pages", most);
    test_refused_pages(first);
    tap_is(reservation(XENMEM_decrease_reservation, first, n), (int64_t)n,
           "all are given back");
    tap_is(rt_try_read(first * 4096), 14, "they are gone");
    tap_is(reservation(XENMEM_populate_physmap, first, n), (int64_t)n,
           "and taken again");
    tap_is(*(volatile int64_t *)(first * 4096), 0, "zeroed");
    tap_is(HYPERVISOR_memory_op(XENMEM_current_reservation, &self), most,
           "the reservation is whole again");
}

static int64_t alloc_port(evtchn_port_t *port)
{
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF,
                                     .remote_dom = DOMID_SELF};
    int64_t err = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &a);

    *port = a.port;
    return err;
}

static void test_ports(void)
{
    unsigned rounds = 0, n = 0, wrong = 0;
    evtchn_port_t port;
    int64_t err = 0;

    for (; rounds < 3; rounds++) {
        for (n = 0; n < 5000 && (err = alloc_port(&port)) == 0; n++)
            ;
        wrong += err != -XEN_ENOSPC || n != SCREE_PORTS - SCREE_PORT_DYNAMIC;
        for (port = SCREE_PORT_DYNAMIC; port < SCREE_PORTS; port++) {
            struct evtchn_close c = {.port = port};

            wrong += HYPERVISOR_event_channel_op(EVTCHNOP_close, &c) != 0;
        }
    }
    tap_ok(wrong == 0, "%u ports three times: %u wrong, last error %ld", n,
           wrong, err);
    wrong = 0;
    for (port = 0; port < SCREE_PORT_DYNAMIC; port++) {
        struct evtchn_close c = {.port = port};

        wrong += HYPERVISOR_event_channel_op(EVTCHNOP_close, &c) != -XEN_EINVAL;
    }
    for (port = SCREE_PORTS; port; port <<= 1) {
        struct evtchn_close c = {.port = port};
        struct evtchn_send s = {.port = port};
        struct evtchn_unmask u = {.port = port};

        wrong += HYPERVISOR_event_channel_op(EVTCHNOP_close, &c) == 0;
        wrong += HYPERVISOR_event_channel_op(EVTCHNOP_send, &s) == 0;
        wrong += HYPERVISOR_event_channel_op(EVTCHNOP_unmask, &u) == 0;
    }
    tap_ok(wrong == 0, "static and absurd ports: %u wrong", wrong);
}

static void test_other_domains(void)
{
    unsigned got = 0;

    for (unsigned dom = 0; dom < 64; dom++) {
        struct evtchn_alloc_unbound a = {.dom = (domid_t)dom,
                                         .remote_dom = DOMID_SELF};
        struct evtchn_bind_interdomain b = {.remote_dom = (domid_t)dom,
                                            .remote_port = 3};
        domid_t id = (domid_t)dom;

        if (dom == rt_info()->domain)
            continue;
        got += HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &a) == 0;
        for (b.remote_port = 0; b.remote_port < 32; b.remote_port++)
            got +=
                HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &b) == 0;
        got += HYPERVISOR_memory_op(XENMEM_current_reservation, &id) >= 0;
    }
    tap_ok(got == 0, "of other domains: %u things were had", got);
}

static void test_grants(void)
{
    xen_pfn_t frames[8];
    struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 4};
    unsigned wrong = 0;

    set_xen_guest_handle(s.frame_list, frames);
    for (unsigned i = 0; i < 100; i++) {
        (void)HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
        wrong += s.status != GNTST_okay;
    }
    tap_ok(wrong == 0, "4 grant frames, 100 times: %u refused", wrong);
    s.nr_frames = 5;
    (void)HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
    tap_is(s.status, GNTST_general_error, "a fifth is refused");
    s.nr_frames = UINT32_MAX;
    (void)HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
    tap_is(s.status, GNTST_general_error, "2^32 - 1 are refused");
    memset((void *)SCREE_GRANT_PAGES, 0xff, SCREE_GRANT_MAX * 4096);
    tap_ok(true, "the table can be filled");
}

/* Copies by grants that nobody gave. */
static void test_stolen_copies(void)
{
    static uint8_t page[4096] __attribute__((aligned(4096)));
    unsigned stolen = 0;

    for (unsigned dom = 0; dom < 16; dom++)
        for (unsigned ref = 0; ref < 64; ref++) {
            struct gnttab_copy c = {.flags = GNTCOPY_source_gref, .len = 64};

            if (dom == rt_info()->domain)
                continue;
            c.source.u.ref = ref;
            c.source.domid = (domid_t)dom;
            c.dest.u.gmfn = (uintptr_t)page / 4096;
            c.dest.domid = DOMID_SELF;
            (void)HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1);
            stolen += c.status == GNTST_okay;
            c.flags = 0;
            c.source.u.gmfn = 256 + ref;
            (void)HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1);
            stolen += c.status == GNTST_okay;
        }
    tap_ok(stolen == 0, "copies out of others' memory: %u worked", stolen);
}

static void test_watchdogs(void)
{
    struct sched_watchdog w = {.id = 0, .timeout = 1000};
    unsigned n = 0;

    while (n < 100 && HYPERVISOR_sched_op(SCHEDOP_watchdog, &w) > 0)
        n++;
    tap_is(n, 2, "two watchdogs and no more");
    for (w.id = 1, w.timeout = 0; w.id <= 2; w.id++)
        (void)HYPERVISOR_sched_op(SCHEDOP_watchdog, &w);
}

int guest_main(void)
{
    test_memory();
    test_ports();
    test_other_domains();
    test_grants();
    test_stolen_copies();
    test_watchdogs();
    /* end with everything in use: all of it must come back */
    for (evtchn_port_t port = 0; alloc_port(&port) == 0;)
        ;
    return tap_done();
}
