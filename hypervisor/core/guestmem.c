/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to guests, page by page: one look-up in the domain's leaf
 * table for each page, then plain bytes. No address below comes near a frame
 * without space_resolve() having seen its page and the kind of access.
 */
#include "core/guestmem.h"

#include "base/string.h"
#include "core/domain.h"

/* Neither wraps nor reaches beyond what a guest may have. */
static bool in_range(gva_t a, size_t n)
{
    return n <= SCREE_GUEST_END && a.a <= SCREE_GUEST_END - n;
}

/* The bytes at a, and how many of n lie in its page. */
static char *piece(struct domain *d, gva_t a, size_t n, bool write, size_t *k)
{
    size_t offset = a.a & PAGE_MASK;
    char *page = space_page(&d->space, gva_gfn(a), write);

    *k = min_u64(n, PAGE_SIZE - offset);
    return page ? page + offset : NULL;
}

static bool in_one_page(gva_t a, size_t n)
{
    return n <= PAGE_SIZE - (a.a & PAGE_MASK);
}

static __attribute__((noinline)) int read_pages(struct domain *d, char *to,
                                                gva_t from, size_t n)
{
    while (n > 0) {
        size_t k;
        const char *p = piece(d, from, n, false, &k);

        if (!p)
            return -XEN_EFAULT;
        memcpy(to, p, k);
        to += k;
        from.a += k;
        n -= k;
    }
    return 0;
}

static __attribute__((noinline)) int write_pages(struct domain *d, gva_t to,
                                                 const char *from, size_t n)
{
    while (n > 0) {
        size_t k;
        char *p = piece(d, to, n, true, &k);

        if (!p)
            return -XEN_EFAULT;
        memcpy(p, from, k);
        from += k;
        to.a += k;
        n -= k;
    }
    return 0;
}

int guestmem_read(struct domain *d, void *to, gva_t from, size_t n)
{
    const char *p;

    if (!in_range(from, n))
        return -XEN_EFAULT;
    if (n == 0 || !in_one_page(from, n))
        return read_pages(d, to, from, n);
    p = space_page(&d->space, gva_gfn(from), false);
    if (!p)
        return -XEN_EFAULT;
    memcpy(to, p + (from.a & PAGE_MASK), n);
    return 0;
}

int guestmem_write(struct domain *d, gva_t to, const void *from, size_t n)
{
    char *p;

    if (!in_range(to, n))
        return -XEN_EFAULT;
    if (n == 0 || !in_one_page(to, n))
        return write_pages(d, to, from, n);
    p = space_page(&d->space, gva_gfn(to), true);
    if (!p)
        return -XEN_EFAULT;
    memcpy(p + (to.a & PAGE_MASK), from, n);
    return 0;
}

int guestmem_writable(struct domain *d, gva_t to, size_t n)
{
    if (!in_range(to, n))
        return -XEN_EFAULT;
    while (n > 0) {
        size_t k;

        if (!piece(d, to, n, true, &k))
            return -XEN_EFAULT;
        to.a += k;
        n -= k;
    }
    return 0;
}

/* Fills piece i of the pin, which has its length, with a reference to its
 * frame. */
static int pin_piece(struct domain *d, gva_t a, bool write,
                     struct guestmem_pin *pin, unsigned i)
{
    struct space *s = &d->space;
    struct mapping m;

    if (!space_resolve(s, gva_gfn(a), write, &m))
        return -XEN_EFAULT;
    if (frame_get(s->frames, m.frame,
                  space_frame_type((enum space_soft)m.soft)))
        return -XEN_EFAULT;
    pin->bytes[i] = (char *)machine_frame(m.frame) + (a.a & PAGE_MASK);
    pin->frame[i] = m.frame.n;
    return 0;
}

int guestmem_pin(struct domain *d, gva_t a, size_t n, bool write,
                 struct guestmem_pin *pin)
{
    size_t first = min_u64(n, PAGE_SIZE - (a.a & PAGE_MASK));
    int result = 0;

    *pin = (struct guestmem_pin){.frame = {UINT64_MAX, UINT64_MAX}};
    if (n > PAGE_SIZE || !in_range(a, n))
        return -XEN_EFAULT;
    pin->length[0] = (uint32_t)first;
    pin->length[1] = (uint32_t)(n - first);
    if (pin->length[0])
        result = pin_piece(d, a, write, pin, 0);
    if (!result && pin->length[1])
        result = pin_piece(d, gva(a.a + first), write, pin, 1);
    if (result)
        guestmem_unpin(d, pin);
    return result;
}

void guestmem_unpin(struct domain *d, struct guestmem_pin *pin)
{
    for (unsigned i = 0; i < ARRAY_SIZE(pin->frame); i++) {
        if (pin->frame[i] != UINT64_MAX)
            frame_put(d->space.frames, &d->quota, mfn(pin->frame[i]));
        pin->frame[i] = UINT64_MAX;
        pin->bytes[i] = NULL;
        pin->length[i] = 0;
    }
}
