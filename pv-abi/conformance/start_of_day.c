/* SPDX-License-Identifier: MIT */
/*
 * Conformance: the image (chapter 2) and the state at the first instruction
 * (chapter 3). The runtime's start.S kept the registers; nothing has used the
 * FPU before main, so its state is still the first one.
 */
#include "rt.h"

#define STACK 65536
#define LEAST (1 << 20)
SCREE_IMAGE(LEAST, STACK);

extern char _start[], guest_end[];

static struct {
    uint8_t bytes[1024];
} fpu __attribute__((aligned(64)));

static uint64_t bss[2048];
static uint64_t data[4] = {1, 2, 3, 4};
static const uint64_t rodata[4] = {5, 6, 7, 8};

static bool is_zero(const void *from, size_t n)
{
    const volatile uint8_t *b = from;

    for (size_t i = 0; i < n; i++)
        if (b[i] != 0)
            return false;
    return true;
}

static uint64_t word(unsigned offset, unsigned size)
{
    uint64_t v = 0;

    memcpy(&v, fpu.bytes + offset, size);
    return v;
}

static void registers(void)
{
    const struct rt_start *s = &rt_start;

    tap_ok((uint64_t)_start >= SCREE_IMAGE_BASE,
           "ABI-SOD-01 the entry point was called");
    tap_is((int64_t)s->rsp, (int64_t)rt_info()->memory_end,
           "ABI-SOD-02 rsp is memory_end");
    tap_ok(s->rsp % SCREE_PAGE_SIZE == 0, "ABI-SOD-02 which is page aligned");
    tap_is((int64_t)s->below, 0, "ABI-SOD-02 nothing was pushed");
    tap_is((int64_t)s->rdi, SCREE_INFO_PAGE, "ABI-SOD-03 rdi is the info page");
    tap_ok((s->rax | s->rcx | s->rdx | s->rbx | s->rbp | s->rsi) == 0,
           "ABI-SOD-04 rax rcx rdx rbx rbp rsi are 0");
    tap_ok((s->r8 | s->r9 | s->r10 | s->r11 | s->r12 | s->r13 | s->r14 |
            s->r15) == 0,
           "ABI-SOD-04 r8 to r15 are 0");
    tap_is((int64_t)s->rflags, 0x202, "ABI-SOD-05 rflags");
}

static void segments(void)
{
    uint64_t cs, ss, ds, es, fs, gs, at_fs, at_gs;

    __asm__ volatile("mov %%cs, %0\n\tmov %%ss, %1\n\tmov %%ds, %2\n\t"
                     "mov %%es, %3\n\tmov %%fs, %4\n\tmov %%gs, %5"
                     : "=r"(cs), "=r"(ss), "=r"(ds), "=r"(es), "=r"(fs),
                       "=r"(gs));
    tap_ok((cs & 3) == 3 && (ss & 3) == 3, "ABI-SOD-06 CPL 3");
    tap_ok((ds | es | fs | gs) == 0, "ABI-SOD-06 ds es fs gs are null");
    __asm__ volatile("mov %%fs:0x2000, %0\n\tmov %%gs:0x2000, %1"
                     : "=r"(at_fs), "=r"(at_gs));
    tap_ok(at_fs == SCREE_INFO_MAGIC && at_gs == SCREE_INFO_MAGIC,
           "ABI-SOD-07 the bases of FS and GS are 0");
}

static void cpuid(uint32_t leaf, uint32_t *b, uint32_t *c)
{
    uint32_t a, d;

    __asm__ volatile("cpuid"
                     : "=a"(a), "=b"(*b), "=c"(*c), "=d"(d)
                     : "a"(leaf), "c"(0));
}

