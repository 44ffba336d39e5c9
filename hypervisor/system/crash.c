/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain that ends by itself: see crash.h.
 */
#include "system/crash.h"

#include <stdarg.h>

#include "base/format.h"
#include "core/guestmem.h"
#include "core/image.h"
#include "core/log.h"
#include "io/net_port.h"
#include "system/control.h"

#define WHY_MAX 128

static const char *const fault_names[SCREE_TRAPS] = {
    [0] = "divide error (#DE)",
    [1] = "debug exception (#DB)",
    [3] = "breakpoint (#BP)",
    [4] = "overflow (#OF)",
    [5] = "bound exceeded (#BR)",
    [6] = "invalid opcode (#UD)",
    [7] = "no FPU (#NM)",
    [10] = "invalid TSS (#TS)",
    [11] = "segment not present (#NP)",
    [12] = "stack fault (#SS)",
    [13] = "general protection fault (#GP)",
    [14] = "page fault (#PF)",
    [16] = "x87 error (#MF)",
    [17] = "alignment check (#AC)",
    [19] = "SIMD error (#XM)",
    [21] = "control protection (#CP)",
};

/* " name+0x12" for an address of the image, or nothing. */
static void symbol_of(const struct domain *d, uint64_t a, char *to, size_t size)
{
    char name[IMAGE_SYMBOL_MAX];
    uint64_t offset;

    to[0] = '\0';
    if (d->image && a < image_end(d->image).n << PAGE_SHIFT &&
        image_symbol(d->image, a, name, &offset))
        format_text(to, size, " %s+0x%lx", name, (unsigned long)offset);
}

static void print_registers(struct domain *d)
{
    const struct machine_regs *r = &d->vcpu.m.regs;
    struct cell *c = d->cell;

    log_line(c, "  rax %016lx  rbx %016lx  rcx %016lx", r->rax, r->rbx, r->rcx);
    log_line(c, "  rdx %016lx  rsi %016lx  rdi %016lx", r->rdx, r->rsi, r->rdi);
    log_line(c, "  rbp %016lx  rsp %016lx  r8  %016lx", r->rbp, r->rsp, r->r8);
    log_line(c, "  r9  %016lx  r10 %016lx  r11 %016lx", r->r9, r->r10, r->r11);
    log_line(c, "  r12 %016lx  r13 %016lx  r14 %016lx", r->r12, r->r13, r->r14);
    log_line(c, "  r15 %016lx  rfl %016lx", r->r15, r->rflags);
}

/* Words on the stack that point into the image's text: who called. */
static void print_callers(struct domain *d)
{
    uint64_t word, at = d->vcpu.m.regs.rsp;
    char symbol[80];
    int found = 0;

    for (int i = 0; i < 64 && found < 6; i++, at += sizeof(word)) {
        lock_take(&d->lock);
        word = 0;
        if (guestmem_read(d, &word, gva(at), sizeof(word)))
            i = 64;
        lock_release(&d->lock);
        symbol_of(d, word, symbol, sizeof(symbol));
        if (symbol[0]) {
            log_line(d->cell, "  stack %016lx %016lx%s", at, word, symbol);
            found++;
        }
    }
}

static void print_block(struct domain *d, const char *why)
{
    const struct machine_regs *r = &d->vcpu.m.regs;
    char symbol[80];

    symbol_of(d, r->rip, symbol, sizeof(symbol));
    log_line(d->cell, "domain %u (%s) crashed: %s", d->id, domain_name(d), why);
    log_line(d->cell, "  rip %016lx%s", r->rip, symbol);
    print_registers(d);
    print_callers(d);
}

void crash_end(struct domain *d, uint32_t shutdown)
{
    if (d->id == 0)
        control_detach(d->cell);
    net_port_hide(d);
    domain_end(d, shutdown);
}

static void end(struct domain *d, uint32_t shutdown)
{
    if (d->on_crash == SCREE_ON_CRASH_PRESERVE)
        domain_preserve(d, shutdown);
    else
        crash_end(d, shutdown);
}

void crash(struct domain *d, const char *why, ...)
{
    char text[WHY_MAX];
    va_list args;

    va_start(args, why);
    format_text_v(text, sizeof(text), why, args);
    va_end(args);
    print_block(d, text);
    end(d, SHUTDOWN_crash);
}

static void crash_page_fault(struct domain *d, const struct vcpu_exit *why)
{
    uint32_t e = why->error_code;

    crash(d, "page fault (#PF): %s at 0x%lx, which %s",
          e & FAULT_PAGE_EXECUTE ? "execution"
          : e & FAULT_PAGE_WRITE ? "store"
                                 : "load",
          why->address,
          e & FAULT_PAGE_PRESENT ? "does not allow it" : "is not mapped");
}

void crash_fault(struct domain *d, const struct vcpu_exit *why)
{
    const char *name =
        why->vector < SCREE_TRAPS ? fault_names[why->vector] : NULL;

    if (why->vector == FAULT_PAGE)
        crash_page_fault(d, why);
    else if (name)
        crash(d, "%s, error code 0x%x", name, why->error_code);
    else
        crash(d, "exception %u, error code 0x%x", why->vector, why->error_code);
}

void crash_watchdog(struct domain *d)
{
    if (domain_state(d) != DOMAIN_RUNNING)
        return;
    print_block(d, "its watchdog expired");
    end(d, SHUTDOWN_watchdog);
}

void crash_shutdown(struct domain *d, uint32_t shutdown)
{
    switch (shutdown & 0xff) {
    case SHUTDOWN_crash:
        print_block(d, "it said so (SHUTDOWN_crash)");
        end(d, shutdown);
        break;
    case SHUTDOWN_watchdog:
        print_block(d, "its watchdog expired");
        end(d, shutdown);
        break;
    default:
        crash_end(d, shutdown);
    }
}
