/* SPDX-License-Identifier: MIT */
/*
 * Conformance: the address map (chapter 4) and memory_op (chapter 14).
 */
#include "rt.h"
#include "scree/files.h"

SCREE_IMAGE(4 << 20, 65536);

extern char _start[], guest_end[];

static xen_pfn_t list[64];

static bool faults(uint64_t address)
{
    bool read = rt_try_read(address) == 14 && rt_fault.address - address < 8 &&
                rt_fault.error == 4;

    return rt_try_write(address) == 14 && rt_fault.error == 6 && read;
}

static bool all_fault(uint64_t from, uint64_t to)
{
    for (uint64_t a = from; a < to; a += SCREE_PAGE_SIZE)
        if (!faults(a) || !faults(a + SCREE_PAGE_SIZE - 8)) {
            rt_printf("# 0x%lx does not fault\n", a);
            return false;
        }
    return true;
}

/* Reads, but a store faults as "protection". */
static bool read_only(uint64_t a)
{
    return rt_try_read(a) == RT_NO_FAULT && rt_try_write(a) == 14 &&
           rt_fault.error == 7;
}

static bool no_exec(uint64_t a)
{
    return rt_try_exec(a) == 14 && (rt_fault.error & 0x11) == 0x11;
}

static void fixed_pages(void)
{
    tap_ok(all_fault(0, 0x1000), "ABI-MAP-01 page 0");
    tap_ok(read_only(SCREE_HYPERCALL_PAGE), "ABI-MAP-02 hypercall page");
    tap_ok(read_only(SCREE_INFO_PAGE), "ABI-MAP-03 info page");
    tap_ok(read_only(SCREE_CLOCK_PAGE), "ABI-MAP-04 clock page");
    tap_ok(rt_try_write(SCREE_SHARED_PAGE + 0xff0) == RT_NO_FAULT,
           "ABI-MAP-05 shared page");
    tap_ok(no_exec(SCREE_INFO_PAGE) && no_exec(SCREE_CLOCK_PAGE) &&
               no_exec(SCREE_SHARED_PAGE),
           "ABI-MAP-14 no data is executable");
    tap_ok(all_fault(0x7000, 0x10000), "ABI-MAP-07 reserved");
    tap_ok(all_fault(0x10000, 0x14000), "ABI-MAP-08 no grant frames yet");
    tap_ok(all_fault(0x14000, 0x100000), "ABI-MAP-09 reserved");
}

static void ram(void)
{
    uint64_t heap = rt_info()->image_end, top = rt_info()->memory_end;

    tap_ok(read_only((uint64_t)_start), "ABI-MAP-10 text");
    tap_ok(rt_try_write(heap) == RT_NO_FAULT &&
               rt_try_write(top - 65536 - 8) == RT_NO_FAULT,
           "ABI-MAP-11 heap");
    tap_ok(no_exec(heap), "ABI-MAP-11 is not executable");
    tap_ok(faults(top) || (rt_info()->files_start == top &&
                           read_only(rt_info()->files_start)),
           "ABI-MAP-13 memory_end");
}

static void files(void)
{
    uint64_t at = rt_info()->files_start;

    if (!(rt_info()->features & SCREE_FEATURE_FILES)) {
        tap_ok(at == 0, "ABI-MAP-12 no file module");
        return;
    }
    tap_ok(at % SCREE_PAGE_SIZE == 0 && at >= rt_info()->memory_end,
           "ABI-MAP-12 file module");
    tap_ok(read_only(at), "ABI-MAP-12 is read-only");
    tap_ok(no_exec(at), "ABI-MAP-12 is not executable");
}

/* The module that every bundle has for `files = @hosts`. */
static void hosts(void)
{
    const char *base = (const char *)(uintptr_t)rt_info()->files_start;
    const struct scree_files *h = (const void *)base;
    const struct scree_file *f = (const void *)(h + 1);
    const char *name = (const char *)(uintptr_t)rt_info()->name;
    bool found = false;

    if (base == NULL) {
        tap_skip("ABI-FILE-01 no file module");
        return;
    }
    tap_ok(h->magic == SCREE_FILES_MAGIC && h->count == 1 &&
               h->size <= rt_info()->files_size,
           "ABI-FILE-01 header");
    tap_ok(strcmp(base + f->path, SCREE_FILES_HOSTS) == 0,
           "ABI-FILE-02 one file, hosts");
    tap_ok(f->data % 64 == 0 && f->data + f->size <= h->size,
           "ABI-FILE-03 its data");
    for (uint64_t i = 0; i + 11 < f->size; i++)
        found = found || strncmp(base + f->data + i, "10.0.0.2 ", 9) == 0;
    tap_ok(found, "ABI-FILE-04 the addresses of the cell, for %s", name);
}

static void far_away(void)
{
    static const uint64_t wild[] = {0x3ffffffff000,     0x400000000000,
                                    0x7fffffffe000,     0xffff800000000000,
                                    0xffff810000000000, 0xffff87fffffff000,
                                    0xffff880000000000, 0xfffffffffffff000};
    bool all = true;

    for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++)
        all = all && rt_try_read(wild[i]) == 14 && rt_try_write(wild[i]) == 14;
    tap_ok(all, "ABI-MAP-13 everything else is #PF");
    tap_ok(rt_try_read(0x900000000000) == 13, "ABI-MAP-13 or #GP");
    tap_ok(rt_try_read(0x3ffffffff000) == 14, "ABI-LIM-08 addresses end");
}

