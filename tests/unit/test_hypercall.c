/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls of system/hc_*.c as a guest makes them: results, errors, bad
 * pointers, and that a failed call changes nothing.
 */
#include <string.h>

#include "core/guestmem.h"
#include "guest.h"
#include "system/hypercall.h"

/* ---------------------------------------------------------- all of them */

static void unknown_numbers_are_enosys(void)
{
    struct guest_world x;
    int64_t fast;

    guest_world_start(&x);
    for (uint64_t nr = 0; nr < 80; nr++) {
        if (hypercall_known(nr))
            continue;
        CU_ASSERT_EQUAL(guest_call(x.d, nr, 1, 2, 3), -XEN_ENOSYS);
        CU_ASSERT(guest_fast(x.d, nr, 1, 2, &fast));
        CU_ASSERT_EQUAL(fast, -XEN_ENOSYS);
    }
    CU_ASSERT_EQUAL(guest_call(x.d, 1ull << 40, 0, 0, 0), -XEN_ENOSYS);
    CU_ASSERT_EQUAL(guest_call(x.d, UINT64_MAX, 0, 0, 0), -XEN_ENOSYS);
    world_stop(&x.w);
}

/* Every call and command with every kind of bad pointer: an error, no crash,
 * nothing drawn. */
static void bad_pointers_are_refused(void)
{
    static const uint64_t places[] = {BAD,
                                      0x100,
                                      SCREE_INFO_PAGE + 4090,
                                      SCREE_GUEST_END - 4,
                                      UINT64_MAX,
                                      UINT64_MAX - 4095,
                                      0x800000000000ull};
    struct guest_world x;
    uint64_t before;

    guest_world_start(&x);
    before = frames_available(x.w.frames);
    for (uint64_t nr = 0; nr < SCREE_HYPERCALLS; nr++) {
        if (nr == __HYPERVISOR_scree_idle || nr == __HYPERVISOR_scree_vio)
            continue;
        for (uint64_t cmd = 0; cmd < 24; cmd++) {
            for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
                if (nr == __HYPERVISOR_sched_op &&
                    (cmd == SCHEDOP_block || cmd == SCHEDOP_shutdown))
                    continue; /* do not come back */
                (void)guest_call(x.d, nr, cmd, places[i], places[i]);
                (void)guest_call(x.d, nr, places[i], cmd + 1, cmd);
            }
        }
    }
    CU_ASSERT_EQUAL(domain_state(x.d), DOMAIN_RUNNING);
    CU_ASSERT_EQUAL(frames_available(x.w.frames), before);
    world_stop(&x.w);
}

/* ------------------------------------------------------------- version */

static void version_tells_what_this_is(void)
{
    struct guest_world x;
    char text[1024];
    struct xen_feature_info f = {.submap_idx = 0, .submap = 77};
    int64_t fast = 0;

    guest_world_start(&x);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_xen_version, XENVER_version, 0, 0),
        0x40011);
    CU_ASSERT(
        guest_fast(x.d, __HYPERVISOR_xen_version, XENVER_version, 0, &fast));
    CU_ASSERT_EQUAL(fast, 0x40011);
    CU_ASSERT_FALSE(
        guest_fast(x.d, __HYPERVISOR_xen_version, XENVER_pagesize, 0, &fast));
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_xen_version, XENVER_pagesize, 0, 0), 4096);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_xen_version, XENVER_extraversion, HERE, 0),
        0);
    guest_get(x.d, HERE, text, 16);
    CU_ASSERT_STRING_EQUAL(text, ".scree");
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_xen_version, XENVER_capabilities, HERE, 0),
        0);
    guest_get(x.d, HERE, text, sizeof(text));
    CU_ASSERT_STRING_EQUAL(text, "scree-1.0-flat");
    CU_ASSERT_EQUAL(text[1023], 0);
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_xen_version, XENVER_get_features, &f), 0);
    CU_ASSERT_EQUAL(f.submap, 0);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_xen_version, 99, HERE, 0),
                    -XEN_ENOSYS);
    world_stop(&x.w);
}

/* ----------------------------------------------------------- multicall */

