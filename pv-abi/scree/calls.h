/* SPDX-License-Identifier: MIT */
/*
 * The one list of hypercalls of a flat domain. Numbers, the stubs' names, the
 * dispatch table, trace names and the conformance check are all made from it.
 *
 *   X(number, name, arguments)
 *
 * A guest calls SCREE_HYPERCALL_PAGE + 32 * number with its arguments in rdi,
 * rsi, rdx, r10, r8. The result is in rax: 0 or more, or a negative XEN_E*.
 * rcx and r11 are clobbered, every other register is preserved. Numbers that
 * are not in this list return -XEN_ENOSYS. Numbers below 48 are Xen's own.
 */
#ifndef SCREE_CALLS_H
#define SCREE_CALLS_H

#include "scree/xen.h"

/* scree's own calls. */
#define __HYPERVISOR_scree_idle      __HYPERVISOR_arch_0 /* 48 */
#define __HYPERVISOR_scree_vio       __HYPERVISOR_arch_1 /* 49 */
#define __HYPERVISOR_scree_time      __HYPERVISOR_arch_2 /* 50 */
#define __HYPERVISOR_scree_control   __HYPERVISOR_arch_3 /* 51 */

/* clang-format off */
#define SCREE_HYPERCALL_LIST(X)              \
    X(__HYPERVISOR_set_trap_table,   set_trap_table,   1) \
    X(__HYPERVISOR_stack_switch,     stack_switch,     2) \
    X(__HYPERVISOR_set_debugreg,     set_debugreg,     2) \
    X(__HYPERVISOR_get_debugreg,     get_debugreg,     1) \
    X(__HYPERVISOR_memory_op,        memory_op,        2) \
    X(__HYPERVISOR_multicall,        multicall,        2) \
    X(__HYPERVISOR_set_timer_op,     set_timer_op,     1) \
    X(__HYPERVISOR_xen_version,      xen_version,      2) \
    X(__HYPERVISOR_console_io,       console_io,       3) \
    X(__HYPERVISOR_grant_table_op,   grant_table_op,   3) \
    X(__HYPERVISOR_vcpu_op,          vcpu_op,          3) \
    X(__HYPERVISOR_set_segment_base, set_segment_base, 2) \
    X(__HYPERVISOR_sched_op,         sched_op,         2) \
    X(__HYPERVISOR_callback_op,      callback_op,      2) \
    X(__HYPERVISOR_event_channel_op, event_channel_op, 2) \
    X(__HYPERVISOR_scree_idle,       scree_idle,       1) \
    X(__HYPERVISOR_scree_vio,        scree_vio,        3) \
    X(__HYPERVISOR_scree_time,       scree_time,       0) \
    X(__HYPERVISOR_scree_control,    scree_control,    1)
/* clang-format on */

/*
 * scree_idle(uint64_t deadline)
 *   deadline  system time in ns (see struct scree_clock); 0: return at once,
 *             reporting only; SCREE_IDLE_FOREVER: no deadline
 * Blocks until vcpu_info.evtchn_upcall_pending is set or the deadline has
 * passed; returns at once if either is so already, so no wake-up that came
 * between the guest's check and the call is lost. evtchn_upcall_mask is
 * neither read nor changed by the wait: a guest that polls keeps it 1. When it
 * is 0 the upcall is delivered first and idle returns after it.
 * Returns a set of SCREE_WAKE_*; 0 only for deadline 0 and after a pause.
 */
#define SCREE_IDLE_FOREVER           UINT64_MAX
#define SCREE_WAKE_EVENT             1 /* evtchn_upcall_pending was set */
#define SCREE_WAKE_TIMER             2 /* the deadline has passed */

/*
 * scree_time(): system time in ns. For guests without SCREE_FEATURE_TSC.
 *
 * scree_vio(op, device, argument): see scree/vio.h.
 * scree_control(record): see scree/control.h (1.1).
 *
 * SCHEDOP_shutdown's reason carries the exit code (1.1): SHUTDOWN_* in bits
 * 0..7, the code in bits 8..15; see SCREE_SHUTDOWN.
 */

#define SCREE_SHUTDOWN(reason, code) ((reason) | (uint32_t)(code) << 8)

/*
 * Event ports every domain has from the start and keeps through pause, clone
 * and restore. Dynamic ports are numbered from SCREE_PORT_DYNAMIC. Ports are
 * unmasked and evtchn_upcall_mask is 1 at the start of day.
 */
#define SCREE_PORT_TIMER             1 /* set_timer_op has expired (VIRQ_TIMER) */
#define SCREE_PORT_CONSOLE           2 /* console input waits (VIRQ_CONSOLE) */
#define SCREE_PORT_NET               3 /* net vio: received, or room to send again */
#define SCREE_PORT_BLOCK             4 /* reserved */
#define SCREE_PORT_STORE             5 /* the store ring; may be sent to (1.1) */
#define SCREE_PORT_CONTROL           6 /* info.shutdown has changed (1.1) */
#define SCREE_PORT_DYNAMIC           16
#define SCREE_PORTS                  4096

#endif