/* -------------------------------------------------------------- memory_op */

static int64_t reserve(unsigned cmd, uint64_t n)
{
    struct xen_memory_reservation r = {.nr_extents = n, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, list);
    return HYPERVISOR_memory_op(cmd, &r);
}

static int64_t pages(unsigned cmd)
{
    domid_t self = DOMID_SELF;

    return HYPERVISOR_memory_op(cmd, &self);
}

static uint64_t heap_page(unsigned n)
{
    return rt_info()->image_end + 0x100000 + n * SCREE_PAGE_SIZE;
}

static void fill(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        list[i] = heap_page(i) / SCREE_PAGE_SIZE;
        *(volatile uint64_t *)heap_page(i) = 0x55;
    }
}

static void down(void)
{
    int64_t before = pages(XENMEM_current_reservation);

    fill(64);
    tap_is(reserve(XENMEM_decrease_reservation, 64), 64,
           "ABI-MEM-02 given back");
    tap_ok(all_fault(heap_page(0), heap_page(64)), "ABI-MEM-02 they fault");
    tap_is(pages(XENMEM_current_reservation), before - 64,
           "ABI-MEM-06 pages now");
    tap_is(pages(XENMEM_maximum_reservation), before,
           "ABI-MEM-06 pages at creation");
    tap_is(reserve(XENMEM_decrease_reservation, 1), 0,
           "ABI-MEM-02 given back already");
    list[0] = (uint64_t)_start / SCREE_PAGE_SIZE;
    tap_is(reserve(XENMEM_decrease_reservation, 1), 0,
           "ABI-MEM-02 text is not the domain's own");
    list[0] = SCREE_INFO_PAGE / SCREE_PAGE_SIZE;
    tap_is(reserve(XENMEM_decrease_reservation, 1), 0,
           "ABI-MEM-02 nor is the info page");
    list[0] = 0x400000000000 / SCREE_PAGE_SIZE;
    tap_is(reserve(XENMEM_decrease_reservation, 1), 0,
           "ABI-MEM-02 nor anything far away");
}

static void up(void)
{
    bool zero = true;

    fill(0);
    for (unsigned i = 0; i < 64; i++)
        list[i] = heap_page(i) / SCREE_PAGE_SIZE;
    tap_is(reserve(XENMEM_populate_physmap, 64), 64, "ABI-MEM-03 taken back");
    for (unsigned i = 0; i < 64; i++)
        zero = zero && *(volatile uint64_t *)heap_page(i) == 0;
    tap_ok(zero, "ABI-MEM-03 zero-filled");
    tap_is(reserve(XENMEM_populate_physmap, 64), 0, "ABI-MEM-03 in use");
    list[0] = rt_info()->memory_end / SCREE_PAGE_SIZE + 100;
    tap_is(reserve(XENMEM_populate_physmap, 1), 0,
           "ABI-MEM-03 out of RAM's range");
    tap_is(pages(XENMEM_current_reservation), pages(XENMEM_maximum_reservation),
           "ABI-MEM-06 all are back");
}

static void partial(void)
{
    fill(4);
    list[2] = 1;
    tap_is(reserve(XENMEM_decrease_reservation, 4), 2,
           "ABI-MEM-02 stops at the first that is wrong");
    tap_is(reserve(XENMEM_populate_physmap, 2), 2, "ABI-MEM-03 and back");
}

static void errors(void)
{
    struct xen_memory_reservation r = {
        .nr_extents = 1,
        .extent_order = 1,
        .domid = DOMID_SELF,
    };
    domid_t other = 1000;

    set_xen_guest_handle(r.extent_start, list);
    tap_is(reserve(XENMEM_increase_reservation, 1), -XEN_ENOSYS,
           "ABI-MEM-04 increase_reservation");
    tap_is(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), -XEN_EINVAL,
           "ABI-MEM-05 extent_order");
    r.extent_order = 0;
    r.domid = 1000;
    tap_is(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), -XEN_EPERM,
           "ABI-MEM-05 another domain");
    r.domid = DOMID_SELF;
    set_xen_guest_handle(r.extent_start, (xen_pfn_t *)0x7000);
    tap_is(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), -XEN_EFAULT,
           "ABI-MEM-05 a list that cannot be read");
    tap_is(HYPERVISOR_memory_op(XENMEM_current_reservation, &other), -XEN_EPERM,
           "ABI-MEM-06 another domain");
    tap_is(HYPERVISOR_memory_op(XENMEM_machphys_mapping, &r), -XEN_ENOSYS,
           "ABI-MEM-07 other commands");
}

/* Every page of the heap can be touched. */
static void everything(void)
{
    uint64_t end = rt_info()->memory_end - 65536;
    bool zero = true;

    for (uint64_t a = rt_info()->image_end + 0x8000; a < end;
         a += SCREE_PAGE_SIZE) {
        zero = zero && *(volatile uint64_t *)(a + 8) == 0;
        *(volatile uint64_t *)(a + 8) = a;
    }
    for (uint64_t a = rt_info()->image_end + 0x8000; a < end;
         a += SCREE_PAGE_SIZE)
        zero = zero && *(volatile uint64_t *)(a + 8) == a;
    tap_ok(zero, "ABI-MEM-01 all of RAM can be touched");
}

int guest_main(void)
{
    fixed_pages();
    ram();
    files();
    hosts();
    far_away();
    down();
    up();
    partial();
    errors();
    everything();
    return tap_done();
}