static int64_t multicall(struct guest_world *x, struct multicall_entry *e,
                         unsigned n)
{
    int64_t result;

    guest_put(x->d, HERE, e, n * sizeof(*e));
    result = guest_call(x->d, __HYPERVISOR_multicall, HERE, n, 0);
    guest_get(x->d, HERE, e, n * sizeof(*e));
    return result;
}

static void multicall_runs_in_order(void)
{
    struct guest_world x;
    struct multicall_entry e[] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}},
        {.op = __HYPERVISOR_set_timer_op, .args = {0}},
        {.op = 63},
        {.op = __HYPERVISOR_multicall},
        {.op = __HYPERVISOR_scree_idle},
        {.op = __HYPERVISOR_sched_op, .args = {SCHEDOP_yield}},
        {.op = __HYPERVISOR_sched_op, .args = {SCHEDOP_block}},
        {.op = __HYPERVISOR_sched_op, .args = {SCHEDOP_poll}},
        {.op = __HYPERVISOR_sched_op, .args = {SCHEDOP_shutdown}},
        {.op = __HYPERVISOR_sched_op, .args = {77}},
    };
    static const int64_t expected[] = {
        0x40011,     0,           -XEN_ENOSYS, -XEN_EINVAL, -XEN_EINVAL,
        -XEN_EINVAL, -XEN_EINVAL, -XEN_EINVAL, -XEN_EINVAL, -XEN_ENOSYS};

    guest_world_start(&x);
    CU_ASSERT_EQUAL(multicall(&x, e, ARRAY_SIZE(e)), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(e); i++)
        CU_ASSERT_EQUAL((int64_t)e[i].result, expected[i]);
    world_stop(&x.w);
}

static void long_multicall_gives_way(void)
{
    static struct multicall_entry e[1024];
    struct guest_world x;
    struct machine_regs *r;
    unsigned turns = 0;

    guest_world_start(&x);
    for (unsigned i = 0; i < 1024; i++)
        e[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version};
    guest_put(x.d, HERE, e, sizeof(e));
    guest_run(x.d);
    r = &x.d->vcpu.m.regs;
    r->rax = __HYPERVISOR_multicall;
    r->rdi = HERE;
    r->rsi = 1024;
    do {
        hypercall_dispatch(&x.d->vcpu);
        turns++;
    } while (x.d->vcpu.again[0].nr != CONTINUATION_NONE);
    CU_ASSERT_EQUAL(turns, 64);
    CU_ASSERT_EQUAL(r->rax, 0);
    guest_get(x.d, HERE, e, sizeof(e));
    CU_ASSERT_EQUAL(e[1023].result, 0x40011);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_multicall, HERE, 1025, 0),
                    -XEN_E2BIG);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_multicall, BAD, 1, 0),
                    -XEN_EFAULT);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_multicall, BAD, 0, 0), 0);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_multicall, SCREE_INFO_PAGE, 1, 0),
        -XEN_EFAULT);
    world_stop(&x.w);
}

/* A call inside that gives way itself. */
static void multicall_of_long_calls(void)
{
    struct guest_world x;
    struct multicall_entry e = {
        .op = __HYPERVISOR_console_io,
        .args = {CONSOLEIO_write, 20000, SCREE_IMAGE_BASE}};

    guest_world_start(&x);
    CU_ASSERT_EQUAL(multicall(&x, &e, 1), 0);
    CU_ASSERT_EQUAL(e.result, 0);
    world_stop(&x.w);
}

/* -------------------------------------------------------------- memory */

static int64_t reserve(struct guest_world *x, unsigned cmd, uint64_t first,
                       unsigned n)
{
    struct xen_memory_reservation r = {.nr_extents = n, .domid = DOMID_SELF};
    uint64_t list[64];

    for (unsigned i = 0; i < n; i++)
        list[i] = first + i;
    guest_put(x->d, HERE + 256, list, n * sizeof(list[0]));
    set_xen_guest_handle(r.extent_start, (void *)(uintptr_t)(HERE + 256));
    return GUEST_OP(x->d, __HYPERVISOR_memory_op, cmd, &r);
}

