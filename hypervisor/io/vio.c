/* SPDX-License-Identifier: MIT */
/*
 * Opening, closing and stepping rings: see vio.h.
 */
#include "io/vio.h"

#include "io/store_ring.h"
#include "io/vio_console.h"
#include "io/vio_net.h"
#include "scree/store.h"

static bool exists(const struct domain *d, uint64_t device)
{
    switch (device) {
    case SCREE_VIO_CONSOLE:
        return d->console != NULL;
    case SCREE_VIO_NET:
        return d->net != NULL;
    case SCREE_VIO_STORE:
        return store_ring_exists(d);
    default:
        return false;
    }
}

static gfn_t ring_page(uint64_t device)
{
    return gva_gfn(gva(SCREE_VIO_PAGES + device * SCREE_PAGE_SIZE));
}

static bool is_open(const struct domain *d, uint64_t device)
{
    return device == SCREE_VIO_STORE ? d->store.page != NULL
                                     : d->vio[device].ring != NULL;
}

/* Maps the device's page, zeroed. */
static int map_page(struct domain *d, uint64_t device, void **page)
{
    mfn_t m =
        frame_alloc_zero(d->cell->frames, &d->quota, d->id, FRAME_WRITABLE);
    int rc;

    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    rc = space_map(&d->space, ring_page(device), m, MAP_READ | MAP_WRITE,
                   SOFT_FIXED);
    if (rc)
        frame_put(d->cell->frames, &d->quota, m);
    *page = machine_frame(m);
    return rc;
}

static int open_locked(struct domain *d, uint64_t device)
{
    void *page;
    int rc;

    if (is_open(d, device))
        return -XEN_EEXIST;
    rc = map_page(d, device, &page);
    if (rc)
        return rc;
    if (device == SCREE_VIO_STORE) {
        store_ring_start(d, page);
        return XENSTORE_RING_SIZE;
    }
    d->vio[device] = (struct vio_device){.ring = page};
    return SCREE_VIO_RING;
}

static int close_locked(struct domain *d, uint64_t device)
{
    if (!is_open(d, device))
        return -XEN_ENODEV;
    if (device == SCREE_VIO_STORE)
        store_ring_end(d);
    else
        d->vio[device].ring = NULL;
    return space_unmap(&d->space, ring_page(device), SOFT_NONE);
}

static int64_t open_or_close(struct domain *d, uint64_t op, uint64_t device)
{
    int rc;

    lock_take(&d->lock);
    rc =
        op == SCREE_VIO_OPEN ? open_locked(d, device) : close_locked(d, device);
    lock_release(&d->lock);
    return rc;
}

/* Apart, so that a kick passes through vio_op() without saving registers. */
static __attribute__((noinline)) int64_t
other_op(struct domain *d, uint64_t op, uint64_t device, uint64_t argument)
{
    if (op > SCREE_VIO_KICK)
        return -XEN_EINVAL;
    if (!exists(d, device))
        return -XEN_ENODEV;
    if (op == SCREE_VIO_KICK)
        return device == SCREE_VIO_CONSOLE ? vio_console_kick(d, argument)
                                           : -XEN_EINVAL;
    return argument ? -XEN_EINVAL : open_or_close(d, op, device);
}

int64_t vio_op(struct domain *d, uint64_t op, uint64_t device,
               uint64_t argument)
{
    if (op == SCREE_VIO_KICK && device == SCREE_VIO_NET && d->net)
        return vio_net_kick(d, argument);
    return other_op(d, op, device, argument);
}

static void close_one(struct domain *d, uint64_t device)
{
    if (is_open(d, device) && close_locked(d, device) != 0)
        panic("a ring page was not mapped");
}

void vio_close_all(struct domain *d)
{
    lock_take(&d->lock);
    close_one(d, SCREE_VIO_CONSOLE);
    close_one(d, SCREE_VIO_NET);
    close_one(d, SCREE_VIO_STORE);
    lock_release(&d->lock);
}

/* ------------------------------------------------------------ the ring */

int vio_waiting(const struct vio_device *dev, uint64_t limit)
{
    uint32_t n;

    if (!dev->ring)
        return -XEN_ENODEV;
    n = vio_load(dev->ring->tx_produced) - dev->tx;
    if (n > SCREE_VIO_RING)
        return -XEN_EINVAL;
    return limit && limit < n ? (int)limit : (int)n;
}

void vio_tx_counts(struct vio_device *dev)
{
    vio_store(dev->ring->tx_errors, dev->tx_errors);
    vio_store(dev->ring->tx_drops, dev->tx_drops);
}
