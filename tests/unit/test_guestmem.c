/* SPDX-License-Identifier: MIT */
/*
 * core/guestmem: a guest's bytes, whatever address it names. Borders, wraps,
 * rights, pages that do not exist yet, and pins that outlive their domain's
 * hold on a frame.
 */
#include <string.h>

#include "core/guestmem.h"
#include "scree/xen.h"
#include "world.h"

#define RAM  64
#define BASE ((uint64_t)SCREE_IMAGE_BASE)
#define END  (BASE + RAM * PAGE_SIZE)

struct fixture {
    struct world w;
    struct domain *d;
};

static void start(struct fixture *x)
{
    world_start(&x->w, NULL);
    x->d = world_domain(&x->w, RAM);
    lock_take(&x->d->lock);
}

static void end(struct fixture *x)
{
    lock_release(&x->d->lock);
    world_stop(&x->w);
}

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 7 + 1);
}

static void what_is_written_is_read(void)
{
    static const size_t lengths[] = {0,    1,    2,    7,    8,           9,
                                     4095, 4096, 4097, 8192, 3 * 4096 + 5};
    static const uint64_t offsets[] = {0, 1, 7, 8, 4088, 4095};
    static uint8_t out[4 * 4096], in[4 * 4096];
    struct fixture x;

    start(&x);
    fill(out, sizeof(out));
    for (unsigned l = 0; l < ARRAY_SIZE(lengths); l++) {
        for (unsigned o = 0; o < ARRAY_SIZE(offsets); o++) {
            gva_t a = gva(BASE + offsets[o]);
            size_t n = lengths[l];

            memset(in, 0, sizeof(in));
            CU_ASSERT_EQUAL(guestmem_write(x.d, a, out, n), 0);
            CU_ASSERT_EQUAL(guestmem_read(x.d, in, a, n), 0);
            CU_ASSERT_EQUAL(memcmp(in, out, n), 0);
            CU_ASSERT_EQUAL(in[n], 0);
        }
    }
    end(&x);
}

static void untouched_memory_reads_zero(void)
{
    struct fixture x;
    uint8_t b[6000];
    unsigned sum = 0;

    start(&x);
    memset(b, 1, sizeof(b));
    CU_ASSERT_EQUAL(guestmem_read(x.d, b, gva(BASE + 100), sizeof(b)), 0);
    for (size_t i = 0; i < sizeof(b); i++)
        sum += b[i];
    CU_ASSERT_EQUAL(sum, 0);
    end(&x);
}

static void large_domains_are_reached_to_the_end(void)
{
    static const struct host_config c = {.frames = 9000};
    static uint8_t out[PAGE_SIZE + 2], in[PAGE_SIZE + 2];
    struct fixture x;

    world_start(&x.w, &c);
    x.d = world_domain(&x.w, 8192);
    lock_take(&x.d->lock);
    fill(out, sizeof(out));
    for (uint64_t page = 250; page < 8192; page += 511) {
        gva_t a = gva(BASE + page * PAGE_SIZE - 1);

        CU_ASSERT_EQUAL(guestmem_write(x.d, a, out, sizeof(out)), 0);
        CU_ASSERT_EQUAL(guestmem_read(x.d, in, a, sizeof(in)), 0);
        CU_ASSERT_EQUAL(memcmp(in, out, sizeof(out)), 0);
    }
    CU_ASSERT_EQUAL(
        guestmem_write(x.d, gva(BASE + 8192 * PAGE_SIZE - 1), out, 2),
        -XEN_EFAULT);
    end(&x);
}

struct range {
    uint64_t a;
    size_t n;
};

