/* SPDX-License-Identifier: MIT */
/*
 * The channel: see channel.h. A virtio serial port under a lock, and who is
 * told about it.
 */
#include "io/channel.h"

#include "base/string.h"
#include "core/cell.h"
#include "core/changes.h"
#include "core/log.h"
#include "io/pci.h"
#include "io/virtio_pci.h"
#include "io/virtio_serial.h"
#include "scree/xen.h"

struct channel {
    bool reported; /* CPU 0's own: that the device is broken */
    /* under lock, RANK_CHANNEL */
    struct lock lock;
    struct virtio_serial *serial;
};

/* --------------------------------------------------------------- finding */

static int make(struct cell *cell, const struct virtio_device *d)
{
    mfn_t m = frame_alloc_cell(cell->frames, FRAME_HYPERVISOR);
    struct channel *c;
    int rc;

    if (!mfn_valid(m))
        return -XEN_ENOMEM;
    c = machine_frame(m);
    memset(c, 0, sizeof(*c));
    lock_init(&c->lock, RANK_CHANNEL, 0);
    rc = virtio_serial_start(cell, d, &c->serial);
    if (rc == 0)
        cell->channel = c;
    return rc;
}

static void open_at(struct cell *cell, uint32_t bdf)
{
    struct virtio_device d;
    int rc = virtio_pci_open(&d, bdf, VIRTIO_ID_CONSOLE);

    if (rc == 0)
        rc = make(cell, &d);
    if (rc == 0)
        log_line(cell, "channel: %s", d.what);
    else
        log_line(cell, "channel: the port at %02x:%02x.%x cannot be used (%d)",
                 bdf >> 8, bdf >> 3 & 31, bdf & 7, rc);
}

void channel_probe(struct cell *cell)
{
    struct pci_walk walk;
    uint32_t bdf;

    pci_walk_begin(&walk);
    while ((bdf = pci_walk_next(&walk)) != PCI_NONE) {
        if (virtio_pci_is(bdf, VIRTIO_ID_CONSOLE)) {
            open_at(cell, bdf);
            return;
        }
    }
}

/* ----------------------------------------------------------------- bytes */

static void say_broken(struct cell *cell, struct channel *c)
{
    if (c->reported)
        return;
    c->reported = true;
    log_line(cell, "channel: the device broke the rules; it is not used any "
                   "more");
}

void channel_poll(struct cell *cell)
{
    struct channel *c = cell->channel;
    bool news, broken;

    if (!c || !virtio_serial_pending(c->serial))
        return;
    lock_take(&c->lock);
    news = virtio_serial_poll(c->serial);
    broken = virtio_serial_broken(c->serial);
    lock_release(&c->lock);
    if (news)
        change_notify(cell);
    if (broken)
        say_broken(cell, c);
}

size_t channel_send(struct cell *cell, const void *bytes, size_t n)
{
    struct channel *c = cell->channel;
    size_t done;

    lock_take(&c->lock);
    done = virtio_serial_send(c->serial, bytes, n);
    lock_release(&c->lock);
    return done;
}

void channel_flush(struct cell *cell)
{
    struct channel *c = cell->channel;

    lock_take(&c->lock);
    virtio_serial_flush(c->serial);
    lock_release(&c->lock);
}

size_t channel_receive(struct cell *cell, void *bytes, size_t n)
{
    struct channel *c = cell->channel;
    size_t done;

    lock_take(&c->lock);
    done = virtio_serial_receive(c->serial, bytes, n);
    lock_release(&c->lock);
    return done;
}
