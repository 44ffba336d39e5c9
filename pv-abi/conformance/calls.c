/* SPDX-License-Identifier: MIT */
/*
 * Conformance: the calling convention (chapter 6). A probe in assembly loads
 * every register with a pattern, calls, and keeps what came back.
 */
#include "rt.h"

SCREE_IMAGE(1 << 20, 65536);

/* In the order of the probe: rax rcx rdx rbx rbp rsi rdi r8..r15 rflags. */
uint64_t probe_in[16], probe_out[16];
uint64_t probe_entry, probe_rsp;
uint8_t probe_stack[4096] __attribute__((aligned(16)));
void probe(void);

__asm__(".text\n"
        "probe:\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n"
        "push %r15\n pushfq\n"
        "mov %rsp, probe_rsp\n"
        "lea probe_stack+2048, %rsp\n"
        "push probe_in+120\n popfq\n"
        "mov probe_in+0, %rax\n mov probe_in+8, %rcx\n"
        "mov probe_in+16, %rdx\n mov probe_in+24, %rbx\n"
        "mov probe_in+32, %rbp\n mov probe_in+40, %rsi\n"
        "mov probe_in+48, %rdi\n mov probe_in+56, %r8\n"
        "mov probe_in+64, %r9\n mov probe_in+72, %r10\n"
        "mov probe_in+80, %r11\n mov probe_in+88, %r12\n"
        "mov probe_in+96, %r13\n mov probe_in+104, %r14\n"
        "mov probe_in+112, %r15\n"
        "call *probe_entry\n"
        "mov %rax, probe_out+0\n mov %rcx, probe_out+8\n"
        "mov %rdx, probe_out+16\n mov %rbx, probe_out+24\n"
        "mov %rbp, probe_out+32\n mov %rsi, probe_out+40\n"
        "mov %rdi, probe_out+48\n mov %r8, probe_out+56\n"
        "mov %r9, probe_out+64\n mov %r10, probe_out+72\n"
        "mov %r11, probe_out+80\n mov %r12, probe_out+88\n"
        "mov %r13, probe_out+96\n mov %r14, probe_out+104\n"
        "mov %r15, probe_out+112\n"
        "pushfq\n pop probe_out+120\n"
        "mov probe_rsp, %rsp\n"
        "popfq\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n"
        "pop %rbx\n ret\n");

enum { RAX, RCX, RDX, RBX, RBP, RSI, RDI, R8, R9, R10, R11, RFLAGS = 15 };

static struct {
    uint8_t bytes[1024];
} before, after __attribute__((aligned(64)));

static bool listed(unsigned nr)
{
#define SCREE_IS(number, name, arguments) nr == number ||
    return SCREE_HYPERCALL_LIST(SCREE_IS) false;
#undef SCREE_IS
}

static void call(unsigned nr, uint64_t rdi, uint64_t rsi)
{
    for (unsigned i = 0; i < 15; i++)
        probe_in[i] = 0x1111111111111111ull * (i + 1) ^ nr;
    probe_in[RDI] = rdi;
    probe_in[RSI] = rsi;
    memset(probe_stack, 0xa5, sizeof(probe_stack));
    probe_entry = SCREE_HYPERCALL_PAGE + (uint64_t)nr * 32;
    probe();
}

static bool preserved(void)
{
    for (unsigned i = RDX; i < 15; i++)
        if (i != R11 - 0 && probe_in[i] != probe_out[i])
            return false;
    return true;
}

/* Only the call's return address may have been written: 2040..2047, and the
 * word that popfq took its flags from is the same one. */
static bool stack_clean(void)
{
    for (unsigned i = 0; i < sizeof(probe_stack); i++)
        if (probe_stack[i] != 0xa5 && (i < 2040 || i >= 2048))
            return false;
    return true;
}