/* Neither readable nor writable. */
static const struct range bad_ranges[] = {
    {0, 1},
    {0xfff, 1},
    {0xfff, 8},
    {BASE - 1, 1},
    {BASE - 1, 2},
    {END, 1},
    {END - 1, 2},
    {END - 8, 4096},
    {SCREE_GUEST_END - 1, 1},
    {SCREE_GUEST_END - 4, 8},
    {SCREE_GUEST_END, 1},
    {0x7ffffffff000, 4096},
    {0x00007fffffffffff, 1},
    {0x0000800000000000, 8},
    {0xffff800000000000, 8},
    {0xffff880000000000, 4096},
    {UINT64_MAX, 1},
    {UINT64_MAX - 3, 8},
    {UINT64_MAX - 4095, 4096},
    {BASE, SIZE_MAX},
    {BASE, SIZE_MAX - BASE + 1},
    {BASE, (size_t)SCREE_GUEST_END},
};

static void bad_addresses_are_efault(void)
{
    struct fixture x;
    static uint8_t b[3 * PAGE_SIZE];

    start(&x);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_ranges); i++) {
        gva_t a = gva(bad_ranges[i].a);
        size_t n = bad_ranges[i].n;
        struct guestmem_pin pin;

        CU_ASSERT_EQUAL(guestmem_writable(x.d, a, n), -XEN_EFAULT);
        for (int write = 0; write < 2; write++)
            CU_ASSERT_EQUAL(guestmem_pin(x.d, a, n, write, &pin), -XEN_EFAULT);
        if (n > sizeof(b))
            n = sizeof(b);
        if (a.a == BASE)
            continue; /* bad only because of its length */
        CU_ASSERT_EQUAL(guestmem_read(x.d, b, a, n), -XEN_EFAULT);
        CU_ASSERT_EQUAL(guestmem_write(x.d, a, b, n), -XEN_EFAULT);
    }
    CU_ASSERT_EQUAL(x.d->space.m.spare_count, 0);
    end(&x);
}

static void huge_lengths_are_efault(void)
{
    struct fixture x;
    char b = 0;

    start(&x);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_ranges); i++) {
        gva_t a = gva(bad_ranges[i].a);
        size_t n = bad_ranges[i].n;

        if (n <= SCREE_GUEST_END && a.a <= SCREE_GUEST_END - n)
            continue;
        /* refused before the first byte: b is one byte only */
        CU_ASSERT_EQUAL(guestmem_read(x.d, &b, a, n), -XEN_EFAULT);
        CU_ASSERT_EQUAL(guestmem_write(x.d, a, &b, n), -XEN_EFAULT);
    }
    end(&x);
}

static void nothing_is_copied_from_nowhere(void)
{
    struct fixture x;
    struct guestmem_pin pin;

    start(&x);
    CU_ASSERT_EQUAL(guestmem_read(x.d, NULL, gva(0), 0), 0);
    CU_ASSERT_EQUAL(guestmem_write(x.d, gva(SCREE_GUEST_END), NULL, 0), 0);
    CU_ASSERT_EQUAL(guestmem_writable(x.d, gva(0), 0), 0);
    CU_ASSERT_EQUAL(guestmem_pin(x.d, gva(0), 0, true, &pin), 0);
    CU_ASSERT_EQUAL(pin.length[0] + pin.length[1], 0);
    guestmem_unpin(x.d, &pin);
    end(&x);
}

static void read_only_pages_are_read_only(void)
{
    static const uint64_t ro[] = {SCREE_HYPERCALL_PAGE, SCREE_INFO_PAGE,
                                  SCREE_CLOCK_PAGE};
    struct fixture x;
    struct guestmem_pin pin;
    char b[8] = {0};

    start(&x);
    for (unsigned i = 0; i < ARRAY_SIZE(ro); i++) {
        gva_t a = gva(ro[i] + 16);

        CU_ASSERT_EQUAL(guestmem_read(x.d, b, a, 8), 0);
        CU_ASSERT_EQUAL(guestmem_write(x.d, a, b, 8), -XEN_EFAULT);
        CU_ASSERT_EQUAL(guestmem_writable(x.d, a, 8), -XEN_EFAULT);
        CU_ASSERT_EQUAL(guestmem_pin(x.d, a, 8, true, &pin), -XEN_EFAULT);
        CU_ASSERT_EQUAL(guestmem_pin(x.d, a, 8, false, &pin), 0);
        guestmem_unpin(x.d, &pin);
    }
    CU_ASSERT_EQUAL(guestmem_write(x.d, gva(SCREE_SHARED_PAGE + 4000), b, 8),
                    0);
    end(&x);
}

