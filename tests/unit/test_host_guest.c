/* SPDX-License-Identifier: MIT */
/*
 * machine/host: that the guests of the machine under all other tests obey
 * machine.h: tables, stale translations, vcpus and what interrupts them.
 */
#include "machine/host/host.h"
#include "scree/calls.h"
#include "world.h"

static const struct host_config defaults;

/* Frames for tables, from the machine's first ones. */
static mfn_t frame(unsigned i)
{
    return mfn(HOST_FIRST_MFN + i);
}

static void set(struct machine_space *s, uint64_t g, struct mapping m,
                unsigned *next)
{
    while (machine_space_set(s, gfn(g), m) == MACHINE_NEED_TABLE)
        machine_space_donate(s, frame((*next)++));
}

static unsigned reclaim_all(struct machine_space *s)
{
    unsigned n = 0;

    while (mfn_valid(machine_space_reclaim(s)))
        n++;
    return n;
}

/* --------------------------------------------------------------- tables */

static void leaves_are_kept(void)
{
    static const uint64_t at[] = {1, 511, 512, 262144, 0x3ffffffff};
    struct machine_space s;
    unsigned next = 0;

    host_start(&defaults);
    machine_space_init(&s);
    CU_ASSERT_FALSE(mfn_valid(s.root));
    for (uint8_t soft = 0; soft < 8; soft++) {
        for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
            struct mapping m = {mfn(at[i] + soft), MAP_READ | MAP_EXEC, soft};
            struct mapping got;

            set(&s, at[i], m, &next);
            got = machine_space_get(&s, gfn(at[i]));
            CU_ASSERT_EQUAL(got.frame.n, m.frame.n);
            CU_ASSERT_EQUAL(got.rights, m.rights);
            CU_ASSERT_EQUAL(got.soft, soft);
            m.rights = MAP_NONE;
            set(&s, at[i], m, &next);
            got = machine_space_get(&s, gfn(at[i]));
            CU_ASSERT_FALSE(mfn_valid(got.frame));
            CU_ASSERT_EQUAL(got.rights, MAP_NONE);
            CU_ASSERT_EQUAL(got.soft, soft);
        }
    }
    CU_ASSERT_EQUAL(s.table_count + s.spare_count, next);
    CU_ASSERT_EQUAL(reclaim_all(&s), next);
    CU_ASSERT_EQUAL(s.table_count, 0);
    host_stop();
}

static void bytes_are_given_by_right(void)
{
    static const uint64_t at[] = {5, 511, 512, 4095, 4096, 262144, 0x3ffffffff};
    static const uint64_t beyond[] = {0x400000000, UINT64_MAX >> 12,
                                      UINT64_MAX};
    struct machine_space s;
    unsigned next = 0;

    host_start(&defaults);
    machine_space_init(&s);
    for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
        gfn_t g = gfn(at[i]);
        struct mapping m = {frame(100 + i), MAP_READ, 1};

        CU_ASSERT_PTR_NULL(machine_space_bytes(&s, g, false));
        set(&s, g.n, m, &next);
        CU_ASSERT_PTR_EQUAL(machine_space_bytes(&s, g, false),
                            machine_frame(m.frame));
        CU_ASSERT_PTR_NULL(machine_space_bytes(&s, g, true));
        m.rights |= MAP_WRITE;
        set(&s, g.n, m, &next);
        CU_ASSERT_PTR_EQUAL(machine_space_bytes(&s, g, true),
                            machine_frame(m.frame));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(beyond); i++)
        CU_ASSERT_PTR_NULL(machine_space_bytes(&s, gfn(beyond[i]), false));
    CU_ASSERT_EQUAL(reclaim_all(&s), next);
    CU_ASSERT_PTR_NULL(machine_space_bytes(&s, gfn(5), false));
    host_stop();
}

