/* SPDX-License-Identifier: MIT */
/*
 * Finding the uplink's card at boot: PCI first, then the virtio-mmio windows
 * that the command line names. The first one that works is taken.
 */
#include "base/format.h"
#include "core/cell.h"
#include "core/log.h"
#include "io/pci.h"
#include "io/uplink.h"
#include "io/virtio_mmio.h"
#include "io/virtio_net.h"
#include "io/virtio_pci.h"
#include "scree/xen.h"

static int start(struct cell *cell, const struct virtio_device *d)
{
    char mac[FORMAT_MAC_MAX];
    struct nic *nic;
    int rc = virtio_net_start(cell, d, &nic);

    if (rc == 0)
        rc = uplink_attach(cell, nic);
    if (rc == 0)
        log_line(cell, "uplink: %s, %s", nic->what, format_mac(mac, nic->mac));
    return rc;
}

/* True when the search is over. */
static bool try_pci(struct cell *cell, uint32_t bdf)
{
    struct virtio_device d;
    int rc;

    if (!virtio_pci_is(bdf, VIRTIO_ID_NET))
        return false;
    rc = virtio_pci_open(&d, bdf, VIRTIO_ID_NET);
    if (rc == 0)
        rc = start(cell, &d);
    if (rc)
        log_line(cell, "uplink: the card at %02x:%02x.%x cannot be used (%d)",
                 bdf >> 8, bdf >> 3 & 31, bdf & 7, rc);
    return rc == 0;
}

static bool try_mmio(struct cell *cell, const struct uplink_mmio *w)
{
    struct virtio_device d;
    int rc = virtio_mmio_open(&d, w->address, w->gsi);

    if (rc == 0 && d.id != VIRTIO_ID_NET)
        return false;
    if (rc == 0)
        rc = start(cell, &d);
    if (rc == -XEN_EOPNOTSUPP)
        log_line(cell,
                 "uplink: legacy virtio-mmio at 0x%llx; QEMU wants "
                 "-global virtio-mmio.force-legacy=false",
                 (unsigned long long)w->address);
    else if (rc && rc != -XEN_ENODEV)
        log_line(cell, "uplink: virtio-mmio at 0x%llx cannot be used (%d)",
                 (unsigned long long)w->address, rc);
    return rc == 0;
}

int uplink_probe(struct cell *cell, const struct uplink_options *options)
{
    struct pci_walk walk;
    uint32_t bdf;

    if (!cell->net)
        return 0;
    pci_walk_begin(&walk);
    while ((bdf = pci_walk_next(&walk)) != PCI_NONE) {
        if (try_pci(cell, bdf))
            return 0;
    }
    for (unsigned i = 0; i < options->mmio_count; i++) {
        if (try_mmio(cell, &options->mmio[i]))
            return 0;
    }
    log_line(cell, "uplink: none");
    return 0;
}
