/* SPDX-License-Identifier: MIT */
/*
 * THE seam: everything the hypervisor may ask of a machine.
 *
 * Two machines exist: machine/x86 (the bare machine) and machine/host (an
 * ordinary program, for unit tests and fuzzing). Nothing above this file knows
 * a page-table format, a privileged instruction or a device register of the
 * processor. A machine never allocates: memory for tables is donated to it and
 * reclaimed from it, so every frame is accounted above.
 *
 * Concurrency: a machine_vcpu runs on one CPU at a time; a machine_space is
 * changed under its owner's lock. Interrupts are off in the hypervisor; they
 * arrive in guests and in machine_idle().
 *
 * A machine calls back exactly three functions, which the layers above define:
 * hypercall_fast(), cpu_main() and panic_at().
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include "base/types.h"

/* ------------------------------------------------------------- a vcpu */

/*
 * Guest registers as last saved. Complete when machine_run() has returned;
 * inside hypercall_fast() only rax, rip, rflags, rsp and the argument registers
 * (rdi, rsi, rdx, r10, r8) are valid, and of those rax, rip (below
 * SCREE_GUEST_END), rflags and rsp may be written.
 *
 * A guest that stops inside a return stub (scree/layout.h) after the unmask is
 * shown as if it had returned already; an upcall then starts on the resumed
 * context.
 */
struct machine_regs {
    uint64_t r11, rcx;
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r9, r8, r10, rdx, rsi, rdi;
    uint64_t rax;
    uint64_t rip, rflags, rsp;
};

#define MACHINE_VCPU_PRIVATE 1280

/* One virtual CPU's processor state; the private part is the machine's own. */
struct machine_vcpu {
    struct machine_regs regs;
    struct machine_space *space;
    uint64_t private_state[MACHINE_VCPU_PRIVATE / 8]
        __attribute__((aligned(64)));
};

enum vcpu_exit_kind {
    EXIT_INTERRUPT, /* deadline, device or kick: look at what is due */
    EXIT_HYPERCALL, /* from the hypercall page; number in regs.rax */
    EXIT_FAULT,     /* a processor exception at CPL 3 */
};

struct vcpu_exit {
    enum vcpu_exit_kind kind;
    /* for EXIT_FAULT */
    uint32_t vector;     /* 0..31; SYSCALL elsewhere arrives as #UD (6) */
    uint32_t error_code; /* as the architecture defines it, or 0 */
    uint64_t address;    /* #PF: CR2; #DB: DR6; else 0 */
};

#define FAULT_PAGE         14
#define FAULT_PAGE_PRESENT 1u
#define FAULT_PAGE_WRITE   2u
#define FAULT_PAGE_EXECUTE 16u

/* Start-of-day state as docs/abi.md says: all registers 0 but these. */
void machine_vcpu_init(struct machine_vcpu *mv, struct machine_space *space,
                       gva_t entry, gva_t stack, uint64_t rdi);

/* Into the guest, and back at its next exit. CPU-local; interrupts off. */
struct vcpu_exit machine_run(struct machine_vcpu *mv);

/* Forget mv on this CPU (its FPU, debug and table state); before it moves to
 * another CPU, is freed, or its space is destroyed. Called on the CPU that
 * ran it last. */
void machine_vcpu_leave(struct machine_vcpu *mv);

enum machine_segment { SEGMENT_FS, SEGMENT_GS };
/* Sets a segment base. -XEN_EINVAL: not a guest address. */
must_check int machine_set_segment_base(struct machine_vcpu *mv,
                                        enum machine_segment s, gva_t base);

/* Debug registers 0..3, 6, 7. -XEN_EINVAL: no such register, or a breakpoint
 * outside the guest range. */
must_check int machine_set_debugreg(struct machine_vcpu *mv, unsigned reg,
                                    uint64_t value);
must_check int machine_get_debugreg(struct machine_vcpu *mv, unsigned reg,
                                    uint64_t *value);

/* ------------------------------------------------------------ a space */

enum map_rights { MAP_NONE = 0, MAP_READ = 1, MAP_WRITE = 2, MAP_EXEC = 4 };

/*
 * One leaf of a space. rights MAP_NONE: not present, frame is ignored and
 * nothing of it reaches the machine's table (L1TF). `soft` (0..7) is the
 * core's own note and survives in both states.
 */
struct mapping {
    mfn_t frame;
    uint8_t rights; /* enum map_rights, or-ed; WRITE and EXEC imply READ */
    uint8_t soft;
};

#define MACHINE_LEAVES 8
#define MACHINE_NEAR   (512ull * MACHINE_LEAVES) /* the gfns below have them */

struct machine_space {
    mfn_t root; /* MFN_NONE until the first donation */
    /* The tables of the first gfns, 512 each, once they exist, else NULL: in
     * the machine's format, for its own short look-ups. */
    uint64_t *leaves[MACHINE_LEAVES];
    mfn_t spare[4]; /* donated, not yet used */
    uint32_t spare_count;
    uint32_t table_count; /* frames in use as tables */
};

#define MACHINE_NEED_TABLE 1 /* donate one frame and try again */

void machine_space_init(struct machine_space *s);
/* Gives one frame, whose contents do not matter, for tables. At most 4 are
 * kept spare. */
void machine_space_donate(struct machine_space *s, mfn_t table);
/* Sets the leaf of g (below SCREE_GUEST_END). 0 or MACHINE_NEED_TABLE (nothing
 * changed). Does not flush. A leaf whose table exists never needs one. */
must_check int machine_space_set(struct machine_space *s, gfn_t g,
                                 struct mapping m);
