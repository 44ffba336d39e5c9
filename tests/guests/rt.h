/* SPDX-License-Identifier: MIT */
/*
 * The runtime of test guests: freestanding, no libc, one thread. Prints by
 * console_io, reports in TAP, survives faults. Used by the hostile guests and
 * the conformance guests; each defines guest_main() and its SCREE_IMAGE().
 *
 * Events start masked and stay so unless a guest unmasks them itself.
 */
#ifndef TESTS_GUESTS_RT_H
#define TESTS_GUESTS_RT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scree/hypercall.h"
#include "scree/info.h"
#include "scree/note.h"
#include "scree/upcall.h"
#include "scree/vio.h"

/* Defined by the guest. Its result ends the domain: 0 SHUTDOWN_poweroff,
 * otherwise SHUTDOWN_crash. */
int guest_main(void);

/* The registers at the first instruction; `below` is the word under rsp. */
struct rt_start {
    uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags, below;
};
extern struct rt_start rt_start;

/* ------------------------------------------------------------- basics */

#define RT_SECOND 1000000000ull
#define RT_MS     1000000ull

static inline const volatile struct scree_info *rt_info(void)
{
    return (const volatile struct scree_info *)SCREE_INFO_PAGE;
}

static inline volatile struct shared_info *rt_shared(void)
{
    return (volatile struct shared_info *)SCREE_SHARED_PAGE;
}

static inline volatile struct vcpu_info *rt_vcpu(void)
{
    return &rt_shared()->vcpu_info[0];
}

/* System time in ns. */
uint64_t rt_now(void);
/* Sleeps in idle; events that arrive are consumed. */
void rt_sleep(uint64_t ns);
/* Burns the processor without calling the hypervisor (much). */
void rt_spin(uint64_t ns);
/* Lets others run; delivers what is pending. */
static inline void rt_yield(void)
{
    (void)HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}
/* Ends the domain; reason as Xen's SHUTDOWN_*. */
__attribute__((noreturn)) void rt_shutdown(unsigned reason);

/* The value of word `key=value` of the command line, or fallback. */
uint64_t rt_option(const char *key, uint64_t fallback);
/* True when the command line has the word `key` (alone or with a value). */
bool rt_has_option(const char *key);

/* Pseudo-random, the same sequence for the same seed. */
uint64_t rt_random(uint64_t *state);

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

/* ----------------------------------------------------------- printing */

/* %d %u %x %s %c %p %%, with l or ll, a width and a leading 0; a call should
 * be a whole line. At most 255 bytes. */
__attribute__((format(printf, 1, 2))) void rt_printf(const char *format, ...);
/* The same into a buffer, always 0-terminated; returns the length. */
size_t rt_format(char *to, size_t size, const char *format, va_list args);

/* ---------------------------------------------------------------- TAP */

/* One test point: "ok N - text" or "not ok N - text". Returns ok. */
__attribute__((format(printf, 2, 3))) bool tap_ok(bool ok, const char *text,
                                                  ...);
/* tap_ok() of got == want; says both when they differ. */
bool tap_is(int64_t got, int64_t want, const char *text);
/* "ok N # SKIP text" */
void tap_skip(const char *text);
/* Prints the plan "1..N" and "# end: N points, N failed". 0 if none failed. */
int tap_done(void);

/* ------------------------------------------------------------- faults */

/* The registers of a faulter or of an interrupted context, as pushed. */
struct rt_regs {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    struct scree_frame frame;
};

/* The last fault that a handler saw. */
struct rt_fault {
    uint32_t vector; /* first: start.S reads it */
    uint32_t error;
    uint64_t address; /* frame.cr2 */
    struct scree_frame frame;
    uint64_t handler_flags; /* rflags inside the handler */
    uint64_t handler_stack; /* address of the frame */
    unsigned count;         /* since the guest began */
};
extern struct rt_fault rt_fault;

/* Gets first sight of a fault. True: resume through regs->frame, which it may
 * have changed. False: go on to rt_try()'s recovery. */
extern bool (*rt_fault_hook)(struct rt_regs *regs);

/* Registers a handler for all 32 vectors, and a fault stack. rt_main() has
 * done it with `stack` true. */
void rt_traps_on(bool stack);
/* Removes all handlers: the next fault crashes the domain. */
void rt_traps_off(void);

#define RT_NO_FAULT (-1)
/* Runs fn(arg). RT_NO_FAULT, or the vector of the fault that ended it; then
 * rt_fault tells more. FPU, DS, ES and flags are the caller's again. */
int rt_try(void (*fn)(void *), void *arg);
/* One access of 8 bytes each (exec: a call), under rt_try(). */
int rt_try_read(uint64_t address);
int rt_try_write(uint64_t address);
int rt_try_exec(uint64_t address);

/* ------------------------------------------------------------- events */

/* Called for every upcall with events masked; NULL: pending bits are cleared
 * and counted only. */
extern void (*rt_upcall_hook)(struct rt_regs *regs);
extern volatile unsigned rt_upcalls;

/* Registers the upcall entry. Does not unmask. */
int64_t rt_upcall_on(void);
/* Takes evtchn_upcall_pending and the bit of `port`; true if it was set. */
bool rt_take_event(unsigned port);
/* Clears every pending bit. */
void rt_clear_events(void);
void rt_mask_port(unsigned port, bool mask);

/* ---------------------------------------------------- assembly's side */

void rt_main(void);
bool rt_fault_taken(struct rt_regs *regs);
void rt_upcall_taken(struct rt_regs *regs);
void rt_fault_entry(void);
void rt_upcall_entry(void);
extern uint64_t rt_recover_rsp;

#endif
