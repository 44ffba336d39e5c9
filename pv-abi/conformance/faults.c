/* SPDX-License-Identifier: MIT */
/*
 * Conformance: faults (chapter 10), debug registers, and the return stubs with
 * frames that the guest made (chapter 11).
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 65536);

#define STACK 8192

static char stack[STACK] __attribute__((aligned(4096)));
static uint64_t data[2];
static struct rt_regs copy;
static uint64_t copy_at;
static uint8_t mask_seen;
static unsigned steps;

extern char ud_here[], bp_after[], step_here[];
void do_ud(void *unused);
void do_bp(void *unused);
void do_steps(void *unused);

__asm__(".text\n"
        "do_ud: mov $0x1234, %eax\n mov $0xb0, %ecx\n"
        "stc\n std\n"
        "ud_here: ud2\n cld\n ret\n"
        "do_bp: int3\n"
        "bp_after: ret\n"
        "do_steps: nop\n"
        "step_here: nop\n nop\n ret\n");

static struct trap_info entry_of(uint8_t vector, uint8_t flags, void *handler)
{
    struct trap_info t = {
        .vector = vector,
        .flags = flags,
        .address = (unsigned long)handler,
    };

    return t;
}

static int64_t set_one(uint8_t vector, uint8_t flags, void *handler)
{
    struct trap_info table[2] = {entry_of(vector, flags, handler), {0}};

    return HYPERVISOR_set_trap_table(table);
}

static bool skip_ud(struct rt_regs *regs)
{
    copy = *regs;
    copy_at = (uint64_t)&regs->frame;
    mask_seen = rt_vcpu()->evtchn_upcall_mask;
    regs->frame.rip += 2;
    return true;
}

static void tables(void)
{
    static struct trap_info many[300];

    tap_is(set_one(32, 0, rt_fault_entry), -XEN_EINVAL, "ABI-FLT-01 vector 32");
    tap_is(set_one(6, 0, (void *)0x400000000000), -XEN_EINVAL,
           "ABI-FLT-01 not an address of a guest");
    for (unsigned i = 0; i < 300; i++)
        many[i] = entry_of(3, 0, rt_fault_entry);
    tap_is(HYPERVISOR_set_trap_table(many), -XEN_E2BIG,
           "ABI-FLT-01 a table without end");
    tap_is(HYPERVISOR_set_trap_table((void *)0x7000), -XEN_EFAULT,
           "ABI-FLT-01 bad pointer");
    tap_is(set_one(3, 0, rt_fault_entry), 0, "ABI-FLT-01 one vector");
    tap_is(rt_try(do_ud, NULL), 6, "ABI-FLT-01 the others keep theirs");
    tap_is(HYPERVISOR_set_trap_table(NULL), 0, "ABI-FLT-01 none at all");
    rt_traps_on(true);
}

static void stacks(void)
{
    uint64_t top = (uint64_t)stack + STACK;

    tap_is(HYPERVISOR_stack_switch(STACK, top + 8), -XEN_EINVAL,
           "ABI-FLT-02 top not aligned");
    tap_is(HYPERVISOR_stack_switch(top + 16, top), -XEN_EINVAL,
           "ABI-FLT-02 larger than top");
    tap_is(HYPERVISOR_stack_switch(2048, top), -XEN_EINVAL,
           "ABI-FLT-02 too small");
    tap_is(HYPERVISOR_stack_switch(STACK, 0x400000001000), -XEN_EINVAL,
           "ABI-FLT-02 not an address of a guest");
    tap_is(HYPERVISOR_stack_switch(STACK, top), 0, "ABI-FLT-02 set");
    rt_fault_hook = skip_ud;
    do_ud(NULL);
    tap_is((int64_t)copy_at, (int64_t)(top - 40), "ABI-FLT-03 at its top");
    tap_is(HYPERVISOR_stack_switch(0, 0), 0, "ABI-FLT-02 taken away");
    do_ud(NULL);
    tap_is((int64_t)copy_at, (int64_t)(copy.frame.rsp - 168),
           "ABI-FLT-04 without one, below the red zone");
    rt_traps_on(true);
}

static bool nested(struct rt_regs *regs)
{
    uint64_t here = (uint64_t)&regs->frame;

    regs->frame.rip += 2;
    if (steps++ == 0) {
        do_ud(NULL);
        copy_at -= here;
    } else {
        copy_at = regs->frame.rsp - here + here;
        tap_is((int64_t)here, (int64_t)regs->frame.rsp - 168,
               "ABI-FLT-04 a nested one too");
    }
    return true;
}

static void frames(void)
{
    rt_fault_hook = skip_ud;
    do_ud(NULL);
    tap_is((int64_t)(copy.frame.error >> 32), 6, "ABI-FLT-05 the vector");
    tap_is((int64_t)(uint32_t)copy.frame.error, 0, "ABI-FLT-05 no error code");
    tap_is((int64_t)copy.frame.cr2, 0, "ABI-FLT-06 cr2 is 0");
    tap_is((int64_t)copy.frame.rip, (int64_t)ud_here, "ABI-FLT-07 rip");
    tap_ok((copy.frame.rflags & 0x401) == 0x401, "ABI-FLT-07 rflags");
    tap_ok((uint32_t)copy.rax == 0x1234 && (uint32_t)copy.rcx == 0xb0,
           "ABI-FLT-08 the registers are the faulter's");
    tap_is((int64_t)rt_fault.handler_flags & 0x54500, 0,
           "ABI-FLT-08 DF TF AC NT RF are clear");
    steps = 0;
    rt_fault_hook = nested;
    do_ud(NULL);
    rt_fault_hook = NULL;
}

static void page_faults(void)
{
    tap_is(rt_try_read(0x7010), 14, "ABI-FLT-12 #PF");
    tap_is(rt_fault.error, 4, "ABI-FLT-05 error code: user, read");
    tap_is((int64_t)rt_fault.address, 0x7010, "ABI-FLT-06 the address");
    rt_try_write(0x7018);
    tap_is(rt_fault.error, 6, "ABI-FLT-05 error code: user, write");
    rt_try_write(SCREE_INFO_PAGE);
    tap_is(rt_fault.error, 7, "ABI-FLT-05 error code: protection");
    tap_is(rt_try_exec((uint64_t)data), 14, "ABI-FLT-12 #PF on execution");
    tap_is(rt_fault.error, 0x15, "ABI-FLT-05 error code: execution");
}

static void traps(void)
{
    tap_is(rt_try(do_bp, NULL), 3, "ABI-FLT-12 #BP");
    tap_is((int64_t)rt_fault.frame.rip, (int64_t)bp_after,
           "ABI-FLT-07 a trap: the next instruction");
}

static void masking(void)
{
    rt_fault_hook = skip_ud;
    rt_upcall_on();
    rt_vcpu()->evtchn_upcall_mask = 0;
    do_ud(NULL);
    tap_is(mask_seen, 0, "ABI-FLT-09 the mask is left");
    set_one(6, SCREE_TRAP_MASK_EVENTS, rt_fault_entry);
    do_ud(NULL);
    tap_is(mask_seen, 1, "ABI-FLT-09 bit 2 sets it");
    tap_is(rt_vcpu()->evtchn_upcall_mask, 1, "ABI-RET-02 KEEP leaves it");
    rt_fault_hook = NULL;
    rt_traps_on(true);
    tap_is(rt_try(do_ud, NULL), 6, "ABI-FLT-11 handlers may just leave");
    tap_is(rt_try(do_ud, NULL), 6, "ABI-FLT-11 again and again");
}

/* ------------------------------------------------------ debug registers */

