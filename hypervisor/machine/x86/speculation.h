/* SPDX-License-Identifier: MIT */
/* The speculation policy; machine.h has machine_domain_switch(). */
#ifndef X86_SPECULATION_H
#define X86_SPECULATION_H

/* Reads spec= and unsafe=. Panics on a processor where a guest could read our
 * memory (Meltdown), unless told unsafe=meltdown. */
void speculation_init(void);

#endif
