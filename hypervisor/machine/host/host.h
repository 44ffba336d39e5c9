/* SPDX-License-Identifier: MIT */
/*
 * The host machine's other side: what tests and fuzzers do to it.
 *
 * machine/host implements machine.h as an ordinary program. RAM is one arena
 * over a memfd; page tables are real four-level tables in donated frames, so
 * that their number equals x86's; each CPU has a small TLB, so that a missing
 * flush shows. Guests are callbacks or short queues of exits. The clock stands
 * still unless somebody moves it. One machine exists at a time.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <setjmp.h>

#include "machine/machine.h"

#define HOST_FIRST_MFN               256 /* of RAM */
/* First mfn behind so many frames of RAM without a hole. */
#define HOST_FIRST_MFN_AFTER(frames) (HOST_FIRST_MFN + (frames))

struct host_config {
    uint64_t frames;     /* of RAM; 0: 4096 (16 MiB) */
    uint64_t hole;       /* frames missing in the middle of RAM; 0: none */
    unsigned cpus;       /* 0: 1 */
    const void *module;  /* copied behind RAM; NULL: none */
    size_t module_size;  /* bytes */
    const char *cmdline; /* NULL: "" */
    bool real_time;      /* the clock runs, idle sleeps: for threads */
};

void host_start(const struct host_config *config);
/* Every started CPU must have ended (host_join_cpus). */
void host_stop(void);

/* ---------------------------------------------------------------- guests */

/*
 * The guest as a function: what it does until its next exit. It may change
 * mv->regs and touch its memory. An EXIT_HYPERCALL is first given to
 * hypercall_fast(), as on a real machine, and the function is called again
 * when that took it.
 */
typedef struct vcpu_exit host_guest(struct machine_vcpu *mv, void *argument);
void host_vcpu_guest(struct machine_vcpu *mv, host_guest *guest,
                     void *argument);

/* The guest as a queue of at most HOST_QUEUE exits; with none left it exits
 * with EXIT_INTERRUPT. Registers are set when the exit is taken. */
#define HOST_QUEUE 16
void host_vcpu_hypercall(struct machine_vcpu *mv, uint64_t nr,
                         const uint64_t arguments[5]);
void host_vcpu_fault(struct machine_vcpu *mv, uint32_t vector,
                     uint32_t error_code, uint64_t address);
/* Exits not taken yet. */
unsigned host_vcpu_waiting(const struct machine_vcpu *mv);
/* Hypercalls that hypercall_fast() completed, in all. */
uint64_t host_fast_calls(const struct machine_vcpu *mv);
uint64_t host_segment_base(const struct machine_vcpu *mv,
                           enum machine_segment s);

/* The guest's own loads and stores through its tables and this CPU's TLB.
 * false: *fault is the page fault, as the processor reports it. */
must_check bool host_load(struct machine_vcpu *mv, gva_t from, void *to,
                          size_t n, struct vcpu_exit *fault);
must_check bool host_store(struct machine_vcpu *mv, gva_t to, const void *from,
                           size_t n, struct vcpu_exit *fault);
must_check bool host_fetch(struct machine_vcpu *mv, gva_t from,
                           struct vcpu_exit *fault);

/* ------------------------------------------------------- CPUs and time */

void host_cpu_set(unsigned cpu); /* this thread is that CPU now */
void host_clock_set(uint64_t ns);
void host_clock_advance(uint64_t ns);
/* Every machine_clock() moves the clock on by so much. */
void host_clock_step(uint64_t ns);
uint64_t host_deadline_of(unsigned cpu); /* UINT64_MAX: none */
uint64_t host_kicks_of(unsigned cpu);    /* since the start */
uint64_t host_flushes(void);             /* machine_space_flush() calls */
uint64_t host_domain_switches(void);
/* Threads of machine_start_cpus() end at their next machine_run() or
 * machine_idle(); waits for them. */
void host_join_cpus(void);
/* Called by machine_idle() without real_time when no interrupt is due; what a
 * test does there (a kick, moving the clock) wakes the CPU. */
void host_on_idle(void (*hook)(void *argument), void *argument);

/* --------------------------------------------------------------- the end */

/* Runs fn(argument). true: it called machine_stop(), which came back here, and
 * *kind and *code (each may be NULL) say how. */
must_check bool host_catch_stop(void (*fn)(void *argument), void *argument,
                                enum machine_stop_kind *kind, int *code);

/* ---------------------------------------------------------------- devices */

/* What the cell printed since the start or the last host_console_clear(). */
const char *host_console_text(void);
void host_console_clear(void);
void host_console_type(const char *bytes); /* what machine_console_read sees */

void host_random_present(bool present);

/* Fake devices. Any function may be NULL: as if nothing were there. */
struct host_devices {
    void *argument;
    uint32_t (*pci_read)(void *argument, uint32_t bdf, unsigned offset,
                         unsigned width);
    void (*pci_write)(void *argument, uint32_t bdf, unsigned offset,
                      unsigned width, uint32_t value);
    volatile void *(*map)(void *argument, maddr_t a, uint64_t size);
    uint64_t (*read)(void *argument, const volatile void *reg, unsigned width);
    void (*write)(void *argument, volatile void *reg, unsigned width,
                  uint64_t value);
    int (*irq_line)(void *argument, unsigned gsi, unsigned cpu);
};
void host_devices_set(const struct host_devices *devices);
#define HOST_MSI_ADDRESS(cpu) (0xfee00000ull | (uint64_t)(cpu) << 12)
#define HOST_MSI_DATA         0x31u

/* The arena as a device sees it: the bytes at a machine address, or NULL when
 * [a, a + size) is not RAM. */
void *host_dma(maddr_t a, uint64_t size);

#endif
