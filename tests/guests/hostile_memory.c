/* SPDX-License-Identifier: MIT */
/*
 * Tries to read, write and execute what is not its own: the hypervisor's
 * range, addresses between and beyond, its own read-only pages, its data.
 * Every try must be a fault, and nothing may have changed.
 */
#include "rt.h"

SCREE_IMAGE(0x40000, 16384);

#define HYPERVISOR_START 0xffff800000000000ull
#define HYPERVISOR_END   0xffff880000000000ull
#define SAMPLES          1500

#define PF               14
#define GP               13
#define SS               12

static const char rodata[16] = "0123456789abcde";
static volatile uint64_t shared_data = 0x1111; /* of the image */
static uint8_t code_in_data[16] = {0xc3, 0xc3, 0xc3, 0xc3};

/* Counts the accesses of each kind that did not fault as they had to. */
struct tally {
    unsigned tries, reads, writes, executions;
};

static bool canonical(uint64_t a)
{
    int64_t high = (int64_t)a >> 47;

    return high == 0 || high == -1;
}

static bool good(int vector, uint64_t a)
{
    if (!canonical(a) || !canonical(a + 7))
        return vector == GP || vector == SS || vector == PF;
    return vector == PF && rt_fault.address - a < 8;
}

static void probe(uint64_t a, struct tally *t)
{
    t->tries++;
    t->reads += !good(rt_try_read(a), a);
    t->writes += !good(rt_try_write(a), a);
    t->executions += !good(rt_try_exec(a), a);
}

static void report(const struct tally *t, const char *what)
{
    tap_ok(t->reads + t->writes + t->executions == 0,
           "%s: %u addresses, got through: %u reads, %u writes, %u executions",
           what, t->tries, t->reads, t->writes, t->executions);
}

static void test_hypervisor_range(void)
{
    struct tally t = {0};
    uint64_t seed = 1;

    for (uint64_t a = HYPERVISOR_START; a < HYPERVISOR_END; a += 1ull << 39)
        for (unsigned i = 0; i < 8; i++)
            probe(a + i * 0x200000 + i * 8, &t);
    report(&t, "starts of the hypervisor's tables");
    t = (struct tally){0};
    for (unsigned i = 0; i < SAMPLES; i++)
        probe(HYPERVISOR_START +
                  (rt_random(&seed) & (HYPERVISOR_END - HYPERVISOR_START - 1)),
              &t);
    report(&t, "random addresses of the hypervisor");
    t = (struct tally){0};
    for (unsigned i = 0; i < SAMPLES; i++)
        probe(HYPERVISOR_START + (rt_random(&seed) & 0xfffffff8), &t);
    report(&t, "random addresses of its first 4 GiB");
}

