/* SPDX-License-Identifier: MIT */
/*
 * Conformance: preemptive threads (chapter 11). The timer's upcall saves the
 * interrupted registers below its frame, takes another thread's stack and
 * returns through that one's frame. A third thread gives way by itself, from
 * ordinary code, and is resumed by the same path.
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 65536);

#define THREADS 4 /* main, two that compute, one that yields */
#define STACK   16384
#define TICK    (2 * RT_MS)
#define ENOUGH  60

struct thread {
    uint64_t rsp; /* at its saved registers, its frame above them */
    uint8_t fpu[512] __attribute__((aligned(16)));
    uint8_t stack[STACK] __attribute__((aligned(16)));
};

static struct thread threads[THREADS];
static unsigned current;
static volatile unsigned switches, yields, broken, turns[THREADS];

uint64_t thread_switch(uint64_t rsp);
void thread_upcall(void);
void thread_yield(void);
uint64_t thread_spin(uint64_t pattern, uint64_t rounds);

__asm__(".text\n"
        ".macro THREAD_SAVE\n"
        "push %rax\n push %rbx\n push %rcx\n push %rdx\n push %rsi\n"
        "push %rdi\n push %rbp\n push %r8\n push %r9\n push %r10\n"
        "push %r11\n push %r12\n push %r13\n push %r14\n push %r15\n"
        ".endm\n"
        ".macro THREAD_RESTORE\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %r11\n"
        "pop %r10\n pop %r9\n pop %r8\n pop %rbp\n pop %rdi\n"
        "pop %rsi\n pop %rdx\n pop %rcx\n pop %rbx\n pop %rax\n"
        ".endm\n"
        "thread_upcall:\n"
        "THREAD_SAVE\n"
        "mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call thread_switch\n"
        "mov %rax, %rsp\n"
        "THREAD_RESTORE\n"
        "jmp 0x1800\n" /* SCREE_RETURN */
        /* With events masked: lays the frame that an upcall would. */
        "thread_yield:\n"
        "mov (%rsp), %rax\n"
        "lea 8(%rsp), %rcx\n"
        "lea -168(%rcx), %rsp\n"
        "mov %rax, (%rsp)\n"
        "movq $0x202, 8(%rsp)\n"
        "mov %rcx, 16(%rsp)\n"
        "jmp thread_upcall\n"
        /* Fills the registers, runs, and counts those that changed. */
        "thread_spin:\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n"
        "push %r15\n"
        "mov %rdi, %rbx\n mov %rdi, %rbp\n mov %rdi, %rdx\n"
        "mov %rdi, %r8\n mov %rdi, %r9\n mov %rdi, %r10\n"
        "mov %rdi, %r11\n mov %rdi, %r12\n mov %rdi, %r13\n"
        "mov %rdi, %r14\n mov %rdi, %r15\n"
        "movq %rdi, %xmm9\n"
        "mov %rdi, -64(%rsp)\n"
        "mov %rsi, %rcx\n"
        "1: dec %rcx\n jnz 1b\n"
        "xor %eax, %eax\n"
        ".irp reg, rbx, rbp, rdx, r8, r9, r10, r11, r12, r13, r14, r15\n"
        "cmp %rdi, %\\reg\n je 2f\n inc %eax\n 2:\n"
        ".endr\n"
        "movq %xmm9, %rcx\n cmp %rdi, %rcx\n je 3f\n inc %eax\n 3:\n"
        "cmp %rdi, -64(%rsp)\n je 4f\n inc %eax\n 4:\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
        "ret\n");

_Static_assert(SCREE_RETURN == 0x1800, "in thread_upcall");
_Static_assert(sizeof(struct scree_frame) + SCREE_RED_ZONE == 168,
               "in thread_yield");

/* Both: out of the old thread, into the next. Events are masked. */
uint64_t thread_switch(uint64_t rsp)
{
    struct thread *old = &threads[current];

    rt_clear_events();
    __asm__ volatile("fxsave64 %0" : "=m"(old->fpu));
    old->rsp = rsp;
    current = (current + 1) % THREADS;
    turns[current]++;
    switches++;
    HYPERVISOR_set_timer_op(rt_now() + TICK);
    __asm__ volatile("fxrstor64 %0" : : "m"(threads[current].fpu));
    return threads[current].rsp;
}

/* --------------------------------------------------------------- threads */

static void compute(void)
{
    uint64_t pattern = 0x1111111111111111ull * (current + 1);

    for (;;)
        broken += (unsigned)thread_spin(pattern, 20000);
}

static void give_way(void)
{
    for (;;) {
        rt_vcpu()->evtchn_upcall_mask = 1;
        yields++;
        thread_yield();
        /* Resumed: unmasked again. */
        if (rt_vcpu()->evtchn_upcall_mask)
            broken++;
    }
}

/* As if it had been interrupted before its first instruction. */
static void prepare(struct thread *t, void (*entry)(void))
{
    uint64_t top = (uint64_t)t->stack + STACK - 8;
    struct scree_frame *f = (struct scree_frame *)(top - 168);

    *f = (struct scree_frame){
        .rip = (uint64_t)entry,
        .rflags = 0x202,
        .rsp = top,
    };
    t->rsp = (uint64_t)f - 15 * 8;
    __asm__ volatile("fninit\n\tfxsave64 %0" : "=m"(t->fpu));
}

int guest_main(void)
{
    struct callback_register r = {
        .type = CALLBACKTYPE_event,
        .address = (unsigned long)thread_upcall,
    };
    uint64_t end = rt_now() + 30 * RT_SECOND;

    prepare(&threads[1], compute);
    prepare(&threads[2], compute);
    prepare(&threads[3], give_way);
    HYPERVISOR_callback_op(CALLBACKOP_register, &r);
    HYPERVISOR_set_timer_op(rt_now() + TICK);
    rt_vcpu()->evtchn_upcall_mask = 0;
    while (switches < ENOUGH && rt_now() < end)
        broken += (unsigned)thread_spin(0x77, 20000);
    rt_vcpu()->evtchn_upcall_mask = 1;
    HYPERVISOR_set_timer_op(0);
    rt_printf("# %u switches, turns %u %u %u %u, %u yields\n", switches,
              turns[0], turns[1], turns[2], turns[3], yields);
    tap_ok(switches >= ENOUGH, "ABI-RET-09 preemptive switches");
    tap_ok(turns[0] > 5 && turns[1] > 5 && turns[2] > 5,
           "ABI-RET-09 everybody had turns");
    tap_ok(yields > 5, "ABI-RET-09 out of ordinary code, too");
    tap_is(broken, 0, "ABI-RET-01 no register was lost");
    tap_ok(turns[1] > 0, "ABI-RET-06 threads start through made-up frames");
    return tap_done();
}
