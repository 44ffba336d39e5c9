/* SPDX-License-Identifier: MIT */
/*
 * The address map of a flat domain (ABI 1.1).
 *
 * Guest-virtual equals guest-physical. Addresses are bytes; every range is
 * half open. What is not listed is not mapped: touching it faults. The same
 * constants serve assembly and C.
 *
 *   0x000000  never mapped                            null pointers fault
 *   0x001000  hypercall page     r-x   cell-wide      stubs, return stub
 *   0x002000  info page          r--   per domain     struct scree_info
 *   0x003000  clock page         r--   cell-wide      struct scree_clock
 *   0x004000  shared page        rw-   per domain     struct shared_info
 *   0x005000  vio ring, console  rw-   after VIO_OPEN struct scree_vio_ring
 *   0x006000  vio ring, net      rw-   after VIO_OPEN struct scree_vio_ring
 *   0x007000  vio ring, block    ---   reserved
 *   0x008000  store ring         rw-   after VIO_OPEN struct
 *                                                 xenstore_domain_interface
 *   0x010000  grant table        rw-   after GNTTABOP_setup_table (4 pages)
 *   0x100000  image: text r-x, read-only data r--, data and bss rw-
 *     ...     heap               rw-   zero on first touch
 *   info.memory_end  the first stack grows down from here
 *   info.files_start file module r--   when the domain has one
 */
#ifndef SCREE_LAYOUT_H
#define SCREE_LAYOUT_H

#define SCREE_PAGE_SHIFT       12
#define SCREE_PAGE_SIZE        0x1000

#define SCREE_HYPERCALL_PAGE   0x1000
#define SCREE_INFO_PAGE        0x2000
#define SCREE_CLOCK_PAGE       0x3000
#define SCREE_SHARED_PAGE      0x4000
#define SCREE_VIO_PAGES        0x5000 /* + device * SCREE_PAGE_SIZE */
#define SCREE_STORE_PAGE       0x8000
#define SCREE_GRANT_PAGES      0x10000
#define SCREE_GRANT_MAX        4 /* frames of grant table */
#define SCREE_IMAGE_BASE       0x100000

/* Call number nr enters at SCREE_HYPERCALL_PAGE + nr * this. */
#define SCREE_HYPERCALL_STRIDE 32
#define SCREE_HYPERCALLS       64

/*
 * The return stub, inside the hypercall page. Jump (do not call) here with
 * rsp = the struct scree_frame to return through and every other register
 * already restored. It sets evtchn_upcall_mask to 0 and resumes the frame
 * as one atomic step: an event that arrives in between is delivered on the
 * context that is being resumed, so stacks do not grow.
 */
#define SCREE_RETURN           (SCREE_HYPERCALL_PAGE + 0x800)

/*
 * The same, but evtchn_upcall_mask is left as it is: for fault handlers
 * that were entered with events masked or that did not mask them.
 */
#define SCREE_RETURN_KEEP      (SCREE_HYPERCALL_PAGE + 0xc00)

/* Largest span of a flat guest: every valid address is below it. */
#define SCREE_GUEST_END        0x0000400000000000

#endif