static void test_edges(void)
{
    static const uint64_t edges[] = {
        0,
        0xff8,
        0x7000,
        0x8000,
        0xf000,
        0x14000,
        0x80000,
        0xff000,
        0x3ffffffff000,
        0x400000000000,
        0x7fffffffe000,
        0x7ffffffff000,
        0x7ffffffffff8,
        0x7ffffffffffc,
        0x800000000000,
        0x900000000000,
        0xffff000000000000,
        0xffff7ffffffffff8,
        0xffff880000000000,
        0xffffc00000000000,
        0xffffffff80000000,
        0xfffffffffffffff8,
    };
    struct tally t = {0};
    uint64_t top = rt_info()->memory_end;

    for (unsigned i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        probe(edges[i], &t);
    if (!rt_info()->files_start)
        probe(top, &t);
    probe(top + 0x10000000, &t);
    probe(0xb8000, &t);
    probe(0xfee00000, &t);
    probe(0xfec00000, &t);
    report(&t, "edges of the address space and of devices");
}

static void test_grant_and_ring_pages(void)
{
    struct tally t = {0};

    probe(SCREE_VIO_PAGES, &t);
    probe(SCREE_VIO_PAGES + SCREE_PAGE_SIZE, &t);
    probe(SCREE_GRANT_PAGES, &t);
    report(&t, "pages that were not asked for");
}

/* ------------------------------------------------- read-only pages */

static bool store_refused(uint64_t a)
{
    uint64_t before = *(volatile uint64_t *)a;
    bool refused = rt_try_write(a) == PF && rt_fault.address == a;

    return refused && *(volatile uint64_t *)a == before;
}

static void test_stores(void)
{
    tap_ok(store_refused(SCREE_HYPERCALL_PAGE), "store to the hypercall page");
    tap_ok(store_refused(SCREE_RETURN), "store to the return stub");
    tap_ok(store_refused(SCREE_INFO_PAGE), "store to the info page");
    tap_ok(store_refused(SCREE_INFO_PAGE + 4088), "store to its last word");
    tap_ok(store_refused(SCREE_CLOCK_PAGE), "store to the clock page");
    tap_ok(store_refused((uintptr_t)guest_main & ~7ull), "store to text");
    tap_ok(store_refused((uintptr_t)rodata & ~7ull), "store to read-only data");
    if (rt_info()->files_start)
        tap_ok(store_refused(rt_info()->files_start),
               "store to the file module");
}

static void locked_add(void *a)
{
    __asm__ volatile("lock addq $1, (%0)" : : "r"(a) : "memory", "cc");
}

static void compare_exchange(void *a)
{
    __asm__ volatile("lock cmpxchg %%rcx, (%0)"
                     :
                     : "r"(a), "a"(1), "c"(2)
                     : "memory", "cc");
}

static void store_fpu(void *a)
{
    __asm__ volatile("fxsave64 (%0)" : : "r"(a) : "memory");
}

static void fill(void *a)
{
    uint64_t n = 8192;

    __asm__ volatile("rep stosb" : "+D"(a), "+c"(n) : "a"(0) : "memory");
}

static void test_other_stores(void)
{
    void *info = (void *)SCREE_INFO_PAGE;
    uint64_t before = rt_info()->magic;

    tap_is(rt_try(locked_add, info), PF, "locked add to the info page");
    tap_is(rt_try(compare_exchange, info), PF, "cmpxchg on the info page");
    tap_is(rt_try(store_fpu, info), PF, "fxsave to the info page");
    tap_is(rt_try(fill, (void *)(SCREE_INFO_PAGE - 0x1000)), PF,
           "rep stosb over the hypercall page");
    tap_is(rt_try(fill, (void *)HYPERVISOR_START), PF,
           "rep stosb over the hypervisor");
    tap_ok(rt_info()->magic == before, "the info page is as it was");
}

static void test_execute_data(void)
{
    uint8_t on_stack[16] = {0xc3, 0xc3};
    uint64_t heap = rt_info()->image_end;

    *(volatile uint8_t *)heap = 0xc3;
    tap_is(rt_try_exec((uintptr_t)code_in_data), PF, "execute data");
    tap_is(rt_try_exec((uintptr_t)on_stack), PF, "execute the stack");
    tap_is(rt_try_exec(heap), PF, "execute the heap");
    tap_is(rt_try_exec((uintptr_t)rodata), PF, "execute read-only data");
    tap_is(rt_try_exec(SCREE_INFO_PAGE), PF, "execute the info page");
    tap_is(rt_try_exec(SCREE_CLOCK_PAGE), PF, "execute the clock page");
    tap_is(rt_try_exec(SCREE_SHARED_PAGE), PF, "execute the shared page");
}

/* Data of the image is as it was linked, whatever our twin did to its own. */
static void test_own_data(void)
{
    tap_is((int64_t)shared_data, 0x1111, "data is as it was linked");
    shared_data = rt_info()->domain;
    rt_sleep(50 * RT_MS);
    tap_is((int64_t)shared_data, rt_info()->domain, "and our own from then on");
}

/* Heap that was never touched holds nobody's bytes. */
static void test_fresh_memory(void)
{
    uint64_t end = rt_info()->memory_end - 0x8000, bytes = 0, set = 0;

    for (uint64_t a = rt_info()->image_end + 0x1000; a < end; a += 8) {
        set += *(volatile uint64_t *)a != 0;
        bytes += 8;
    }
    tap_ok(set == 0, "%lu KiB of fresh heap hold %lu words that are not 0",
           bytes / 1024, set);
    for (uint64_t a = rt_info()->image_end; a < end; a += 8)
        *(volatile uint64_t *)a = 0x5ec5e75ec5e75ec5ull;
}

int guest_main(void)
{
    test_own_data();
    test_fresh_memory();
    test_hypervisor_range();
    test_edges();
    test_grant_and_ring_pages();
    test_stores();
    test_other_stores();
    test_execute_data();
    return tap_done();
}