static int64_t pages_of(struct guest_world *x, unsigned cmd)
{
    domid_t self = DOMID_SELF;

    return GUEST_OP(x->d, __HYPERVISOR_memory_op, cmd, &self);
}

static void memory_goes_and_comes(void)
{
    struct guest_world x;
    uint64_t before, page = (SCREE_IMAGE_BASE >> 12) + 8;

    guest_world_start(&x);
    before = frames_available(x.w.frames);
    CU_ASSERT_EQUAL(pages_of(&x, XENMEM_maximum_reservation), GUEST_PAGES);
    guest_put(x.d, page << 12, "text", 5);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_decrease_reservation, page, 10), 10);
    CU_ASSERT_EQUAL(pages_of(&x, XENMEM_current_reservation), GUEST_PAGES - 10);
    CU_ASSERT_EQUAL(frames_available(x.w.frames), before + 10);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_decrease_reservation, page, 1), 0);
    lock_take(&x.d->lock);
    CU_ASSERT_EQUAL(guestmem_writable(x.d, gva(page << 12), 1), -XEN_EFAULT);
    lock_release(&x.d->lock);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_populate_physmap, page, 10), 10);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_populate_physmap, page, 1), 0);
    CU_ASSERT_EQUAL(frames_available(x.w.frames), before);
    CU_ASSERT_EQUAL(pages_of(&x, XENMEM_current_reservation), GUEST_PAGES);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_decrease_reservation, 2, 1), 0);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_decrease_reservation, 1ull << 60, 1), 0);
    world_stop(&x.w);
}

static void memory_may_be_gone(void)
{
    struct guest_world x;
    struct quota all = {0, 0};
    uint64_t page = (SCREE_IMAGE_BASE >> 12) + 8;

    guest_world_start(&x);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_decrease_reservation, page, 3), 3);
    CU_ASSERT_EQUAL(
        frame_promise(x.w.frames, &all, frames_available(x.w.frames) - 2), 0);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_populate_physmap, page, 3), 2);
    frame_unpromise(x.w.frames, &all, all.promised);
    CU_ASSERT_EQUAL(reserve(&x, XENMEM_populate_physmap, page + 2, 1), 1);
    world_stop(&x.w);
}

static void memory_arguments_are_checked(void)
{
    struct guest_world x;
    struct xen_memory_reservation r = {
        .nr_extents = 1, .extent_order = 1, .domid = DOMID_SELF};
    domid_t other = 9;

    guest_world_start(&x);
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r),
        -XEN_EINVAL);
    r.extent_order = 0;
    r.domid = 9;
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r),
        -XEN_EPERM);
    r.domid = DOMID_SELF;
    set_xen_guest_handle(r.extent_start, (void *)(uintptr_t)BAD);
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r),
        -XEN_EFAULT);
    CU_ASSERT_EQUAL(GUEST_OP(x.d, __HYPERVISOR_memory_op,
                             XENMEM_current_reservation, &other),
                    -XEN_EPERM);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_memory_op, 77, HERE, 0),
                    -XEN_ENOSYS);
    world_stop(&x.w);
}

/* --------------------------------------------------------------- traps */

static void handlers_are_set_together(void)
{
    struct guest_world x;
    struct trap_info t[] = {
        {.vector = 14, .flags = 4, .address = 0x100100},
        {.vector = 6, .address = 0x100200},
        {.address = 0},
        {.address = 0},
    };

    guest_world_start(&x);
    guest_put(x.d, HERE, t, sizeof(t));
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_trap_table, HERE, 0, 0),
                    0);
    CU_ASSERT_EQUAL(x.d->vcpu.trap_handlers[14], 0x100100);
    CU_ASSERT_EQUAL(x.d->vcpu.trap_flags[14], 4);
    t[0].address = 0x100300;
    t[1].vector = 32;
    guest_put(x.d, HERE, t, sizeof(t));
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_trap_table, HERE, 0, 0),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(x.d->vcpu.trap_handlers[14], 0x100100);
    t[1] = (struct trap_info){.vector = 6, .address = 1ull << 32};
    guest_put(x.d, HERE, t, sizeof(t));
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_trap_table, HERE, 0, 0),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_trap_table, BAD, 0, 0),
                    -XEN_EFAULT);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_trap_table, 0, 0, 0), 0);
    CU_ASSERT_EQUAL(x.d->vcpu.trap_handlers[14], 0);
    world_stop(&x.w);
}

