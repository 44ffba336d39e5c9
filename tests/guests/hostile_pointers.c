/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall with every kind of bad pointer, and every number that can be
 * called. None may fault us or harm anybody; where the ABI says -EFAULT, it
 * must be that.
 *
 * evtchn_upcall_pending is kept set, so that what blocks returns at once.
 */
#include "rt.h"

SCREE_IMAGE(0x80000, 16384);

#define CALLS    64
#define COMMANDS 40
#define EFAULT   (-XEN_EFAULT)

static uint8_t area[3 * 4096] __attribute__((aligned(4096)));

/* Set up by make_hole(): the page after this address is not mapped. */
static uint64_t edge;

static uint64_t pointers[40];
static unsigned pointer_count;
static unsigned calls_made;

static void add(uint64_t p)
{
    pointers[pointer_count++] = p;
}

/* Gives back the middle page of area[]. */
static bool make_hole(void)
{
    xen_pfn_t page = ((uintptr_t)area + 4096) / 4096;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    area[0] = area[4096] = area[8192] = 1;
    set_xen_guest_handle(r.extent_start, &page);
    edge = (uintptr_t)area + 4096;
    return HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) == 1;
}

static void collect_pointers(void)
{
    add(8);        /* page 0 */
    add(0xfff);    /* page 0 into the hypercall page */
    add(0x7000);   /* reserved */
    add(0x7fff);   /* unaligned */
    add(0x14000);  /* unmapped */
    add(edge);     /* unmapped, inside RAM */
    add(edge - 1); /* crosses into it */
    add(edge - 2);
    add(edge + 4095); /* crosses out of it */
    add(rt_info()->memory_end + 0x10000000);
    add(0x3fffffffffff); /* the last guest byte */
    add(0x400000000000);
    add(0x7ffffffffff8);
    add(0x7fffffffffff);
    add(0x800000000000); /* not canonical */
    add(0xffff7fffffffffff);
    add(0xffff800000000000); /* the hypervisor */
    add(0xffff800000200000);
    add(0xffff800000200001);
    add(0xffff87fffffffff8);
    add(0xffff880000000000);
    add(0xffffffff80000000);
    add(0xfffffffffffff000); /* wraps */
    add(0xfffffffffffffff8);
    add(0xffffffffffffffff);
}

static void keep_awake(void)
{
    rt_vcpu()->evtchn_upcall_pending = 1;
    rt_vcpu()->evtchn_upcall_mask = 1;
}

struct call {
    unsigned nr;
    uint64_t a, b, c, d, e;
    int64_t result;
};

static void do_call(void *arg)
{
    struct call *c = arg;

    c->result = scree_call(c->nr, c->a, c->b, c->c, c->d, c->e);
    if (c->nr == __HYPERVISOR_set_debugreg)
        (void)HYPERVISOR_set_debugreg(7, 0x400);
}

/* False: the call faulted us. */
static bool call(struct call *c)
{
    keep_awake();
    calls_made++;
    return rt_try(do_call, c) == RT_NO_FAULT;
}

/* -------------------------------------------- everything, anyhow */

/* A pointer in each argument place, with each command. */
static unsigned sweep(unsigned nr)
{
    unsigned faults = 0;

    for (unsigned cmd = 0; cmd < COMMANDS; cmd++)
        for (unsigned i = 0; i < pointer_count; i++) {
            uint64_t p = pointers[i];
            struct call forms[] = {
                {.nr = nr, .a = cmd, .b = p, .c = 1, .d = p, .e = p},
                {.nr = nr, .a = cmd, .b = 1, .c = p, .d = 1, .e = 1},
                {.nr = nr, .a = p, .b = cmd, .c = p, .d = cmd, .e = p},
            };

            for (unsigned f = 0; f < 3; f++)
                faults += !call(&forms[f]);
        }
    return faults;
}

static void test_sweep(void)
{
    unsigned faults = 0;

    for (unsigned nr = 0; nr < CALLS; nr++) {
        faults += sweep(nr);
        rt_traps_on(true);
    }
    rt_sleep(RT_SECOND); /* what was printed has used up our rate */
    rt_printf("\n");
    tap_ok(faults == 0, "%u calls with bad pointers: %u faulted us", calls_made,
           faults);
}

static bool listed(unsigned nr)
{
#define IS(number, name, arguments) || nr == (number)
    return false SCREE_HYPERCALL_LIST(IS);
#undef IS
}