static void writable_means_a_write_succeeds(void)
{
    struct fixture x;
    static uint8_t b[3 * PAGE_SIZE];
    uint64_t drawn;

    start(&x);
    CU_ASSERT_EQUAL(guestmem_writable(x.d, gva(BASE + 10), sizeof(b)), 0);
    drawn = x.d->quota.drawn;
    CU_ASSERT_EQUAL(guestmem_write(x.d, gva(BASE + 10), b, sizeof(b)), 0);
    CU_ASSERT_EQUAL(x.d->quota.drawn, drawn);
    CU_ASSERT_EQUAL(guestmem_writable(x.d, gva(END - 1), 1), 0);
    CU_ASSERT_EQUAL(guestmem_writable(x.d, gva(END - 1), 2), -XEN_EFAULT);
    end(&x);
}

/* ------------------------------------------------------------------ pins */

static void pins_show_the_bytes(void)
{
    static const struct {
        uint64_t offset;
        size_t n;
        uint32_t first, second;
    } cases[] = {
        {0, 4096, 4096, 0}, {1, 4096, 4095, 1}, {4095, 4096, 1, 4095},
        {4090, 6, 6, 0},    {4090, 7, 6, 1},    {100, 1, 1, 0},
    };
    static uint8_t out[2 * PAGE_SIZE];
    struct fixture x;

    start(&x);
    fill(out, sizeof(out));
    CU_ASSERT_EQUAL(guestmem_write(x.d, gva(BASE), out, sizeof(out)), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct guestmem_pin pin;
        uint64_t o = cases[i].offset;

        CU_ASSERT_EQUAL(
            guestmem_pin(x.d, gva(BASE + o), cases[i].n, i % 2, &pin), 0);
        CU_ASSERT_EQUAL(pin.length[0], cases[i].first);
        CU_ASSERT_EQUAL(pin.length[1], cases[i].second);
        CU_ASSERT_EQUAL(memcmp(pin.bytes[0], out + o, pin.length[0]), 0);
        if (pin.length[1])
            CU_ASSERT_EQUAL(
                memcmp(pin.bytes[1], out + o + pin.length[0], pin.length[1]),
                0);
        guestmem_unpin(x.d, &pin);
        guestmem_unpin(x.d, &pin); /* again: no effect */
    }
    end(&x);
}

static void half_a_pin_is_no_pin(void)
{
    struct fixture x;
    struct guestmem_pin pin;
    struct mapping m;

    start(&x);
    CU_ASSERT_EQUAL(guestmem_pin(x.d, gva(END - 8), 16, true, &pin),
                    -XEN_EFAULT);
    CU_ASSERT_EQUAL(pin.frame[0], UINT64_MAX);
    m = space_get(&x.d->space, gva_gfn(gva(END - 8)));
    CU_ASSERT_EQUAL(frame_info(x.w.frames, m.frame).refs, 1);
    CU_ASSERT_EQUAL(guestmem_pin(x.d, gva(BASE), 4097, false, &pin),
                    -XEN_EFAULT);
    end(&x);
}

static void pinned_frame_outlives_its_mapping(void)
{
    struct fixture x;
    struct guestmem_pin pin;
    uint64_t free;

    start(&x);
    CU_ASSERT_EQUAL(guestmem_write(x.d, gva(BASE), "abc", 3), 0);
    free = frames_free(x.w.frames);
    CU_ASSERT_EQUAL(guestmem_pin(x.d, gva(BASE), 3, true, &pin), 0);
    CU_ASSERT_EQUAL(space_give_up(&x.d->space, gva_gfn(gva(BASE))), 0);
    CU_ASSERT_EQUAL(frames_free(x.w.frames), free);
    CU_ASSERT_EQUAL(memcmp(pin.bytes[0], "abc", 3), 0);
    guestmem_unpin(x.d, &pin);
    CU_ASSERT_EQUAL(frames_free(x.w.frames), free + 1);
    end(&x);
}

