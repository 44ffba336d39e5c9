/* SPDX-License-Identifier: MIT */
/*
 * Conformance: multicall (chapter 7.1).
 */
#include "rt.h"

SCREE_IMAGE(2 << 20, 16384);

#define MOST 1024

static struct multicall_entry calls[MOST + 1];
static char text[16];

static void version_entry(struct multicall_entry *e)
{
    *e = (struct multicall_entry){
        .op = __HYPERVISOR_xen_version,
        .args = {XENVER_version},
    };
}

static void fill(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        version_entry(&calls[i]);
}

static bool all_done(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (calls[i].result != 0x40011)
            return false;
    return true;
}

static void order(void)
{
    fill(3);
    /* The first call overwrites the third entry's number. */
    calls[0].op = __HYPERVISOR_xen_version;
    calls[0].args[0] = XENVER_extraversion;
    calls[0].args[1] = (unsigned long)text;
    calls[1].op = 63;
    tap_is(HYPERVISOR_multicall(calls, 3), 0,
           "ABI-MC-02 0, whatever the results");
    tap_ok(calls[0].result == 0 && strcmp(text, ".scree") == 0,
           "ABI-MC-01 the first was made");
    tap_is((int64_t)calls[1].result, -XEN_ENOSYS, "ABI-MC-01 its own result");
    tap_is((int64_t)calls[2].result, 0x40011, "ABI-MC-01 the third was made");
    calls[0].args[1] = (unsigned long)&calls[1];
    version_entry(&calls[1]);
    HYPERVISOR_multicall(calls, 2);
    tap_is((int64_t)calls[1].result, -XEN_ENOSYS,
           "ABI-MC-01 later entries see what earlier ones did");
}

static void faults(void)
{
    uint64_t end = rt_info()->memory_end;
    struct multicall_entry *last = (void *)(end - 4 * sizeof(*last));

    tap_is(HYPERVISOR_multicall((void *)0x7000, 1), -XEN_EFAULT,
           "ABI-MC-03 unmapped");
    tap_is(HYPERVISOR_multicall((void *)SCREE_INFO_PAGE, 1), -XEN_EFAULT,
           "ABI-MC-03 the result cannot be written");
    (void)last;
}

/* Four entries before a page that is given back. */
static void half(void)
{
    uint64_t hole = (rt_info()->image_end + 0xffff) & ~0xfffull;
    struct multicall_entry *e = (void *)(hole - 4 * sizeof(*e));
    xen_pfn_t gfn = hole / SCREE_PAGE_SIZE;
    struct xen_memory_reservation r = {
        .nr_extents = 1,
        .domid = DOMID_SELF,
    };

    set_xen_guest_handle(r.extent_start, &gfn);
    if (HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != 1) {
        tap_ok(false, "ABI-MC-03 cannot give a page back");
        return;
    }
    for (unsigned i = 0; i < 4; i++)
        version_entry(&e[i]);
    tap_is(HYPERVISOR_multicall(e, 6), -XEN_EFAULT,
           "ABI-MC-03 the fifth entry cannot be read");
    tap_is((int64_t)e[3].result, 0x40011,
           "ABI-MC-03 those before it were executed");
}

static void refused(void)
{
    static const uint64_t blocking[] = {SCHEDOP_yield, SCHEDOP_block,
                                        SCHEDOP_shutdown, SCHEDOP_poll};
    bool all = true;

    fill(8);
    for (unsigned i = 0; i < 4; i++) {
        calls[i].op = __HYPERVISOR_sched_op;
        calls[i].args[0] = blocking[i];
    }
    calls[4].op = __HYPERVISOR_multicall;
    calls[5].op = __HYPERVISOR_scree_idle;
    calls[6].op = ~0ul;
    HYPERVISOR_multicall(calls, 8);
    for (unsigned i = 0; i < 6; i++)
        all = all && (int64_t)calls[i].result == -XEN_EINVAL;
    tap_ok(all, "ABI-MC-04 what may block is refused");
    tap_is((int64_t)calls[6].result, -XEN_ENOSYS, "ABI-MC-04 unknown number");
    tap_is((int64_t)calls[6].result, -XEN_ENOSYS,
           "ABI-HC-08 a number above 63");
    tap_is((int64_t)calls[7].result, 0x40011, "ABI-MC-04 the next is made");
}

static void limits(void)
{
    fill(MOST + 1);
    tap_is(HYPERVISOR_multicall(calls, MOST), 0, "ABI-MC-06 1024 entries");
    tap_ok(all_done(0, MOST), "ABI-MC-05 all are made");
    tap_is(HYPERVISOR_multicall(calls, MOST), 0, "ABI-LIM-03 1024 entries");
    calls[0].result = 0;
    tap_is(HYPERVISOR_multicall(calls, MOST + 1), -XEN_E2BIG,
           "ABI-MC-06 more is refused");
    tap_is((int64_t)calls[0].result, 0, "ABI-MC-06 and none executed");
}

/* The event that the first entry sends arrives when all are done. */
static void event_last(void)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    struct evtchn_send send;

    rt_upcall_on();
    HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind);
    send.port = bind.port;
    fill(3);
    calls[0].op = __HYPERVISOR_event_channel_op;
    calls[0].args[0] = EVTCHNOP_send;
    calls[0].args[1] = (unsigned long)&send;
    rt_vcpu()->evtchn_upcall_mask = 0;
    HYPERVISOR_multicall(calls, 3);
    rt_vcpu()->evtchn_upcall_mask = 1;
    tap_ok(rt_upcalls == 1 && all_done(1, 3),
           "ABI-MC-05 the event comes after the last entry");
}

int guest_main(void)
{
    order();
    faults();
    half();
    refused();
    limits();
    event_last();
    return tap_done();
}