static void trap_table_has_an_end(void)
{
    static struct trap_info t[300];
    struct guest_world x;

    guest_world_start(&x);
    for (unsigned i = 0; i < 300; i++)
        t[i] = (struct trap_info){.vector = 6, .address = 0x100000};
    guest_put(x.d, HERE, t, sizeof(t));
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_trap_table, HERE, 0, 0),
                    -XEN_E2BIG);
    CU_ASSERT_EQUAL(x.d->vcpu.trap_handlers[6], 0);
    world_stop(&x.w);
}

static void stacks_are_checked(void)
{
    struct guest_world x;

    guest_world_start(&x);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_stack_switch, 4096, HERE, 0),
                    0);
    CU_ASSERT_EQUAL(x.d->vcpu.fault_stack_top.a, HERE);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_stack_switch, 100, HERE, 0),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_stack_switch, 4096, HERE + 8, 0),
        -XEN_EINVAL);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_stack_switch, 8192, 4096, 0),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_stack_switch, 4096, BAD, 0),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(x.d->vcpu.fault_stack_size, 4096);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_stack_switch, 0, BAD, 0), 0);
    CU_ASSERT_EQUAL(x.d->vcpu.fault_stack_size, 0);
    world_stop(&x.w);
}

static void callbacks_are_checked(void)
{
    struct guest_world x;
    struct callback_register r = {.type = CALLBACKTYPE_event,
                                  .address = 0x100100};
    struct callback_unregister u = {.type = CALLBACKTYPE_event};

    guest_world_start(&x);
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_callback_op, CALLBACKOP_register, &r), 0);
    CU_ASSERT_EQUAL(x.d->vcpu.event_handler.a, 0x100100);
    r.address = SCREE_GUEST_END;
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_callback_op, CALLBACKOP_register, &r),
        -XEN_EINVAL);
    r.type = CALLBACKTYPE_nmi;
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_callback_op, CALLBACKOP_register, &r),
        -XEN_ENOSYS);
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_callback_op, CALLBACKOP_unregister, &u), 0);
    CU_ASSERT_EQUAL(x.d->vcpu.event_handler.a, 0);
    u.type = CALLBACKTYPE_nmi;
    CU_ASSERT_EQUAL(
        GUEST_OP(x.d, __HYPERVISOR_callback_op, CALLBACKOP_unregister, &u),
        -XEN_ENOSYS);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_callback_op, 9, HERE, 0),
                    -XEN_ENOSYS);
    world_stop(&x.w);
}

/* ----------------------------------------------------------- processor */

static void processor_state(void)
{
    struct guest_world x;
    struct vcpu_register_vcpu_info v = {.mfn = 4};
    struct vcpu_runstate_info s;

    guest_world_start(&x);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_set_segment_base, SEGBASE_FS, 0x100000, 0),
        0);
    CU_ASSERT_EQUAL(host_segment_base(&x.d->vcpu.m, SEGMENT_FS), 0x100000);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_set_segment_base, SEGBASE_GS_USER, 1, 0),
        0);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, 1, 0),
        -XEN_EINVAL);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_set_segment_base, SEGBASE_FS, BAD, 0),
        -XEN_EINVAL);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_debugreg, 0, 0x100000, 0),
                    0);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_get_debugreg, 0, 0, 0),
                    0x100000);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_set_debugreg, 0, BAD, 0),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_get_debugreg, 4, 0, 0),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_vcpu_op, VCPUOP_is_up, 0, 0),
                    1);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_vcpu_op, VCPUOP_is_up, 1, 0),
                    -XEN_ENOENT);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_vcpu_op, VCPUOP_down, 0, 0),
                    -XEN_ENOSYS);
    guest_put(x.d, HERE, &v, sizeof(v));
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_vcpu_op,
                               VCPUOP_register_vcpu_info, 0, HERE),
                    0);
    v.mfn = HERE >> 12;
    guest_put(x.d, HERE, &v, sizeof(v));
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_vcpu_op,
                               VCPUOP_register_vcpu_info, 0, HERE),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_vcpu_op,
                               VCPUOP_get_runstate_info, 0, HERE),
                    0);
    guest_get(x.d, HERE, &s, sizeof(s));
    CU_ASSERT_EQUAL(s.state, RUNSTATE_running);
    world_stop(&x.w);
}

