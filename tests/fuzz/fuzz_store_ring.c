/* SPDX-License-Identifier: MIT */
/*
 * A store ring between a guest that writes anything into its page and a
 * control domain that takes and puts. A model of both private indices says what
 * has to come of each call; nothing may leak.
 */
#include "scree/store.h" /* Xen's header, before errno.h and our `unused` */

#include <string.h>

#include "fuzz.h"
#include "io/store_ring.h"
#include "io/vio.h"
#include "world.h"

#define STEPS 64
#define RING  XENSTORE_RING_SIZE

struct model {
    struct world w;
    struct domain *d;
    struct xenstore_domain_interface *page; /* NULL: closed */
    bool stopped;
    uint32_t req_cons, rsp_prod;
    uint64_t epoch;
};

static bool works(const struct model *m)
{
    return m->page && !m->stopped;
}

static void open_ring(struct model *m)
{
    int64_t result = vio_op(m->d, SCREE_VIO_OPEN, SCREE_VIO_STORE, 0);

    FUZZ_CHECK(result == (m->page ? -XEN_EEXIST : RING));
    if (m->page)
        return;
    lock_take(&m->d->lock);
    m->page = space_page(&m->d->space, gva_gfn(gva(SCREE_STORE_PAGE)), true);
    lock_release(&m->d->lock);
    m->stopped = false;
    m->req_cons = m->rsp_prod = 0;
    m->epoch++;
}

static void close_ring(struct model *m)
{
    int64_t result = vio_op(m->d, SCREE_VIO_CLOSE, SCREE_VIO_STORE, 0);

    FUZZ_CHECK(result == (m->page ? 0 : -XEN_ENODEV));
    m->page = NULL;
}

/* What a call with such an index of the guest's has to do. */
static int expected(struct model *m, uint32_t used, uint32_t available,
                    uint32_t n)
{
    if (!works(m))
        return -XEN_ENODEV;
    if (used <= RING)
        return (int)min_u64(n, available);
    m->stopped = true;
    return -XEN_ENODEV;
}

static void take(struct model *m, uint32_t n)
{
    char bytes[2 * RING];
    uint32_t used = m->page ? m->page->req_prod - m->req_cons : 0;
    int want = expected(m, used, used, n);
    uint64_t epoch;

    FUZZ_CHECK(store_ring_take(m->d, bytes, n, &epoch) == want);
    FUZZ_CHECK(epoch == m->epoch);
    for (int i = 0; i < want; i++)
        FUZZ_CHECK(bytes[i] ==
                   m->page->req[MASK_XENSTORE_IDX(m->req_cons + (uint32_t)i)]);
    m->req_cons += want > 0 ? (uint32_t)want : 0;
    FUZZ_CHECK(want <= 0 || m->page->req_cons == m->req_cons);
}

static void put(struct model *m, uint32_t n, uint64_t epoch)
{
    char bytes[2 * RING];
    uint32_t used = m->page ? m->rsp_prod - m->page->rsp_cons : 0;
    int want = -XEN_ENODEV;

    if (epoch == m->epoch)
        want = expected(m, used, RING - used, n);
    memset(bytes, (int)(n | 1), sizeof(bytes));
    FUZZ_CHECK(store_ring_put(m->d, bytes, n, epoch) == want);
    for (int i = 0; i < want; i++)
        FUZZ_CHECK(m->page->rsp[MASK_XENSTORE_IDX(m->rsp_prod + (uint32_t)i)] ==
                   bytes[i]);
    m->rsp_prod += want > 0 ? (uint32_t)want : 0;
    FUZZ_CHECK(want <= 0 || m->page->rsp_prod == m->rsp_prod);
}

static void reset(struct model *m)
{
    FUZZ_CHECK(store_ring_reset(m->d) == (works(m) ? 0 : -XEN_ENODEV));
    m->stopped = true;
}

/* A store of the guest's: an index, or anything anywhere. */
static void scribble(struct model *m, struct fuzz_input *in)
{
    uint8_t how = fuzz_byte(in);
    uint32_t *word;

    if (!m->page)
        return;
    word = &m->page->req_cons + how % 7;
    if (how & 8)
        *word += fuzz_u16(in) % (RING + 2);
    else if (how & 16)
        *word = fuzz_u32(in);
    else
        fuzz_bytes(in, (char *)m->page + fuzz_u16(in) % (PAGE_SIZE - 16), 16);
}

static void step(struct model *m, struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);

    switch (what % 8) {
    case 0:
        open_ring(m);
        break;
    case 1:
        if (what & 8)
            close_ring(m);
        break;
    case 2:
        take(m, fuzz_u16(in) % (2 * RING));
        break;
    case 3:
        put(m, fuzz_u16(in) % (2 * RING), m->epoch - (what >> 7));
        break;
    case 4:
        FUZZ_CHECK(store_ring_notify(m->d) == 0);
        FUZZ_CHECK(store_ring_open(m->d) == works(m));
        break;
    case 5:
        if (what & 8)
            reset(m);
        break;
    default:
        scribble(m, in);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct model m = {.page = NULL};

    world_start(&m.w, NULL);
    m.d = world_domain(&m.w, 16);
    m.d->info->features |= SCREE_FEATURE_STORE;
    domain_start(m.d);
    for (unsigned i = 0; i < STEPS && in.left; i++)
        step(&m, &in);
    world_stop(&m.w);
    return 0;
}
