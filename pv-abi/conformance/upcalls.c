/* SPDX-License-Identifier: MIT */
/*
 * Conformance: event upcalls (chapter 9) and the return stubs (chapter 11).
 * The upcall entry is our own here: it keeps flags and registers of the first
 * instruction before it goes on to the runtime's.
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 65536);

uint64_t seen[18]; /* rax rcx rdx rbx rbp rsi rdi r8..r15, rsp, rflags */
enum { RAX, RBX = 3, R15 = 14, RSP, RFLAGS };
void probe_entry(void);

__asm__(".text\n"
        "probe_entry:\n"
        "mov %rax, seen+0\n mov %rcx, seen+8\n mov %rdx, seen+16\n"
        "mov %rbx, seen+24\n mov %rbp, seen+32\n mov %rsi, seen+40\n"
        "mov %rdi, seen+48\n mov %r8, seen+56\n mov %r9, seen+64\n"
        "mov %r10, seen+72\n mov %r11, seen+80\n mov %r12, seen+88\n"
        "mov %r13, seen+96\n mov %r14, seen+104\n mov %r15, seen+112\n"
        "mov %rsp, seen+120\n"
        "pushfq\n pop seen+128\n"
        "jmp rt_upcall_entry\n");

static uint32_t port;
static struct scree_frame frame;
static uint64_t frame_at;
static unsigned depth, deepest, limit;

static int64_t send(void)
{
    struct evtchn_send s = {.port = port};

    return HYPERVISOR_event_channel_op(EVTCHNOP_send, &s);
}

static int64_t set_handler(uint64_t address)
{
    struct callback_register r = {
        .type = CALLBACKTYPE_event,
        .address = address,
    };

    return HYPERVISOR_callback_op(CALLBACKOP_register, &r);
}

static void unmasked(bool on)
{
    rt_vcpu()->evtchn_upcall_mask = !on;
}

static void keep(struct rt_regs *regs)
{
    frame = regs->frame;
    frame_at = (uint64_t)&regs->frame;
    rt_clear_events();
}

static void registration(void)
{
    struct callback_register r = {.type = CALLBACKTYPE_syscall};
    struct callback_unregister u = {.type = CALLBACKTYPE_event};

    tap_is(HYPERVISOR_callback_op(CALLBACKOP_register, &r), -XEN_ENOSYS,
           "ABI-UP-01 other types");
    tap_is(set_handler(0x400000000000), -XEN_EINVAL,
           "ABI-UP-01 not an address of a guest");
    tap_is(set_handler((uint64_t)probe_entry), 0, "ABI-UP-01 register");
    tap_is(HYPERVISOR_callback_op(CALLBACKOP_unregister, &u), 0,
           "ABI-UP-01 unregister");
    send();
    unmasked(true);
    rt_yield();
    unmasked(false);
    tap_is(rt_upcalls, 0, "ABI-UP-02 none without a handler");
    tap_is(rt_vcpu()->evtchn_upcall_pending, 1, "ABI-UP-02 it stays pending");
    set_handler((uint64_t)probe_entry);
    rt_yield();
    tap_is(rt_upcalls, 0, "ABI-UP-02 none while masked");
    unmasked(true);
    HYPERVISOR_xen_version(XENVER_version, NULL);
    unmasked(false);
    tap_is(rt_upcalls, 1, "ABI-UP-02 any hypercall delivers");
}

/* A send to oneself with patterns in the registers and DF, AC set. */
static uint64_t interrupted(uint64_t *rsp)
{
    struct evtchn_send s = {.port = port};
    register uint64_t r15 __asm__("r15") = 0x1515;
    uint64_t result, rbx = 0xb0b0;
    uint64_t stub = SCREE_HYPERCALL_PAGE + 32 * __HYPERVISOR_event_channel_op;

    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "push %%rbp\n\tmov $0xbbbb, %%ebp\n\t"
                     "mov %%rsp, %1\n\tlea -256(%%rsp), %%rsp\n\t"
                     "pushfq; orl $0x40401, (%%rsp); popfq\n\t"
                     "call *%[entry]\n\t"
                     "pushfq; andl $~0x40400, (%%rsp); popfq\n\t"
                     "lea 256(%%rsp), %%rsp\n\tpop %%rbp\n\t"
                     "lea 128(%%rsp), %%rsp"
                     : "=a"(result), "=&d"(*rsp), "+b"(rbx), "+r"(r15)
                     : [entry] "0"(stub), "D"(EVTCHNOP_send), "S"(&s)
                     : "rcx", "r11", "memory", "cc");
    return result;
}

