/* SPDX-License-Identifier: MIT */
/*
 * Traps inside the hypervisor. All but one are the end: registers, then
 * panic. The exception is #DB: a guest's MOV SS with a data breakpoint can
 * delay it to the first instruction of our entry; it means nothing there.
 */
#include "machine/x86/trap.h"

#include "base/format.h"
#include "machine/x86/asm.h"
#include "machine/x86/backtrace.h"
#include "machine/x86/entry.h"
#include "machine/x86/stop.h"

#define VECTOR_DB      1u
#define VECTOR_NMI     2u
#define VECTOR_DF      8u
#define VECTOR_GP      13u
#define VECTOR_PF      14u
#define VECTOR_MC      18u
#define TRAP_STOP_CODE 1
#define DR6_FIXED      0xffff0ff0ull
#define BANKS_MAX      32u

static void say(const char *line)
{
    size_t n = 0;

    while (line[n])
        n++;
    machine_console_write(line, n);
    machine_console_write("\n", 1);
}

static void say_four(const char *names, uint64_t a, uint64_t b, uint64_t c,
                     uint64_t d)
{
    char line[128];

    format_text(line, sizeof(line),
                "  %.3s %016llx %.3s %016llx %.3s %016llx %.3s %016llx", names,
                (unsigned long long)a, names + 3, (unsigned long long)b,
                names + 6, (unsigned long long)c, names + 9,
                (unsigned long long)d);
    say(line);
}

static void say_frame(const struct trap_frame *f)
{
    say_four("raxrbxrcxrdx", f->rax, f->rbx, f->rcx, f->rdx);
    say_four("rsirdirbprsp", f->rsi, f->rdi, f->rbp, f->rsp);
    say_four("r8 r9 r10r11", f->r8, f->r9, f->r10, f->r11);
    say_four("r12r13r14r15", f->r12, f->r13, f->r14, f->r15);
    say_four("ripfl cs ss ", f->rip, f->rflags, f->cs, f->ss);
    say_four("cr2cr3cr0cr4", read_cr2(), read_cr3(), read_cr0(), read_cr4());
}

static void say_banks(void)
{
    unsigned banks = (unsigned)min_u64(read_msr(MSR_MCG_CAP) & 0xff, BANKS_MAX);
    char line[80];

    for (unsigned i = 0; i < banks; i++) {
        uint64_t status = read_msr(MSR_MC0_STATUS + 4 * i);

        if (!(status >> 63))
            continue;
        format_text(line, sizeof(line),
                    "  bank %u: status %016llx address %016llx", i,
                    (unsigned long long)status,
                    (unsigned long long)read_msr(MSR_MC0_STATUS + 4 * i + 1));
        say(line);
    }
}

void trap_machine_check(uint32_t vector)
{
    if (vector == VECTOR_MC)
        say_banks();
    panic("%s in a guest",
          vector == VECTOR_MC ? "machine check" : "double fault");
}

void trap_nmi(const struct machine_regs *r)
{
    stop_if_asked();
    panic("NMI in a guest at %llx", (unsigned long long)r->rip);
}

static const char *name_of(uint64_t vector)
{
    switch (vector) {
    case VECTOR_NMI:
        return "NMI";
    case VECTOR_DF:
        return "double fault";
    case VECTOR_GP:
        return "general protection fault";
    case VECTOR_PF:
        return "page fault";
    case VECTOR_MC:
        return "machine check";
    default:
        return "exception";
    }
}

static void say_all(const struct trap_frame *f)
{
    say_frame(f);
    if (f->vector == VECTOR_MC)
        say_banks();
    backtrace_from(f->rip, f->rbp, say);
}

void trap_inside(struct trap_frame *f)
{
    static bool dying;

    if (f->vector == VECTOR_DB) {
        write_dr6(DR6_FIXED);
        f->rflags &= ~FLAG_TF;
        return;
    }
    if (f->vector == VECTOR_NMI)
        stop_if_asked();
    /* A second one is of the report's own making, or another CPU's. */
    if (__atomic_exchange_n(&dying, true, __ATOMIC_ACQ_REL))
        machine_stop(STOP_HALT, TRAP_STOP_CODE);
    say_all(f);
    panic("%s (vector %llu) inside the hypervisor, error code %llx",
          name_of(f->vector), (unsigned long long)f->vector,
          (unsigned long long)f->error);
}