static void registers(void)
{
    static const uint64_t flags[] = {0x202, 0x8d7 | 0x200, 0x602, 0x40202,
                                     0x200202};
    bool kept = true, same = true, clean = true;

    for (unsigned i = 0; i < 5; i++) {
        probe_in[RFLAGS] = flags[i];
        call(__HYPERVISOR_scree_time, 0, 0);
        kept = kept && preserved();
        same = same && probe_out[RFLAGS] == flags[i];
        clean = clean && stack_clean();
        call(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
        kept = kept && preserved();
        same = same && probe_out[RFLAGS] == flags[i];
        call(__HYPERVISOR_scree_idle, rt_now() + RT_MS, 0);
        kept = kept && preserved();
        same = same && probe_out[RFLAGS] == flags[i];
        clean = clean && stack_clean();
    }
    tap_ok(kept, "ABI-HC-03 all registers but rax rcx r11 are preserved");
    tap_ok(same, "ABI-HC-04 rflags is preserved");
    tap_ok(clean, "ABI-HC-06 the stack is not touched");
}

static void arguments(void)
{
    static char text[16];

    probe_in[RFLAGS] = 0x202;
    call(__HYPERVISOR_xen_version, XENVER_extraversion, (uint64_t)text);
    tap_ok(probe_out[RAX] == 0 && strcmp(text, ".scree") == 0,
           "ABI-HC-01 arguments in rdi and rsi, result in rax");
    call(__HYPERVISOR_xen_version, XENVER_extraversion, 0x7000);
    tap_is((int64_t)probe_out[RAX], -XEN_EFAULT, "ABI-HC-02 a negative error");
    call(__HYPERVISOR_xen_version, 0xabcdef0100000000 | XENVER_version, 0);
    tap_is((int64_t)probe_out[RAX], 0x40011,
           "ABI-HC-16 the upper half of a 32-bit argument is ignored");
}

static void fill_fpu(void)
{
    uint16_t fcw = 0x77f;
    uint32_t mxcsr = 0x9fc0;

    memset(&before, 0, sizeof(before));
    __asm__ volatile("fninit; fldpi; fld1; fldcw %1; fxsave64 %0"
                     : "+m"(before)
                     : "m"(fcw));
    memcpy(before.bytes + 24, &mxcsr, 4);
    for (unsigned i = 160; i < 416; i++)
        before.bytes[i] = (uint8_t)(i * 7);
    __asm__ volatile("fxrstor64 %0" : : "m"(before));
}

static bool fpu_kept(void)
{
    memset(&after, 0, sizeof(after));
    __asm__ volatile("fxsave64 %0" : "+m"(after));
    return memcmp(&before, &after, 416) == 0;
}

static void floating(void)
{
    bool kept = true;

    fill_fpu();
    rt_now();
    kept = kept && fpu_kept();
    HYPERVISOR_scree_time();
    rt_yield();
    HYPERVISOR_scree_idle(rt_now() + RT_MS);
    tap_ok(kept && fpu_kept(), "ABI-HC-05 x87, XMM, MXCSR and FCW are kept");
    __asm__ volatile("fninit");
}

static uint64_t fs_word = 0x1234567;

static void segments(void)
{
    uint64_t at_fs, zero = 0;

    HYPERVISOR_set_segment_base(SEGBASE_FS, (uint64_t)&fs_word);
    HYPERVISOR_set_debugreg(1, 0x123450);
    rt_yield();
    HYPERVISOR_scree_idle(rt_now() + RT_MS);
    __asm__ volatile("mov %%fs:(%1), %0" : "=r"(at_fs) : "r"(zero));
    tap_ok(at_fs == 0x1234567, "ABI-HC-05 the base of FS is kept");
    tap_is(HYPERVISOR_get_debugreg(1), 0x123450,
           "ABI-HC-05 debug registers are kept");
    HYPERVISOR_set_segment_base(SEGBASE_FS, 0);
    HYPERVISOR_set_debugreg(1, 0);
}

static void unknown(void)
{
    bool all = true;

    probe_in[RFLAGS] = 0x202;
    for (unsigned nr = 0; nr < SCREE_HYPERCALLS; nr++) {
        if (listed(nr))
            continue;
        call(nr, 0, 0);
        if ((int64_t)probe_out[RAX] != -XEN_ENOSYS) {
            rt_printf("# call %u: %ld\n", nr, (int64_t)probe_out[RAX]);
            all = false;
        }
    }
    tap_ok(all, "ABI-HC-07 numbers that are not listed");
}

static void unknown_commands(void)
{
    static const unsigned calls[] = {
        __HYPERVISOR_memory_op,        __HYPERVISOR_xen_version,
        __HYPERVISOR_console_io,       __HYPERVISOR_grant_table_op,
        __HYPERVISOR_vcpu_op,          __HYPERVISOR_sched_op,
        __HYPERVISOR_event_channel_op, __HYPERVISOR_callback_op};
    bool all = true;

    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        static uint64_t zeros[16];
        uint64_t b = (uint64_t)zeros, c = (uint64_t)zeros;
        int64_t r;

        if (calls[i] == __HYPERVISOR_vcpu_op ||
            calls[i] == __HYPERVISOR_console_io)
            b = 0;
        if (calls[i] == __HYPERVISOR_grant_table_op)
            c = 0;
        r = scree_call(calls[i], 0x7654321, b, c, 0, 0);
        if (r != -XEN_ENOSYS) {
            rt_printf("# call %u: %ld\n", calls[i], r);
            all = false;
        }
    }
    tap_ok(all, "ABI-HC-17 unknown commands");
}

static const uint64_t bad[] = {0,
                               0x800,
                               0x7000,
                               0x8000,
                               0x14000,
                               0xff000,
                               0x7fffffffffff,
                               0x3ffffffffffc,
                               0x400000000000,
                               0x800000000000,
                               0x900000000000,
                               0xffff800000000000,
                               0xffff880000000000,
                               0xfffffffffffffffc,
                               0xffffffffffffffff};
#define BADS (sizeof(bad) / sizeof(bad[0]))