static void store(void *unused)
{
    (void)unused;
    *(volatile uint64_t *)&data[1] = 5;
}

static void debug_errors(void)
{
    tap_is(HYPERVISOR_set_debugreg(0, 0x400000000000), -XEN_EINVAL,
           "ABI-FLT-13 an address that is not the guest's");
    tap_is(HYPERVISOR_set_debugreg(0, 0xffff800000000000), -XEN_EINVAL,
           "ABI-FLT-13 the hypervisor's");
    tap_is(HYPERVISOR_set_debugreg(7, 0x2400), -XEN_EINVAL,
           "ABI-FLT-13 general detect");
    tap_is(HYPERVISOR_set_debugreg(4, 0), -XEN_EINVAL, "ABI-FLT-13 DR4");
    tap_is(HYPERVISOR_get_debugreg(5), -XEN_EINVAL, "ABI-FLT-13 DR5");
}

/* Goes on at the breakpoint that it stands at. */
static bool resume_flag(struct rt_regs *regs)
{
    regs->frame.rflags |= 0x10000;
    return steps++ < 5;
}

static void debugging(void)
{
    tap_is(HYPERVISOR_set_debugreg(0, (uint64_t)&data[1]), 0, "ABI-FLT-13 DR0");
    tap_is(HYPERVISOR_get_debugreg(0), (int64_t)(uint64_t)&data[1],
           "ABI-FLT-13 reads back");
    HYPERVISOR_set_debugreg(7, 0x400 | 1 | 0x9u << 16);
    tap_is(rt_try(store, NULL), 1, "ABI-FLT-12 #DB of a watchpoint");
    tap_is((int64_t)rt_fault.address & 0xf, 1, "ABI-FLT-06 cr2 is DR6");
    tap_is((int64_t)data[1], 5, "ABI-FLT-07 after the store");
    HYPERVISOR_set_debugreg(7, 0x400 | 1);
    HYPERVISOR_set_debugreg(0, (uint64_t)step_here);
    tap_is(rt_try(do_steps, NULL), 1, "ABI-FLT-13 #DB of a breakpoint");
    tap_is((int64_t)rt_fault.frame.rip, (int64_t)step_here,
           "ABI-FLT-07 a breakpoint is a fault");
    steps = 0;
    rt_fault_hook = resume_flag;
    do_steps(NULL);
    rt_fault_hook = NULL;
    tap_is(steps, 1, "ABI-RET-05 RF: past the breakpoint");
    HYPERVISOR_set_debugreg(7, 0x400);
    HYPERVISOR_set_debugreg(0, 0);
    HYPERVISOR_set_debugreg(6, 0xffff0ff0);
}

