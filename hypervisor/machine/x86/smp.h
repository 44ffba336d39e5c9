/* SPDX-License-Identifier: MIT */
/* The other CPUs; machine.h has machine_start_cpus(). */
#ifndef X86_SMP_H
#define X86_SMP_H

/* Brings them up to a wait for machine_start_cpus(), compares their TSCs with
 * ours. Returns how many CPUs there are, this one included. */
unsigned smp_boot(void);

#endif
