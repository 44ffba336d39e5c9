/* SPDX-License-Identifier: MIT */
/*
 * Guest side: one inline stub per hypercall, HYPERVISOR_<name>(...).
 *
 * An indirect or direct call into the hypercall page; how that enters the
 * hypervisor is the hypervisor's business. The red zone is skipped for the
 * return address that `call` pushes, so leaf functions may use it.
 */
#ifndef SCREE_HYPERCALL_H
#define SCREE_HYPERCALL_H

#include "scree/calls.h"
#include "scree/layout.h"

/* Calls number nr; the operands are the arguments' registers. The red zone is
 * stepped over by lea, which leaves the flags alone. */
#define SCREE_CALL(result, nr, ...)                                            \
    __asm__ volatile(                                                          \
        "lea -128(%%rsp), %%rsp\n\t"                                           \
        "call *%%rax\n\t"                                                      \
        "lea 128(%%rsp), %%rsp"                                                \
        : "=a"(result)                                                         \
        : "0"(SCREE_HYPERCALL_PAGE + (uint64_t)(nr)*SCREE_HYPERCALL_STRIDE),   \
          ##__VA_ARGS__                                                        \
        : "rcx", "r11", "memory")

static inline int64_t scree_call0(unsigned nr)
{
    int64_t result;

    SCREE_CALL(result, nr);
    return result;
}

static inline int64_t scree_call1(unsigned nr, uint64_t a)
{
    int64_t result;

    SCREE_CALL(result, nr, "D"(a));
    return result;
}

static inline int64_t scree_call2(unsigned nr, uint64_t a, uint64_t b)
{
    int64_t result;

    SCREE_CALL(result, nr, "D"(a), "S"(b));
    return result;
}

static inline int64_t scree_call3(unsigned nr, uint64_t a, uint64_t b,
                                  uint64_t c)
{
    int64_t result;

    SCREE_CALL(result, nr, "D"(a), "S"(b), "d"(c));
    return result;
}

/* Any number with all five arguments. */
static inline int64_t scree_call(unsigned nr, uint64_t a, uint64_t b,
                                 uint64_t c, uint64_t d, uint64_t e)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;

    SCREE_CALL(result, nr, "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8));
    return result;
}

static inline int64_t HYPERVISOR_set_trap_table(const struct trap_info *table)
{
    return scree_call1(__HYPERVISOR_set_trap_table, (uint64_t)(uintptr_t)table);
}

static inline int64_t HYPERVISOR_stack_switch(uint64_t size, uint64_t top)
{
    return scree_call2(__HYPERVISOR_stack_switch, size, top);
}

static inline int64_t HYPERVISOR_set_debugreg(unsigned reg, uint64_t value)
{
    return scree_call2(__HYPERVISOR_set_debugreg, reg, value);
}

static inline int64_t HYPERVISOR_get_debugreg(unsigned reg)
{
    return scree_call1(__HYPERVISOR_get_debugreg, reg);
}

static inline int64_t HYPERVISOR_memory_op(unsigned cmd, void *arg)
{
    return scree_call2(__HYPERVISOR_memory_op, cmd, (uint64_t)(uintptr_t)arg);
}

static inline int64_t HYPERVISOR_multicall(struct multicall_entry *calls,
                                           unsigned count)
{
    return scree_call2(__HYPERVISOR_multicall, (uint64_t)(uintptr_t)calls,
                       count);
}

static inline int64_t HYPERVISOR_set_timer_op(uint64_t deadline)
{
    return scree_call1(__HYPERVISOR_set_timer_op, deadline);
}

static inline int64_t HYPERVISOR_xen_version(unsigned cmd, void *arg)
{
    return scree_call2(__HYPERVISOR_xen_version, cmd, (uint64_t)(uintptr_t)arg);
}

static inline int64_t HYPERVISOR_console_io(unsigned cmd, unsigned count,
                                            const char *text)
{
    return scree_call3(__HYPERVISOR_console_io, cmd, count,
                       (uint64_t)(uintptr_t)text);
}

static inline int64_t HYPERVISOR_grant_table_op(unsigned cmd, void *ops,
                                                unsigned count)
{
    return scree_call3(__HYPERVISOR_grant_table_op, cmd,
                       (uint64_t)(uintptr_t)ops, count);
}

static inline int64_t HYPERVISOR_vcpu_op(unsigned cmd, unsigned vcpu, void *arg)
{
    return scree_call3(__HYPERVISOR_vcpu_op, cmd, vcpu,
                       (uint64_t)(uintptr_t)arg);
}

static inline int64_t HYPERVISOR_set_segment_base(unsigned which, uint64_t base)
{
    return scree_call2(__HYPERVISOR_set_segment_base, which, base);
}

static inline int64_t HYPERVISOR_sched_op(unsigned cmd, void *arg)
{
    return scree_call2(__HYPERVISOR_sched_op, cmd, (uint64_t)(uintptr_t)arg);
}

static inline int64_t HYPERVISOR_callback_op(unsigned cmd, void *arg)
{
    return scree_call2(__HYPERVISOR_callback_op, cmd, (uint64_t)(uintptr_t)arg);
}

static inline int64_t HYPERVISOR_event_channel_op(unsigned cmd, void *arg)
{
    return scree_call2(__HYPERVISOR_event_channel_op, cmd,
                       (uint64_t)(uintptr_t)arg);
}

static inline int64_t HYPERVISOR_scree_idle(uint64_t deadline)
{
    return scree_call1(__HYPERVISOR_scree_idle, deadline);
}

static inline int64_t HYPERVISOR_scree_vio(unsigned op, unsigned device,
                                           uint64_t argument)
{
    return scree_call3(__HYPERVISOR_scree_vio, op, device, argument);
}

static inline int64_t HYPERVISOR_scree_time(void)
{
    return scree_call0(__HYPERVISOR_scree_time);
}

/* Any record of scree/control.h, by its head. */
static inline int64_t HYPERVISOR_scree_control(void *record)
{
    return scree_call1(__HYPERVISOR_scree_control, (uint64_t)(uintptr_t)record);
}

#endif