/* ------------------------------------------------------------ returning */

static bool step(struct rt_regs *regs)
{
    if (rt_fault.vector == 6) {
        regs->frame.rip = (uint64_t)do_steps;
        regs->frame.rflags |= 0x100;
    } else if (rt_fault.vector == 1) {
        if (steps++ == 0)
            copy.frame.rip = regs->frame.rip;
        if (steps == 2)
            regs->frame.rflags &= ~0x100ull;
    }
    return true;
}

static void single_step(void)
{
    steps = 0;
    rt_fault_hook = step;
    do_ud(NULL);
    __asm__ volatile("cld");
    rt_fault_hook = NULL;
    tap_is((int64_t)copy.frame.rip, (int64_t)step_here,
           "ABI-RET-08 one instruction, then #DB");
    tap_is(steps, 2, "ABI-RET-08 and one more");
}

/* Returns through a frame of our own, elsewhere than on the stack. */
static struct {
    uint64_t room[4];
    struct scree_frame frame;
} own;

uint64_t own_flags, own_rbx;
__attribute__((noinline)) static void jump_through(uint64_t flags,
                                                   uint64_t entry)
{
    __asm__ volatile(
        "lea -512(%%rsp), %%rsp\n\t"
        "push %%rbp\n\t"
        "lea 1f(%%rip), %%rax\n\t"
        "mov %%rax, (%[f])\n\t"
        "mov %[flags], 8(%[f])\n\t"
        "mov %%rsp, 16(%[f])\n\t"
        "mov %[f], %%rsp\n\t"
        "mov $0xb5, %%ebx\n\t"
        "jmp *%[entry]\n"
        "1:\n\t"
        "mov %%rbx, own_rbx\n\t"
        "pushfq\n\tpop own_flags\n\t"
        "pushfq\n\tandl $~0x40400, (%%rsp)\n\tpopfq\n\t"
        "pop %%rbp\n\t"
        "lea 512(%%rsp), %%rsp"
        :
        : [f] "S"(&own.frame), [flags] "D"(flags), [entry] "d"(entry)
        : "rax", "rbx", "rcx", "r8", "r11", "memory", "cc");
}

static void own_frame(void)
{
    rt_vcpu()->evtchn_upcall_mask = 1;
    own.frame.error = ~0ull;
    jump_through(0x202 | 0x8d5, SCREE_RETURN);
    tap_is((int64_t)own_flags, 0x202 | 0x8d5, "ABI-RET-06 a frame of our own");
    tap_is((int64_t)own_rbx, 0xb5, "ABI-RET-01 registers are preserved");
    tap_is(rt_vcpu()->evtchn_upcall_mask, 0, "ABI-RET-01 unmasked");
    rt_vcpu()->evtchn_upcall_mask = 1;
    jump_through(0x240600, SCREE_RETURN_KEEP);
    tap_is((int64_t)own_flags, 0x240602, "ABI-RET-05 DF AC ID");
    tap_is(rt_vcpu()->evtchn_upcall_mask, 1, "ABI-RET-02 the mask is left");
    jump_through(0x3002, SCREE_RETURN_KEEP);
    tap_is((int64_t)own_flags, 0x202, "ABI-RET-05 IF and IOPL are not taken");
    tap_ok(own.room[0] == 0 && own.frame.error == ~0ull && own.frame.cr2 == 0,
           "ABI-RET-04 the rest of the frame is not written");
}

static void bad_frame(void *entry)
{
    __asm__ volatile("mov $0x7000, %%esp\n\tjmp *%0" : : "a"(entry));
}

static void bad_return(void)
{
    tap_is(rt_try(bad_frame, (void *)SCREE_RETURN), 14,
           "ABI-RET-07 a frame that cannot be used");
    tap_ok(rt_fault.frame.rip >= SCREE_RETURN &&
               rt_fault.frame.rip < SCREE_RETURN + 0x400,
           "ABI-RET-07 rip is in the hypercall page");
}

int guest_main(void)
{
    tables();
    stacks();
    frames();
    page_faults();
    traps();
    masking();
    debug_errors();
    debugging();
    single_step();
    own_frame();
    bad_return();
    return tap_done();
}