static void tables_are_asked_for_before_anything_changes(void)
{
    struct machine_space s;
    struct mapping m = {mfn(300), MAP_READ, 1};
    const struct mapping nothing = {MFN_NONE, MAP_NONE, 0};

    host_start(&defaults);
    machine_space_init(&s);
    CU_ASSERT_EQUAL(machine_space_set(&s, gfn(9), nothing), 0);
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(machine_space_set(&s, gfn(9), m), MACHINE_NEED_TABLE);
        CU_ASSERT_FALSE(mfn_valid(machine_space_get(&s, gfn(9)).frame));
        CU_ASSERT_EQUAL(s.table_count, 0);
        machine_space_donate(&s, frame(i));
    }
    CU_ASSERT_EQUAL(machine_space_set(&s, gfn(9), m), 0);
    CU_ASSERT_EQUAL(s.table_count, 4);
    CU_ASSERT_EQUAL(machine_space_set(&s, gfn(510), m), 0);
    CU_ASSERT_EQUAL(machine_space_set(&s, gfn(512), m), MACHINE_NEED_TABLE);
    CU_ASSERT_EQUAL(reclaim_all(&s), 4);
    host_stop();
}

/* ------------------------------------------------- translations and TLB */

struct guest {
    struct machine_space s;
    struct machine_vcpu mv;
    unsigned next;
};

static void make_guest(struct guest *x, unsigned tables)
{
    machine_space_init(&x->s);
    x->next = tables;
    machine_vcpu_init(&x->mv, &x->s, gva(0x100000), gva(0x200000), 5);
    set(&x->s, 5, (struct mapping){frame(100), MAP_READ | MAP_WRITE, 0},
        &x->next);
}

static void start_of_day_registers(void)
{
    struct guest x;

    host_start(&defaults);
    make_guest(&x, 0);
    CU_ASSERT_EQUAL(x.mv.regs.rip, 0x100000);
    CU_ASSERT_EQUAL(x.mv.regs.rsp, 0x200000);
    CU_ASSERT_EQUAL(x.mv.regs.rdi, 5);
    CU_ASSERT_EQUAL(x.mv.regs.rax | x.mv.regs.rbx | x.mv.regs.r15, 0);
    host_stop();
}

static void stale_translations_stay_until_flushed(void)
{
    struct guest x;
    struct vcpu_exit fault;
    char c = 'a';

    host_start(&defaults);
    make_guest(&x, 0);
    CU_ASSERT_TRUE(host_store(&x.mv, gva(0x5000), &c, 1, &fault));
    set(&x.s, 5, (struct mapping){MFN_NONE, MAP_NONE, 0}, &x.next);
    CU_ASSERT_TRUE(host_load(&x.mv, gva(0x5000), &c, 1, &fault));
    machine_space_flush(&x.s, gfn(6), 1); /* another page */
    CU_ASSERT_TRUE(host_load(&x.mv, gva(0x5000), &c, 1, &fault));
    machine_space_flush(&x.s, gfn(5), 1);
    CU_ASSERT_FALSE(host_load(&x.mv, gva(0x5000), &c, 1, &fault));
    CU_ASSERT_EQUAL(fault.kind, EXIT_FAULT);
    CU_ASSERT_EQUAL(fault.vector, FAULT_PAGE);
    CU_ASSERT_EQUAL(fault.address, 0x5000);
    CU_ASSERT_EQUAL(fault.error_code, 4);
    CU_ASSERT_EQUAL(host_flushes(), 2);
    host_stop();
}

static void another_space_and_leaving_flush_too(void)
{
    struct guest x, y;
    struct vcpu_exit fault;
    char c;

    host_start(&defaults);
    make_guest(&x, 0);
    make_guest(&y, 10);
    for (unsigned way = 0; way < 3; way++) {
        set(&x.s, 5, (struct mapping){frame(100), MAP_READ, 0}, &x.next);
        CU_ASSERT_TRUE(host_load(&x.mv, gva(0x5000), &c, 1, &fault));
        set(&x.s, 5, (struct mapping){MFN_NONE, MAP_NONE, 0}, &x.next);
        if (way == 0)
            machine_run(&y.mv);
        else if (way == 1)
            machine_vcpu_leave(&x.mv);
        else
            machine_space_flush(&x.s, gfn(0), 0);
        CU_ASSERT_FALSE(host_load(&x.mv, gva(0x5000), &c, 1, &fault));
    }
    host_stop();
}