/* The leaf of g; {MFN_NONE, MAP_NONE, 0} where no table is. */
struct mapping machine_space_get(const struct machine_space *s, gfn_t g);
/* The first gfn from g on, but below end, whose leaf has a table; else end.
 * What has no table takes no time. */
gfn_t machine_space_next(const struct machine_space *s, gfn_t g, gfn_t end);
/* The bytes of page g, any number, if it is present and, for `write`,
 * writable; else NULL. The hot half of every access to a guest. */
void *machine_space_bytes(const struct machine_space *s, gfn_t g, bool write);
/* Takes the tables apart. Returns one frame per call, MFN_NONE at the end;
 * leaves are dropped, not freed. No CPU may use the space any more. */
mfn_t machine_space_reclaim(struct machine_space *s);
/* Forget cached translations of count pages from g (count 0: all) if this CPU
 * has the space loaded. A vcpu that is not running here has no cached ones:
 * machine_run() loads tables afresh when the space differs from the last. */
void machine_space_flush(struct machine_space *s, gfn_t g, uint64_t count);

/* ------------------------------------------------------------- memory */

/* The bytes of a frame, for the hypervisor. Valid for RAM frames, the module
 * and the hypercall page. Consecutive frames are consecutive here. */
void *machine_frame(mfn_t frame);

struct machine_range {
    mfn_t first;
    uint64_t count; /* frames */
};

/* ---------------------------------------------------- what there is */

#define MACHINE_RANGES 32
#define MACHINE_CPUS   64

struct machine_info {
    struct machine_range ram[MACHINE_RANGES]; /* free for use, ascending */
    unsigned ram_count;
    struct machine_range
        module;             /* the boot bundle, not in ram; count 0: none */
    uint64_t module_size;   /* bytes */
    const char *cmdline;    /* 0-terminated */
    unsigned cpus;          /* that machine_start_cpus() will start */
    uint64_t wall_clock_ns; /* Unix time when machine_clock() was 0 */
    bool tsc_usable;        /* guests may use the clock page with rdtsc */
    uint32_t clock_shift;   /* scaling of struct scree_clock */
    uint64_t clock_base, clock_mul, clock_hz;
    mfn_t hypercall_page; /* r-x in every space */
};
const struct machine_info *machine_info(void);

/* 64 random bits. false: the machine has no source. */
must_check bool machine_random(uint64_t *value);

/* ------------------------------------------------------ CPUs and time */

unsigned machine_cpu(void);      /* this CPU, 0.. */
void machine_start_cpus(void);   /* the others then call cpu_main(cpu) */
void machine_kick(unsigned cpu); /* makes its guest exit or its idle return */
uint64_t machine_clock(void);    /* ns since the cell started, monotonic */
/* An interrupt on this CPU at `ns` (or at once if past); UINT64_MAX: none is
 * wanted. Takes the place of the last one, which may still come. */
void machine_deadline(uint64_t ns);
/* Sleeps until an interrupt; returns at once if one is due. Loads a space that
 * belongs to no domain first. */
void machine_idle(void);
/* Hint to the processor inside a spin loop. */
void machine_relax(void);
/* Speculation barrier between two domains, as the policy says. */
void machine_domain_switch(void);

enum machine_stop_kind { STOP_HALT, STOP_REBOOT, STOP_POWEROFF };
/* Ends the cell. `code` reaches the harness where the machine has a way. */
__attribute__((noreturn)) void machine_stop(enum machine_stop_kind kind,
                                            int code);
/* Prints a backtrace of this CPU's stack, with symbol names. */
void machine_backtrace(void (*put)(const char *line));

/* -------------------------------------------------------------- devices */

void machine_console_write(const char *bytes, size_t n); /* blocks shortly */
int machine_console_read(void);                          /* a byte, or -1 */

/* PCI configuration space: bdf = bus << 8 | device << 3 | function. width 1,
 * 2, 4; all ones where nothing is. */
uint32_t machine_pci_read(uint32_t bdf, unsigned offset, unsigned width);
void machine_pci_write(uint32_t bdf, unsigned offset, unsigned width,
                       uint32_t value);
/* Makes device registers reachable for the hypervisor, uncached. NULL: out of
 * room. Never unmapped. */
volatile void *machine_device_map(maddr_t a, uint64_t size);
/* Device registers: width 1, 2, 4, 8. */
uint64_t machine_device_read(const volatile void *reg, unsigned width);
void machine_device_write(volatile void *reg, unsigned width, uint64_t value);
/* A message-signalled interrupt that makes `cpu` take a device interrupt. */
void machine_msi(unsigned cpu, uint64_t *address, uint32_t *data);
/* Routes a global system interrupt line to `cpu` (virtio-mmio, INTx). */
must_check int machine_irq_line(unsigned gsi, unsigned cpu);

/* ------------------------------- defined above, called by the machine */

/*
 * Tries to complete the hypercall in mv->regs without leaving the entry path.
 * true: done, regs.rax is set, nothing is pending, go back to the guest.
 * false: nothing was changed; save the rest and return EXIT_HYPERCALL.
 */
bool hypercall_fast(struct machine_vcpu *mv);

/* The life of a CPU that machine_start_cpus() started; never returns. */
__attribute__((noreturn)) void cpu_main(unsigned cpu);

/* Our own bug, or the machine's: says it and stops. */
__attribute__((noreturn, format(printf, 3, 4))) void
panic_at(const char *file, int line, const char *format, ...);

#define panic(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)
#define ASSERT(x)                                                              \
    do {                                                                       \
        if (__builtin_expect(!(x), 0))                                         \
            panic("assertion failed: %s", #x);                                 \
    } while (0)

#endif
