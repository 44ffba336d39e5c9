/* SPDX-License-Identifier: MIT */
/*
 * Faults and events of test guests: the handlers' C side, rt_try()'s probes,
 * the pending bits. See rt.h.
 */
#include "rt.h"

#define FAULT_STACK 16384

struct rt_fault rt_fault;
bool (*rt_fault_hook)(struct rt_regs *regs);
uint64_t rt_recover_rsp;
void (*rt_upcall_hook)(struct rt_regs *regs);
volatile unsigned rt_upcalls;

static char fault_stack[FAULT_STACK] __attribute__((aligned(16)));

void rt_traps_on(bool stack)
{
    struct trap_info table[SCREE_TRAPS + 1] = {{0}};

    for (uint8_t i = 0; i < SCREE_TRAPS; i++) {
        table[i].vector = i;
        table[i].address = (uintptr_t)rt_fault_entry;
    }
    (void)HYPERVISOR_stack_switch(stack ? FAULT_STACK : 0,
                                  stack ? (uintptr_t)fault_stack + FAULT_STACK
                                        : 0);
    (void)HYPERVISOR_set_trap_table(table);
}

void rt_traps_off(void)
{
    (void)HYPERVISOR_set_trap_table(NULL);
}

static uint64_t read_flags(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    return flags;
}

bool rt_fault_taken(struct rt_regs *regs)
{
    const struct scree_frame *f = &regs->frame;

    rt_fault.handler_flags = read_flags();
    rt_fault.handler_stack = (uintptr_t)f;
    rt_fault.vector = SCREE_FRAME_VECTOR(f->error);
    rt_fault.error = (uint32_t)f->error;
    rt_fault.address = f->cr2;
    rt_fault.frame = *f;
    rt_fault.count++;
    if (rt_fault_hook && rt_fault_hook(regs))
        return true;
    if (rt_recover_rsp)
        return false;
    rt_printf("# unexpected fault %u error %x at %lx, address %lx\n",
              rt_fault.vector, rt_fault.error, f->rip, f->cr2);
    rt_shutdown(SHUTDOWN_crash);
}

static void do_read(void *address)
{
    (void)*(volatile uint64_t *)address;
}

static void do_write(void *address)
{
    *(volatile uint64_t *)address = 0x6261646261646261ull;
}

static void do_exec(void *address)
{
    __asm__ volatile("call *%0"
                     : "+r"(address)
                     :
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
                       "r11", "memory", "cc");
}

int rt_try_read(uint64_t address)
{
    return rt_try(do_read, (void *)(uintptr_t)address);
}

int rt_try_write(uint64_t address)
{
    return rt_try(do_write, (void *)(uintptr_t)address);
}

int rt_try_exec(uint64_t address)
{
    return rt_try(do_exec, (void *)(uintptr_t)address);
}

/* ----------------------------------------------------------- events */

void rt_upcall_taken(struct rt_regs *regs)
{
    rt_upcalls++;
    if (rt_upcall_hook)
        rt_upcall_hook(regs);
    else
        rt_clear_events();
}

int64_t rt_upcall_on(void)
{
    struct callback_register r = {
        .type = CALLBACKTYPE_event,
        .address = (uintptr_t)rt_upcall_entry,
    };

    return HYPERVISOR_callback_op(CALLBACKOP_register, &r);
}

bool rt_take_event(unsigned port)
{
    volatile xen_ulong_t *word = &rt_shared()->evtchn_pending[port / 64];
    uint64_t bit = 1ull << (port % 64), selector = 1ull << (port / 64), was;

    rt_vcpu()->evtchn_upcall_pending = 0;
    __atomic_fetch_and(&rt_vcpu()->evtchn_pending_sel, ~selector,
                       __ATOMIC_SEQ_CST);
    was = __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
    if (was & ~bit & ~rt_shared()->evtchn_mask[port / 64]) {
        /* others of this word still wait to be taken */
        __atomic_fetch_or(&rt_vcpu()->evtchn_pending_sel, selector,
                          __ATOMIC_SEQ_CST);
        rt_vcpu()->evtchn_upcall_pending = 1;
    }
    return was & bit;
}

void rt_clear_events(void)
{
    uint64_t words;

    rt_vcpu()->evtchn_upcall_pending = 0;
    words = __atomic_exchange_n(&rt_vcpu()->evtchn_pending_sel, 0,
                                __ATOMIC_SEQ_CST);
    for (unsigned i = 0; words; i++, words >>= 1)
        if (words & 1)
            (void)__atomic_exchange_n(&rt_shared()->evtchn_pending[i], 0,
                                      __ATOMIC_SEQ_CST);
}

void rt_mask_port(unsigned port, bool mask)
{
    volatile xen_ulong_t *word = &rt_shared()->evtchn_mask[port / 64];
    uint64_t bit = 1ull << (port % 64);

    if (mask)
        __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
}