static void test_unknown_numbers(void)
{
    unsigned wrong = 0;

    for (unsigned nr = 0; nr < CALLS; nr++) {
        struct call c = {.nr = nr};

        if (listed(nr))
            continue;
        wrong += !call(&c) || c.result != -XEN_ENOSYS;
    }
    tap_ok(wrong == 0, "numbers that do not exist: %u are not -ENOSYS", wrong);
}

/* The address of the entering instruction, if the page uses SYSCALL. */
static uint64_t find_syscall(void)
{
    const uint8_t *p = (const uint8_t *)SCREE_HYPERCALL_PAGE + 17 * 32;

    for (unsigned i = 0; i < 31; i++)
        if (p[i] == 0x0f && p[i + 1] == 0x05)
            return (uintptr_t)(p + i);
    return 0;
}

static int64_t enter(uint64_t at, uint64_t number)
{
    int64_t result = (int64_t)number;
    register uint64_t r10 __asm__("r10") = 0;
    register uint64_t r8 __asm__("r8") = 0;

    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "push %%rbx\n\t"
                     "call *%[at]\n\t"
                     "pop %%rbx\n\t"
                     "lea 128(%%rsp), %%rsp"
                     : "+a"(result)
                     : [at] "r"(at), "D"(0), "S"(0), "d"(0), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory", "cc");
    return result;
}

static void test_huge_numbers(void)
{
    static const uint64_t huge[] = {
        64,         65,         127,         128,
        255,        256,        4095,        0x7fffffff,
        0x80000000, 0xffffffff, 0x100000000, 0x8000000000000000,
        ~0ull,      ~0ull - 63, 0x100000011, 0xffff800000000011,
    };
    uint64_t at = find_syscall();
    unsigned wrong = 0;

    if (!at) {
        tap_skip("the page does not enter by SYSCALL");
        return;
    }
    for (unsigned i = 0; i < sizeof(huge) / sizeof(huge[0]); i++)
        wrong += enter(at, huge[i]) != -XEN_ENOSYS;
    tap_ok(wrong == 0, "huge numbers: %u are not -ENOSYS", wrong);
}

/* ------------------------------------------- what must be -EFAULT */

/* Calls whose pointer is read or written whatever else is given; which
 * argument it is. */
static const struct bad {
    const char *name;
    struct call call;
    unsigned place; /* 0: a, 1: b, 2: c */
} bad_calls[] = {
    {"set_trap_table", {.nr = __HYPERVISOR_set_trap_table}, 0},
    {"multicall", {.nr = __HYPERVISOR_multicall, .b = 2}, 0},
    {"xen_version extraversion",
     {.nr = __HYPERVISOR_xen_version, .a = XENVER_extraversion},
     1},
    {"xen_version features",
     {.nr = __HYPERVISOR_xen_version, .a = XENVER_get_features},
     1},
    {"console_io write",
     {.nr = __HYPERVISOR_console_io, .a = CONSOLEIO_write, .b = 16},
     2},
    {"sched_op poll", {.nr = __HYPERVISOR_sched_op, .a = SCHEDOP_poll}, 1},
    {"sched_op shutdown",
     {.nr = __HYPERVISOR_sched_op, .a = SCHEDOP_shutdown},
     1},
    {"sched_op watchdog",
     {.nr = __HYPERVISOR_sched_op, .a = SCHEDOP_watchdog},
     1},
    {"memory_op populate",
     {.nr = __HYPERVISOR_memory_op, .a = XENMEM_populate_physmap},
     1},
    {"memory_op decrease",
     {.nr = __HYPERVISOR_memory_op, .a = XENMEM_decrease_reservation},
     1},
    {"event_channel_op alloc",
     {.nr = __HYPERVISOR_event_channel_op, .a = EVTCHNOP_alloc_unbound},
     1},
    {"event_channel_op status",
     {.nr = __HYPERVISOR_event_channel_op, .a = EVTCHNOP_status},
     1},
    {"event_channel_op send",
     {.nr = __HYPERVISOR_event_channel_op, .a = EVTCHNOP_send},
     1},
    {"grant_table_op setup",
     {.nr = __HYPERVISOR_grant_table_op, .a = GNTTABOP_setup_table, .c = 1},
     1},
    {"grant_table_op copy",
     {.nr = __HYPERVISOR_grant_table_op, .a = GNTTABOP_copy, .c = 1},
     1},
    {"vcpu_op runstate",
     {.nr = __HYPERVISOR_vcpu_op, .a = VCPUOP_get_runstate_info},
     2},
    {"callback_op register",
     {.nr = __HYPERVISOR_callback_op, .a = CALLBACKOP_register},
     1},
};

static void set_place(struct call *c, unsigned place, uint64_t p)
{
    if (place == 0)
        c->a = p;
    else if (place == 1)
        c->b = p;
    else
        c->c = p;
}

