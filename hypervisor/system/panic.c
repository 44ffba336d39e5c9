/* SPDX-License-Identifier: MIT */
/*
 * The end of the cell by a bug of ours. Says where, on which CPU and for which
 * domain, with that domain's registers and our own backtrace, by the machine's
 * console alone: nothing else can be trusted now. A panic inside a panic stops
 * at once.
 */
#include <stdarg.h>

#include "base/format.h"
#include "base/string.h"
#include "core/domain.h"
#include "system/options.h"
#include "system/system.h"

#define PANIC_CODE 1 /* for the harness */

static void put(const char *line)
{
    machine_console_write(line, string_length(line));
    machine_console_write("\n", 1);
}

static __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
    char line[256];
    va_list args;

    va_start(args, format);
    format_text_v(line, sizeof(line), format, args);
    va_end(args);
    put(line);
}

/* The guest whose exit this CPU was handling. */
static void say_guest(const struct cell *cell)
{
    const struct vcpu *v = NULL;
    const struct machine_regs *r;

    if (cell && machine_cpu() < cell->cpu_count)
        v = cell->cpus[machine_cpu()].current;
    if (!v) {
        put("no domain was running");
        return;
    }
    r = &v->m.regs;
    say("domain %u (%s): rip %016lx rsp %016lx rflags %lx", v->domain->id,
        domain_name(v->domain), r->rip, r->rsp, r->rflags);
    say("rax %016lx rdi %016lx rsi %016lx rdx %016lx", r->rax, r->rdi, r->rsi,
        r->rdx);
}

void panic_at(const char *file, int line, const char *format, ...)
{
    struct cell *cell = system_cell();
    enum machine_stop_kind kind = STOP_REBOOT;
    char text[192];
    va_list args;

    if (system_panicking())
        machine_stop(STOP_HALT, PANIC_CODE);
    va_start(args, format);
    format_text_v(text, sizeof(text), format, args);
    va_end(args);
    say("panic on CPU %u at %s:%d: %s", machine_cpu(), file, line, text);
    say("rip %016lx", (unsigned long)(uintptr_t)__builtin_return_address(0));
    say_guest(cell);
    machine_backtrace(put);
    if (cell && cell->options)
        kind = cell->options->panic;
    machine_stop(kind, PANIC_CODE);
}