static void rights_are_enforced(void)
{
    struct guest x;
    struct vcpu_exit fault;
    char c[4];

    host_start(&defaults);
    make_guest(&x, 0);
    set(&x.s, 6, (struct mapping){frame(101), MAP_READ, 0}, &x.next);
    CU_ASSERT_TRUE(host_load(&x.mv, gva(0x5ffe), c, 4, &fault));
    CU_ASSERT_FALSE(host_store(&x.mv, gva(0x5ffe), c, 4, &fault));
    CU_ASSERT_EQUAL(fault.address, 0x6000);
    CU_ASSERT_EQUAL(fault.error_code,
                    4 | FAULT_PAGE_PRESENT | FAULT_PAGE_WRITE);
    CU_ASSERT_FALSE(host_fetch(&x.mv, gva(0x6000), &fault));
    CU_ASSERT_FALSE(host_load(&x.mv, gva(SCREE_GUEST_END), c, 1, &fault));
    /* rights that grew need no flush */
    set(&x.s, 6, (struct mapping){frame(101), MAP_READ | MAP_WRITE, 0},
        &x.next);
    CU_ASSERT_TRUE(host_store(&x.mv, gva(0x6000), c, 4, &fault));
    host_stop();
}

/* ----------------------------------------------------------------- vcpus */

/* Hypercalls need a whole vcpu: the machine tries hypercall_fast() first. */
static void queued_exits_come_in_order(void)
{
    static const uint64_t arguments[5] = {77, 2, 3, 4, 5};
    struct world w;
    struct machine_vcpu *mv;
    struct vcpu_exit e;

    world_start(&w, NULL);
    mv = &world_domain(&w, 4)->vcpu.m;
    host_vcpu_hypercall(mv, __HYPERVISOR_sched_op, arguments);
    host_vcpu_fault(mv, 13, 8, 0);
    CU_ASSERT_EQUAL(host_vcpu_waiting(mv), 2);
    e = machine_run(mv);
    CU_ASSERT_EQUAL(e.kind, EXIT_HYPERCALL);
    CU_ASSERT_EQUAL(mv->regs.rax, __HYPERVISOR_sched_op);
    CU_ASSERT_EQUAL(mv->regs.rdi, 77);
    CU_ASSERT_EQUAL(mv->regs.rsi, 2);
    CU_ASSERT_EQUAL(mv->regs.rdx, 3);
    CU_ASSERT_EQUAL(mv->regs.r10, 4);
    CU_ASSERT_EQUAL(mv->regs.r8, 5);
    e = machine_run(mv);
    CU_ASSERT_EQUAL(e.kind, EXIT_FAULT);
    CU_ASSERT_EQUAL(e.vector, 13);
    CU_ASSERT_EQUAL(e.error_code, 8);
    CU_ASSERT_EQUAL(machine_run(mv).kind, EXIT_INTERRUPT);
    CU_ASSERT_EQUAL(host_fast_calls(mv), 0);
    machine_vcpu_leave(mv);
    world_stop(&w);
}

static void fast_hypercalls_do_not_exit(void)
{
    static const uint64_t arguments[5] = {0};
    struct world w;
    struct machine_vcpu *mv;

    world_start(&w, NULL);
    mv = &world_domain(&w, 4)->vcpu.m;
    host_vcpu_hypercall(mv, __HYPERVISOR_scree_time, arguments);
    host_vcpu_hypercall(mv, 63, arguments);
    host_vcpu_fault(mv, 13, 8, 0);
    CU_ASSERT_EQUAL(machine_run(mv).kind, EXIT_FAULT);
    CU_ASSERT_EQUAL(host_fast_calls(mv), 2);
    CU_ASSERT_EQUAL(mv->regs.rax, (uint64_t)-XEN_ENOSYS);
    machine_vcpu_leave(mv);
    world_stop(&w);
}

