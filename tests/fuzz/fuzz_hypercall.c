/* SPDX-License-Identifier: MIT */
/*
 * The whole way of a guest's exits through the loop: hypercalls with arguments
 * from a pool of good and bad values, stores to its memory, faults, time. Two
 * domains on one CPU play, so that events and grants cross. The input is the
 * script; afterwards nothing may have leaked.
 *
 *   byte 0: what (see enum), then what that needs
 */
#include "cell.h"
#include "core/domain.h"
#include "fuzz.h"
#include "system/builder.h"
#include "system/loop.h"

#define STEPS      64
#define RAM_PAGES  32
#define AREA       (SCREE_IMAGE_BASE + 0x1000)
#define HYPERVISOR 0xffff800000000000ull

enum what { CALL, CALL_RAW, STORE, FAULT, TIME, STORE_SHARED, KINDS };

struct player {
    struct fuzz_input *in;
    unsigned *steps;
};

/* A value for an argument: mostly of a kind that gets far. */
static uint64_t argument(struct fuzz_input *in)
{
    static const uint64_t odd[] = {
        0,          0xfff,
        0x7000,     SCREE_INFO_PAGE,
        HYPERVISOR, ~0ull,
        1ull << 47, SCREE_GUEST_END - 8,
        1ull << 32, 0x7fffffff,
        0xffffffff, SCREE_HYPERCALL_PAGE,
        ~7ull,      SCREE_IMAGE_BASE + RAM_PAGES * 4096ull - 4,
    };
    uint8_t k = fuzz_byte(in);

    if (k < 64)
        return k;
    if (k < 192)
        return AREA + (k - 64u) * 16;
    if (k < 192 + sizeof(odd) / sizeof(odd[0]))
        return odd[k - 192];
    if (k < 224)
        return AREA + fuzz_u16(in);
    if (k < 240)
        return fuzz_u32(in);
    return fuzz_u64(in);
}

static void set_call(struct machine_vcpu *mv, struct fuzz_input *in, bool raw)
{
    mv->regs.rax = raw ? fuzz_u64(in) : fuzz_byte(in) % 64;
    mv->regs.rdi = argument(in);
    mv->regs.rsi = argument(in);
    mv->regs.rdx = argument(in);
    mv->regs.r10 = argument(in);
    mv->regs.r8 = argument(in);
}

/* A store of the guest's own; a page fault goes the usual way. */
static struct vcpu_exit store(struct machine_vcpu *mv, uint64_t to,
                              struct fuzz_input *in)
{
    struct vcpu_exit fault = {.kind = EXIT_INTERRUPT};
    uint8_t bytes[64];
    size_t n = fuzz_byte(in) % sizeof(bytes) + 1;

    fuzz_bytes(in, bytes, n);
    if (host_store(mv, gva(to), bytes, n, &fault))
        return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
    return fault;
}

static struct vcpu_exit guest(struct machine_vcpu *mv, void *arg)
{
    struct player *p = arg;
    struct fuzz_input *in = p->in;
    uint64_t end = SCREE_IMAGE_BASE + RAM_PAGES * 4096ull;

    (*p->steps)++;
    if (!in->left)
        return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
    switch (fuzz_byte(in) % KINDS) {
    case CALL:
        set_call(mv, in, false);
        return (struct vcpu_exit){.kind = EXIT_HYPERCALL};
    case CALL_RAW:
        set_call(mv, in, true);
        return (struct vcpu_exit){.kind = EXIT_HYPERCALL};
    case STORE:
        return store(mv, AREA + fuzz_u16(in) % (end - AREA - 64), in);
    case FAULT:
        return (struct vcpu_exit){.kind = EXIT_FAULT,
                                  .vector = fuzz_byte(in) % 32,
                                  .error_code = fuzz_byte(in),
                                  .address = argument(in)};
    case STORE_SHARED:
        return store(mv, SCREE_SHARED_PAGE + fuzz_u16(in) % 0x2f00, in);
    default:
        host_clock_advance(1ull << (fuzz_byte(in) % 40));
        return (struct vcpu_exit){.kind = EXIT_INTERRUPT};
    }
}

/* A bundle of two domains whose image is one page of nothing, so that ends and
 * restarts take the way they take in a real cell. */
static struct {
    struct scree_bundle head;
    struct scree_bundle_image image;
    struct scree_domain_config domains[2];
    uint8_t contents[4096] __attribute__((aligned(4096)));
} bundle = {
    .head = {.magic = SCREE_BUNDLE_MAGIC,
             .version = SCREE_BUNDLE_VERSION,
             .header_size = sizeof(struct scree_bundle),
             .size = sizeof(bundle),
             .images = offsetof(__typeof__(bundle), image),
             .domains = offsetof(__typeof__(bundle), domains),
             .image_count = 1,
             .domain_count = 2},
    .image = {.name = "image",
              .entry = SCREE_IMAGE_BASE,
              .abi_major = SCREE_ABI_MAJOR,
              .segment_count = 1,
              .segments = {{.address = SCREE_IMAGE_BASE,
                            .offset = offsetof(__typeof__(bundle), contents),
                            .file_size = 4096,
                            .memory_size = 4096,
                            .flags = SCREE_SEGMENT_EXEC}}},
    .domains = {{.size = sizeof(struct scree_domain_config),
                 .module = SCREE_NO_MODULE,
                 .on_crash = SCREE_ON_CRASH_RESTART,
                 .name = "one",
                 .memory = RAM_PAGES * 4096ull,
                 .weight = 256},
                {.size = sizeof(struct scree_domain_config),
                 .module = SCREE_NO_MODULE,
                 .on_crash = SCREE_ON_CRASH_DESTROY,
                 .name = "two",
                 .memory = RAM_PAGES * 4096ull,
                 .weight = 256}},
};

static void launch(struct cell *cell, uint32_t index, struct player *p)
{
    struct domain *d;

    FUZZ_CHECK(domain_build(cell, index, &d) == 0);
    host_vcpu_guest(&d->vcpu.m, guest, p);
    domain_start(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    unsigned steps = 0;
    struct player player = {&in, &steps};
    struct cell *cell = fuzz_cell_start(&bundle, sizeof(bundle));

    FUZZ_CHECK(cell != NULL);
    launch(cell, 0, &player);
    launch(cell, 1, &player);
    for (unsigned i = 0; i < 4 * STEPS && steps < STEPS; i++)
        cpu_pass(&cell->cpus[0]);
    fuzz_cell_stop();
    return 0;
}
