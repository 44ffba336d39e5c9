/* SPDX-License-Identifier: MIT */
/*
 * PCI functions: finding them, their capabilities, BARs and MSI-X. A function
 * is named by its bdf (machine.h). What the firmware set up is used as it is.
 * Boot CPU only.
 */
#ifndef IO_PCI_H
#define IO_PCI_H

#include "base/bitmap.h"
#include "base/types.h"

#define PCI_NONE       UINT32_MAX
#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

/* Visits every function of bus 0 and of the buses behind bridges. */
struct pci_walk {
    uint64_t buses[BITMAP_WORDS(256)]; /* known */
    uint32_t next;                     /* bdf to look at next */
};

void pci_walk_begin(struct pci_walk *w);
/* The next function, or PCI_NONE. */
uint32_t pci_walk_next(struct pci_walk *w);

/* Vendor in the low half, device in the high one; all ones: nothing there. */
uint32_t pci_identity(uint32_t bdf);

/* The next capability of kind `id` after the one at `previous` (0: the first):
 * its offset in configuration space, or 0. A device may lie with a circular
 * list, so callers bound their loops. */
unsigned pci_capability(uint32_t bdf, uint8_t id, unsigned previous);

/* Where a memory BAR lies. false: it is not one, or was not placed. */
must_check bool pci_bar(uint32_t bdf, unsigned bar, maddr_t *a);

/* Memory decoding and bus mastering on, INTx off. */
void pci_enable(uint32_t bdf);

/* Makes MSI-X vector 0 interrupt `cpu` and turns MSI-X on. -XEN_EOPNOTSUPP: the
 * function has none; -XEN_EIO: its table lies nowhere; -XEN_ENOMEM. */
must_check int pci_msix(uint32_t bdf, unsigned cpu);

#endif