static struct vcpu_exit counting_guest(struct machine_vcpu *mv, void *argument)
{
    ++*(unsigned *)argument;
    mv->regs.rbx = 77;
    return (struct vcpu_exit){.kind = EXIT_FAULT, .vector = 3};
}

static void callback_guests_run(void)
{
    struct guest x;
    unsigned n = 0;

    host_start(&defaults);
    make_guest(&x, 0);
    host_vcpu_guest(&x.mv, counting_guest, &n);
    CU_ASSERT_EQUAL(machine_run(&x.mv).vector, 3);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(x.mv.regs.rbx, 77);
    machine_kick(0);
    CU_ASSERT_EQUAL(machine_run(&x.mv).kind, EXIT_INTERRUPT);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(machine_run(&x.mv).kind, EXIT_FAULT);
    host_stop();
}

static void bases_and_debug_registers_are_checked(void)
{
    struct guest x;
    uint64_t v = 0;

    host_start(&defaults);
    make_guest(&x, 0);
    CU_ASSERT_EQUAL(machine_set_segment_base(&x.mv, SEGMENT_FS, gva(0x1234)),
                    0);
    CU_ASSERT_EQUAL(host_segment_base(&x.mv, SEGMENT_FS), 0x1234);
    CU_ASSERT_EQUAL(
        machine_set_segment_base(&x.mv, SEGMENT_GS, gva(SCREE_GUEST_END)),
        -XEN_EINVAL);
    for (unsigned reg = 0; reg < 10; reg++) {
        bool is = reg < 4 || reg == 6 || reg == 7;

        CU_ASSERT_EQUAL(machine_set_debugreg(&x.mv, reg, reg + 1),
                        is ? 0 : -XEN_EINVAL);
        CU_ASSERT_EQUAL(machine_get_debugreg(&x.mv, reg, &v),
                        is ? 0 : -XEN_EINVAL);
        if (is)
            CU_ASSERT_EQUAL(v, reg + 1);
    }
    CU_ASSERT_EQUAL(machine_set_debugreg(&x.mv, 0, 0xffff800000000000),
                    -XEN_EINVAL);
    host_stop();
}

static void deadline_interrupts_once(void)
{
    struct guest x;
    unsigned n = 0;

    host_start(&defaults);
    make_guest(&x, 0);
    host_vcpu_guest(&x.mv, counting_guest, &n);
    machine_deadline(50);
    CU_ASSERT_EQUAL(host_deadline_of(0), 50);
    CU_ASSERT_EQUAL(machine_run(&x.mv).kind, EXIT_FAULT);
    host_clock_set(50);
    CU_ASSERT_EQUAL(machine_run(&x.mv).kind, EXIT_INTERRUPT);
    CU_ASSERT_EQUAL(host_deadline_of(0), UINT64_MAX);
    CU_ASSERT_EQUAL(machine_run(&x.mv).kind, EXIT_FAULT);
    host_stop();
}
void suite_host_guest(void)
{
    static const struct unit_test tests[] = {
        {"leaves are kept", leaves_are_kept},
        {"bytes are given by right", bytes_are_given_by_right},
        {"tables are asked for before anything changes",
         tables_are_asked_for_before_anything_changes},
        {"start-of-day registers", start_of_day_registers},
        {"stale translations stay until flushed",
         stale_translations_stay_until_flushed},
        {"another space and leaving flush too",
         another_space_and_leaving_flush_too},
        {"rights are enforced", rights_are_enforced},
        {"queued exits come in order", queued_exits_come_in_order},
        {"fast hypercalls do not exit", fast_hypercalls_do_not_exit},
        {"callback guests run", callback_guests_run},
        {"deadline interrupts once", deadline_interrupts_once},
        {"bases and debug registers are checked",
         bases_and_debug_registers_are_checked},
    };

    UNIT_SUITE("host_guest", tests);
}