static void test_efault(void)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(bad_calls) / sizeof(bad_calls[0]); i++)
        for (unsigned k = 0; k < pointer_count; k++) {
            struct call c = bad_calls[i].call;

            set_place(&c, bad_calls[i].place, pointers[k]);
            if (call(&c) && c.result == EFAULT)
                continue;
            if (wrong++ < 10)
                rt_printf("# %s with %lx: %ld\n", bad_calls[i].name,
                          pointers[k], c.result);
        }
    tap_ok(wrong == 0, "bad pointers that were not -EFAULT: %u", wrong);
}

/* Results may not be written to pages that the guest cannot write. */
static void test_read_only_results(void)
{
    static const uint64_t pages[] = {SCREE_HYPERCALL_PAGE, SCREE_INFO_PAGE,
                                     SCREE_CLOCK_PAGE};
    uint64_t text = (uintptr_t)guest_main & ~7ull;
    unsigned wrong = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t p = i < 3 ? pages[i] + 1024 : text;
        uint64_t before = *(volatile uint64_t *)p;
        struct call c[] = {
            {.nr = __HYPERVISOR_xen_version, .a = XENVER_extraversion, .b = p},
            {.nr = __HYPERVISOR_xen_version, .a = XENVER_capabilities, .b = p},
            {.nr = __HYPERVISOR_vcpu_op, .a = VCPUOP_get_runstate_info, .c = p},
        };

        for (unsigned k = 0; k < 3; k++)
            wrong += !call(&c[k]) || c[k].result != EFAULT;
        wrong += *(volatile uint64_t *)p != before;
    }
    tap_ok(wrong == 0, "results into read-only pages: %u wrong", wrong);
}

/* Indirect pointers: a good struct that names bad memory. */
static void test_inner_pointers(void)
{
    unsigned wrong = 0;

    for (unsigned k = 0; k < pointer_count; k++) {
        void *p = (void *)(uintptr_t)pointers[k];
        struct xen_memory_reservation r = {.nr_extents = 2,
                                           .domid = DOMID_SELF};
        struct sched_poll poll = {.nr_ports = 2, .timeout = 1};
        struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 1};
        struct multicall_entry m = {.op = __HYPERVISOR_console_io};

        set_xen_guest_handle(r.extent_start, p);
        set_xen_guest_handle(poll.ports, p);
        set_xen_guest_handle(s.frame_list, p);
        m.args[1] = 16;
        m.args[2] = pointers[k];
        keep_awake();
        wrong += HYPERVISOR_memory_op(XENMEM_populate_physmap, &r) != EFAULT;
        wrong +=
            HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != EFAULT;
        wrong += HYPERVISOR_sched_op(SCHEDOP_poll, &poll) != EFAULT;
        (void)HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
        wrong +=
            HYPERVISOR_multicall(&m, 1) != 0 || (int64_t)m.result != EFAULT;
    }
    tap_ok(wrong == 0, "pointers inside structs: %u wrong", wrong);
}

static void test_lengths(void)
{
    static const uint64_t counts[] = {0x7fffffff, 0x80000000, 0xffffffff,
                                      0x40000000, 1u << 20};
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct call c[] = {
            {.nr = __HYPERVISOR_multicall,
             .a = (uintptr_t)area,
             .b = counts[i]},
            {.nr = __HYPERVISOR_grant_table_op,
             .a = GNTTABOP_copy,
             .b = (uintptr_t)area,
             .c = counts[i]},
            {.nr = __HYPERVISOR_grant_table_op,
             .a = GNTTABOP_query_size,
             .b = (uintptr_t)area,
             .c = counts[i]},
        };

        for (unsigned k = 0; k < 3; k++)
            wrong += !call(&c[k]) || c[k].result >= 0;
    }
    tap_ok(wrong == 0, "absurd counts: %u were taken", wrong);
}

/* An unaligned pointer to good memory works. */
static void test_unaligned(void)
{
    char *good = (char *)area + 8192 + 1;

    tap_is(HYPERVISOR_xen_version(XENVER_extraversion, good), 0,
           "an unaligned pointer works");
    tap_ok(good[0] == '.' && good[1] == 's', "and gets the result");
}

int guest_main(void)
{
    tap_ok(make_hole(), "a hole in RAM");
    collect_pointers();
    test_unknown_numbers();
    test_huge_numbers();
    test_efault();
    test_read_only_results();
    test_inner_pointers();
    test_lengths();
    test_unaligned();
    test_sweep();
    return tap_done();
}
