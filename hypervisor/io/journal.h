/* SPDX-License-Identifier: MIT */
/*
 * What domains print, kept in order until the control domain takes it: one
 * bounded ring of records (struct scree_console_record) in the cell. When it is
 * full what comes is lost and counted; nobody waits. While it is not attached
 * nothing is added, and the machine's console shows everything; what was not
 * taken waits for the next control domain.
 *
 * One lock of its own, a leaf. cell->journal may be NULL but for taking.
 */
#ifndef IO_JOURNAL_H
#define IO_JOURNAL_H

#include "base/types.h"

struct cell;
struct journal; /* cell->journal */

#define JOURNAL_BYTES (256 * 1024)

must_check int journal_create(struct cell *cell); /* -XEN_ENOMEM */
/* From now on it is kept; and the reverse, when the control domain ends. */
void journal_attach(struct cell *cell, bool attached);
bool journal_attached(const struct cell *cell);
/* n bytes of domain id `domain`, or SCREE_CONSOLE_HYPERVISOR; raises
 * SCREE_PORT_CONTROL if it was empty: no lock from RANK_CPU on may be held. No
 * effect while not attached. */
void journal_put(struct cell *cell, uint32_t domain, const char *bytes,
                 size_t n);
/* Whole records, at most n bytes; how many bytes. */
size_t journal_take(struct cell *cell, void *bytes, size_t n);
uint64_t journal_lost(const struct cell *cell); /* bytes */

#endif
