/* SPDX-License-Identifier: MIT */
/*
 * Store rings: see store_ring.h. Both directions are rings of 1024 bytes with
 * free-running indices; of each pair one index is the guest's.
 */
#include "io/store_ring.h"

#include "base/string.h"
#include "core/changes.h"
#include "core/domain.h"
#include "io/vio.h"
#include "scree/control.h"
#include "scree/store.h"

#define SIZE XENSTORE_RING_SIZE

_Static_assert(sizeof(struct xenstore_domain_interface) <= PAGE_SIZE,
               "one page");

/* ------------------------------------------- the device; d's lock is held */

void store_ring_start(struct domain *d, void *page)
{
    struct store_ring *r = &d->store;

    *r = (struct store_ring){.page = page, .epoch = r->epoch + 1};
    r->page->server_features = XENSTORE_SERVER_FEATURE_ERROR;
    change_mark(d, SCREE_HAPPENED_STATE | SCREE_HAPPENED_STORE);
}

void store_ring_end(struct domain *d)
{
    d->store.page = NULL;
    change_mark(d, SCREE_HAPPENED_STATE | SCREE_HAPPENED_STORE);
}

static bool is_open(const struct domain *d)
{
    return d->store.page && !d->store.stopped;
}

/* Nothing goes through it any more; the guest is told why. */
static void stop(struct domain *d, uint32_t error)
{
    d->store.stopped = true;
    vio_store(d->store.page->error, error);
    change_mark(d, SCREE_HAPPENED_STATE | SCREE_HAPPENED_STORE);
    event_raise(d, SCREE_PORT_STORE);
}

/* How many bytes of a ring are in use; more than there are: it is stopped. */
static bool check(struct domain *d, uint32_t used)
{
    if (used <= SIZE)
        return true;
    stop(d, XENSTORE_ERROR_RINGIDX);
    return false;
}

/* ------------------------------------------------------------- the bytes */

static void copy_from(char *to, const char *ring, uint32_t at, uint32_t n)
{
    uint32_t first = (uint32_t)min_u64(n, SIZE - at % SIZE);

    memcpy(to, ring + at % SIZE, first);
    memcpy(to + first, ring, n - first);
}

static void copy_into(char *ring, uint32_t at, const char *from, uint32_t n)
{
    uint32_t first = (uint32_t)min_u64(n, SIZE - at % SIZE);

    memcpy(ring + at % SIZE, from, first);
    memcpy(ring, from + first, n - first);
}

static int take_locked(struct domain *d, char *to, size_t n)
{
    struct store_ring *r = &d->store;
    uint32_t waiting;

    if (!is_open(d))
        return -XEN_ENODEV;
    waiting = vio_load(r->page->req_prod) - r->req_cons;
    if (!check(d, waiting))
        return -XEN_ENODEV;
    n = min_u64(n, waiting);
    if (n == 0)
        return 0;
    copy_from(to, r->page->req, r->req_cons, (uint32_t)n);
    r->req_cons += (uint32_t)n;
    vio_store(r->page->req_cons, r->req_cons);
    event_raise(d, SCREE_PORT_STORE);
    return (int)n;
}

static int put_locked(struct domain *d, const char *from, size_t n)
{
    struct store_ring *r = &d->store;
    uint32_t used;

    if (!is_open(d))
        return -XEN_ENODEV;
    used = r->rsp_prod - vio_load(r->page->rsp_cons);
    if (!check(d, used))
        return -XEN_ENODEV;
    n = min_u64(n, SIZE - used);
    if (n == 0)
        return 0;
    copy_into(r->page->rsp, r->rsp_prod, from, (uint32_t)n);
    r->rsp_prod += (uint32_t)n;
    vio_store(r->page->rsp_prod, r->rsp_prod);
    event_raise(d, SCREE_PORT_STORE);
    return (int)n;
}

/* ------------------------------------------------------------ operations */

int store_ring_take(struct domain *d, void *bytes, size_t n, uint64_t *epoch)
{
    int done;

    lock_take(&d->lock);
    done = take_locked(d, bytes, n);
    *epoch = d->store.epoch;
    lock_release(&d->lock);
    return done;
}

int store_ring_put(struct domain *d, const void *bytes, size_t n,
                   uint64_t epoch)
{
    int done = -XEN_ENODEV;

    lock_take(&d->lock);
    if (epoch == d->store.epoch)
        done = put_locked(d, bytes, n);
    lock_release(&d->lock);
    return done;
}

int store_ring_reset(struct domain *d)
{
    int result = -XEN_ENODEV;

    lock_take(&d->lock);
    if (is_open(d)) {
        stop(d, XENSTORE_ERROR_COMM);
        result = 0;
    }
    lock_release(&d->lock);
    return result;
}

bool store_ring_exists(const struct domain *d)
{
    return d->info->features & SCREE_FEATURE_STORE;
}

bool store_ring_open(struct domain *d)
{
    bool open;

    lock_take(&d->lock);
    open = is_open(d);
    lock_release(&d->lock);
    return open;
}

int store_ring_notify(struct domain *d)
{
    if (!store_ring_exists(d))
        return -XEN_EINVAL;
    if (store_ring_open(d))
        change_mark(d, SCREE_HAPPENED_STORE);
    return 0;
}
