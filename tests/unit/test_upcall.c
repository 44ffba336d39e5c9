/* SPDX-License-Identifier: MIT */
/*
 * core/upcall: frames of events and faults, on which stack, with which flags,
 * and what happens when they do not fit.
 */
#include <string.h>

#include "core/upcall.h"
#include "guest.h"

#define STACK   (HERE + 0x1800)
#define HANDLER (SCREE_IMAGE_BASE + 0x100ull)
#define FLAGS   0x54702u /* RF AC NT DF TF and IF */

struct fixture {
    struct world w;
    struct domain *d;
    struct vcpu *v;
};

static void start(struct fixture *x)
{
    world_start(&x->w, NULL);
    x->d = guest_make(&x->w);
    x->v = &x->d->vcpu;
    guest_run(x->d);
    x->v->m.regs.rip = 0x1234;
    x->v->m.regs.rsp = STACK;
    x->v->m.regs.rflags = FLAGS;
    x->v->event_handler = gva(HANDLER);
    x->v->info->evtchn_upcall_mask = 0;
}

static void check_frame(struct fixture *x, uint64_t at, uint64_t error,
                        uint64_t cr2)
{
    struct scree_frame f;

    guest_get(x->d, at, &f, sizeof(f));
    CU_ASSERT_EQUAL(f.rip, 0x1234);
    CU_ASSERT_EQUAL(f.rsp, STACK);
    CU_ASSERT_EQUAL(f.rflags, FLAGS);
    CU_ASSERT_EQUAL(f.error, error);
    CU_ASSERT_EQUAL(f.cr2, cr2);
    CU_ASSERT_EQUAL(x->v->m.regs.rsp, at);
    CU_ASSERT_EQUAL(x->v->m.regs.rip, HANDLER);
    CU_ASSERT_EQUAL(x->v->m.regs.rflags, 0x202);
}

static void event_frame_is_below_the_red_zone(void)
{
    struct fixture x;

    start(&x);
    CU_ASSERT_EQUAL(upcall_event(x.v), 0); /* nothing pending */
    CU_ASSERT_EQUAL(x.v->m.regs.rip, 0x1234);
    event_raise(x.d, 20);
    CU_ASSERT_EQUAL(upcall_event(x.v), 0);
    check_frame(&x, STACK - 128 - 40, (uint64_t)SCREE_VECTOR_EVENT << 32, 0);
    CU_ASSERT_EQUAL(x.v->info->evtchn_upcall_mask, 1);
    CU_ASSERT_EQUAL(upcall_event(x.v), 0); /* masked now */
    CU_ASSERT_EQUAL(x.v->m.regs.rsp, STACK - 168);
    world_stop(&x.w);
}

static void no_handler_no_upcall(void)
{
    struct fixture x;

    start(&x);
    x.v->event_handler = gva(0);
    event_raise(x.d, 20);
    CU_ASSERT_EQUAL(upcall_event(x.v), 0);
    CU_ASSERT_EQUAL(x.v->m.regs.rip, 0x1234);
    CU_ASSERT_EQUAL(x.v->info->evtchn_upcall_mask, 0);
    world_stop(&x.w);
}

static void frame_that_does_not_fit(void)
{
    static const uint64_t stacks[] = {0,   100,  168,        0x3100,
                                      BAD, 4096, UINT64_MAX, SCREE_GUEST_END};
    struct fixture x;

    start(&x);
    event_raise(x.d, 20);
    for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++) {
        x.v->m.regs.rsp = stacks[i];
        CU_ASSERT_EQUAL(upcall_event(x.v), -XEN_EFAULT);
        CU_ASSERT_EQUAL(x.v->m.regs.rip, 0x1234);
        CU_ASSERT_EQUAL(x.v->info->evtchn_upcall_mask, 0);
    }
    world_stop(&x.w);
}

static void faults_use_their_stack_and_nest(void)
{
    const struct vcpu_exit why = {
        .kind = EXIT_FAULT, .vector = 14, .error_code = 6, .address = 0x77};
    struct fixture x;
    uint64_t error = 14ull << 32 | 6;

    start(&x);
    CU_ASSERT_EQUAL(upcall_fault(x.v, &why), -XEN_ENOENT);
    x.v->trap_handlers[14] = HANDLER;
    x.v->fault_stack_size = 4096;
    x.v->fault_stack_top = gva(HERE + 0x1000);
    CU_ASSERT_EQUAL(upcall_fault(x.v, &why), 0);
    check_frame(&x, HERE + 0x1000 - 40, error, 0x77);
    CU_ASSERT_EQUAL(x.v->info->evtchn_upcall_mask, 0);
    CU_ASSERT_EQUAL(upcall_fault(x.v, &why), 0); /* inside: below itself */
    CU_ASSERT_EQUAL(x.v->m.regs.rsp, HERE + 0x1000 - 40 - 128 - 40);
    world_stop(&x.w);
}

static void fault_without_a_stack_of_its_own(void)
{
    const struct vcpu_exit why = {.kind = EXIT_FAULT, .vector = 6};
    const struct vcpu_exit odd = {.kind = EXIT_FAULT, .vector = 77};
    struct fixture x;

    start(&x);
    x.v->trap_handlers[6] = HANDLER;
    x.v->trap_flags[6] = SCREE_TRAP_MASK_EVENTS;
    CU_ASSERT_EQUAL(upcall_fault(x.v, &odd), -XEN_ENOENT);
    CU_ASSERT_EQUAL(upcall_fault(x.v, &why), 0);
    check_frame(&x, STACK - 168, 6ull << 32, 0);
    CU_ASSERT_EQUAL(x.v->info->evtchn_upcall_mask, 1);
    x.v->m.regs.rsp = BAD;
    CU_ASSERT_EQUAL(upcall_fault(x.v, &why), -XEN_EFAULT);
    world_stop(&x.w);
}

void suite_upcall(void)
{
    static const struct unit_test tests[] = {
        {"an event's frame is below the red zone",
         event_frame_is_below_the_red_zone},
        {"no handler, no upcall", no_handler_no_upcall},
        {"a frame that does not fit", frame_that_does_not_fit},
        {"faults use their stack and nest", faults_use_their_stack_and_nest},
        {"a fault without a stack of its own",
         fault_without_a_stack_of_its_own},
    };

    UNIT_SUITE("upcall", tests);
}
