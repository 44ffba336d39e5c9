/* SPDX-License-Identifier: MIT */
/*
 * The atomic return: a guest stopped inside a return stub after the unmask has
 * all registers final but rip, rflags and rsp, and these are on its stack. It
 * is moved to the end of the stub. If the stack cannot be read (nobody but the
 * guest's own memory_op could do that) it just goes on inside the stub.
 */
#include "machine/x86/vcpu_state.h"

#include "scree/upcall.h"

#include "machine/x86/asm.h"
#include "machine/x86/entry.h"

static uint64_t stub(const uint8_t *label)
{
    return SCREE_HYPERCALL_PAGE + (uint64_t)(label - hypercall_page);
}

static bool in_stub(uint64_t rip)
{
    return (rip >= stub(hypercall_return_open) &&
            rip <= stub(hypercall_return_end)) ||
           (rip >= stub(hypercall_keep_open) &&
            rip <= stub(hypercall_keep_end));
}

void return_stub_finish(struct machine_vcpu *mv)
{
    struct machine_regs *r = &mv->regs;
    bool popped = r->rip == stub(hypercall_return_popped) ||
                  r->rip == stub(hypercall_keep_popped);
    uint64_t words[2] = {r->rflags, 0};

    if (!in_stub(r->rip))
        return;
    if (!guest_peek(mv->space, r->rsp, popped ? &words[1] : words,
                    popped ? 8 : 16))
        return;
    r->rflags = words[0];
    r->rip = words[1];
    r->rsp += (popped ? 8u : 16u) + SCREE_RED_ZONE;
    vcpu_private(mv)->syscall_exit = false;
}
