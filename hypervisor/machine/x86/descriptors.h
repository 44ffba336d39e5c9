/* SPDX-License-Identifier: MIT */
/*
 * GDT, IDT, TSS and the system-call registers of a CPU.
 */
#ifndef X86_DESCRIPTORS_H
#define X86_DESCRIPTORS_H

#include "base/types.h"

/* Tables and stacks of this CPU, whose percpu_init() is done. Before
 * stacks_map() it uses a static stack for traps (boot CPU only). */
void descriptors_init(bool boot);

#endif
