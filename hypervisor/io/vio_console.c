/* SPDX-License-Identifier: MIT */
/*
 * The console device: see vio_console.h.
 */
#include "io/vio_console.h"

#include "core/guestmem.h"
#include "io/console.h"
#include "io/vio.h"

#define CHUNK    256  /* bytes read at a time */
#define KICK_MAX 8192 /* bytes after which a kick gives way */

/* Prints one entry. false: its address or length is bad. The lock is not held
 * while the machine's slow console is written. */
static bool print(struct domain *d, const struct scree_vio_desc *e)
{
    char text[CHUNK];

    if (e->length == 0 || e->length > PAGE_SIZE)
        return false;
    for (uint32_t at = 0; at < e->length; at += CHUNK) {
        size_t n = min_u64(CHUNK, e->length - at);
        int rc;

        lock_take(&d->lock);
        rc = guestmem_read(d, text, gva(e->address + at), n);
        lock_release(&d->lock);
        if (rc)
            return false;
        console_guest_write(d, text, n);
    }
    return true;
}

/* Takes the next entry. Returns its length, or 0 for a bad one. */
static uint32_t print_next(struct domain *d)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_CONSOLE];
    struct scree_vio_desc e;
    bool good;

    lock_take(&d->lock);
    e = vio_tx_entry(dev, 0);
    lock_release(&d->lock);
    good = print(d, &e);
    lock_take(&d->lock);
    dev->tx_errors += !good;
    vio_tx_advance(dev, 1);
    vio_tx_counts(dev);
    lock_release(&d->lock);
    return good ? e.length : 0;
}

int64_t vio_console_kick(struct domain *d, uint64_t limit)
{
    uint32_t bytes = 0;
    int sent = 0, want;

    lock_take(&d->lock);
    want = vio_waiting(&d->vio[SCREE_VIO_CONSOLE], limit);
    lock_release(&d->lock);
    if (want < 0)
        return want;
    for (; sent < want && bytes < KICK_MAX; sent++)
        bytes += print_next(d);
    vio_console_drain(d);
    if (sent < want)
        event_raise(d, SCREE_PORT_CONSOLE); /* room again, at once */
    return sent;
}

/* Fills the next posted buffer. false: none, or nothing was typed. */
static bool fill_next(struct domain *d)
{
    struct vio_device *dev = &d->vio[SCREE_VIO_CONSOLE];
    struct scree_vio_desc e;
    char text[CONSOLE_INPUT];
    size_t n;

    if (!dev->ring || vio_rx_offered(dev) == 0)
        return false;
    e = vio_rx_entry(dev);
    if (e.length == 0 || e.length > PAGE_SIZE ||
        guestmem_writable(d, gva(e.address), e.length) != 0) {
        vio_rx_complete(dev, e.id, 0);
        vio_rx_publish(dev);
        return true;
    }
    n = console_take(d, text, min_u64(e.length, sizeof(text)));
    if (n == 0)
        return false;
    if (guestmem_write(d, gva(e.address), text, n) != 0)
        n = 0;
    vio_rx_complete(dev, e.id, (uint32_t)n);
    vio_rx_publish(dev);
    return true;
}

void vio_console_drain(struct domain *d)
{
    lock_take(&d->lock);
    for (unsigned i = 0; i < SCREE_VIO_RING && fill_next(d); i++)
        continue;
    lock_release(&d->lock);
}