static void entry(void)
{
    uint64_t rsp = 0, result, called;

    unmasked(true);
    result = interrupted(&rsp);
    unmasked(false);
    called = rsp - 256 - 8; /* inside the stub: the return address is pushed */
    tap_ok(result == 0, "ABI-UP-08 the call's result");
    tap_ok(frame.rip >= SCREE_HYPERCALL_PAGE &&
               frame.rip < SCREE_HYPERCALL_PAGE + SCREE_PAGE_SIZE,
           "ABI-UP-08 the call is complete");
    tap_is((int64_t)frame.rsp, (int64_t)called, "ABI-UP-04 frame.rsp");
    tap_is((int64_t)frame_at, (int64_t)(frame.rsp - 128 - 40),
           "ABI-UP-04 the frame is below the red zone");
    tap_is((int64_t)seen[RSP], (int64_t)frame_at,
           "ABI-UP-04 rsp is its address");
    tap_is((int64_t)frame.error, (int64_t)SCREE_VECTOR_EVENT << 32,
           "ABI-UP-05 error");
    tap_is((int64_t)frame.cr2, 0, "ABI-UP-05 cr2");
    tap_is((int64_t)frame.rflags & 0x40601, 0x40601, "ABI-UP-05 rflags");
    tap_ok(seen[RAX] == 0 && seen[RBX] == 0xb0b0 && seen[RBX + 1] == 0xbbbb &&
               seen[R15] == 0x1515,
           "ABI-UP-06 the registers are the interrupted ones");
    tap_is((int64_t)seen[RFLAGS] & 0x54500, 0,
           "ABI-UP-06 DF TF AC NT RF are clear");
}

static void keep_mask(struct rt_regs *regs)
{
    (void)regs;
    frame_at = rt_vcpu()->evtchn_upcall_mask |
               (uint64_t)rt_vcpu()->evtchn_upcall_pending << 8;
    rt_clear_events();
}

static void mask(void)
{
    rt_upcall_hook = keep_mask;
    unmasked(true);
    send();
    tap_is((int64_t)frame_at, 0x101,
           "ABI-UP-03 the mask is set, pending is the guest's to clear");
    tap_is(rt_vcpu()->evtchn_upcall_mask, 0, "ABI-RET-01 unmasks");
    unmasked(false);
}

static void two_ports(void)
{
    unsigned was;

    rt_upcall_hook = NULL;
    HYPERVISOR_set_timer_op(1);
    send();
    was = rt_upcalls;
    unmasked(true);
    rt_yield();
    unmasked(false);
    tap_is(rt_upcalls - was, 1, "ABI-UP-11 two ports, one upcall");
}

static void nest(struct rt_regs *regs)
{
    (void)regs;
    rt_clear_events();
    if (++depth > deepest)
        deepest = depth;
    if (depth < limit) {
        unmasked(true);
        send();
        unmasked(false);
    }
    depth--;
}

static void nesting(void)
{
    rt_upcall_hook = nest;
    limit = 20;
    unmasked(true);
    send();
    unmasked(false);
    tap_is(deepest, 20, "ABI-UP-09 upcalls nest");
}

/* Each upcall leaves one more event pending when it returns. */
static uint64_t lowest;

static void again(struct rt_regs *regs)
{
    rt_clear_events();
    if ((uint64_t)regs < lowest)
        lowest = (uint64_t)regs;
    if (limit-- > 0)
        send();
}

static void no_growth(void)
{
    uint64_t first;

    rt_upcall_hook = again;
    lowest = ~0ull;
    limit = 0;
    unmasked(true);
    send();
    first = lowest;
    limit = 1000;
    send();
    rt_yield();
    unmasked(false);
    tap_ok(first - lowest < 512, "ABI-RET-03 frames do not pile up");
    tap_ok(limit > 1000, "ABI-RET-03 all were delivered");
}

static void fpu(struct rt_regs *regs)
{
    (void)regs;
    __asm__ volatile("movq %%xmm3, %0" : "=r"(frame_at));
    rt_clear_events();
}

static void floating(void)
{
    uint64_t pattern = 0x123456789abcdef;

    rt_upcall_hook = fpu;
    unmasked(true);
    __asm__ volatile("movq %0, %%xmm3" : : "r"(pattern));
    send();
    unmasked(false);
    tap_ok(frame_at == pattern, "ABI-UP-07 XMM registers are not touched");
}

int guest_main(void)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};

    HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &bind);
    port = bind.port;
    registration();
    rt_upcall_hook = keep;
    entry();
    mask();
    two_ports();
    nesting();
    no_growth();
    floating();
    return tap_done();
}