static void bad_pointers(void)
{
    uint64_t end = rt_info()->memory_end;
    bool reading = true, writing = true;

    for (unsigned i = 0; i < BADS; i++) {
        void *p = (void *)bad[i];

        writing = writing &&
                  HYPERVISOR_xen_version(XENVER_extraversion, p) == -XEN_EFAULT;
        reading = reading &&
                  HYPERVISOR_event_channel_op(EVTCHNOP_send, p) == -XEN_EFAULT;
    }
    tap_ok(writing, "ABI-HC-09 pointers that cannot be written");
    tap_ok(reading, "ABI-HC-09 pointers that cannot be read");
    tap_is(HYPERVISOR_xen_version(XENVER_extraversion, (void *)SCREE_INFO_PAGE),
           -XEN_EFAULT, "ABI-HC-09 a read-only page");
    tap_is(HYPERVISOR_xen_version(XENVER_extraversion, (void *)(end - 4)),
           -XEN_EFAULT, "ABI-HC-09 half of it in the last page");
    tap_is(HYPERVISOR_console_io(CONSOLEIO_write, 100, (char *)~0ull - 9),
           -XEN_EFAULT, "ABI-HC-10 a range that wraps");
    tap_is(
        HYPERVISOR_console_io(CONSOLEIO_write, 1, (char *)0xffff800000000000),
        -XEN_EFAULT, "ABI-HC-10 the hypervisor's memory");
}

/* A structure over a page border, at an odd address, in untouched pages; and
 * in a page of initialised data, still shared with the image. */
static char shared_data[8192] = "first";

static void materialise(void)
{
    char *heap = (char *)rt_info()->image_end + 0x10000;
    char *crossing = heap + 3 * SCREE_PAGE_SIZE - 5;

    tap_ok(HYPERVISOR_xen_version(XENVER_extraversion, heap) == 0 &&
               strcmp(heap, ".scree") == 0,
           "ABI-HC-11 a page never touched");
    tap_ok(HYPERVISOR_xen_version(XENVER_extraversion, crossing) == 0 &&
               strcmp(crossing, ".scree") == 0,
           "ABI-HC-09 across pages, not aligned");
    tap_ok(HYPERVISOR_xen_version(XENVER_extraversion, shared_data + 100) ==
                   0 &&
               strcmp(shared_data + 100, ".scree") == 0 &&
               strcmp(shared_data, "first") == 0,
           "ABI-HC-11 a page shared with the image");
}

static void counts(void)
{
    static struct multicall_entry self;
    char *wild = (char *)0xffff800000000000;

    tap_is(HYPERVISOR_console_io(CONSOLEIO_write, 0, wild), 0,
           "ABI-HC-13 nothing to print");
    tap_is(HYPERVISOR_multicall((void *)wild, 0), 0,
           "ABI-HC-13 nothing to call");
    tap_is(HYPERVISOR_grant_table_op(GNTTABOP_copy, wild, 0), 0,
           "ABI-HC-13 nothing to copy");
    /* The call overwrites its own arguments: either is right. */
    self = (struct multicall_entry){
        .op = __HYPERVISOR_xen_version,
        .args = {XENVER_extraversion, (unsigned long)&self},
    };
    tap_is(HYPERVISOR_multicall(&self, 1), 0,
           "ABI-HC-12 arguments changed during the call");
}

static void delivery(void)
{
    rt_upcall_on();
    HYPERVISOR_set_timer_op(1);
    rt_vcpu()->evtchn_upcall_mask = 0;
    HYPERVISOR_scree_time();
    tap_is(rt_upcalls, 1, "ABI-HC-14 delivered before the call returned");
    rt_vcpu()->evtchn_upcall_mask = 1;
}

static void do_syscall(void *nr)
{
    __asm__ volatile("syscall" : : "a"(nr) : "rcx", "r11", "memory");
}

/* Finds the entering instruction, if it is the one we know, and jumps there
 * with a number of our own. */
static void wild_number(void)
{
    const uint8_t *stub = (const uint8_t *)SCREE_HYPERCALL_PAGE;
    int64_t result = -XEN_ENOSYS;

    for (unsigned i = 0; i < 30; i++) {
        if (stub[i] != 0x0f || stub[i + 1] != 0x05)
            continue;
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tcall *%2\n\t"
                         "lea 128(%%rsp), %%rsp"
                         : "=a"(result)
                         : "0"(0x7ffffffff), "r"(stub + i)
                         : "rcx", "r11", "memory");
        break;
    }
    tap_is(result, -XEN_ENOSYS, "ABI-HC-08 a number above 63");
}

int guest_main(void)
{
    floating();
    registers();
    arguments();
    segments();
    unknown();
    unknown_commands();
    bad_pointers();
    materialise();
    counts();
    wild_number();
    tap_is(rt_try(do_syscall, (void *)17), 6, "ABI-HC-15 syscall is #UD");
    delivery();
    return tap_done();
}