static void pin_held_over_the_domains_space_is_credited(void)
{
    struct fixture x;
    struct guestmem_pin pin;
    uint64_t drawn;

    start(&x);
    CU_ASSERT_EQUAL(guestmem_pin(x.d, gva(BASE), 3, true, &pin), 0);
    drawn = x.d->quota.drawn;
    lock_release(&x.d->lock);
    sched_stop(&x.d->vcpu);
    lock_take(&x.d->lock);
    CU_ASSERT_EQUAL(space_unmap(&x.d->space, gva_gfn(gva(BASE)), SOFT_NONE), 0);
    CU_ASSERT_EQUAL(x.d->quota.drawn, drawn);
    guestmem_unpin(x.d, &pin);
    CU_ASSERT_EQUAL(x.d->quota.drawn, drawn - 1);
    end(&x); /* domain_free() asserts that nothing is drawn */
}

static void read_pin_of_a_shared_page_keeps_it(void)
{
    struct fixture x;
    struct guestmem_pin pin;
    mfn_t clock;
    uint32_t refs;

    start(&x);
    clock = x.w.cell->clock_page;
    refs = frame_info(x.w.frames, clock).refs;
    CU_ASSERT_EQUAL(guestmem_pin(x.d, gva(SCREE_CLOCK_PAGE), 64, false, &pin),
                    0);
    CU_ASSERT_EQUAL(frame_info(x.w.frames, clock).refs, refs + 1);
    guestmem_unpin(x.d, &pin);
    CU_ASSERT_EQUAL(frame_info(x.w.frames, clock).refs, refs);
    end(&x);
}

/* Too many references: an error for the guest, no wrap. */
static void pin_is_refused_when_references_run_out(void)
{
    struct fixture x;
    struct guestmem_pin pin;
    mfn_t clock;
    uint32_t more;

    start(&x);
    clock = x.w.cell->clock_page;
    more = FRAME_REFS_MAX - frame_info(x.w.frames, clock).refs;
    for (uint32_t i = 0; i < more; i++)
        (void)!frame_get(x.w.frames, clock, FRAME_SHARED);
    CU_ASSERT_EQUAL(guestmem_pin(x.d, gva(SCREE_CLOCK_PAGE), 64, false, &pin),
                    -XEN_EFAULT);
    for (uint32_t i = 0; i < more; i++)
        frame_put(x.w.frames, NULL, clock);
    end(&x);
}

void suite_guestmem(void)
{
    static const struct unit_test tests[] = {
        {"what is written is read", what_is_written_is_read},
        {"untouched memory reads zero", untouched_memory_reads_zero},
        {"large domains are reached to the end",
         large_domains_are_reached_to_the_end},
        {"bad addresses are EFAULT", bad_addresses_are_efault},
        {"huge lengths are EFAULT", huge_lengths_are_efault},
        {"nothing is copied from nowhere", nothing_is_copied_from_nowhere},
        {"read-only pages are read-only", read_only_pages_are_read_only},
        {"writable means a write succeeds", writable_means_a_write_succeeds},
        {"pins show the bytes", pins_show_the_bytes},
        {"half a pin is no pin", half_a_pin_is_no_pin},
        {"pinned frame outlives its mapping",
         pinned_frame_outlives_its_mapping},
        {"pin held over the domain's space is credited",
         pin_held_over_the_domains_space_is_credited},
        {"read pin of a shared page keeps it",
         read_pin_of_a_shared_page_keeps_it},
        {"pin is refused when references run out",
         pin_is_refused_when_references_run_out},
    };

    UNIT_SUITE("guestmem", tests);
}