static uint64_t xcr0(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static void extended(void)
{
    uint32_t b, c;
    uint64_t wanted;

    cpuid(1, &b, &c);
    if (!(c & 1u << 27)) {
        tap_ok(true, "ABI-SOD-10 no OSXSAVE, no xgetbv");
        return;
    }
    wanted = c & 1u << 28 ? 7 : 3;
    tap_is((int64_t)xcr0(), (int64_t)wanted, "ABI-SOD-10 XCR0");
    if (wanted != 7)
        return;
    __asm__ volatile("xsave64 %0" : "+m"(fpu) : "a"(7), "d"(0));
    tap_ok(!(word(512, 8) & 4) || is_zero(fpu.bytes + 576, 256),
           "ABI-SOD-09 the upper halves of YMM are 0");
}

static void fpu_state(void)
{
    __asm__ volatile("fxsave64 %0" : "=m"(fpu));
    tap_is((int64_t)word(0, 2), 0x37f, "ABI-SOD-08 FCW");
    tap_is((int64_t)word(2, 2), 0, "ABI-SOD-08 FSW");
    tap_is((int64_t)word(4, 1), 0, "ABI-SOD-08 all registers empty");
    tap_ok(is_zero(fpu.bytes + 32, 128), "ABI-SOD-08 and 0");
    tap_is((int64_t)word(24, 4), 0x1f80, "ABI-SOD-09 MXCSR");
    tap_ok(is_zero(fpu.bytes + 160, 256), "ABI-SOD-09 XMM0 to XMM15 are 0");
    extended();
}

static void debug_registers(void)
{
    int64_t any = 0;

    for (unsigned i = 0; i < 4; i++)
        any |= HYPERVISOR_get_debugreg(i);
    tap_is(any, 0, "ABI-SOD-11 DR0 to DR3");
    tap_is(HYPERVISOR_get_debugreg(6), 0xffff0ff0, "ABI-SOD-11 DR6");
    tap_is(HYPERVISOR_get_debugreg(7), 0x400, "ABI-SOD-11 DR7");
}

static void events(void)
{
    uint64_t pending = 0, masked = 0;

    for (unsigned i = 0; i < SCREE_PORTS / 64; i++) {
        pending |= rt_shared()->evtchn_pending[i];
        masked |= rt_shared()->evtchn_mask[i];
    }
    tap_is(rt_vcpu()->evtchn_upcall_mask, 1, "ABI-SOD-12 events are masked");
    tap_is(rt_vcpu()->evtchn_upcall_pending, 0, "ABI-SOD-12 none is pending");
    tap_ok(pending == 0, "ABI-SOD-12 no port is pending");
    tap_ok(masked == 0, "ABI-SOD-12 no port is masked");
}

/* With an event pending and events unmasked nothing may call us. */
static void nothing_set(void)
{
    tap_is(HYPERVISOR_scree_vio(SCREE_VIO_CLOSE, SCREE_VIO_CONSOLE, 0),
           -XEN_ENODEV, "ABI-SOD-13 vio devices are closed");
    HYPERVISOR_scree_idle(rt_now() + 10 * RT_MS);
    tap_ok(rt_shared()->evtchn_pending[0] == 0, "ABI-SOD-13 no timer is set");
    HYPERVISOR_set_timer_op(1);
    rt_vcpu()->evtchn_upcall_mask = 0;
    rt_yield();
    rt_vcpu()->evtchn_upcall_mask = 1;
    rt_clear_events();
    tap_ok(rt_upcalls == 0, "ABI-SOD-13 no event callback is set");
}

static void image(void)
{
    uint64_t end = rt_info()->image_end, top = rt_info()->memory_end;
    bool zero = true;

    tap_ok(memcmp(scree_image_note.name, SCREE_NOTE_NAME, 6) == 0 &&
               scree_image_note.type == SCREE_NOTE_TYPE,
           "ABI-IMG-01 the note is part of the image");
    tap_is((int64_t)end, (int64_t)guest_end, "ABI-IMG-02 image_end is bss's");
    tap_ok(is_zero(bss, sizeof(bss)), "ABI-IMG-03 bss is 0");
    tap_ok(data[3] == 4 && rodata[3] == 8, "ABI-IMG-03 data is the image's");
    tap_is(rt_try_write((uint64_t)_start), 14, "ABI-IMG-03 text is read-only");
    tap_is(rt_try_write((uint64_t)rodata), 14,
           "ABI-IMG-03 read-only data is read-only");
    tap_is(rt_try_exec((uint64_t)data), 14,
           "ABI-IMG-03 data is not executable");
    data[0] = 77;
    tap_ok(data[0] == 77 && data[1] == 2, "ABI-IMG-04 data is private");
    tap_ok(top - SCREE_IMAGE_BASE >= LEAST, "ABI-IMG-05 min_memory");
    tap_ok(top - end >= STACK, "ABI-IMG-05 stack_bytes");
    for (uint64_t a = end; a < top - STACK; a += SCREE_PAGE_SIZE)
        zero = zero && is_zero((void *)a, 64);
    tap_ok(zero, "ABI-SOD-14 the heap is 0");
}

int guest_main(void)
{
    fpu_state();
    registers();
    segments();
    debug_registers();
    events();
    nothing_set();
    image();
    return tap_done();
}
