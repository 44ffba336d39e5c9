/* SPDX-License-Identifier: MIT */
/* The end of the cell; machine.h has machine_stop(). */
#ifndef X86_STOP_H
#define X86_STOP_H

#include "base/types.h"

/* On NMI: halts this CPU for good if another one is stopping the cell. */
void stop_if_asked(void);

#endif