static __attribute__((noinline)) void dirty_stack(void)
{
    char bytes[4096];

    memset(bytes, 0xa5, sizeof(bytes));
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

/* Bytes between a struct's fields are not the hypervisor's stack. */
static void runstate_shows_nothing_else(void)
{
    struct hypercall h = {.a = {VCPUOP_get_runstate_info, 0, HERE}};
    struct guest_world x;
    uint32_t words[2];

    guest_world_start(&x);
    h.again = &x.d->vcpu.again[0];
    guest_run(x.d);
    dirty_stack();
    CU_ASSERT_EQUAL(hc_vcpu_op(&x.d->vcpu, &h), 0);
    guest_get(x.d, HERE, words, sizeof(words));
    CU_ASSERT_EQUAL(words[1], 0);
    world_stop(&x.w);
}

/* ------------------------------------------------------------ console, vio */

static void vio_is_reached(void)
{
    struct guest_world x;
    int64_t fast;

    guest_world_start(&x);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_scree_vio, 99, 0, 0),
                    -XEN_EINVAL);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_scree_vio, SCREE_VIO_KICK,
                               SCREE_VIO_NET, 0),
                    -XEN_ENODEV);
    CU_ASSERT_FALSE(
        guest_fast(x.d, __HYPERVISOR_scree_vio, SCREE_VIO_OPEN, 0, &fast));
    CU_ASSERT_FALSE(guest_fast(x.d, __HYPERVISOR_sched_op, 99, 0, &fast));
    CU_ASSERT(guest_fast(x.d, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, &fast));
    CU_ASSERT_FALSE(x.d->vcpu.completed);
    world_stop(&x.w);
}

static void console_takes_and_gives(void)
{
    struct guest_world x;

    guest_world_start(&x);
    guest_put(x.d, HERE, "words\n", 6);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_console_io, CONSOLEIO_write, 6, HERE), 0);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_console_io, CONSOLEIO_write, 0, BAD), 0);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_console_io, CONSOLEIO_write, 9000, BAD),
        -XEN_EFAULT);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_console_io, CONSOLEIO_read, 16, HERE), 0);
    CU_ASSERT_EQUAL(
        guest_call(x.d, __HYPERVISOR_console_io, CONSOLEIO_read, 16, BAD),
        -XEN_EFAULT);
    CU_ASSERT_EQUAL(guest_call(x.d, __HYPERVISOR_console_io, 9, 16, HERE),
                    -XEN_ENOSYS);
    world_stop(&x.w);
}

void suite_hypercall(void)
{
    static const struct unit_test tests[] = {
        {"runstate shows nothing else", runstate_shows_nothing_else},
        {"unknown numbers are -ENOSYS", unknown_numbers_are_enosys},
        {"bad pointers are refused", bad_pointers_are_refused},
        {"version tells what this is", version_tells_what_this_is},
        {"multicall runs in order", multicall_runs_in_order},
        {"a long multicall gives way", long_multicall_gives_way},
        {"multicall of long calls", multicall_of_long_calls},
        {"memory goes and comes", memory_goes_and_comes},
        {"memory may be gone", memory_may_be_gone},
        {"memory arguments are checked", memory_arguments_are_checked},
        {"handlers are set together", handlers_are_set_together},
        {"a trap table has an end", trap_table_has_an_end},
        {"stacks are checked", stacks_are_checked},
        {"callbacks are checked", callbacks_are_checked},
        {"processor state", processor_state},
        {"vio is reached", vio_is_reached},
        {"console takes and gives", console_takes_and_gives},
    };

    UNIT_SUITE("hypercall", tests);
}
